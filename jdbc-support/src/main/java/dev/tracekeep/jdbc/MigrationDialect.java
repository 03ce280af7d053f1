package dev.tracekeep.jdbc;

import dev.tracekeep.dedupe.MigratorLock;
import dev.tracekeep.dedupe.TableIdentity;
import dev.tracekeep.migration.MigrationLayout;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What is different about migrating on one engine. The algorithm itself is the same for all and not
 * here. Thread-safe.
 */
public abstract class MigrationDialect {
  private final SqlDialect dialect;
  private final ConnectionSource connections;

  /**
   * A row that an older release wrote, and its version.
   *
   * @param rowId what {@link MigrationDialect#rowId} selects, as a string
   * @param version the version of its content
   */
  public record RowVersion(String rowId, SpanVersion version) {}

  /**
   * @param dialect how the engine spells things
   * @param connections where its connections come from
   */
  protected MigrationDialect(SqlDialect dialect, ConnectionSource connections) {
    this.dialect = dialect;
    this.connections = connections;
  }

  /** How the engine spells things. */
  public final SqlDialect dialect() {
    return dialect;
  }

  /** Where its connections come from. */
  public final ConnectionSource connections() {
    return connections;
  }

  /**
   * Takes the lock that only one migrator of the table can have, and that dies with its session.
   *
   * @param table the table as the engine calls it
   * @throws dev.tracekeep.storage.StorageException of {@link MigratorLock#taken} if another has it
   */
  public abstract MigratorLock lockMigrators(SpanTable table) throws Exception;

  /**
   * Finds a table, however it was spelled, as a statement would find it; empty if there is none. By
   * default by the driver's metadata, with case as the engine compares quoted names.
   */
  public Optional<TableIdentity> resolve(Connection connection, SpanTable table)
      throws SQLException {
    DatabaseMetaData metadata = connection.getMetaData();
    boolean exact = metadata.supportsMixedCaseQuotedIdentifiers();
    String schema = table.schema() == null ? connection.getSchema() : table.schema();
    try (ResultSet found = metadata.getTables(connection.getCatalog(), null, null, null)) {
      while (found.next()) {
        String foundSchema = found.getString("TABLE_SCHEM");
        String foundName = found.getString("TABLE_NAME");
        if (isSame(foundName, table.name(), exact) && isSame(foundSchema, schema, exact)) {
          return Optional.of(new TableIdentity(foundSchema, foundName));
        }
      }
    }
    return Optional.empty();
  }

  private static boolean isSame(@Nullable String found, @Nullable String asked, boolean exact) {
    return found == null || asked == null
        ? found == asked
        : exact ? found.equals(asked) : found.equalsIgnoreCase(asked);
  }

  /** The columns of a table and their types, in order; empty if there is no such table. */
  public Map<String, String> columns(Connection connection, @Nullable String schema, String table)
      throws SQLException {
    Map<String, String> columns = new LinkedHashMap<>();
    String escape = connection.getMetaData().getSearchStringEscape();
    try (ResultSet found =
        connection
            .getMetaData()
            .getColumns(
                connection.getCatalog(),
                schema == null ? connection.getSchema() : escaped(schema, escape),
                escaped(table, escape),
                null)) {
      while (found.next()) {
        columns.put(found.getString("COLUMN_NAME"), found.getString("TYPE_NAME"));
      }
    }
    return columns;
  }

  private static String escaped(String name, String escape) {
    return name.replace("_", escape + "_").replace("%", escape + "%");
  }

  /** The state of the constraint that keeps the key columns unique. */
  public abstract ConstraintState constraintState(
      Connection connection, SpanTable table, List<String> keyColumns) throws SQLException;

  /**
   * The constraint that a migration makes. By default a unique index {@code <table>_key} in any
   * layout.
   *
   * @param keyColumns the columns of the key, in the order of the key
   */
  public KeyConstraint keyConstraint(
      Connection connection, SpanTable table, List<String> keyColumns, MigrationLayout layout)
      throws SQLException {
    return new KeyConstraint(SqlDialect.derivedName(table.name(), "key"), keyColumns, false);
  }

