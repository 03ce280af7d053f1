package dev.tracekeep.conformance;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes a database through the engine's own driver, never through the adapter: the
 * witness that no row is lost. For an engine with a JDBC driver, {@link JdbcRawAccess} is most of
 * it.
 *
 * <p>Every method opens its own connection and closes it again: an embedded engine often allows one
 * process alone, and the kit starts child processes on the same database.
 */
public interface RawAccess {
  /** The column of a legacy table that is not ours: text, the number of the row. */
  String USER_COLUMN = "user_note";

  /**
   * Makes the table in the form of an older release: every {@link dev.tracekeep.span.SpanColumn}
   * under its {@code columnName()} in the type that the adapter gives it today, and {@link
   * #USER_COLUMN}; <b>no</b> {@code version} column, <b>no</b> primary key and no other uniqueness.
   * Add an index on {@link #USER_COLUMN} if {@link #indexNames()} is implemented. Then inserts the
   * rows as they come, duplicates included, {@link #USER_COLUMN} counting from {@code "0"}.
   */
  void createLegacyTable(List<Span> rows) throws Exception;

  /**
   * Every row that the table physically has, as text by column name. The text can be anything that
   * is the same for the same stored value. Empty if there is no table.
   */
  List<Map<String, @Nullable String>> rows() throws Exception;

  /** The same of the archive of the migration; empty if there is no archive. */
  List<Map<String, @Nullable String>> archivedRows() throws Exception;

  /**
   * Inserts a copy of the one stored row of a key, all columns the same, as a foreign program
   * could.
   *
   * @return false if the engine refused it because the key is there already
   */
  boolean insertCopy(SpanKey key) throws Exception;

  /**
   * Lets the time pass for which the claim of a killed migrator outlives it, by setting its end to
   * now: for engines without locks that die with their session. The kit kills dozens of migrators
   * and waits for the true end of one; without this it waits for all.
   */
  default void endClaims() throws Exception {}

  /**
   * The version that the one stored row of a key has: the {@link
   * dev.tracekeep.span.SpanVersion#LENGTH} bytes of its column {@link
   * dev.tracekeep.span.SpanColumn#VERSION_NAME}.
   */
  byte[] storedVersion(SpanKey key) throws Exception;

  /**
   * Gives the one stored row of a key, the only one of the table, a version of fewer bytes, as an
   * earlier release would have written it.
   */
  void storeVersion(SpanKey key, byte[] version) throws Exception;

  /**
   * The number of the format that the store keeps with the table; empty if there is none, as by
   * default.
   */
  default OptionalInt storedFormat() throws Exception {
    return OptionalInt.empty();
  }

  /**
   * Keeps another number with the table, as another release would, or takes it off.
   *
   * @return false, as by default, if the store keeps no number on this engine
   */
  default boolean storeFormat(OptionalInt format) throws Exception {
    return false;
  }

  /**
   * The names of all tables (collections, views) in the database, but for one in which the store
   * keeps nothing else than the numbers of formats: it comes with the first opening and stays.
   */
  Set<String> tableNames() throws Exception;

  /**
   * Makes a unique key over tenant, trace and span that is not ours, as an application does, named
   * so that a message can name it.
   *
   * @return what a message has to name; empty if the engine keeps nothing unique
   */
  default Optional<String> addUniqueKey() throws Exception {
    return Optional.empty();
  }

  /** Takes off what {@link #addUniqueKey} made. */
  default void dropUniqueKey() throws Exception {}

  /**
   * Drops {@link #USER_COLUMN}.
   *
   * @return false if rows have no columns in common on this engine
   */
  default boolean dropUserColumn() throws Exception {
    return false;
  }

  /**
   * Takes columns off our own table, with all that its indexes and projections have of them: what
   * is left is a table that was made by a release which did not know them.
   *
   * @return false if rows have no columns in common on this engine
   */
  default boolean dropColumns(List<String> columns) throws Exception {
    return false;
  }

  /** Drops the archive, by mistake. */
  void dropArchive() throws Exception;

  /** The names of the table's indexes; empty where the engine has none to speak of. */
  default Set<String> indexNames() throws Exception {
    return Set.of();
  }

  /**
   * Changes the value of {@link #USER_COLUMN} in one archived row, as nobody should.
   *
   * @param userNote the value by which the row is found
   */
  void changeArchivedRow(String userNote) throws Exception;

  /** Deletes one archived row, found as by {@link #changeArchivedRow}. */
  void deleteArchivedRow(String userNote) throws Exception;

  /** Inserts a second copy of one archived row, found as by {@link #changeArchivedRow}. */
  void doubleArchivedRow(String userNote) throws Exception;

  /**
   * Changes the value of {@link #USER_COLUMN} in one row of the table, as an application could.
   *
   * @param userNote the value by which the row is found
   */
  void changeRow(String userNote) throws Exception;

  /** Deletes one row of the table, found as by {@link #changeRow}. */
  void deleteRow(String userNote) throws Exception;

  /**
   * Makes a trigger of the table that lets no row be deleted, and says nothing.
   *
   * @return its name; empty if the engine has no such triggers
   */
  default Optional<String> keepRowsFromDeletion() throws Exception {
    return Optional.empty();
  }

  /** Drops what {@link #keepRowsFromDeletion} made. */
  default void letRowsBeDeleted() throws Exception {}

  /**
   * Changes a row, found as by {@link #changeRow}, in a transaction that stays open, as that of a
   * forgotten session does.
   *
   * @return takes the change back and ends the transaction; empty where a migration never waits for
   *     a lock with writers behind it
   */
  default Optional<AutoCloseable> leaveTransactionOpen(String userNote) throws Exception {
    return Optional.empty();
  }

  /**
   * Takes off what keeps the table unique, by whatever means the engine has; rows and columns stay.
   */
  void dropConstraint() throws Exception;

  /** The type of a column in a table of another system. */
  enum ForeignType {
    /** Text: a {@link String}. */
    TEXT,
    /** 64 bits: a {@link Long}. */
    INTEGER,
    /** Floating point of 64 bits: a {@link Double}, not a number and the infinities included. */
    NUMBER,
    /** The engine's own type for a time: an {@link java.time.Instant}. */
    TIME
  }

  /**
   * Makes a table as another system could, without key or index, and inserts rows.
   *
   * @param table the table, as the engine writes it
   * @param columns the columns in order, as the engine writes them; all may be null
   * @param rows the values of each row, in the order of the columns; null for none
   * @return false if the fixture can't: then the checks on such tables do not run
   */
  default boolean createForeignTable(
      String table, Map<String, ForeignType> columns, List<List<@Nullable Object>> rows)
      throws Exception {
    return false;
  }

  /** Whether a {@link ForeignType#NUMBER} can be not-a-number or infinite; true by default. */
  default boolean hasNonFiniteNumbers() {
    return true;
  }

  /** Every row of a table as text by column name in lower case; empty if there is no such table. */
  default List<Map<String, @Nullable String>> rowsOf(String table) throws Exception {
    return List.of();
  }

  /**
   * Lets another table refer to the rows of a table, by a foreign key on its column, of which each
   * value stands once.
   *
   * @return false if the engine has no foreign keys
   */
  default boolean referTo(String table, String column) throws Exception {
    return false;
  }
}
