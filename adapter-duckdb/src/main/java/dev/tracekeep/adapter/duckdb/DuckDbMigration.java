package dev.tracekeep.adapter.duckdb;

import dev.tracekeep.dedupe.MigratorLock;
import dev.tracekeep.dedupe.TableIdentity;
import dev.tracekeep.jdbc.ConnectionSource;
import dev.tracekeep.jdbc.KeyConstraint;
import dev.tracekeep.jdbc.MigrationDialect;
import dev.tracekeep.jdbc.ProcessLock;
import dev.tracekeep.jdbc.SqlDialect;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
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

  /** One process has the file. */
  @Override
  public MigratorLock lockMigrators(SpanTable table) {
    return ProcessLock.take(connections.database(), table);
  }

  /** DuckDB keeps the case of a name, and finds it in any. */
  @Override
  public Optional<TableIdentity> resolve(Connection connection, SpanTable table)
      throws SQLException {
    return new SqlStatement(
            "SELECT schema_name, table_name FROM (SELECT database_name, schema_name, table_name"
                + " FROM duckdb_tables() UNION ALL SELECT database_name, schema_name, view_name"
                + " FROM duckdb_views()) WHERE database_name = current_database() AND"
                + " lower(schema_name) = lower(coalesce(nullif(?, ''), current_schema())) AND"
                + " lower(table_name) = lower(?)",
            schema(table.schema()),
            table.name())
        .list(connection, row -> new TableIdentity(row.getString(1), row.getString(2))).stream()
            .findFirst();
  }

  private static String schema(@Nullable String schema) {
    return schema == null ? "" : schema;
  }

  @Override
  public Map<String, String> columns(Connection connection, @Nullable String schema, String table)
      throws SQLException {
    Map<String, String> columns = new LinkedHashMap<>();
    new SqlStatement(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name ="
                + " current_database() AND schema_name = coalesce(nullif(?, ''), current_schema())"
                + " AND table_name = ? ORDER BY column_index",
            schema(schema),
            table)
        .forEach(connection, row -> columns.put(row.getString(1), row.getString(2)));
    return columns;
  }

  @Override
  public ConstraintState constraintState(
      Connection connection, SpanTable table, List<String> keyColumns) throws SQLException {
    return uniques(connection, table).stream()
            .anyMatch(unique -> sorted(unique.columns()).equals(sorted(keyColumns)))
        ? ConstraintState.PRESENT
        : ConstraintState.ABSENT;
  }

  @Override
  public List<String> uniqueKeys(Connection connection, SpanTable table, List<String> keyColumns)
      throws SQLException {
    return uniques(connection, table).stream()
        .filter(unique -> sorted(keyColumns).containsAll(sorted(unique.columns())))
        .map(Unique::name)
        .toList();
  }

  /** What keeps columns unique: an index, or a key that DuckDB cannot drop. */
  private record Unique(String name, List<String> columns) {}

  private static final String OF_TABLE =
      " WHERE database_name = current_database() AND schema_name = ? AND table_name = ?";

  private static List<Unique> uniques(Connection connection, SpanTable table) throws SQLException {
    Object[] ofTable = ofTable(table);
    List<Unique> found = new ArrayList<>();
    new SqlStatement(
            "SELECT constraint_type, constraint_column_names FROM duckdb_constraints()"
                + (OF_TABLE + " AND constraint_type IN ('PRIMARY KEY', 'UNIQUE')"),
            ofTable)
        .forEach(
            connection,
            row -> {
              List<String> columns = names(row);
              found.add(
                  new Unique(
                      "The " + row.getString(1) + " (" + String.join(", ", columns) + ")",
                      columns));
            });
    new SqlStatement(
            "SELECT index_name, expressions FROM duckdb_indexes()" + OF_TABLE + " AND is_unique",
            ofTable)
        .forEach(
            connection,
            row -> found.add(new Unique(row.getString(1), expressions(row.getString(2)))));
    return found;
  }

  private static List<String> names(ResultSet row) throws SQLException {
    Array array = row.getArray(2);
    return Arrays.stream((Object[]) array.getArray()).map(String.class::cast).toList();
  }

  /** The expressions come as one text: {@code [tenant_id, '"traceId"']}. */
  private static List<String> expressions(String text) {
    String inner = text.substring(1, text.length() - 1);
    return Arrays.stream(inner.split(","))
        .map(name -> name.strip().replace("'", "").replace("\"", ""))
        .toList();
  }

  private static List<String> sorted(List<String> names) {
    return names.stream().map(name -> name.toLowerCase(Locale.ROOT)).sorted().toList();
  }

  /** DuckDB does not tell what a view reads: those are named that name the table. */
  @Override
  public List<String> dependents(Connection connection, SpanTable table) throws SQLException {
    List<String> found = new ArrayList<>();
    new SqlStatement("SELECT index_name FROM duckdb_indexes()" + OF_TABLE, ofTable(table))
        .forEach(connection, row -> found.add("index " + row.getString(1)));
    new SqlStatement(
            "SELECT view_name FROM duckdb_views() WHERE NOT internal AND database_name ="
                + " current_database() AND contains(lower(sql), lower(?)) ORDER BY view_name",
            table.name())
        .forEach(connection, row -> found.add("view " + row.getString(1)));
    new SqlStatement(
            "SELECT DISTINCT referenced_table FROM duckdb_constraints()"
                + (OF_TABLE + " AND constraint_type = 'FOREIGN KEY' ORDER BY referenced_table"),
            ofTable(table))
        .forEach(connection, row -> found.add("foreign key to " + row.getString(1)));
    return found;
  }

  private static Object[] ofTable(SpanTable table) {
    return new Object[] {schema(table.schema()), table.name()};
  }

  @Override
  public List<String> refusals(Connection connection, SpanTable table) throws SQLException {
    List<String> refusals = new ArrayList<>();
    new SqlStatement(
            "SELECT view_name FROM duckdb_views() WHERE database_name = current_database()"
                + " AND schema_name = ? AND view_name = ?",
            ofTable(table))
        .forEach(
            connection,
            row -> refusals.add(table + " is a view, not a table: name the table behind it."));
    new SqlStatement(
            "SELECT DISTINCT schema_name || '.' || table_name FROM duckdb_constraints()"
                + " WHERE database_name = current_database() AND constraint_type = 'FOREIGN KEY'"
                + " AND schema_name = ? AND lower(referenced_table) = lower(?)",
            ofTable(table))
        .forEach(
            connection,
            row ->
                refusals.add(
                    "Rows of "
                        + row.getString(1)
                        + " refer to rows of "
                        + table
                        + " that would move to the archive: drop the foreign key first."));
    return refusals;
  }

  @Override
  public String constraintLock() {
    return "Writers of this process wait while the index is built; readers don't.";
  }

  @Override
  public void constrain(
      SpanTable table,
      KeyConstraint key,
      MigrationOptions options,
      ConnectionSource.Work<Long> lateDuplicates)
      throws Exception {
    // Two transactions, because DuckDB makes no index over rows that the same one has deleted; one
    // turn, so that nobody writes between them.
    connections.exclusively(
        () -> {
          connections.transact(lateDuplicates);
          return connections.transact(
              connection -> {
                if (constraintState(connection, table, key.columns()) != ConstraintState.PRESENT) {
                  new SqlStatement(constraintStatement(table, key)).execute(connection);
                }
                return true;
              });
        });
  }

  /** An index and the deletion of rows under it must be two transactions. */
  @Override
  public boolean undoesInOneTransaction() {
    return false;
  }

  @Override
  public void release(Connection connection, SpanTable table, KeyConstraint key)
      throws SQLException {
    new SqlStatement("DROP INDEX IF EXISTS " + qualified(table, key.name())).execute(connection);
  }

  @Override
  public void dropColumns(Connection connection, SpanTable table, List<String> columns)
      throws SQLException {
    Map<String, String> present = columns(connection, table.schema(), table.name());
    List<String> added = columns.stream().filter(present::containsKey).toList();
    if (added.isEmpty()) {
      return;
    }
    // DuckDB drops no column while an index of any column is there.
    List<String[]> indexes =
        new SqlStatement("SELECT index_name, sql FROM duckdb_indexes()" + OF_TABLE, ofTable(table))
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
  public String rowId(Connection connection, SpanTable table) {
    return "rowid";
  }

  /** A scan of two columns is faster than an index here. */
  @Override
  public boolean usesIndexes() {
    return false;
  }

  @Override
  public String isEnd(String columnSql, String type) {
    String kind = type.toUpperCase(Locale.ROOT);
    String none =
        kind.startsWith("TIMESTAMP")
            ? "isfinite(" + columnSql + ")"
            : kind.equals("DATE")
                ? "isfinite(" + columnSql + ")"
                : kind.equals("BOOLEAN")
                    ? columnSql
                    : kind.equals("FLOAT") || kind.equals("DOUBLE")
                        ? "isfinite(" + columnSql + ") AND " + columnSql + " <> 0"
                        : "lower(trim(CAST("
                            + columnSql
                            + " AS VARCHAR))) NOT IN ('', '0', '0.0', 'false', 'null', 'nan',"
                            + " 'inf', '-inf', 'infinity', '-infinity')";
    return "coalesce(" + none + ", FALSE)";
  }

  /**
   * What is not a finite time counts as none. Text is read as a time first, to the microsecond; for
   * the digits behind that it is compared as it is.
   */
  @Override
  public List<String> timeOrder(String columnSql, String type) {
    String kind = type.toUpperCase(Locale.ROOT);
    if (kind.equals("VARCHAR")) {
      String time = "TRY_CAST(" + columnSql + " AS TIMESTAMPTZ)";
      return List.of("CASE WHEN isfinite(" + time + ") THEN " + time + " END", columnSql);
    }
    return kind.startsWith("TIMESTAMP") || kind.equals("FLOAT") || kind.equals("DOUBLE")
        ? List.of("CASE WHEN isfinite(" + columnSql + ") THEN " + columnSql + " END")
        : List.of(columnSql);
  }

  @Override
  public String textLength(String columnSql) {
    return "strlen(CAST(" + columnSql + " AS VARCHAR))";
  }

  @Override
  public String digest(List<String> columnsSql) {
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
