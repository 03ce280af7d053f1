package dev.tracekeep.storage;

import java.util.Locale;

/** What {@link ObservabilityStorage#init()} does with a table that needs a migration. */
public enum MigrationPolicy {
  /** Migrates it. */
  AUTO,
  /** Throws {@link MigrationRequiredException} before anything is changed. */
  CHECK,
  /** Opens it as it is, for reading alone. */
  OFF;

  /** The name in configurations: {@code auto}, {@code check} or {@code off}. */
  public String configName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
