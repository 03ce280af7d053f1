package dev.tracekeep.storage;

import java.util.List;

/** A configuration with faults: all of them, in one exception. */
public final class ConfigurationException extends StorageException {
  private static final long serialVersionUID = 1L;

  private final transient List<String> problems;

  /**
   * @param problems one sentence each, not empty
   */
  public ConfigurationException(List<String> problems) {
    super(FailureKind.CONFIGURATION, message(problems), null);
    this.problems = List.copyOf(problems);
  }

  /** The faults, one sentence each; unmodifiable. */
  public List<String> problems() {
    // Transient and final: null after deserialization, where the message still names them.
    return problems == null ? List.of() : problems;
  }

  private static String message(List<String> problems) {
    return problems.size() == 1
        ? problems.get(0)
        : "The storage configuration has "
            + problems.size()
            + " problems:\n  - "
            + String.join("\n  - ", problems);
  }
}