  /** The statement that {@link #constrain} comes to, for people. */
  public String constraintStatement(SpanTable table, KeyConstraint key) {
    return "CREATE UNIQUE INDEX "
        + dialect.quote(key.name())
        + " ON "
        + qualified(table)
        + " ("
        + key.columns().stream().map(dialect::quote).collect(Collectors.joining(", "))
        + ")";
  }

  /** Which lock {@link #constrain} takes, and whom it keeps out for how long, for people. */
  public abstract String constraintLock();

  /**
   * Under the shortest lock there is: calls {@code lateDuplicates}, which moves duplicates that
   * arrived meanwhile, and makes the constraint. Repeatable after a kill at any point. A lock that
   * is not given within the options' limit is asked for again, so that writers never queue behind
   * it for longer.
   *
   * @param lateDuplicates to be called on a connection within a transaction that keeps writers out
   */
  public abstract void constrain(
      SpanTable table,
      KeyConstraint key,
      MigrationOptions options,
      ConnectionSource.Work<Long> lateDuplicates)
      throws Exception;

  /**
   * Whether constraint, columns and rows can be taken back in one transaction; true by default.
   * Else they are taken back one after the other.
   */
  public boolean undoesInOneTransaction() {
    return true;
  }

  /** Takes the constraint that {@link #constrain} made off again, if it is there. */
  public abstract void release(Connection connection, SpanTable table, KeyConstraint key)
      throws SQLException;

  /** Drops columns that a migration added, if they are there. */
  public abstract void dropColumns(Connection connection, SpanTable table, List<String> columns)
      throws SQLException;

  /**
   * The names of all indexes and constraints, ours included, that keep the key or a part of it
   * unique, so that a second row of a key cannot come back while they stand.
   */
  public abstract List<String> uniqueKeys(
      Connection connection, SpanTable table, List<String> keyColumns) throws SQLException;

  /** Whether an index that was found is the one that a migration made; by its name, by default. */
  public boolean isNamed(SpanTable table, String found, KeyConstraint key) {
    return found.equalsIgnoreCase(key.name());
  }

  /**
   * What hangs on the table, one line each: indexes, triggers, views and foreign keys; nothing by
   * default.
   */
  public List<String> dependents(Connection connection, SpanTable table) throws SQLException {
    return List.of();
  }

  /** The triggers that fire for each row that is deleted; none by default. */
  public List<String> triggersOnDelete(Connection connection, SpanTable table) throws SQLException {
    return List.of();
  }

  /**
   * How many bytes the table takes, without its indexes; empty where the engine can't say, and some
   * rows are measured instead.
   */
  public OptionalLong tableBytes(Connection connection, SpanTable table) throws SQLException {
    return OptionalLong.empty();
  }

  /** What stands in for an absent value in a column that a migration adds; null for nothing. */
  public abstract @Nullable String defaultLiteral(SpanColumn column);

  /** What gives that value to all rows of a column that is added; starts with a space. */
  public String addedDefault(String literal) {
    return " DEFAULT " + literal;
  }

  /**
   * The engine's name of a row, for example {@code rowid}. It has to name one row within one
   * transaction; from one to the next it may name another one or none. Asked within a migration,
   * after {@link #prepareRows}.
   */
  public abstract String rowId(Connection connection, SpanTable table) throws SQLException;

  /**
   * Called in the first transaction of each attempt, for engines that must give rows a name before
   * they can be told apart. What it adds must not be among {@link #columns}. Repeatable.
   */
  public void prepareRows(Connection connection, SpanTable table) throws SQLException {}

  /**
   * Takes off what {@link #prepareRows} added, if it is there: in the last transaction of a
   * migration, and of taking one back.
   */
  public void releaseRows(Connection connection, SpanTable table) throws SQLException {}

  /** A part of the key as it is to be compared: byte by byte. The column itself by default. */
  public String keyPart(String columnSql) {
    return columnSql;
  }

  /**
   * Whether a value in the column of the end is one: not if it is absent, and not if it stands for
   * "none", as an empty text, zero, false, not-a-number and infinity do. A condition that is never
   * unknown.
   *
   * @param columnSql the column, quoted and qualified
   * @param type its type as {@link #columns} has it
   */
  public String isEnd(String columnSql, String type) {
    return columnSql + " IS NOT NULL";
  }

