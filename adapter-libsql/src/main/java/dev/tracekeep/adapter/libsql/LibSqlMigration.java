package dev.tracekeep.adapter.libsql;

import dev.tracekeep.dedupe.MigratorLock;
import dev.tracekeep.dedupe.TableIdentity;
import dev.tracekeep.jdbc.ConnectionSource;
import dev.tracekeep.jdbc.HashedRows;
import dev.tracekeep.jdbc.KeyConstraint;
import dev.tracekeep.jdbc.MigrationDialect;
import dev.tracekeep.jdbc.SpanTableSql;
import dev.tracekeep.jdbc.SqlDialect;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.migration.MigrationLayout;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The migration on libSQL and SQLite. The constraint is a unique index: SQLite cannot give a table
 * a key once it is there, and enforces both the same way.
 */
final class LibSqlMigration extends MigrationDialect {
  private static final String ROW_ID = "rowid";

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

  /**
   * SQLite keeps the case of a name, and finds it in any. Its schemas are attached databases, of
   * which only the main one is migrated, so they are no part of a table's identity.
   */
  @Override
  public Optional<TableIdentity> resolve(Connection connection, SpanTable table)
      throws SQLException {
    if (table.schema() != null && !table.schema().equalsIgnoreCase("main")) {
      return Optional.empty();
    }
    return new SqlStatement(
            "SELECT name FROM main.sqlite_schema WHERE type IN ('table', 'view') AND lower(name) ="
                + " lower(?)",
            table.name())
        .list(connection, row -> new TableIdentity(null, row.getString(1))).stream().findFirst();
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
    return uniques(connection, table).values().stream()
            .anyMatch(columns -> sorted(columns).equals(sorted(keyColumns)))
        ? ConstraintState.PRESENT
        : ConstraintState.ABSENT;
  }

  @Override
  public List<String> uniqueKeys(Connection connection, SpanTable table, List<String> keyColumns)
      throws SQLException {
    return uniques(connection, table).entrySet().stream()
        .filter(unique -> sorted(keyColumns).containsAll(sorted(unique.getValue())))
        .map(Map.Entry::getKey)
        .toList();
  }

  /** The unique indexes for all rows, and their columns. */
  private static Map<String, List<String>> uniques(Connection connection, SpanTable table)
      throws SQLException {
    Map<String, List<String>> uniques = new LinkedHashMap<>();
    new SqlStatement(
            "SELECT l.name, i.name FROM pragma_index_list(?) l, pragma_index_info(l.name) i"
                + " WHERE l.\"unique\" AND NOT l.partial ORDER BY l.name, i.seqno",
            table.name())
        .forEach(
            connection,
            row ->
                uniques
                    .computeIfAbsent(row.getString(1), name -> new ArrayList<>())
                    .add(String.valueOf(row.getString(2))));
    return uniques;
  }

  private static List<String> sorted(List<String> names) {
    return names.stream().map(name -> name.toLowerCase(Locale.ROOT)).sorted().toList();
  }

  /** Mastra's newest release makes an index of this name, and none where it finds it. */
  @Override
  public KeyConstraint keyConstraint(
      Connection connection, SpanTable table, List<String> keyColumns, MigrationLayout layout)
      throws SQLException {
    if (layout != MigrationLayout.MASTRA) {
      return super.keyConstraint(connection, table, keyColumns, layout);
    }
    List<String> spanFirst = new ArrayList<>(keyColumns);
    Collections.reverse(spanFirst);
    return new KeyConstraint(table.name() + "_spanid_traceid_idx", spanFirst, false);
  }

  @Override
  public String constraintStatement(SpanTable table, KeyConstraint key) {
    return "CREATE UNIQUE INDEX "
        + dialect().quote(key.name())
        + " ON "
        + dialect().quote(table.name())
        + key.columns().stream()
            .map(column -> keyPart(dialect().quote(column)))
            .collect(Collectors.joining(", ", " (", ")"));
  }

  @Override
  public String constraintLock() {
    return "SQLite's lock of the file: writers wait while the index is built; readers don't in WAL"
        + " mode.";
  }

  @Override
  public void constrain(
      SpanTable table,
      KeyConstraint key,
      MigrationOptions options,
      ConnectionSource.Work<Long> lateDuplicates)
      throws Exception {
    connections.transact(
        options.lockTimeout(),
        connection -> {
          lateDuplicates.on(connection);
          if (constraintState(connection, table, key.columns()) != ConstraintState.PRESENT) {
            new SqlStatement(constraintStatement(table, key)).execute(connection);
          }
          return true;
        });
  }

  @Override
  public void release(Connection connection, SpanTable table, KeyConstraint key)
      throws SQLException {
    dropIndex(connection, key.name());
  }

  private int dropIndex(Connection connection, String name) throws SQLException {
    return new SqlStatement("DROP INDEX IF EXISTS " + dialect().quote(name)).execute(connection);
  }

