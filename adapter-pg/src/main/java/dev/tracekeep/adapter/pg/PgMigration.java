package dev.tracekeep.adapter.pg;

import dev.tracekeep.jdbc.ConnectionSource;
import dev.tracekeep.jdbc.MigrationDialect;
import dev.tracekeep.jdbc.SqlDialect;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The migration on PostgreSQL.
 *
 * <p>The constraint is a unique index, made while others write, and not turned into a constraint:
 * that enforces the same, serves ON CONFLICT alike, and would cost a lock that keeps readers out.
 */
final class PgMigration extends MigrationDialect {
  /**
   * How a migration's transactions run. They may take their time; and what becomes text of a row
   * must be the same in every session, because hashes of it are compared.
   */
  private static final String SETTINGS =
      "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, MDY'; SET LOCAL intervalstyle = 'postgres';"
          + " SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1;"
          + " SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = ";

  /** Duplicates that arrive while the index is built make it fail; then they are moved first. */
  private static final int CONCURRENT_TRIES = 3;

  private static final String UNIQUE_VIOLATION = "23505";
  private static final String LOCK_NOT_AVAILABLE = "55P03";

  private final PgConnections connections;
  private final Duration statementTimeout;

  /** How long another migrator is waited for. */
  private final Duration patience;

  private final PgCatalog catalog;

  PgMigration(SqlDialect dialect, PgConnections connections, StorageConfig config) {
    super(dialect, connections.withSettings(SETTINGS + PgConnections.millis(config.lockTimeout())));
    this.connections = connections;
    this.statementTimeout = config.statementTimeout();
    this.patience = config.lockTimeout();
    this.catalog = new PgCatalog(dialect);
  }

  /** The name of the unique index on a table's key. */
  static String keyName(String table) {
    return table + "_key";
  }

  // ---- what there is ---------------------------------------------------------------------------

  @Override
  public Map<String, String> columns(Connection connection, @Nullable String schema, String table)
      throws SQLException {
    return catalog.columns(connection, schema, table);
  }

  /** The names of the table's indexes that work. */
  Set<String> validIndexes(Connection connection, SpanTable table) throws SQLException {
    return catalog.indexes(connection, table).stream()
        .filter(PgCatalog.Index::isValid)
        .map(PgCatalog.Index::name)
        .collect(Collectors.toSet());
  }

  /** Drops an index of the table if it is there. */
  void dropIndex(Connection connection, SpanTable table, String name) throws SQLException {
    for (PgCatalog.Index index : catalog.indexes(connection, table)) {
      if (index.name().equals(name)) {
        new SqlStatement("DROP INDEX " + index.qualifiedName()).execute(connection);
      }
    }
  }

  @Override
  public ConstraintState constraintState(
      Connection connection, SpanTable table, List<String> keyColumns) throws SQLException {
    List<PgCatalog.Index> indexes = catalog.indexes(connection, table);
    if (indexes.stream().anyMatch(index -> index.isValid() && index.enforces(keyColumns))) {
      return ConstraintState.PRESENT;
    }
    String name = keyName(table.name());
    return indexes.stream().anyMatch(index -> index.name().equals(name) && !index.isValid())
        ? ConstraintState.INVALID
        : ConstraintState.ABSENT;
  }

  @Override
  public List<String> refusals(Connection connection, SpanTable table) throws SQLException {
    PgServer server = connections.server();
    if (!server.isPostgres()) {
      return List.of(
          server.kind().displayName()
              + " has no row addresses and no locks of the kind that this migration needs: read the"
              + " spans with a store that has migration=off, and write them with one that has a table of its own.");
    }
    return catalog.refusals(connection, table, keyName(table.name()));
  }

  // ---- the lock of migrators -------------------------------------------------------------------

  @Override
  public MigratorLock lockMigrators(SpanTable table) throws SQLException {
    if (!connections.server().isPostgres()) {
      return () -> {}; // the plan refuses, and says why
    }
    // A server notices some time later that a client is dead, and keeps its lock until then. It is
    // asked again and again: a statement that waits has a snapshot, for which CONCURRENTLY would
    // wait.
    long deadline = System.nanoTime() + patience.toNanos();
    Optional<MigratorLock> lock = tryLock(table);
    while (lock.isEmpty() && System.nanoTime() - deadline < 0 && pause()) {
      lock = tryLock(table);
    }
    return lock.orElseThrow(
        () ->
            new StorageException(
                FailureKind.TRANSIENT,
                "The table "
                    + table
                    + " is being migrated by another process. Wait for it to end, then try again.",
                null));
  }