  /**
   * How long a value is as text: in bytes of UTF-8 where the engine can count them. Only asked for
   * values that are there.
   */
  public abstract String textLength(String columnSql);

  /**
   * An expression, text, that differs for rows of different content: it decides a tie of all else
   * the same way every time, and tells whether a row was changed.
   *
   * @param columnsSql the columns, quoted and qualified
   */
  public abstract String digest(List<String> columnsSql);

  /**
   * What decides a tie of all times and lengths, most significant first: the {@link #digest} by
   * default.
   */
  public List<String> contentOrder(List<String> columnsSql) {
    return List.of(digest(columnsSql));
  }

  /**
   * What times are ordered by, most important first: the column itself by default. More than that
   * only where a foreign table can hold times as text that do not sort as they follow each other.
   *
   * @param columnSql the column, quoted and qualified
   * @param type its type as {@link #columns} has it
   */
  public List<String> timeOrder(String columnSql, String type) {
    return List.of(columnSql);
  }

  /**
   * An aggregate, as text, that is the same for two tables that hold the same rows in any order.
   * Never asked of an engine that overrides {@link #hash}.
   *
   * @param columnsSql the columns, quoted and qualified with {@code t}
   */
  public String multisetHash(List<String> columnsSql) {
    throw new UnsupportedOperationException("the engine has no function for a hash");
  }

  /**
   * Counts and hashes a table's rows, the same for the same rows in any order: by default one query
   * with the engine's aggregate. For engines without a hash function that reads the rows itself.
   *
   * @param table the table, quoted and qualified
   * @param columnsSql the columns, quoted and qualified with {@code t}
   * @param condition which rows, a condition on {@code t}
   */
  public HashedRows hash(
      Connection connection, String table, List<String> columnsSql, SqlStatement condition)
      throws SQLException {
    return new SqlStatement(
            "SELECT count(*), " + multisetHash(columnsSql) + " FROM " + table + " t WHERE ")
        .append(condition)
        .list(connection, row -> new HashedRows(row.getLong(1), row.getString(2)))
        .get(0);
  }

  /** Adds two hashes: decimal numbers by default. */
  public String addHashes(@Nullable String left, @Nullable String right) {
    return new BigDecimal(left == null ? "0" : left)
        .add(new BigDecimal(right == null ? "0" : right))
        .toPlainString();
  }

  /** Writes the versions of rows that have none, in the transaction in which they were read. */
  public abstract void writeVersions(
      Connection connection, SpanTable table, List<RowVersion> versions) throws Exception;

  /** A statement that makes a table of what a query selects; CREATE TABLE AS by default. */
  public String createTableAs(String qualifiedTable, String select) {
    return "CREATE TABLE " + qualifiedTable + " AS " + select;
  }

  /**
   * Copies losing rows into the archive and deletes them from the table, in the current
   * transaction. What is taken out of the table and what is put into the archive are counted and
   * hashed apart, and have to be the same: that is the proof that no row is lost, and nothing that
   * writers do beside it can hide one. By default several statements, which is right only where all
   * of them see the same rows.
   *
   * @return the rows that were taken out
   */
  public HashedRows moveLosers(Connection connection, LosingRows losers) throws SQLException {
    String row = rowId(connection, losers.table());
    String source = qualified(losers.table());
    String staged = "SELECT l." + LosingRows.ROW + " FROM " + losers.staged() + " l";
    String told = LosingRows.list("", losers.told());
    new SqlStatement("DELETE FROM " + losers.staged()).execute(connection);
    new SqlStatement("INSERT INTO " + losers.staged() + " (" + LosingRows.ROW + ", " + told)
        .append(") SELECT " + LosingRows.ROW + ", " + told + " FROM (")
        .append(losers.ranking())
        .append(") l")
        .execute(connection);
    HashedRows removed =
        hash(
            connection,
            source,
            losers.carried("t."),
            new SqlStatement(isAmong("t." + row, staged)));
    if (removed.count() == 0) {
      return removed;
    }
    new SqlStatement(
            "INSERT INTO "
                + (losers.archive() + " (" + LosingRows.list("", losers.carried()) + ", " + told)
                + (") SELECT " + LosingRows.list("t.", losers.carried()))
                + (", " + LosingRows.list("l.", losers.told()) + " FROM " + losers.staged())
                + (" l JOIN " + source + " t ON t." + row + " = l." + LosingRows.ROW))
        .execute(connection);
    int deleted =
        new SqlStatement("DELETE FROM " + source + " WHERE " + isAmong(row, staged))
            .execute(connection);
    requireDeleted(connection, losers.table(), removed.count(), deleted);
    requireArchived(
        losers.table(),
        removed,
        hash(connection, losers.archive(), losers.carried("t."), losers.ofThisBatch()));
    return removed;
  }

