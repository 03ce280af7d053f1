package dev.tracekeep.adapter.duckdb;

import dev.tracekeep.dedupe.TableIdentity;
import dev.tracekeep.jdbc.JdbcStorage;
import dev.tracekeep.jdbc.MigrationDialect;
import dev.tracekeep.jdbc.SqlDialect;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.TracingStrategy;
import dev.tracekeep.storage.TracingStrategySupport;
import dev.tracekeep.storage.WriteResult;
import dev.tracekeep.storage.spi.TableFormat;
import dev.tracekeep.storage.spi.WriteOutcome;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Spans in DuckDB. */
final class DuckDbStorage extends JdbcStorage {
  private static final DuckDbDialect DIALECT = new DuckDbDialect();

  private final DuckDbFailures failures;
  private final DuckDbMigration migration;
  private final Set<Capability> capabilities;

  /** The temporary tables that batches go through; made once for the connection that writes. */
  private final String stagedKeys;

  private final String stagedRows;

  DuckDbStorage(StorageConfig config, DuckDbConnections connections) {
    super(config, DIALECT, connections);
    this.failures = new DuckDbFailures(config.uri());
    this.migration = new DuckDbMigration(DIALECT, connections);
    this.stagedKeys = SqlDialect.derivedName(config.table(), "staged_keys");
    this.stagedRows = SqlDialect.derivedName(config.table(), "staged_rows");
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
    declared.addAll(READS);
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

  @Override
  protected OptionalInt readFormat(Connection connection, TableIdentity table) throws SQLException {
    return TableFormat.in(comment(connection, table));
  }

  @Override
  protected void writeFormat(Connection connection, TableIdentity table) throws SQLException {
    String comment = TableFormat.commentWith(comment(connection, table));
    new SqlStatement(
            "COMMENT ON TABLE " + sql().table() + " IS '" + comment.replace("'", "''") + "'")
        .execute(connection);
  }

  private static @Nullable String comment(Connection connection, TableIdentity table)
      throws SQLException {
    // Not findFirst, which has no place for a comment that is null.
    List<@Nullable String> comments =
        new SqlStatement(
                "SELECT comment FROM duckdb_tables() WHERE database_name = current_database() AND"
                    + " schema_name = ? AND table_name = ?",
                String.valueOf(table.schema()),
                table.name())
            .list(connection, row -> row.getString(1));
    return comments.isEmpty() ? null : comments.get(0);
  }

  private static String name(String identifier) {
    return DIALECT.quote(identifier);
  }

  @Override
  protected boolean isBulk(int batchSize) {
    return true;
  }

  @Override
  protected void insertDirect(Connection connection, List<Span> batch) throws SQLException {
    List<String> columns =
        List.copyOf(migration.columns(connection, config().schema(), config().table()).keySet());
    String schema = config().schema() == null ? connection.getSchema() : config().schema();
    SpanAppender.append(
        connection, connection.getCatalog(), schema, config().table(), columns, batch);
  }

  /**
   * Asks with keys, starts and versions alone which spans are new and which are better, and moves
   * whole rows for those only: a replay moves none.
   */
  @Override
  protected WriteOutcome merge(Connection connection, List<Span> batch) throws SQLException {
    List<Span> fresh = new ArrayList<>();
    List<Span> better = new ArrayList<>();
    List<SpanKey> conflicting = new ArrayList<>();
    stageKeys(connection, batch);
    String isNew = "t." + sql().name(SpanColumn.SPAN_ID) + " IS NULL";
    String isBetter = sql().beats("s", "t");
    String otherStart = sql().otherStart("s", "t");
    new SqlStatement(
            "SELECT s.position, "
                + isNew
                + ", "
                + isBetter
                + ", "
                + otherStart
                + " FROM "
                + temporary(stagedKeys)
                + " s LEFT JOIN "
                + sql().table()
                + " t ON "
                + sql().sameKey("s", "t")
                + " WHERE "
                + isNew
                + " OR "
                + isBetter
                + " OR "
                + otherStart)
        .forEach(
            connection,
            row -> {
              Span span = batch.get(row.getInt(1));
              if (row.getBoolean(2)) {
                fresh.add(span);
              } else if (row.getBoolean(3)) {
                better.add(span);
              }
              if (row.getBoolean(4)) {
                conflicting.add(span.key());
              }
            });
    if (!fresh.isEmpty()) {
      insertDirect(connection, fresh);
    }
    if (!better.isEmpty()) {
      replace(connection, better);
    }
    return new WriteOutcome(
        new WriteResult.Counts(
            fresh.size(), better.size(), batch.size() - fresh.size() - better.size()),
        conflicting);
  }

  private void stageKeys(Connection connection, List<Span> batch) throws SQLException {
    new SqlStatement(
            "CREATE TEMP TABLE IF NOT EXISTS "
                + name(stagedKeys)
                + " (position INTEGER, tenant_id VARCHAR, trace_id VARCHAR, span_id VARCHAR, "
                + sql().definition(SpanColumn.STARTED_AT)
                + ", version BLOB)")
        .execute(connection);
    new SqlStatement("DELETE FROM " + temporary(stagedKeys)).execute(connection);
    SpanAppender.appendKeys(connection, "temp", "main", stagedKeys, batch);
  }

  private void replace(Connection connection, List<Span> better) throws SQLException {
    new SqlStatement(
            "CREATE TEMP TABLE IF NOT EXISTS "
                + name(stagedRows)
                + " ("
                + sql().columnDefinitions()
                + ")")
        .execute(connection);
    new SqlStatement("DELETE FROM " + temporary(stagedRows)).execute(connection);
    List<String> columns = new ArrayList<>();
    SpanColumn.all().forEach(column -> columns.add(column.columnName()));
    columns.add(SpanColumn.VERSION_NAME);
    SpanAppender.append(connection, "temp", "main", stagedRows, columns, better);
    String names = String.join(", ", sql().columnNames());
    new SqlStatement(
            "INSERT INTO "
                + sql().table()
                + " ("
                + names
                + ") SELECT "
                + names
                + " FROM "
                + temporary(stagedRows)
                + " ON CONFLICT ("
                + sql().keyNames()
                + ") DO UPDATE SET "
                + sql().assignments("excluded"))
        .execute(connection);
  }

  private static String temporary(String table) {
    return "temp." + name(table);
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