  @Override
  public void dropColumns(Connection connection, SpanTable table, List<String> columns)
      throws SQLException {
    Map<String, String> present = columns(connection, table.schema(), table.name());
    List<String> added = columns.stream().filter(present::containsKey).toList();
    if (!added.isEmpty()) {
      // SQLite drops no column that an index has; the next init() makes ours again.
      SpanTableSql sql = new SpanTableSql(dialect(), qualified(table));
      for (String index : new SpanIndexes(dialect(), sql, table.name()).statements().keySet()) {
        dropIndex(connection, index);
      }
    }
    for (String column : added) {
      new SqlStatement(
              "ALTER TABLE " + qualified(table) + " DROP COLUMN " + dialect().quote(column))
          .execute(connection);
    }
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
  public String rowId(Connection connection, SpanTable table) {
    return ROW_ID;
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
  public List<String> timeOrder(String columnSql, String type) {
    String milliseconds =
        "CASE typeof("
            + columnSql
            // No text but a date: 'now' would be one to SQLite, and any number a Julian day.
            + ") WHEN 'text' THEN CASE WHEN "
            + columnSql
            + " GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*' THEN round((julianday("
            + columnSql
            + ") - 2440587.5) * 86400000.0) END"
            + " WHEN 'null' THEN NULL WHEN 'blob' THEN NULL"
            // Seconds, milliseconds, microseconds and nanoseconds of one time differ by a
            // thousand, so of any time in this century one can tell which it is.
            + " ELSE CASE WHEN abs("
            + columnSql
            + ") > 9e307 THEN NULL WHEN abs("
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

  /** What no time can be, in any of the forms that a column can have here. */
  @Override
  public String isEnd(String columnSql, String type) {
    return "CASE typeof("
        + (columnSql + ") WHEN 'text' THEN lower(trim(" + columnSql + ")) NOT IN")
        + " ('', '0', '0.0', 'false', 'null', 'nan', 'inf', '-inf', 'infinity', '-infinity')"
        + (" WHEN 'integer' THEN " + columnSql + " <> 0 WHEN 'real' THEN " + columnSql + " <> 0")
        + (" AND abs(" + columnSql + ") < 9e307 WHEN 'blob' THEN length(" + columnSql + ") > 0")
        + " ELSE 0 END";
  }

  @Override
  public String textLength(String columnSql) {
    return "length(CAST(" + columnSql + " AS BLOB))";
  }

  /** SQLite orders values of any type; a hash, which it has not, would say no more. */
  @Override
  public List<String> contentOrder(List<String> columnsSql) {
    return columnsSql.stream().map(column -> column + " COLLATE BINARY").toList();
  }

  /** SQLite has no hash function: the type and the length of every value stand in for one. */
  @Override
  public String digest(List<String> columnsSql) {
    return columnsSql.stream()
        .map(
            column ->
                "substr(typeof("
                    + (column + "), 1, 1) || coalesce(length(CAST(" + column + " AS BLOB)), '')"))
        .collect(Collectors.joining(" || "));
  }

  @Override
  public HashedRows hash(
      Connection connection, String table, List<String> columnsSql, SqlStatement condition)
      throws SQLException {
    RowHash hash = new RowHash(columnsSql.size());
    long[] count = {0};
    new SqlStatement("SELECT " + String.join(", ", columnsSql) + " FROM " + table + " t WHERE ")
        .append(condition)
        .forEach(
            connection,
            row -> {
              hash.add(row);
              count[0]++;
            });
    return new HashedRows(count[0], hash.total());
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
  public long restoring(Connection connection, SpanTable table, ConnectionSource.Work<Long> work)
      throws Exception {
    Map<String, String> triggers = triggers(connection, table);
    for (String name : triggers.keySet()) {
      new SqlStatement("DROP TRIGGER " + dialect().quote(name)).execute(connection);
    }
    long rows = work.on(connection);
    for (String statement : triggers.values()) {
      new SqlStatement(statement).execute(connection);
    }
    return rows;
  }

  private static Map<String, String> triggers(Connection connection, SpanTable table)
      throws SQLException {
    Map<String, String> triggers = new LinkedHashMap<>();
    new SqlStatement(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE"
                + " NOCASE ORDER BY rowid",
            table.name())
        .forEach(connection, row -> triggers.put(row.getString(1), row.getString(2)));
    return triggers;
  }

  /** SQLite does not tell what a view reads: those are named that name the table. */
  @Override
  public List<String> dependents(Connection connection, SpanTable table) throws SQLException {
    return new SqlStatement(
            "SELECT type || ' ' || name AS dependent FROM sqlite_schema WHERE type IN ('index',"
                + " 'trigger') AND tbl_name = ? COLLATE NOCASE"
                + " UNION SELECT 'view ' || name FROM sqlite_schema WHERE type = 'view' AND"
                + " instr(lower(sql), lower(?)) > 0"
                + " UNION SELECT 'foreign key to ' || \"table\" FROM pragma_foreign_key_list(?)"
                + " ORDER BY dependent",
            table.name(),
            table.name(),
            table.name())
        .list(connection, row -> row.getString(1));
  }

  @Override
  public List<String> triggersOnDelete(Connection connection, SpanTable table) throws SQLException {
    return triggers(connection, table).entrySet().stream()
        .filter(
            trigger ->
                trigger
                    .getValue()
                    .toUpperCase(Locale.ROOT)
                    .split("\\bBEGIN\\b")[0]
                    .matches("(?s).*\\bDELETE\\b.*"))
        .map(Map.Entry::getKey)
        .toList();
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
                        + " is made WITHOUT ROWID, so two copies of a row cannot be told apart:"
                        + " copy it into one with a rowid.");
              }
            });
    for (Map.Entry<String, String> column :
        columns(connection, table.schema(), table.name()).entrySet()) {
      if (column.getKey().equalsIgnoreCase(ROW_ID)) {
        refusals.add(
            "The table "
                + table
                + " has a column "
                + column.getKey()
                + ", which hides SQLite's own: rename it for the migration.");
      }
    }
    new SqlStatement(
            "SELECT DISTINCT m.name FROM sqlite_schema m, pragma_foreign_key_list(m.name) f"
                + " WHERE m.type = 'table' AND lower(f.\"table\") = lower(?)",
            table.name())
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
}
