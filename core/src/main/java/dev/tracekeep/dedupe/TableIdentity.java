package dev.tracekeep.dedupe;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A table as the engine calls it, found out once: its schema and name in the engine's own spelling,
 * however the caller spelled them. Journal, lock, plan, report and messages use this and nothing
 * else. The database is not part of it, because a journal lies beside its table and moves with it
 * when a database is renamed or restored under another name; a lock that reaches farther names the
 * database too.
 *
 * @param schema the schema, database or whatever qualifies a table on this engine, unquoted; null
 *     where there is nothing like it
 * @param name the table or collection, unquoted
 */
public record TableIdentity(@Nullable String schema, String name) {
  /** A name is never null. */
  public TableIdentity {
    Objects.requireNonNull(name, "name");
  }

  /**
   * Whether a journal's entry is about this table. Releases before 0.1.0 wrote the name as the
   * caller spelled it, with a schema or without; their entries are found by either.
   */
  public boolean isMeantBy(String journaled) {
    String bare = journaled.substring(journaled.lastIndexOf('.') + 1);
    return journaled.equalsIgnoreCase(toString())
        || journaled.equalsIgnoreCase(name)
        || (schema == null && bare.equalsIgnoreCase(name));
  }

  /** {@code schema.name} or {@code name}, for people and for the journal; not quoted. */
  @Override
  public String toString() {
    return schema == null ? name : schema + "." + name;
  }
}
