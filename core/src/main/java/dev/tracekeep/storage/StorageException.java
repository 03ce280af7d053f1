package dev.tracekeep.storage;

import dev.tracekeep.span.SpanKey;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A failed operation of a store. The message names the object, the cause and what to do next; the
 * native exception is kept as the cause. No message holds a password or a payload.
 */
public class StorageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final FailureKind kind;
  private final transient List<SpanKey> keys;

  /** A failure that concerns no span in particular. */
  public StorageException(FailureKind kind, String message, @Nullable Throwable cause) {
    this(kind, message, List.of(), cause);
  }

  /**
   * A failure of certain spans.
   *
   * @param keys the spans at fault; empty where none in particular is
   */
  public StorageException(
      FailureKind kind, String message, List<SpanKey> keys, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = Objects.requireNonNull(kind, "kind");
    this.keys = List.copyOf(keys);
  }

  /**
   * The failure of an action, worded alike by all adapters: {@code Could not write 3 spans in
   * jdbc:duckdb:: the disk is full. Make room on it.}
   *
   * @param action what was tried, as a verb phrase
   * @param reason what the engine said; its first line is kept, since what follows may quote a row,
   *     and its secrets are masked; null if it said nothing
   * @param advice what to do next, as a sentence without its full stop; empty if nothing is known
   */
  public static StorageException couldNot(
      FailureKind kind,
      String action,
      StorageUri uri,
      @Nullable String reason,
      String advice,
      Throwable cause) {
    String said =
        reason == null || reason.isBlank()
            ? cause.getClass().getSimpleName()
            : reason.strip().lines().findFirst().orElseThrow().strip().replaceFirst("\\.+$", "");
    return new StorageException(
        kind,
        "Could not "
            + action
            + (action.contains(uri.toString()) ? "" : " in " + uri)
            + ": "
            + uri.hideIn(said)
            + (advice.isEmpty() ? "." : ". " + advice + "."),
        cause);
  }

  /** What the failure means for the caller. */
  public FailureKind kind() {
    return kind;
  }

  /** The spans at fault; unmodifiable, empty where none in particular is. */
  public List<SpanKey> keys() {
    // Transient and final: null after deserialization, where the message still names them.
    return keys == null ? List.of() : keys;
  }
}
