package com.example.tracekeep.h2;

import dev.tracekeep.dedupe.MigratorLock;
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
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What is different about migrating on H2. */
final class H2Migration extends MigrationDialect {
  private final String database;

  H2Migration(SqlDialect dialect, ConnectionSource connections, String database) {
    super(dialect, connections);
    this.database = database;
  }

  /** One process has the file. */
  @Override
  public MigratorLock lockMigrators(SpanTable table) {
    return ProcessLock.take(database, table);
  }

  @Override
  public ConstraintState constraintState(
      Connection connection, SpanTable table, List<String> keyColumns) throws SQLException {
    return uniques(connection, table).containsValue(new TreeSet<>(keyColumns))
        ? ConstraintState.PRESENT
        : ConstraintState.ABSENT;
  }

  @Override
  public List<String> uniqueKeys(Connection connection, SpanTable table, List<String> keyColumns)
      throws SQLException {
    return uniques(connection, table).entrySet().stream()
        .filter(unique -> keyColumns.containsAll(unique.getValue()))
        .map(Map.Entry::getKey)
        .toList();
  }

  private static Map<String, Set<String>> uniques(Connection connection, SpanTable table)
      throws SQLException {
    Map<String, Set<String>> uniques = new TreeMap<>();
    new SqlStatement(
            "SELECT INDEX_NAME, COLUMN_NAME FROM INFORMATION_SCHEMA.INDEX_COLUMNS"
                + " WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND IS_UNIQUE",
            String.valueOf(table.schema()),
            table.name())
        .forEach(
            connection,
            row ->
                uniques
                    .computeIfAbsent(row.getString(1), name -> new TreeSet<>())
                    .add(row.getString(2)));
    return uniques;
  }

  @Override
  public String constraintLock() {
    return "An exclusive lock of the table while the index is built.";
  }

  @Override
  public void constrain(
      SpanTable table,
      KeyConstraint key,
      MigrationOptions options,
      ConnectionSource.Work<Long> lateDuplicates)
      throws Exception {
    // DDL commits in H2, so the two cannot be one transaction; the writers' turn is held by both.
    connections()
        .transact(
            connection -> {
              lateDuplicates.on(connection);
              if (constraintState(connection, table, key.columns()) != ConstraintState.PRESENT) {
                new SqlStatement(constraintStatement(table, key)).execute(connection);
              }
              return true;
            });
  }

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
    for (String column : columns) {
      new SqlStatement(
              "ALTER TABLE "
                  + qualified(table)
                  + " DROP COLUMN IF EXISTS "
                  + dialect().quote(column))
          .execute(connection);
    }
  }

  @Override
  public String defaultLiteral(SpanColumn column) {
    return switch (column) {
      case TENANT_ID -> "'" + SpanKey.DEFAULT_TENANT + "'";
      case IS_EVENT -> "FALSE";
      case TAGS -> "ARRAY[]";
      default -> null;
    };
  }

  @Override
  public String rowId(Connection connection, SpanTable table) {
    return "_ROWID_";
  }

  @Override
  public String textLength(String columnSql) {
    return "OCTET_LENGTH(CAST(" + columnSql + " AS VARCHAR))";
  }

  @Override
  public String digest(List<String> columnsSql) {
    return columnsSql.stream()
        .map(column -> "COALESCE(RAWTOHEX(HASH('SHA-256', CAST(" + column + " AS CLOB))), '-')")
        .collect(Collectors.joining(", ", "CONCAT_WS('|', ", ")"));
  }

  @Override
  public String multisetHash(List<String> columnsSql) {
    return "CAST(SUM(CAST(ORA_HASH(" + digest(columnsSql) + ") AS NUMERIC(38))) AS VARCHAR)";
  }

  @Override
  public void writeVersions(Connection connection, SpanTable table, List<RowVersion> versions)
      throws SQLException {
    try (var statement =
        connection.prepareStatement(
            "UPDATE " + qualified(table) + " SET \"version\" = ? WHERE _ROWID_ = ?")) {
      for (RowVersion version : versions) {
        statement.setBytes(1, version.version().toBytes());
        statement.setLong(2, Long.parseLong(version.rowId()));
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }
}
