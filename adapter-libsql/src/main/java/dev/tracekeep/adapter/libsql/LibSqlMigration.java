package dev.tracekeep.adapter.libsql;

import dev.tracekeep.jdbc.ConnectionSource;
import dev.tracekeep.jdbc.MigrationDialect;
import dev.tracekeep.jdbc.SpanTableSql;
import dev.tracekeep.jdbc.SqlDialect;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The migration on libSQL and SQLite. The constraint is a unique index: SQLite cannot give a table
 * a key once it is there, and enforces both the same way.
 */
final class LibSqlMigration extends MigrationDialect {
  private static final String RESTING_TRIGGERS = "tracekeep_resting_triggers";

  private final LibSqlConnections connections;

  LibSqlMigration(SqlDialect dialect, LibSqlConnections connections) {
    super(dialect, connections);
    this.connections = connections;
  }

  /** The name of the unique index on a table's key. */
  static String keyName(String table) {
    return SqlDialect.derivedName(table, "key");
  }

  @Override
  public MigratorLock lockMigrators(SpanTable table) throws Exception {
    return connections.lockMigrators();
  }

  /** Generated columns are left out: nobody can write them, and they follow from the others. */
  @Override
  public Map<String, String> columns(Connection connection, @Nullable String schema, String table)
      throws SQLException {
    Map<String, String> columns = new LinkedHashMap<>();
    new SqlStatement("SELECT name, type FROM pragma_table_info(?) ORDER BY cid", table)
        .forEach(connection, row -> columns.put(row.getString(1), row.getString(2)));
    return columns;
  }

  @Override
  public ConstraintState constraintState(
      Connection connection, SpanTable table, List<String> keyColumns) throws SQLException {
    List<String> uniqueIndexes =
        new SqlStatement(
                "SELECT name FROM pragma_index_list(?) WHERE \"unique\" AND NOT partial",
                table.name())
            .list(connection, row -> row.getString(1));
    List<String> wanted = sorted(keyColumns);
    for (String index : uniqueIndexes) {
      List<String> names = new ArrayList<>();
      new SqlStatement("SELECT name FROM pragma_index_info(?)", index)
          .forEach(connection, row -> names.add(String.valueOf(row.getString(1))));
      if (sorted(names).equals(wanted)) {
        return ConstraintState.PRESENT;
      }
    }
    return ConstraintState.ABSENT;
  }

  private static List<String> sorted(List<String> names) {
    return names.stream().map(name -> name.toLowerCase(Locale.ROOT)).sorted().toList();
  }

  @Override
  public String constraintStatement(SpanTable table, List<String> keyColumns) {
    return "CREATE UNIQUE INDEX "
        + dialect().quote(keyName(table.name()))
        + " ON "
        + dialect().quote(table.name())
        + keyColumns.stream()
            .map(column -> keyPart(dialect().quote(column)))
            .collect(Collectors.joining(", ", " (", ")"));
  }

  @Override
  public void constrain(
      SpanTable table,
      List<String> keyColumns,
      Duration lockTimeout,
      ConnectionSource.Work<Long> lateDuplicates)
      throws Exception {
    connections.transact(
        lockTimeout,
        connection -> {
          lateDuplicates.on(connection);
          if (constraintState(connection, table, keyColumns) != ConstraintState.PRESENT) {
            new SqlStatement(constraintStatement(table, keyColumns)).execute(connection);
          }
          return true;
        });
  }

  @Override
  public void release(SpanTable table, List<String> keyColumns) throws Exception {
    connections.transact(connection -> dropIndex(connection, keyName(table.name())));
  }

  private int dropIndex(Connection connection, String name) throws SQLException {
    return new SqlStatement("DROP INDEX IF EXISTS " + dialect().quote(name)).execute(connection);
  }

  @Override
  public void dropColumns(SpanTable table, List<String> columns) throws Exception {
    connections.transact(
        connection -> {
          Map<String, String> present = columns(connection, table.schema(), table.name());
          List<String> added = columns.stream().filter(present::containsKey).toList();
          if (!added.isEmpty()) {
            // SQLite drops no column that an index has; the next init() makes ours again.
            SpanTableSql sql = new SpanTableSql(dialect(), qualified(table));
            for (String index :
                new SpanIndexes(dialect(), sql, table.name()).statements().keySet()) {
              dropIndex(connection, index);
            }
          }
          for (String column : added) {
            new SqlStatement(
                    "ALTER TABLE " + qualified(table) + " DROP COLUMN " + dialect().quote(column))
                .execute(connection);
          }
          return added.size();
        });
  }

  @Override
  public @Nullable String defaultLiteral(SpanColumn column) {
    return switch (column) {
      case TENANT_ID -> "'" + SpanKey.DEFAULT_TENANT + "'";
      case IS_EVENT -> "0";
      case TAGS -> "'[]'";
      default -> null;
    };
  }

