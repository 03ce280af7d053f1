package dev.tracekeep.adapter.duckdb;

import dev.tracekeep.jdbc.ConnectionSource;
import dev.tracekeep.jdbc.MigrationDialect;
import dev.tracekeep.jdbc.SqlDialect;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/**
 * The migration on DuckDB.
 *
 * <p>The constraint is a unique index, not a primary key: both enforce the same and serve ON
 * CONFLICT alike, but DuckDB cannot drop a key, and an index goes with one statement when a
 * migration is taken back.
 */
final class DuckDbMigration extends MigrationDialect {
  /** One process has the file, so one permit per file and table is a lock that dies with it. */
  private static final Map<String, Semaphore> MIGRATORS = new ConcurrentHashMap<>();

  private static final String VERSIONS = "tracekeep_versions";

  private final DuckDbConnections connections;

  DuckDbMigration(SqlDialect dialect, DuckDbConnections connections) {
    super(dialect, connections);
    this.connections = connections;
  }

  /** The name of the unique index on a table's key. */
  static String keyName(String table) {
    return SqlDialect.derivedName(table, "key");
  }

  @Override
  public MigratorLock lockMigrators(SpanTable table) {
    Semaphore permit =
        MIGRATORS.computeIfAbsent(connections.database() + " " + table, key -> new Semaphore(1));
    if (!permit.tryAcquire()) {
      throw new StorageException(
          FailureKind.TRANSIENT,
          "The table "
              + table
              + " is being migrated by another thread of this process. Wait for it to"
              + " end, then try again.",
          null);
    }
    return permit::release;
  }

  @Override
  public Map<String, String> columns(Connection connection, @Nullable String schema, String table)
      throws SQLException {
    Map<String, String> columns = new LinkedHashMap<>();
    new SqlStatement(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = current_database()"
                + " AND schema_name = coalesce(nullif(?, ''), current_schema()) AND table_name = ? ORDER BY column_index",
            schema == null ? "" : schema,
            table)
        .forEach(connection, row -> columns.put(row.getString(1), row.getString(2)));
    return columns;
  }

  @Override
  public ConstraintState constraintState(
      Connection connection, SpanTable table, List<String> keyColumns) throws SQLException {
    String where =
        " WHERE database_name = current_database() AND schema_name = coalesce(nullif(?, ''), current_schema())"
            + " AND table_name = ?";
    String schema = table.schema() == null ? "" : table.schema();
    List<List<String>> unique =
        new SqlStatement(
                "SELECT constraint_column_names FROM duckdb_constraints()"
                    + where
                    + " AND constraint_type IN ('PRIMARY KEY', 'UNIQUE')",
                schema,
                table.name())
            .list(connection, DuckDbMigration::names);
    if (unique.stream().anyMatch(names -> sameNames(names, keyColumns))) {
      return ConstraintState.PRESENT;
    }
    List<String> indexes =
        new SqlStatement(
                "SELECT expressions FROM duckdb_indexes()" + where + " AND is_unique",
                schema,
                table.name())
            .list(connection, row -> row.getString(1));
    return indexes.stream().anyMatch(expressions -> isOn(expressions, keyColumns))
        ? ConstraintState.PRESENT
        : ConstraintState.ABSENT;
  }

  private static List<String> names(ResultSet row) throws SQLException {
    Array array = row.getArray(1);
    return Arrays.stream((Object[]) array.getArray()).map(String.class::cast).toList();
  }

  /** The expressions come as one text: {@code [tenant_id, '"traceId"']}. */
  private static boolean isOn(String expressions, List<String> keyColumns) {
    String inner = expressions.substring(1, expressions.length() - 1);
    List<String> names =
        Arrays.stream(inner.split(","))
            .map(name -> name.strip().replace("'", "").replace("\"", ""))
            .toList();
    return sameNames(names, keyColumns);
  }

  private static boolean sameNames(List<String> left, List<String> right) {
    return left.stream().sorted().toList().equals(right.stream().sorted().toList());
  }

