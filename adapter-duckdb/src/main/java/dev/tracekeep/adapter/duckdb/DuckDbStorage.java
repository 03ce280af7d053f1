package dev.tracekeep.adapter.duckdb;

import dev.tracekeep.jdbc.JdbcStorage;
import dev.tracekeep.jdbc.MigrationDialect;
import dev.tracekeep.jdbc.SqlDialect;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.StoredSpan;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.TracingStrategy;
import dev.tracekeep.storage.TracingStrategySupport;
import dev.tracekeep.storage.WriteResult;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Spans in DuckDB. */
final class DuckDbStorage extends JdbcStorage {
  private static final DuckDbDialect DIALECT = new DuckDbDialect();

  private final DuckDbFailures failures;
  private final DuckDbMigration migration;
  private final Set<Capability> capabilities;

  /** The temporary table that batches go through; made once for the connection that writes. */
  private final String stage;

  DuckDbStorage(StorageConfig config, DuckDbConnections connections) {
    super(config, DIALECT, connections);
    this.failures = new DuckDbFailures(config.uri());
    this.migration = new DuckDbMigration(DIALECT, connections);
    this.stage = SqlDialect.derivedName(config.table(), "stage");
    EnumSet<Capability> declared =
        EnumSet.of(
            Capability.ENFORCED_UNIQUENESS,
            Capability.ATOMIC_BATCH,
            Capability.EXACT_WRITE_COUNTS,
            Capability.ATOMIC_UPDATE,
            Capability.TRANSACTIONAL_MIGRATION);
    if (connections.file() != null) {
      declared.add(Capability.DURABLE);
    }
    this.capabilities = Collections.unmodifiableSet(declared);
  }

  @Override
  public TracingStrategySupport tracingStrategy() {
    return TracingStrategySupport.allPreferring(TracingStrategy.BATCH_WITH_UPDATES);
  }

  @Override
  public Set<Capability> capabilities() {
    return capabilities;
  }

  @Override
  protected void createTable(Connection connection) throws SQLException {
    new SqlStatement("CREATE TABLE " + sql().table() + " (" + sql().columnDefinitions() + ")")
        .execute(connection);
    new SqlStatement(
            "CREATE UNIQUE INDEX "
                + name(DuckDbMigration.keyName(config().table()))
                + " ON "
                + sql().table()
                + " ("
                + sql().keyNames()
                + ")")
        .execute(connection);
  }

  @Override
  protected List<String> indexStatements() {
    // DuckDB scans an index for one column alone; the key's index serves uniqueness, this one
    // getTrace.
    return List.of(
        "CREATE INDEX IF NOT EXISTS "
            + name(SqlDialect.derivedName(config().table(), "trace"))
            + " ON "
            + sql().table()
            + " ("
            + sql().name(SpanColumn.TRACE_ID)
            + ")");
  }

  private static String name(String identifier) {
    return DIALECT.quote(identifier);
  }

  @Override
  protected boolean isBulk(int batchSize) {
    return true;
  }

  @Override
  protected void insertDirect(Connection connection, List<StoredSpan> batch) throws SQLException {
    String schema = config().schema() == null ? connection.getSchema() : config().schema();
    List<String> columns =
        List.copyOf(migration.columns(connection, config().schema(), config().table()).keySet());
    SpanAppender.append(
        connection, connection.getCatalog(), schema, config().table(), columns, batch);
  }

  @Override
  protected WriteResult.Counts merge(Connection connection, List<StoredSpan> batch)
      throws SQLException {
    String staged = "temp." + name(stage);
    new SqlStatement(
            "CREATE TEMP TABLE IF NOT EXISTS "
                + name(stage)
                + " ("
                + sql().columnDefinitions()
                + ")")
        .execute(connection);
    new SqlStatement("DELETE FROM " + staged).execute(connection);
    List<String> columns = new ArrayList<>();
    SpanColumn.all().forEach(column -> columns.add(column.columnName()));
    columns.add(SpanColumn.VERSION_NAME);
    SpanAppender.append(connection, "temp", "main", stage, columns, batch);

    String joined =
        " FROM " + staged + " s LEFT JOIN " + sql().table() + " t ON " + sql().sameKey("s", "t");
    String isNew = "t." + sql().name(SpanColumn.SPAN_ID) + " IS NULL";
    String isBetter = "(NOT " + isNew + " AND " + sql().beats("s", "t") + ")";
    WriteResult.Counts counts =
        new SqlStatement(
                "SELECT count(*) FILTER (WHERE "
                    + isNew
                    + "), count(*) FILTER (WHERE "
                    + isBetter
                    + ")"
                    + joined)
            .list(
                connection,
                row ->
                    new WriteResult.Counts(
                        row.getLong(1),
                        row.getLong(2),
                        batch.size() - row.getLong(1) - row.getLong(2)))
            .get(0);
    if (counts.unchanged() < batch.size()) {
      String names = String.join(", ", sql().columnNames());
      String values =
          String.join(", ", sql().columnNames().stream().map(column -> "s." + column).toList());
      new SqlStatement(
              "INSERT INTO "
                  + sql().table()
                  + " ("
                  + names
                  + ") SELECT "
                  + values
                  + joined
                  + " WHERE "
                  + isNew
                  + " OR "
                  + isBetter
                  + " ON CONFLICT ("
                  + sql().keyNames()
                  + ") DO UPDATE SET "
                  + sql().assignments("excluded"))
          .execute(connection);
    }
    return counts;
  }

  @Override
  protected boolean isDuplicateKey(Exception failure) {
    return DuckDbFailures.isDuplicateKey(failure);
  }

  @Override
  protected String engineVersion(Connection connection) throws SQLException {
    return new SqlStatement("SELECT version()")
        .list(connection, row -> "DuckDB " + row.getString(1))
        .get(0);
  }

  @Override
  protected MigrationDialect migrationDialect() {
    return migration;
  }

  @Override
  protected StorageException classify(String action, Exception failure) {
    return failures.classify(action, failure);
  }
}
