package com.example.tracekeep.h2;

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
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;

/** What is different about migrating on H2. */
final class H2Migration extends MigrationDialect {
  /** One process has the file, so a permit in this process is a lock that dies with it. */
  private static final Map<String, Semaphore> MIGRATORS = new ConcurrentHashMap<>();

  private final String database;

  H2Migration(SqlDialect dialect, ConnectionSource connections, String database) {
    super(dialect, connections);
    this.database = database;
  }

  @Override
  public MigratorLock lockMigrators(SpanTable table) {
    Semaphore permit =
        MIGRATORS.computeIfAbsent(database + " " + table, key -> new Semaphore(1));
    if (!permit.tryAcquire()) {
      throw new StorageException(
          FailureKind.TRANSIENT,
          "The table " + table + " is being migrated already. Wait for it to end, then try again.",
          null);
    }
    return permit::release;
  }

  @Override
  public ConstraintState constraintState(
      Connection connection, SpanTable table, List<String> keyColumns) throws SQLException {
    long found =
        new SqlStatement(
                "SELECT count(*) FROM INFORMATION_SCHEMA.TABLE_CONSTRAINTS"
                    + " WHERE TABLE_NAME = ? AND CONSTRAINT_NAME = ?",
                table.name(),
                keyName(table.name()))
            .number(connection);
    return found > 0 ? ConstraintState.PRESENT : ConstraintState.ABSENT;
  }

  static String keyName(String table) {
    return SqlDialect.derivedName(table, "key");
  }

  @Override
  public String constraintStatement(SpanTable table, List<String> keyColumns) {
    return "ALTER TABLE "
        + qualified(table)
        + " ADD CONSTRAINT "
        + dialect().quote(keyName(table.name()))
        + " UNIQUE ("
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
    // DDL commits in H2, so the two cannot be one transaction; the writers' turn is held by both.
    connections()
        .transact(
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
    connections()
        .transact(
            connection ->
                new SqlStatement(
                        "ALTER TABLE "
                            + qualified(table)
                            + " DROP CONSTRAINT IF EXISTS "
                            + dialect().quote(keyName(table.name())))
                    .execute(connection));
  }

  @Override
  public void dropColumns(SpanTable table, List<String> columns) throws Exception {
    for (String column : columns) {
      connections()
          .transact(
              connection ->
                  new SqlStatement(
                          "ALTER TABLE "
                              + qualified(table)
                              + " DROP COLUMN IF EXISTS "
                              + dialect().quote(column))
                      .execute(connection));
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
  public String rowId() {
    return "_ROWID_";
  }

  @Override
  public String contentOrder(List<String> columnsSql) {
    return columnsSql.stream()
        .map(column -> "COALESCE(RAWTOHEX(HASH('SHA-256', CAST(" + column + " AS CLOB))), '-')")
        .collect(Collectors.joining(", ", "CONCAT_WS('|', ", ")"));
  }

  @Override
  public String multisetHash(List<String> columnsSql) {
    return "CAST(SUM(CAST(ORA_HASH("
        + contentOrder(columnsSql)
        + ") AS NUMERIC(38))) AS VARCHAR)";
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
