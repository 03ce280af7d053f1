package dev.tracekeep.span;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A value that no store may keep: an id, a time or a JSON text outside of what the model allows.
 * The message names the field, what is wrong with it, and what is allowed.
 */
public final class InvalidSpanException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final String field;

  /**
   * @param field the field at fault, as its column is called, for example {@code trace_id}
   * @param problem what is wrong with it, in words that follow the field's name
   */
  public InvalidSpanException(String field, String problem) {
    this(field, problem, null);
  }

  /**
   * @param field the field at fault, as its column is called, for example {@code trace_id}
   * @param problem what is wrong with it, in words that follow the field's name
   * @param cause the parser's own complaint, or null
   */
  public InvalidSpanException(String field, String problem, @Nullable Throwable cause) {
    super(field + " " + problem, cause);
    this.field = Objects.requireNonNull(field, "field");
  }

  /** The field at fault, as its column is called. */
  public String field() {
    return field;
  }
}
