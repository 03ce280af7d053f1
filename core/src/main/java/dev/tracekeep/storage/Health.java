package dev.tracekeep.storage;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How a store is right now: a value, never a throw.
 *
 * @param up whether it can be reached and answers
 * @param engine the engine's name and version, for example {@code DuckDB v2.0.0}; empty if down
 * @param schema the state of the table
 * @param message one sentence for people: where it is, or why it is down and what to do
 * @param cause the native exception if it is down
 */
public record Health(
    boolean up, String engine, SchemaState schema, String message, @Nullable Throwable cause) {
  /** The state of a store's table. */
  public enum SchemaState {
    /** Could not be looked at. */
    UNKNOWN,
    /** There is no table yet; {@link ObservabilityStorage#init()} makes it. */
    ABSENT,
    /** The table is as this release wants it. */
    CURRENT,
    /** The table must be migrated. */
    MIGRATION_REQUIRED
  }

  /** All but the cause are not null. */
  public Health {
    Objects.requireNonNull(engine, "engine");
    Objects.requireNonNull(schema, "schema");
    Objects.requireNonNull(message, "message");
  }

  /** A store that answers. */
  public static Health up(String engine, SchemaState schema, String message) {
    return new Health(true, engine, schema, message, null);
  }

  /** A store that does not. */
  public static Health down(String message, Throwable cause) {
    return new Health(false, "", SchemaState.UNKNOWN, message, cause);
  }
}