  /**
   * Makes sure that the rows of a batch are out of the table.
   *
   * @throws StorageException if not all are, with the triggers that may keep them: nothing of the
   *     batch is moved then
   */
  protected final void requireDeleted(
      Connection connection, SpanTable table, long losing, long deleted) throws SQLException {
    if (deleted != losing) {
      List<String> triggers = triggersOnDelete(connection, table);
      throw new StorageException(
          FailureKind.CONFIGURATION,
          "Of "
              + losing
              + " rows of "
              + table
              + " that were to be moved into the archive only "
              + deleted
              + " could be deleted, so none was moved: a trigger may keep them"
              + (triggers.isEmpty() ? "" : " (" + String.join(", ", triggers) + ")")
              + ". Disable it, then run 'tracekeep migrate apply' again.",
          null);
    }
  }

  /**
   * Makes sure that the archive got what was taken out of the table.
   *
   * @throws StorageException if it did not: nothing of the batch is moved then
   */
  protected static void requireArchived(SpanTable table, HashedRows removed, HashedRows archived) {
    if (!archived.isSameAs(removed)) {
      throw new StorageException(
          FailureKind.PERMANENT,
          removed.count()
              + " rows were to be moved out of "
              + table
              + ", and the archive got "
              + archived.count()
              + " that are not the same, so none was moved: look for a trigger or a rule that"
              + " changes or keeps rows of the archive, then run 'tracekeep migrate apply' again.",
          null);
    }
  }

  /**
   * Does work that puts archived rows back, with everything at rest that would change them on their
   * way: triggers, columns that give values of their own. By default just does it.
   */
  public long restoring(Connection connection, SpanTable table, ConnectionSource.Work<Long> work)
      throws Exception {
    return work.on(connection);
  }

  /** Whether an index helps this engine to read a part of the table of duplicates; true. */
  public boolean usesIndexes() {
    return true;
  }

  /**
   * Whether {@link #moveLosers} looks for the rows of one batch in the archive; true by default.
   */
  public boolean looksForBatches() {
    return true;
  }

  /** Whether an index can be made on columns of plain text; as {@link #usesIndexes} by default. */
  public boolean indexesText() {
    return usesIndexes();
  }

  /** Lets the engine learn what a table holds that was just filled; nothing by default. */
  public void analyze(Connection connection, String qualifiedTable) throws SQLException {}

  /**
   * A condition: whether a row is one of those whose names a query selects, by which the engine
   * finds them without looking through the table, where it can.
   *
   * @param rowSql {@link #rowId}, qualified
   * @param names the query
   */
  public String isAmong(String rowSql, String names) {
    return rowSql + " IN (" + names + ")";
  }

  /**
   * A condition: whether a row's values are among those of a table. Never unknown, as far as it is
   * true.
   *
   * @param values expressions on the row
   * @param table the table, quoted and qualified
   * @param columns expressions on the table's alias {@code t}, one for each value
   */
  public String isIn(List<String> values, String table, List<String> columns) {
    return "("
        + (String.join(", ", values) + ") IN (SELECT " + String.join(", ", columns))
        + (" FROM " + table + " t)");
  }

  /** Why this table cannot be migrated on this engine, one sentence each; empty by default. */
  public List<String> refusals(Connection connection, SpanTable table) throws SQLException {
    return List.of();
  }

  /** The table, quoted and qualified. */
  public final String qualified(SpanTable table) {
    return qualified(table, table.name());
  }

  /** A table beside the given one, quoted and qualified. */
  public final String qualified(SpanTable table, String name) {
    return JdbcStorage.qualified(dialect, table.schema(), name);
  }
}
