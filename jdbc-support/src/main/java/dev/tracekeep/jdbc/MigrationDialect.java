package dev.tracekeep.jdbc;

import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanVersion;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
   * @param rowId what {@link #rowId()} selects, as a string
   * @param version the version of its content
   */
  public record RowVersion(String rowId, SpanVersion version) {}

  /** The right to migrate a table, given back by closing it. */
  public interface MigratorLock extends AutoCloseable {
    @Override
    void close() throws SQLException;
  }

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
   * @throws dev.tracekeep.storage.StorageException of kind {@code TRANSIENT} if another has it
   */
  public abstract MigratorLock lockMigrators(SpanTable table) throws Exception;

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

  /** The statement that {@link #constrain} comes to, for people. */
  public abstract String constraintStatement(SpanTable table, List<String> keyColumns);

  /**
   * Under the shortest lock there is: calls {@code lateDuplicates}, which moves duplicates that
   * arrived meanwhile, and makes the constraint. Repeatable after a kill at any point.
   *
   * @param lockTimeout how long to wait for the lock
   * @param lateDuplicates to be called on a connection within a transaction that keeps writers out
   */
  public abstract void constrain(
      SpanTable table,
      List<String> keyColumns,
      Duration lockTimeout,
      ConnectionSource.Work<Long> lateDuplicates)
      throws Exception;

  /** Takes the constraint that {@link #constrain} made off again, if it is there. */
  public abstract void release(SpanTable table, List<String> keyColumns) throws Exception;

  /** Drops columns that a migration added, if they are there. */
  public abstract void dropColumns(SpanTable table, List<String> columns) throws Exception;

  /** What stands in for an absent value in a column that a migration adds; null for nothing. */
  public abstract @Nullable String defaultLiteral(SpanColumn column);

  /** What gives that value to all rows of a column that is added; starts with a space. */
  public String addedDefault(String literal) {
    return " DEFAULT " + literal;
  }

  /** The engine's name of a row within one transaction, for example {@code rowid}. */
  public abstract String rowId();

  /**
   * The same where it depends on the table; {@link #rowId()} by default. Asked within a migration,
   * after {@link #prepareRows}.
   */
  public String rowId(Connection connection, SpanTable table) throws SQLException {
    return rowId();
  }

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
   * An expression that orders rows by their content, so that a tie of all times is decided the same
   * way every time.
   *
   * @param columnsSql the columns, quoted and qualified
   */
  public abstract String contentOrder(List<String> columnsSql);

  /**
   * What times are ordered by, most important first: the column itself by default. More than that
   * only where a foreign table can hold times as text that do not sort as they follow each other.
   *
   * @param columnSql the column, quoted and qualified
   */
  public List<String> timeOrder(String columnSql) {
    return List.of(columnSql);
  }

  /**
   * An aggregate, as text, that is the same for two tables that hold the same rows in any order.
   * Never asked of an engine that overrides the other {@code multisetHash}.
   *
   * @param columnsSql the columns, quoted and qualified with {@code t}
   */
  public String multisetHash(List<String> columnsSql) {
    throw new UnsupportedOperationException("the engine has no function for a hash");
  }

  /**
   * The hash of a table's rows, the same for the same rows in any order: by default one query with
   * the engine's aggregate. For engines without a hash function that reads the rows itself.
   *
   * @param table the table, quoted and qualified
   * @param columnsSql the columns, quoted and qualified with {@code t}
   * @param condition which rows, a condition on {@code t}
   */
  public @Nullable String multisetHash(
      Connection connection, String table, List<String> columnsSql, SqlStatement condition)
      throws SQLException {
    return new SqlStatement("SELECT " + multisetHash(columnsSql) + " FROM " + table + " t WHERE ")
        .append(condition)
        .list(connection, row -> row.getString(1))
        .get(0);
  }

  /** Adds two results of {@link #multisetHash}: decimal numbers by default. */
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
   * transaction. By default two statements, which is right only where both see the same rows.
   *
   * @param table the table, quoted and qualified
   * @param archive the archive, quoted and qualified
   * @param archiveColumns the archive's columns, quoted
   * @param losers selects {@code dedupe_row}, which is {@link #rowId()}, and the archive's columns
   *     under their names
   */
  public void moveLosers(
      Connection connection,
      String table,
      String archive,
      String archiveColumns,
      SqlStatement losers)
      throws SQLException {
    new SqlStatement(
            "INSERT INTO "
                + archive
                + " ("
                + archiveColumns
                + ") SELECT "
                + archiveColumns
                + " FROM (")
        .append(losers)
        .append(") l")
        .execute(connection);
    new SqlStatement(
            "DELETE FROM " + table + " WHERE " + rowId() + " IN (SELECT l.dedupe_row FROM (")
        .append(losers)
        .append(") l)")
        .execute(connection);
  }

  /**
   * Called before archived rows are put back, for engines that must allow it (identity columns).
   */
  public void beforeRestore(Connection connection, SpanTable table) throws SQLException {}

  /** Called after archived rows were put back. */
  public void afterRestore(Connection connection, SpanTable table) throws SQLException {}

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
