package dev.tracekeep.adapter.pg;

import dev.tracekeep.dedupe.MigratorLock;
import dev.tracekeep.dedupe.TableIdentity;
import dev.tracekeep.jdbc.ConnectionSource;
import dev.tracekeep.jdbc.HashedRows;
import dev.tracekeep.jdbc.KeyConstraint;
import dev.tracekeep.jdbc.LosingRows;
import dev.tracekeep.jdbc.MigrationDialect;
import dev.tracekeep.jdbc.SqlDialect;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.migration.MigrationLayout;
import dev.tracekeep.migration.MigrationOptions;
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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
      "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, MDY'; SET LOCAL intervalstyle ="
          + " 'postgres'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1;"
          // An array of row addresses is estimated to have ten, however many they are: joins of
          // what it finds must not be nested loops.
          + " SET LOCAL enable_nestloop = off;"
          // Whole tables are grouped and sorted.
          + " DO 'BEGIN PERFORM set_config(''work_mem'',"
          + " greatest(pg_size_bytes(current_setting(''work_mem'')), 67108864) / 1024 || ''kB'',"
          + " true); END';"
          + " SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = ";

  /** Duplicates that arrive while the index is built make it fail; then they are moved first. */
  private static final int CONCURRENT_TRIES = 4;

  /** What a key's comment begins with that tells which of its columns took NULL before. */
  private static final String NULLABLE = "Made by Tracekeep. Columns that took NULL before: ";

  /** What the name of the CHECK ends with that stands while a primary key is made. */
  private static final String CHECK = "_not_null";

  private static final String UNIQUE_VIOLATION = "23505";
  static final String LOCK_NOT_AVAILABLE = "55P03";

  private static final Logger LOG = LoggerFactory.getLogger(PgMigration.class);

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
  public Optional<TableIdentity> resolve(Connection connection, SpanTable table)
      throws SQLException {
    return catalog.resolve(connection, table);
  }

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
    Set<String> ours =
        Set.of(
            keyName(table.name()),
            keyConstraint(connection, table, keyColumns, MigrationLayout.MASTRA).name());
    return indexes.stream().anyMatch(index -> ours.contains(index.name()) && !index.isValid())
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
              + " spans with a store that has migration=off, and write them with one that has a"
              + " table of its own.");
    }
    List<String> refusals =
        new ArrayList<>(catalog.refusals(connection, table, keyName(table.name())));
    distributionColumn(connection, table)
        .ifPresent(
            column ->
                refusals.add(
                    table
                        + " is distributed over the workers of Citus, where rows have no address:"
                        + " bring it back with SELECT undistribute_table('"
                        + qualified(table).replace("'", "''")
                        + "'), migrate it, and distribute it again with SELECT"
                        + " create_distributed_table('"
                        + qualified(table).replace("'", "''")
                        + "', '"
                        + column.replace("'", "''")
                        + "')."));
    return refusals;
  }

  /** The column that Citus distributes the table by; empty where it does not. */
  Optional<String> distributionColumn(Connection connection, SpanTable table) throws SQLException {
    return connections.server().hasCitus()
        ? catalog.distributionColumn(connection, table)
        : Optional.empty();
  }

  // ---- the lock of migrators -------------------------------------------------------------------

  @Override
  public MigratorLock lockMigrators(SpanTable table) throws Exception {
    if (!connections.server().isPostgres()) {
      return () -> {}; // the plan refuses, and says why
    }
    // A server notices some time later that a client is dead, and keeps its lock until then. It is
    // asked again and again: a statement that waits has a snapshot, for which CONCURRENTLY would
    // wait.
    long deadline = System.nanoTime() + patience.toNanos();
    Optional<MigratorLock> lock = tryLock(table);
    while (lock.isEmpty() && System.nanoTime() - deadline < 0) {
      TimeUnit.MILLISECONDS.sleep(100);
      lock = tryLock(table);
    }
    return lock.orElseThrow(() -> MigratorLock.taken(table, "another process"));
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
                  "SELECT pg_try_advisory_xact_lock(hashtextextended('tracekeep ' ||"
                      + " coalesce((SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid"
                      + " = to_regclass(?)), current_schema()) || '.' || ?, 0))",
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
  private static void release(Connection connection) {
    try (connection) {
      if (connection.isValid(1)) { // else it is given back already
        connection.rollback();
      }
    } catch (SQLException e) {
      LOG.warn("The lock of this migration could not be given back: {}", e.getMessage());
    }
  }

  // ---- the constraint --------------------------------------------------------------------------

  /**
   * Mastra's newest release looks for a primary key of this name, and takes an exclusive lock to
   * add it where it is not there.
   */
  @Override
  public KeyConstraint keyConstraint(
      Connection connection, SpanTable table, List<String> keyColumns, MigrationLayout layout) {
    if (layout != MigrationLayout.MASTRA) {
      return new KeyConstraint(keyName(table.name()), keyColumns, false);
    }
    String schema = table.schema();
    String prefix = schema == null || schema.equals("public") ? "" : schema + "_";
    return new KeyConstraint(prefix + table.name() + "_traceid_spanid_pk", keyColumns, true);
  }

  @Override
  public String constraintStatement(SpanTable table, KeyConstraint key) {
    String index = "CREATE UNIQUE INDEX CONCURRENTLY " + uniqueIndex(table, key);
    return key.isPrimaryKey() ? index + "; " + primaryKey(table, key) : index;
  }

  private String uniqueIndex(SpanTable table, KeyConstraint key) {
    return dialect().quote(key.name())
        + (" ON " + qualified(table))
        + key.columns().stream().map(dialect()::quote).collect(Collectors.joining(", ", " (", ")"));
  }

  private String primaryKey(SpanTable table, KeyConstraint key) {
    String name = dialect().quote(key.name());
    return "ALTER TABLE "
        + (qualified(table) + " ADD CONSTRAINT " + name + " PRIMARY KEY USING INDEX " + name);
  }

  @Override
  public String constraintLock() {
    return "SHARE UPDATE EXCLUSIVE while the index is built: readers and writers go on. Where an"
        + " old transaction keeps that from ending, SHARE ROW EXCLUSIVE: writers wait,"
        + " readers go on. Mastra's primary key takes ACCESS EXCLUSIVE for a moment, without"
        + " a scan.";
  }

  @Override
  public void constrain(
      SpanTable table,
      KeyConstraint key,
      MigrationOptions options,
      ConnectionSource.Work<Long> lateDuplicates)
      throws Exception {
    Duration lockTimeout = options.lockTimeout();
    ConnectionSource impatient =
        connections.withSettings(SETTINGS + PgConnections.millis(lockTimeout));
    LockTries tries = new LockTries(table, lockTimeout, connections);
    if (impatient.read(c -> constraintState(c, table, key.columns())) != ConstraintState.PRESENT) {
      // Late duplicates are rare, and to look for them costs as much as to build the index: it is
      // built first, and they are moved where it fails. Behind a proxy a statement outside of a
      // transaction cannot be given its time-outs.
      if (connections.isPooledByTransaction()
          || !constrainConcurrently(table, key, lockTimeout, impatient, lateDuplicates)) {
        constrainLocked(table, key, lockTimeout, tries, lateDuplicates);
      }
    }
    if (key.isPrimaryKey()) {
      makePrimary(table, key, impatient, tries);
    }
  }

  /** Builds the index while others write; returns whether that came to an end. */
  private boolean constrainConcurrently(
      SpanTable table,
      KeyConstraint key,
      Duration lockTimeout,
      ConnectionSource impatient,
      ConnectionSource.Work<Long> lateDuplicates)
      throws Exception {
    for (int i = 0; i < CONCURRENT_TRIES; i++) {
      // It may wait long for old transactions to end, because nobody has to wait for it meanwhile.
      try (Connection connection = connections.dedicated(lockTimeout.multipliedBy(5))) {
        dropInvalid(connection, table, key);
        new SqlStatement("CREATE UNIQUE INDEX CONCURRENTLY " + uniqueIndex(table, key))
            .execute(connection);
        return true;
      } catch (SQLException e) {
        if (LOCK_NOT_AVAILABLE.equals(e.getSQLState())) {
          return false; // an old transaction is still open, perhaps of a reader, who can be let be
        }
        if (!UNIQUE_VIOLATION.equals(e.getSQLState())) {
          throw e;
        }
      }
      impatient.transact(lateDuplicates);
    }
    return false;
  }

  /** What a failed attempt left enforces nothing, but may cost every writer. */
  private void dropInvalid(Connection connection, SpanTable table, KeyConstraint key)
      throws SQLException {
    for (PgCatalog.Index index : catalog.indexes(connection, table)) {
      boolean isOurs =
          index.name().equals(key.name()) || index.name().equals(keyName(table.name()));
      if (isOurs && !index.isValid()) {
        new SqlStatement("DROP INDEX " + index.qualifiedName()).execute(connection);
      }
    }
  }

  /** Keeps writers out, not readers, while late duplicates are moved and the index is built. */
  private void constrainLocked(
      SpanTable table,
      KeyConstraint key,
      Duration lockTimeout,
      LockTries tries,
      ConnectionSource.Work<Long> lateDuplicates)
      throws Exception {
    String settings =
        SETTINGS
            + PgConnections.millis(lockTimeout)
            + "; SET LOCAL statement_timeout = "
            + PgConnections.millis(statementTimeout);
    try {
      tries.run(
          () ->
              connections.transact(
                  settings,
                  connection -> {
                    new SqlStatement(
                            "LOCK TABLE " + qualified(table) + " IN SHARE ROW EXCLUSIVE MODE")
                        .execute(connection);
                    lateDuplicates.on(connection);
                    return buildIndex(connection, table, key);
                  }));
    } catch (SQLException e) {
      List<String> keeping = connections.read(c -> catalog.triggersBeforeDelete(c, table));
      if (UNIQUE_VIOLATION.equals(e.getSQLState()) && !keeping.isEmpty()) {
        // Nobody else writes, so the duplicates that are left could not be moved.
        throw kept(table, keeping, e);
      }
      throw new StorageException(
          PgFailures.kindOf(e),
          "The last step of the migration of "
              + table
              + " could not be done with a statement-timeout of "
              + statementTimeout
              + ": "
              + PgFailures.reason(e)
              + ". Nothing is lost: run 'tracekeep migrate apply' again to finish it, at a quieter"
              + " time or with a longer statement-timeout.",
          e);
    }
  }

  /** An index that was left invalid is built anew: to drop it would keep readers out. */
  private int buildIndex(Connection connection, SpanTable table, KeyConstraint key)
      throws SQLException {
    for (PgCatalog.Index index : catalog.indexes(connection, table)) {
      if (index.name().equals(key.name()) && index.enforces(key.columns())) {
        return new SqlStatement("REINDEX INDEX " + index.qualifiedName()).execute(connection);
      }
    }
    dropIndex(connection, table, key.name());
    return new SqlStatement("CREATE UNIQUE INDEX " + uniqueIndex(table, key)).execute(connection);
  }

  /**
   * Turns the index into the primary key. A key makes its columns NOT NULL, which scans the table
   * under the exclusive lock unless a valid CHECK says so already: so that comes first. Which
   * columns took NULL before is written on the key, for undo.
   */
  private void makePrimary(
      SpanTable table, KeyConstraint key, ConnectionSource impatient, LockTries tries)
      throws Exception {
    if (!impatient.read(c -> canBecomePrimary(c, table, key))) {
      return;
    }
    List<String> nullable =
        impatient.read(c -> catalog.nullableColumns(c, table)).stream()
            .filter(key.columns()::contains)
            .toList();
    String check = dialect().quote(key.name() + CHECK);
    String alter = "ALTER TABLE " + qualified(table);
    if (!nullable.isEmpty()) {
      String notNull =
          nullable.stream()
              .map(column -> dialect().quote(column) + " IS NOT NULL")
              .collect(Collectors.joining(" AND "));
      for (String step :
          List.of(
              alter + " DROP CONSTRAINT IF EXISTS " + check,
              alter + " ADD CONSTRAINT " + check + " CHECK (" + notNull + ") NOT VALID",
              alter + " VALIDATE CONSTRAINT " + check)) {
        tries.run(() -> impatient.transact(c -> new SqlStatement(step).execute(c)));
      }
    }
    tries.run(
        () ->
            impatient.transact(
                connection -> {
                  new SqlStatement(primaryKey(table, key)).execute(connection);
                  new SqlStatement(alter + " DROP CONSTRAINT IF EXISTS " + check)
                      .execute(connection);
                  return new SqlStatement(
                          "COMMENT ON CONSTRAINT "
                              + (dialect().quote(key.name()) + " ON " + qualified(table) + " IS '")
                              + (NULLABLE + String.join(",", nullable).replace("'", "''") + "'"))
                      .execute(connection);
                }));
  }

  /** Not where the table has a primary key already, on these columns or on others. */
  private boolean canBecomePrimary(Connection connection, SpanTable table, KeyConstraint key)
      throws SQLException {
    return !catalog.hasPrimaryKey(connection, table)
        && catalog.indexes(connection, table).stream()
            .anyMatch(
                index ->
                    index.name().equals(key.name())
                        && index.isValid()
                        && index.enforces(key.columns()));
  }

  @Override
  public void release(Connection connection, SpanTable table, KeyConstraint key)
      throws SQLException {
    for (PgCatalog.Index index : catalog.indexes(connection, table)) {
      if (!index.name().equals(key.name())) {
        continue;
      }
      if (!index.isOfConstraint()) {
        // Any other that backs a constraint was there before the migration.
        new SqlStatement("DROP INDEX " + index.qualifiedName()).execute(connection);
      } else if (key.isPrimaryKey()) {
        List<String> nullable = catalog.columnsInComment(connection, table, key.name(), NULLABLE);
        alter(connection, table, "DROP CONSTRAINT " + dialect().quote(key.name()));
        for (String column : nullable) {
          alter(connection, table, "ALTER COLUMN " + dialect().quote(column) + " DROP NOT NULL");
        }
      }
    }
    if (key.isPrimaryKey()) {
      alter(connection, table, "DROP CONSTRAINT IF EXISTS " + dialect().quote(key.name() + CHECK));
    }
  }

  @Override
  public List<String> uniqueKeys(Connection connection, SpanTable table, List<String> keyColumns)
      throws SQLException {
    return catalog.indexes(connection, table).stream()
        .filter(index -> index.isUnique() && keyColumns.containsAll(index.columns()))
        .map(PgCatalog.Index::name)
        .toList();
  }

  @Override
  public List<String> dependents(Connection connection, SpanTable table) throws SQLException {
    return catalog.dependents(connection, table);
  }

  @Override
  public List<String> triggersOnDelete(Connection connection, SpanTable table) throws SQLException {
    return catalog.triggersOnDelete(connection, table);
  }

  @Override
  public OptionalLong tableBytes(Connection connection, SpanTable table) throws SQLException {
    return OptionalLong.of(
        new SqlStatement("SELECT pg_table_size(to_regclass(?))", qualified(table))
            .number(connection));
  }

  @Override
  public void dropColumns(Connection connection, SpanTable table, List<String> columns)
      throws SQLException {
    if (!columns.isEmpty()) {
      String drops =
          columns.stream()
              .map(column -> "DROP COLUMN IF EXISTS " + dialect().quote(column))
              .collect(Collectors.joining(", "));
      alter(connection, table, drops);
    }
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
  public String rowId(Connection connection, SpanTable table) {
    return "ctid";
  }

  @Override
  public void analyze(Connection connection, String qualifiedTable) throws SQLException {
    new SqlStatement("ANALYZE " + qualifiedTable).execute(connection);
  }

  private static final String NO_END =
      " NOT IN ('', '0', '0.0', 'false', 'null', 'nan', 'inf', '-inf', 'infinity', '-infinity')";

  @Override
  public String isEnd(String columnSql, String type) {
    String end =
        isTime(type)
            ? "isfinite(" + columnSql + ")"
            : type.equals("boolean")
                ? columnSql
                : "lower(btrim(CAST(" + columnSql + " AS text)))" + NO_END;
    return "coalesce(" + end + ", FALSE)";
  }

  private static boolean isTime(String type) {
    return type.startsWith("timestamp") || type.equals("date");
  }

  /** What is not a finite time counts as none. */
  @Override
  public List<String> timeOrder(String columnSql, String type) {
    boolean isFloat =
        type.equals("double precision") || type.equals("real") || type.startsWith("numeric");
    return isTime(type)
        ? List.of("CASE WHEN isfinite(" + columnSql + ") THEN " + columnSql + " END")
        : isFloat
            ? List.of(
                "CASE WHEN lower(CAST("
                    + (columnSql + " AS text))" + NO_END + " THEN " + columnSql + " END"))
            : type.equals("text") || type.startsWith("character varying")
                ? List.of(timeOfText(columnSql), columnSql)
                : List.of(columnSql);
  }

  private static final String DATE = "[1-9]\\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])";
  private static final String CLOCK = "([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d+)?)?";
  private static final String ZONE = "Z|z|[+-]\\d{2}(:?\\d{2})?";

  /**
   * An ISO time in text, without a cast that could fail, since no release before 16 can ask whether
   * one would: months and days are added to the year, so 30 February is a day in March.
   */
  private static String timeOfText(String columnSql) {
    String text = "btrim(" + columnSql + ")";
    String offset = "substring(" + text + " from '[T ].*([+-]\\d{2}(?::?\\d{2})?)$')";
    return "CASE WHEN "
        + (text + " ~ '^" + DATE + "([T ]" + CLOCK + " ?(" + ZONE + ")?)?$' THEN ")
        + ("CAST(substr(" + text + ", 1, 4) || '-01-01' AS timestamp)")
        + (" + make_interval(months => CAST(substr(" + text + ", 6, 2) AS integer) - 1)")
        + (" + make_interval(days => CAST(substr(" + text + ", 9, 2) AS integer) - 1)")
        + (" + coalesce(CAST(substring("
            + text
            + " from '[T ](\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d+)?)?)') AS")
        + " interval), interval '0')"
        + (" - coalesce(CAST(substr("
            + offset
            + ", 1, 3) || ':' || coalesce(nullif(right(replace("
            + offset
            + ", ':', ''), -3), ''), '00') AS interval), interval '0') END");
  }

  @Override
  public String textLength(String columnSql) {
    return "octet_length(CAST(" + columnSql + " AS text))";
  }

  @Override
  public String digest(List<String> columnsSql) {
    return "md5(" + rowText(columnsSql) + ")";
  }

  @Override
  public String multisetHash(List<String> columnsSql) {
    return "CAST(sum(CAST(hashtextextended(" + rowText(columnsSql) + ", 0) AS numeric)) AS text)";
  }

  private static String rowText(List<String> columnsSql) {
    return "CAST(ROW(" + String.join(", ", columnsSql) + ") AS text)";
  }

  @Override
  public String isAmong(String rowSql, String names) {
    // A scan by addresses, in their order; for IN a large batch would be joined to the whole table.
    return rowSql + " = ANY (ARRAY(" + names + "))";
  }

  @Override
  public boolean looksForBatches() {
    return false;
  }

  /**
   * One statement, so that it moves what it saw: two would see different rows where others write. A
   * row that is changed meanwhile gets another address, and stays. It is joined to the losers,
   * because a scan by addresses does not look again whether a row that it waited for still has its
   * own.
   */
  @Override
  public HashedRows moveLosers(Connection connection, LosingRows losers) throws SQLException {
    String hash = multisetHash(losers.carried("t."));
    String carried = LosingRows.list("", losers.carried());
    String columns = carried + ", " + LosingRows.list("", losers.told());
    SqlStatement move =
        new SqlStatement("WITH losers AS MATERIALIZED (")
            .append(losers.ranking())
            .append(
                "), removed AS (DELETE FROM "
                    + (qualified(losers.table()) + " t USING losers l WHERE t.ctid = l.dedupe_row")
                    + (" AND " + isAmong("t.ctid", "SELECT dedupe_row FROM losers"))
                    + (" RETURNING " + LosingRows.list("t.", losers.carried()) + ", ")
                    + (LosingRows.list("l.", losers.told()) + "), moved AS (INSERT INTO ")
                    + (losers.archive() + " AS t (" + columns + ") SELECT " + columns)
                    + (" FROM removed RETURNING " + LosingRows.list("t.", losers.carried()))
                    + ") SELECT losing.n, out.n, out.h, into_archive.n, into_archive.h FROM"
                    + " (SELECT count(*) AS n FROM losers) losing,"
                    + (" (SELECT count(*) AS n, " + hash + " AS h FROM removed t) out,")
                    + (" (SELECT count(*) AS n, " + hash + " AS h FROM moved t) into_archive"));
    HashedRows[] counts = new HashedRows[3];
    move.forEach(
        connection,
        row -> {
          counts[0] = new HashedRows(row.getLong(1), null);
          counts[1] = new HashedRows(row.getLong(2), row.getString(3));
          counts[2] = new HashedRows(row.getLong(4), row.getString(5));
        });
    if (counts[0].count() > 0 && counts[1].count() == 0) {
      // A row that was changed meanwhile stays, too, and is looked at again.
      List<String> keeping = catalog.triggersBeforeDelete(connection, losers.table());
      if (!keeping.isEmpty()) {
        throw kept(losers.table(), keeping, null);
      }
    }
    requireArchived(losers.table(), counts[1], counts[2]);
    return counts[1];
  }

  private static StorageException kept(
      SpanTable table, List<String> triggers, @Nullable SQLException cause) {
    return new StorageException(
        FailureKind.CONFIGURATION,
        "Rows of "
            + table
            + " could not be deleted: a trigger before DELETE keeps them ("
            + String.join(", ", triggers)
            + "). Disable it, then run 'tracekeep migrate apply' again.",
        cause);
  }

  @Override
  public void writeVersions(Connection connection, SpanTable table, List<RowVersion> versions)
      throws SQLException {
    String update =
        "UPDATE "
            + qualified(table)
            + " t SET version = v.version FROM unnest(CAST(? AS text[]), CAST(? AS bytea[])) AS v"
            + " (row_id, version) WHERE t.ctid = CAST(v.row_id AS tid)";
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
   * what is restored.
   */
  @Override
  public long restoring(Connection connection, SpanTable table, ConnectionSource.Work<Long> work)
      throws Exception {
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
    if (changes.isEmpty()) {
      return work.on(connection);
    }
    alter(connection, table, String.join(", ", changes.keySet()));
    long rows = work.on(connection);
    alter(connection, table, String.join(", ", changes.values()));
    return rows;
  }

  private void alter(Connection connection, SpanTable table, String changes) throws SQLException {
    new SqlStatement("ALTER TABLE " + qualified(table) + " " + changes).execute(connection);
  }
}