  /** Whether it came to its end. */
  private static boolean pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(100);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /**
   * Takes the lock if nobody has it. It belongs to a transaction, not to a session, so that it
   * holds behind a proxy too; the transaction has no snapshot, and so keeps nothing from being
   * vacuumed.
   */
  Optional<MigratorLock> tryLock(SpanTable table) throws SQLException {
    Connection connection = connections.dedicated(Duration.ofSeconds(1));
    try {
      connection.setAutoCommit(false);
      boolean locked =
          new SqlStatement(
                  "SELECT pg_try_advisory_xact_lock(hashtextextended('tracekeep ' || coalesce("
                      + "(SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = to_regclass(?)),"
                      + " current_schema()) || '.' || ?, 0))",
                  qualified(table),
                  table.name())
              .list(connection, row -> row.getBoolean(1))
              .get(0);
      // Last, because the portal of a SELECT keeps its snapshot, for which CONCURRENTLY would wait.
      new SqlStatement(
              "SET LOCAL idle_in_transaction_session_timeout = 0"
                  + (connections.server().version() >= 170_000
                      ? "; SET LOCAL transaction_timeout = 0"
                      : ""))
          .execute(connection);
      if (locked) {
        return Optional.of(() -> release(connection));
      }
      connection.close();
      return Optional.empty();
    } catch (SQLException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  /**
   * The rollback waits until the lock is given back; a server notices a closed connection later.
   */
  private static void release(Connection connection) throws SQLException {
    try (connection) {
      if (connection.isValid(1)) { // else it is given back already
        connection.rollback();
      }
    }
  }

  // ---- the constraint --------------------------------------------------------------------------

  @Override
  public String constraintStatement(SpanTable table, List<String> keyColumns) {
    return "CREATE UNIQUE INDEX CONCURRENTLY " + uniqueIndex(table, keyColumns);
  }

  private String uniqueIndex(SpanTable table, List<String> keyColumns) {
    return dialect().quote(keyName(table.name()))
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
    ConnectionSource hasty = connections.withSettings(SETTINGS + PgConnections.millis(lockTimeout));
    hasty.transact(lateDuplicates);
    if (hasty.read(c -> constraintState(c, table, keyColumns)) == ConstraintState.PRESENT) {
      return;
    }
    // Behind a proxy a statement outside of a transaction cannot be given its time-outs.
    if (connections.isPooledByTransaction()
        || !constrainConcurrently(table, keyColumns, lockTimeout, hasty, lateDuplicates)) {
      constrainLocked(table, keyColumns, lockTimeout, lateDuplicates);
    }
  }

  /** Builds the index while others write; returns whether that came to an end. */
  private boolean constrainConcurrently(
      SpanTable table,
      List<String> keyColumns,
      Duration lockTimeout,
      ConnectionSource hasty,
      ConnectionSource.Work<Long> lateDuplicates)
      throws Exception {
    for (int i = 0; i < CONCURRENT_TRIES; i++) {
      try (Connection connection = connections.dedicated(lockTimeout)) {
        // What a failed attempt left enforces nothing, but may cost every writer.
        dropIndex(connection, table, keyName(table.name()));
        new SqlStatement(constraintStatement(table, keyColumns)).execute(connection);
        return true;
      } catch (SQLException e) {
        if (LOCK_NOT_AVAILABLE.equals(e.getSQLState())) {
          return false; // an old transaction is still open, perhaps of a reader, who can be let be
        }
        if (!UNIQUE_VIOLATION.equals(e.getSQLState())) {
          throw e;
        }
      }
      hasty.transact(lateDuplicates);
    }
    return false;
  }

  /** Keeps writers out, not readers, while late duplicates are moved and the index is built. */
  private void constrainLocked(
      SpanTable table,
      List<String> keyColumns,
      Duration lockTimeout,
      ConnectionSource.Work<Long> lateDuplicates)
      throws Exception {
    String settings =
        SETTINGS
            + PgConnections.millis(lockTimeout)
            + "; SET LOCAL statement_timeout = "
            + PgConnections.millis(statementTimeout);
    try {
      connections.transact(
          settings,
          connection -> {
            new SqlStatement("LOCK TABLE " + qualified(table) + " IN SHARE ROW EXCLUSIVE MODE")
                .execute(connection);
            lateDuplicates.on(connection);
            return buildIndex(connection, table, keyColumns);
          });
    } catch (SQLException e) {
      throw new StorageException(
          PgFailures.kindOf(e),
          "The last step of the migration of "
              + table
              + " could not be done with a lock-timeout of "
              + lockTimeout
              + " and a statement-timeout of "
              + statementTimeout
              + ": "
              + PgFailures.reason(e)
              + ". Nothing is lost: run 'tracekeep migrate apply' again to finish it, at a quieter time or with"
              + " longer time-outs.",
          e);
    }
  }

  /** An index that was left invalid is built anew: to drop it would keep readers out. */
  private int buildIndex(Connection connection, SpanTable table, List<String> keyColumns)
      throws SQLException {
    for (PgCatalog.Index index : catalog.indexes(connection, table)) {
      if (index.name().equals(keyName(table.name())) && index.enforces(keyColumns)) {
        return new SqlStatement("REINDEX INDEX " + index.qualifiedName()).execute(connection);
      }
    }
    dropIndex(connection, table, keyName(table.name()));
    return new SqlStatement("CREATE UNIQUE INDEX " + uniqueIndex(table, keyColumns))
        .execute(connection);
  }

  @Override
  public void release(SpanTable table, List<String> keyColumns) throws Exception {
    connections()
        .transact(
            connection -> {
              for (PgCatalog.Index index : catalog.indexes(connection, table)) {
                // One that backs a constraint was there before any migration.
                if (index.name().equals(keyName(table.name())) && !index.isOfConstraint()) {
                  new SqlStatement("DROP INDEX " + index.qualifiedName()).execute(connection);
                }
              }
              return true;
            });
  }

  @Override
  public void dropColumns(SpanTable table, List<String> columns) throws Exception {
    if (columns.isEmpty()) {
      return;
    }
    String drops =
        columns.stream()
            .map(column -> "DROP COLUMN IF EXISTS " + dialect().quote(column))
            .collect(Collectors.joining(", "));
    connections()
        .transact(
            connection ->
                new SqlStatement("ALTER TABLE " + qualified(table) + " " + drops)
                    .execute(connection));
  }

  @Override
  public @Nullable String defaultLiteral(SpanColumn column) {
    return switch (column) {
      case TENANT_ID -> "'" + SpanKey.DEFAULT_TENANT + "'";
      case IS_EVENT -> "FALSE";
      case TAGS -> "'{}'";
      default -> null;
    };
  }

  // ---- rows ------------------------------------------------------------------------------------

  @Override
  public String rowId() {
    return "ctid";
  }

  @Override
  public String contentOrder(List<String> columnsSql) {
    return "md5(" + rowText(columnsSql) + ")";
  }

  @Override
  public String multisetHash(List<String> columnsSql) {
    return "CAST(sum(CAST(hashtextextended(" + rowText(columnsSql) + ", 0) AS numeric)) AS text)";
  }

  private static String rowText(List<String> columnsSql) {
    return "CAST(ROW(" + String.join(", ", columnsSql) + ") AS text)";
  }

  /**
   * One statement, so that it moves what it saw: two would see different rows where others write. A
   * row that is changed meanwhile gets another address, and stays.
   */
  @Override
  public void moveLosers(
      Connection connection,
      String table,
      String archive,
      String archiveColumns,
      SqlStatement losers)
      throws SQLException {
    new SqlStatement("WITH losers AS MATERIALIZED (")
        .append(losers)
        .append(
            "), removed AS (DELETE FROM "
                + table
                + " t USING losers l WHERE t.ctid = l.dedupe_row RETURNING l.*) INSERT INTO "
                + archive
                + " ("
                + archiveColumns
                + ") SELECT "
                + archiveColumns
                + " FROM removed")
        .execute(connection);
  }

  @Override
  public void writeVersions(Connection connection, SpanTable table, List<RowVersion> versions)
      throws SQLException {
    String update =
        "UPDATE "
            + qualified(table)
            + " t SET version = v.version FROM unnest(CAST(? AS text[]), CAST(? AS bytea[])) AS v (row_id, version)"
            + " WHERE t.ctid = CAST(v.row_id AS tid)";
    Object[] rows = versions.stream().map(RowVersion::rowId).toArray(String[]::new);
    Object[] bytes = versions.stream().map(row -> row.version().toBytes()).toArray(byte[][]::new);
    try (PreparedStatement statement = connection.prepareStatement(update)) {
      statement.setArray(1, connection.createArrayOf("text", rows));
      statement.setArray(2, connection.createArrayOf("bytea", bytes));
      statement.executeUpdate();
    }
  }

  /**
   * Triggers rest while archived rows are put back: one that sets the time of a change would change
   * what is restored. What they were is kept in the transaction, which ends either way.
   */
  @Override
  public void beforeRestore(Connection connection, SpanTable table) throws SQLException {
    Map<String, String> changes = new LinkedHashMap<>();
    catalog
        .enabledTriggers(connection, table)
        .forEach(
            (name, enable) ->
                changes.put(
                    "DISABLE TRIGGER " + dialect().quote(name),
                    enable + " TRIGGER " + dialect().quote(name)));
    for (String column : catalog.generatedIdentities(connection, table)) {
      String alter = "ALTER COLUMN " + dialect().quote(column);
      changes.put(alter + " SET GENERATED BY DEFAULT", alter + " SET GENERATED ALWAYS");
    }
    if (!changes.isEmpty()) {
      alter(connection, table, String.join(", ", changes.keySet()));
    }
    new SqlStatement(
            "SELECT set_config('tracekeep.after_restore', ?, true)",
            String.join(", ", changes.values()))
        .list(connection, row -> row.getString(1));
  }

  @Override
  public void afterRestore(Connection connection, SpanTable table) throws SQLException {
    String changes =
        new SqlStatement("SELECT current_setting('tracekeep.after_restore')")
            .list(connection, row -> row.getString(1))
            .get(0);
    if (!changes.isEmpty()) {
      alter(connection, table, changes);
    }
  }

  private void alter(Connection connection, SpanTable table, String changes) throws SQLException {
    new SqlStatement("ALTER TABLE " + qualified(table) + " " + changes).execute(connection);
  }
}