  @Override
  public String rowId() {
    return "rowid";
  }

  /** A column of a foreign table may ignore case or trailing spaces; a key does not. */
  @Override
  public String keyPart(String columnSql) {
    return columnSql + " COLLATE BINARY";
  }

  /**
   * SQLite has no type for times, so one column of a foreign table can hold them in several forms:
   * ISO text with a T or a space, with or without a zone, or a number since 1970 or the Julian
   * epoch. They are compared as milliseconds first, then, for the digits behind those, as they are.
   */
  @Override
  public List<String> timeOrder(String columnSql) {
    String milliseconds =
        "CASE typeof("
            + columnSql
            + ") WHEN 'text' THEN round((julianday("
            + columnSql
            + ") - 2440587.5) * 86400000.0)"
            + " WHEN 'null' THEN NULL WHEN 'blob' THEN NULL"
            // Seconds, milliseconds, microseconds and nanoseconds of one time differ by a
            // thousand, so of any time in this century one can tell which it is.
            + " ELSE CASE WHEN abs("
            + columnSql
            + ") < 1e11 THEN "
            + columnSql
            + " * 1e3 WHEN abs("
            + columnSql
            + ") < 1e14 THEN "
            + columnSql
            + " WHEN abs("
            + columnSql
            + ") < 1e17 THEN "
            + columnSql
            + " / 1e3 ELSE "
            + columnSql
            + " / 1e6 END END";
    return List.of(milliseconds, columnSql);
  }

  @Override
  public String contentOrder(List<String> columnsSql) {
    // SQLite orders values of any type; a hash, which it has not, would say no more.
    return columnsSql.stream()
        .map(column -> column + " COLLATE BINARY")
        .collect(Collectors.joining(" DESC, "));
  }

  @Override
  public @Nullable String multisetHash(
      Connection connection, String table, List<String> columnsSql, SqlStatement condition)
      throws SQLException {
    RowHash hash = new RowHash(columnsSql.size());
    new SqlStatement("SELECT " + String.join(", ", columnsSql) + " FROM " + table + " t WHERE ")
        .append(condition)
        .forEach(connection, hash::add);
    return hash.total();
  }

  @Override
  public void writeVersions(Connection connection, SpanTable table, List<RowVersion> versions)
      throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement(
            "UPDATE "
                + qualified(table)
                + " SET "
                + dialect().quote(SpanColumn.VERSION_NAME)
                + " = ? WHERE rowid = ?")) {
      for (RowVersion version : versions) {
        update.setBytes(1, version.version().toBytes());
        update.setLong(2, Long.parseLong(version.rowId()));
        update.addBatch();
      }
      update.executeBatch();
    }
  }

  /** Triggers rest while rows are put back: the rows are to come back as they were. */
  @Override
  public void beforeRestore(Connection connection, SpanTable table) throws SQLException {
    new SqlStatement(
            "CREATE TABLE "
                + RESTING_TRIGGERS
                + " AS SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = "
                + literal(table.name())
                + " COLLATE NOCASE")
        .execute(connection);
    for (String name : restingTriggers(connection, "name")) {
      new SqlStatement("DROP TRIGGER " + dialect().quote(name)).execute(connection);
    }
  }

  @Override
  public void afterRestore(Connection connection, SpanTable table) throws SQLException {
    for (String statement : restingTriggers(connection, "sql")) {
      new SqlStatement(statement).execute(connection);
    }
    new SqlStatement("DROP TABLE " + RESTING_TRIGGERS).execute(connection);
  }

  private static List<String> restingTriggers(Connection connection, String column)
      throws SQLException {
    return new SqlStatement("SELECT " + column + " FROM " + RESTING_TRIGGERS + " ORDER BY rowid")
        .list(connection, row -> row.getString(1));
  }

  private static String literal(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  @Override
  public List<String> refusals(Connection connection, SpanTable table) throws SQLException {
    List<String> refusals = new ArrayList<>();
    new SqlStatement(
            "SELECT type, wr FROM pragma_table_list(?) WHERE schema = 'main'", table.name())
        .forEach(
            connection,
            row -> {
              if (!row.getString(1).equals("table")) {
                refusals.add(
                    table
                        + " is a "
                        + row.getString(1)
                        + ", not a table: name the table behind it.");
              } else if (row.getInt(2) != 0) {
                refusals.add(
                    "The table "
                        + table
                        + " is made WITHOUT ROWID, so two copies of a row cannot be told apart: copy"
                        + " it into one with a rowid.");
              }
            });
    for (Map.Entry<String, String> column :
        columns(connection, table.schema(), table.name()).entrySet()) {
      if (column.getKey().equalsIgnoreCase(rowId())) {
        refusals.add(
            "The table "
                + table
                + " has a column "
                + column.getKey()
                + ", which hides SQLite's own: rename it for the migration.");
      }
    }
    return refusals;
  }
}