  @Override
  public String constraintStatement(SpanTable table, List<String> keyColumns) {
    return "CREATE UNIQUE INDEX "
        + dialect().quote(keyName(table.name()))
        + " ON "
        + qualified(table)
        + " ("
        + keyColumns.stream().map(dialect()::quote).collect(Collectors.joining(", "))
        + ")";
  }

  @Override
  public void constrain(
      SpanTable table,
      List<String> keyColumns,
      Duration lockTimeout,
      ConnectionSource.Work<Long> lateDuplicates)
      throws Exception {
    // Two transactions, because DuckDB makes no index over rows that the same one has deleted; one
    // turn, so that nobody writes between them.
    connections.exclusively(
        () -> {
          connections.transact(lateDuplicates);
          return connections.transact(
              connection -> {
                if (constraintState(connection, table, keyColumns) != ConstraintState.PRESENT) {
                  new SqlStatement(constraintStatement(table, keyColumns)).execute(connection);
                }
                return true;
              });
        });
  }

  @Override
  public void release(SpanTable table, List<String> keyColumns) throws Exception {
    connections.transact(
        connection ->
            new SqlStatement("DROP INDEX IF EXISTS " + qualified(table, keyName(table.name())))
                .execute(connection));
  }

  @Override
  public void dropColumns(SpanTable table, List<String> columns) throws Exception {
    connections.transact(
        connection -> {
          Map<String, String> present = columns(connection, table.schema(), table.name());
          List<String> added = columns.stream().filter(present::containsKey).toList();
          if (added.isEmpty()) {
            return false;
          }
          // DuckDB drops no column while an index of any column is there.
          List<String[]> indexes =
              new SqlStatement(
                      "SELECT index_name, sql FROM duckdb_indexes() WHERE database_name = current_database() AND"
                          + " schema_name = coalesce(nullif(?, ''), current_schema()) AND table_name = ?",
                      table.schema() == null ? "" : table.schema(),
                      table.name())
                  .list(connection, row -> new String[] {row.getString(1), row.getString(2)});
          for (String[] index : indexes) {
            new SqlStatement("DROP INDEX " + qualified(table, index[0])).execute(connection);
          }
          for (String column : added) {
            new SqlStatement(
                    "ALTER TABLE " + qualified(table) + " DROP COLUMN " + dialect().quote(column))
                .execute(connection);
          }
          for (String[] index : indexes) {
            if (!index[0].equals(SqlDialect.derivedName(table.name(), "trace"))) {
              new SqlStatement(index[1]).execute(connection);
            }
          }
          return true;
        });
  }

  @Override
  public @Nullable String defaultLiteral(SpanColumn column) {
    return switch (column) {
      case TENANT_ID -> "'" + SpanKey.DEFAULT_TENANT + "'";
      case IS_EVENT -> "FALSE";
      case TAGS -> "[]";
      default -> null;
    };
  }

  @Override
  public String rowId() {
    return "rowid";
  }

  @Override
  public String contentOrder(List<String> columnsSql) {
    return "md5(CAST(row(" + String.join(", ", columnsSql) + ") AS VARCHAR))";
  }

  @Override
  public String multisetHash(List<String> columnsSql) {
    return "CAST(sum(hash(" + String.join(", ", columnsSql) + ")) AS VARCHAR)";
  }

  @Override
  public void writeVersions(Connection connection, SpanTable table, List<RowVersion> versions)
      throws SQLException {
    new SqlStatement("CREATE OR REPLACE TEMP TABLE " + VERSIONS + " (row_id BIGINT, version BLOB)")
        .execute(connection);
    try (DuckDBAppender appender =
        connection.unwrap(DuckDBConnection.class).createAppender("temp", "main", VERSIONS)) {
      for (RowVersion version : versions) {
        appender.beginRow();
        appender.append(Long.parseLong(version.rowId()));
        appender.append(version.version().toBytes());
        appender.endRow();
      }
      appender.flush();
    }
    new SqlStatement(
            "UPDATE "
                + qualified(table)
                + " AS t SET version = v.version FROM temp."
                + VERSIONS
                + " v WHERE t.rowid = v.row_id")
        .execute(connection);
  }
}
