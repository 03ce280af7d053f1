package dev.tracekeep.jdbc;

import dev.tracekeep.dedupe.TableIdentity;
import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.Health;
import dev.tracekeep.storage.Health.SchemaState;
import dev.tracekeep.storage.InitReport;
import dev.tracekeep.storage.InitReport.Outcome;
import dev.tracekeep.storage.MigrationPolicy;
import dev.tracekeep.storage.MigrationRequiredException;
import dev.tracekeep.storage.PruneReport;
import dev.tracekeep.storage.PruneRequest;
import dev.tracekeep.storage.ServiceLink;
import dev.tracekeep.storage.SpanAggregate;
import dev.tracekeep.storage.SpanAggregation;
import dev.tracekeep.storage.SpanQuery;
import dev.tracekeep.storage.SpanScan;
import dev.tracekeep.storage.SpanValue;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.StoredSpan;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.Trace;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceStatistics;
import dev.tracekeep.storage.ValueQuery;
import dev.tracekeep.storage.WriteResult;
import dev.tracekeep.storage.spi.AbstractObservabilityStorage;
import dev.tracekeep.storage.spi.OptimisticBulkPolicy;
import dev.tracekeep.storage.spi.TableFormat;
import dev.tracekeep.storage.spi.WriteOutcome;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A store in an SQL database. Reads, updates, deletes and the life of the table are the same for
 * all engines and stand here; how rows get in fast is each engine's own, and stands in the adapter.
 */
public abstract class JdbcStorage extends AbstractObservabilityStorage {
  /** What every store in an SQL database declares of its reads. */
  protected static final Set<Capability> READS =
      Set.of(
          Capability.SPAN_FILTERS,
          Capability.SPAN_LISTS,
          Capability.VALUE_LISTS,
          Capability.BULK_READS,
          Capability.COUNTS,
          Capability.TRACE_STATISTICS,
          Capability.AGGREGATES,
          Capability.SERVICE_LINKS,
          Capability.SPAN_SCANS);

  /** Keys or traces in one statement; three parameters each stay far below SQL Server's 2,100. */
  private static final int KEYS_PER_STATEMENT = 300;

  /** Traces pruned in one transaction. */
  private static final int TRACES_PER_PRUNE = 10_000;

  private final SpanTableSql sql;
  private final SqlDialect dialect;
  private final ConnectionSource connections;

  /** What is read: the table, or in a table that was not migrated the best row of each key. */
  private volatile SpanTableSql readable;

  private final OptimisticBulkPolicy bulkPolicy = new OptimisticBulkPolicy();

  /**
   * Keeps what is given; does no I/O.
   *
   * @param config the configuration
   * @param dialect how the engine spells things
   * @param connections where its connections come from; closed with the store
   */
  protected JdbcStorage(StorageConfig config, SqlDialect dialect, ConnectionSource connections) {
    super(config);
    this.dialect = dialect;
    this.connections = connections;
    this.sql = new SpanTableSql(dialect, qualified(dialect, config.schema(), config.table()));
    this.readable = sql;
  }

  static String qualified(SqlDialect dialect, @Nullable String schema, String table) {
    return (schema == null ? "" : dialect.quote(schema) + ".") + dialect.quote(table);
  }

  // ---- hooks -----------------------------------------------------------------------------------

  /**
   * Puts the batch straight into the table by the engine's raw bulk path, in the current
   * transaction.
   *
   * @throws SQLException of which {@link #isDuplicateKey} says true if a key was there already
   */
  protected abstract void insertDirect(Connection connection, List<Span> batch) throws Exception;

  /**
   * Puts each span of the batch into the table if its key is new or its version greater, in the
   * current transaction. Says which rows that were there start at another time than the span.
   */
  protected abstract WriteOutcome merge(Connection connection, List<Span> batch) throws Exception;

  /**
   * Writes spans over rows that are there and that this transaction has locked; by default by
   * {@link #merge}.
   */
  protected void overwrite(Connection connection, List<Span> better) throws Exception {
    merge(connection, better);
  }

  /**
   * Cuts keys, in order, into lists whose rows one statement may lock; by default as many as a
   * statement may name.
   */
  protected List<List<SpanKey>> lockedTogether(Connection connection, List<SpanKey> keys)
      throws SQLException {
    return chunks(keys);
  }

  /** Whether a batch of this size is worth the raw bulk path. */
  protected abstract boolean isBulk(int batchSize);

  /** Whether the engine refused a key that was there already. */
  protected abstract boolean isDuplicateKey(Exception failure);

  /** The statements that make the indexes of the span table, each safe to repeat. */
  protected abstract List<String> indexStatements();

  /**
   * The columns of the indexes that begin with the tenant, behind the tenant, for engines with
   * {@link SqlDialect#hasLooseIndexScans}: their values are found without reading spans. None by
   * default.
   */
  protected List<List<SpanColumn>> indexedValues() {
    return List.of();
  }

  /** The engine's name and version, for people. */
  protected abstract String engineVersion(Connection connection) throws SQLException;

  /** How this engine migrates. */
  protected abstract MigrationDialect migrationDialect();

  // ---- the life of the table -------------------------------------------------------------------

  /** The statements on the span table. */
  protected final SpanTableSql sql() {
    return sql;
  }

  private SpanTable ownTable() {
    Map<SpanColumn, String> names =
        SpanColumn.all().stream().collect(Collectors.toMap(c -> c, SpanColumn::columnName));
    return new SpanTable(
        config().schema(),
        config().table(),
        new SpanTable.Columns(
            names.get(SpanColumn.TENANT_ID),
            names.get(SpanColumn.TRACE_ID),
            names.get(SpanColumn.SPAN_ID),
            names.get(SpanColumn.ENDED_AT),
            names.get(SpanColumn.UPDATED_AT),
            names.get(SpanColumn.CREATED_AT),
            SpanColumn.VERSION_NAME));
  }

  private JdbcDedupeMigration migrationOf(SpanTable asked, SpanTable ownTable) {
    return new JdbcDedupeMigration(
        migrationDialect(), asked, ownTable, sql, this::classify, config().clock());
  }

  private JdbcDedupeMigration ownMigration() {
    SpanTable ownTable = ownTable();
    return migrationOf(ownTable, ownTable);
  }

  @Override
  protected final DedupeMigration migrationOf(@Nullable SpanTable table) {
    return table == null ? ownMigration() : migrationOf(table, ownTable());
  }

  private Optional<TableIdentity> resolve(Connection connection) throws SQLException {
    return migrationDialect().resolve(connection, ownTable());
  }

  @Override
  protected final InitReport initialize() throws Exception {
    JdbcDedupeMigration migration = ownMigration();
    String table = ownTable().toString();
    // The number that the table had; empty where it was made just now, or has none.
    AtomicReference<OptionalInt> format = new AtomicReference<>(OptionalInt.empty());
    boolean created =
        connections.transact(
            connection -> {
              Optional<TableIdentity> found = resolve(connection);
              if (found.isPresent()) {
                format.set(requireFormatOfThisRelease(connection, found.get()));
                return false;
              }
              createTable(connection);
              return true;
            });
    boolean current =
        created
            || !migration.isNeeded()
            || config().migration() == MigrationPolicy.AUTO && migration.addColumns();
    if (current) {
      makeIndexes();
      keepFormat(format.get());
      return new InitReport(created ? Outcome.CREATED : Outcome.OPENED, table, null);
    }
    switch (config().migration()) {
      case AUTO -> {
        MigrationReport report = migration.apply(MigrationListener.NONE);
        makeIndexes();
        keepFormat(format.get());
        return new InitReport(Outcome.MIGRATED, table, report);
      }
      case OFF -> {
        readable = new SpanTableSql(dialect, "(" + connections.read(migration::selectBest) + ")");
        return new InitReport(Outcome.READ_ONLY, table, null);
      }
      default -> throw new MigrationRequiredException(migration.plan());
    }
  }

  /** Returns the number that is kept with the table. */
  private OptionalInt requireFormatOfThisRelease(Connection connection, TableIdentity table)
      throws Exception {
    OptionalInt format = readFormat(connection, table);
    requireFormatOfThisRelease(
        format, () -> !sql.selectAnyRow().list(connection, row -> true).isEmpty());
    // A table of a release before versions has no such column, and is migrated.
    if (migrationDialect()
        .columns(connection, config().schema(), config().table())
        .containsKey(SpanColumn.VERSION_NAME)) {
      sql.selectAnyVersion()
          .forEach(connection, row -> requireVersionsOfThisRelease(row.getBytes(1).length));
    }
    return format;
  }

  /**
   * Reads the number that {@link #writeFormat} keeps beside the table; empty if there is none, as
   * on engines that keep none.
   */
  protected OptionalInt readFormat(Connection connection, TableIdentity table) throws SQLException {
    return OptionalInt.empty();
  }

  /**
   * Keeps {@link TableFormat#CURRENT} beside the table, in the current transaction, over any other
   * number; by default nothing is kept.
   */
  protected void writeFormat(Connection connection, TableIdentity table) throws SQLException {}

  /**
   * In a transaction of its own: whoever may write spans may not change a table, and then does
   * without the number.
   */
  private void keepFormat(OptionalInt kept) {
    if (kept.equals(OptionalInt.of(TableFormat.CURRENT))) {
      return;
    }
    try {
      connections.transact(
          connection -> {
            writeFormat(connection, resolve(connection).orElseThrow());
            return true;
          });
    } catch (Exception e) {
      formatNotKept(e);
    }
  }

  /** Makes the span table with its constraint, in the current transaction. */
  protected abstract void createTable(Connection connection) throws SQLException;

  /** Makes the indexes that are not there yet: one transaction each. */
  protected void makeIndexes() throws Exception {
    for (String statement : indexStatements()) {
      connections.transact(connection -> new SqlStatement(statement).execute(connection));
    }
  }

  @Override
  protected final Health probe() throws Exception {
    JdbcDedupeMigration migration = ownMigration();
    SchemaState schema =
        !migration.tableExists()
            ? SchemaState.ABSENT
            : migration.isNeeded() ? SchemaState.MIGRATION_REQUIRED : SchemaState.CURRENT;
    return connections.read(
        connection -> {
          Optional<TableIdentity> table = resolve(connection);
          if (table.isPresent()) {
            requireFormatOfThisRelease(connection, table.get());
          }
          return Health.up(engineVersion(connection), schema, config().uri().toString());
        });
  }

  // ---- writes ----------------------------------------------------------------------------------

  @Override
  protected final WriteOutcome write(List<Span> batch) throws Exception {
    if (isBulk(batch.size()) && bulkPolicy.shouldTryDirect()) {
      try {
        connections.transact(
            connection -> {
              insertDirect(connection, batch);
              return true;
            });
        return WriteOutcome.created(batch.size());
      } catch (Exception e) {
        if (!isDuplicateKey(e)) {
          throw e;
        }
        bulkPolicy.directConflicted();
      }
    }
    WriteOutcome outcome = connections.transact(connection -> merge(connection, batch));
    WriteResult.Counts counts = outcome.counts();
    // A merge that cannot count may have met nothing but known keys.
    bulkPolicy.merged(counts == null ? batch.size() : counts.replaced() + counts.unchanged());
    return outcome;
  }

  @Override
  protected final UpdateOutcome update(List<SpanUpdate> updates) throws Exception {
    return connections.transact(connection -> update(connection, updates));
  }

  private UpdateOutcome update(Connection connection, List<SpanUpdate> updates) throws Exception {
    SortedMap<SpanKey, List<SpanUpdate>> byKey =
        updates.stream()
            .collect(Collectors.groupingBy(SpanUpdate::key, TreeMap::new, Collectors.toList()));
    long replaced = 0;
    List<SpanKey> missing = new ArrayList<>();
    for (List<SpanKey> keys : lockedTogether(connection, List.copyOf(byKey.keySet()))) {
      Map<SpanKey, Span> rows =
          sql
              .selectForUpdate(keys)
              .list(connection, row -> sql.readSpan(row, SpanColumn.all()))
              .stream()
              .collect(Collectors.toMap(Span::key, row -> row));
      List<Span> changed = new ArrayList<>();
      for (SpanKey key : keys) {
        Span before = rows.get(key);
        if (before == null) {
          missing.add(key);
          continue;
        }
        Span after = before;
        for (SpanUpdate update : byKey.get(key)) {
          after = update.applyTo(after).orElse(after);
        }
        if (after != before) {
          changed.add(after);
        }
      }
      if (!changed.isEmpty()) {
        overwrite(connection, changed);
      }
      replaced += changed.size();
    }
    return new UpdateOutcome(replaced, byKey.size() - missing.size() - replaced, missing);
  }

  @Override
  protected final int deleteTraces(List<TraceKey> traces) throws Exception {
    return connections.transact(
        connection -> {
          int deleted = 0;
          for (List<TraceKey> chunk : chunks(traces)) {
            deleted +=
                (int)
                    new SqlStatement(
                            "SELECT count(*) FROM (SELECT DISTINCT "
                                + sql.name(SpanColumn.TENANT_ID)
                                + ", "
                                + sql.name(SpanColumn.TRACE_ID)
                                + " FROM "
                                + sql.table()
                                + " WHERE ")
                        .append(anyOf(chunk))
                        .append(") d")
                        .number(connection);
            deleteRows(connection, anyOf(chunk));
          }
          return deleted;
        });
  }

  /**
   * Deletes the rows that meet a condition, within the transaction of the connection.
   *
   * @return how many there were
   */
  protected int deleteRows(Connection connection, SqlStatement condition) throws SQLException {
    return new SqlStatement("DELETE FROM " + sql.table() + " WHERE ")
        .append(condition)
        .execute(connection);
  }

  private SqlStatement anyOf(List<TraceKey> traces) {
    SqlStatement condition = new SqlStatement("");
    String separator = "";
    for (TraceKey trace : traces) {
      condition.append(separator + "(").append(sql.inTrace("", trace)).append(")");
      separator = " OR ";
    }
    return condition;
  }

  @Override
  protected final PruneReport prune(PruneRequest request) throws Exception {
    long traces = 0;
    long spans = 0;
    while (traces < request.maxTraces()) {
      int chunk = (int) Math.min(TRACES_PER_PRUNE, request.maxTraces() - traces);
      long[] removed = connections.transact(connection -> prune(connection, request, chunk));
      traces += removed[0];
      spans += removed[1];
      if (removed[0] < chunk) {
        return new PruneReport(traces, spans, true);
      }
    }
    boolean done =
        connections.read(
            c -> sql.selectOldTraces(request, 1).list(c, row -> row.getString(1)).isEmpty());
    return new PruneReport(traces, spans, done);
  }

  private long[] prune(Connection connection, PruneRequest request, int limit) throws SQLException {
    List<TraceKey> old =
        sql.selectOldTraces(request, limit)
            .list(
                connection,
                row -> new TraceKey(request.tenantId(), dialect.readId(row.getString(1))));
    long spans = 0;
    for (List<TraceKey> chunk : chunks(old)) {
      spans += deleteRows(connection, anyOf(chunk));
    }
    return new long[] {old.size(), spans};
  }

  @Override
  protected final void clear() throws Exception {
    connections.transact(
        connection -> new SqlStatement("DELETE FROM " + sql.table()).execute(connection));
  }

  // ---- reads -----------------------------------------------------------------------------------

  @Override
  protected final Optional<Span> readSpan(SpanKey key) throws Exception {
    SpanTableSql view = readable;
    return connections.read(
        connection ->
            view
                .selectSpan(key)
                .list(connection, row -> view.readSpan(row, SpanColumn.all()))
                .stream()
                .findFirst());
  }

  @Override
  protected final Optional<Span> readRoot(TraceKey trace) throws Exception {
    SpanTableSql view = readable;
    return connections.read(
        connection ->
            view
                .selectRoots(trace)
                .list(connection, row -> view.readSpan(row, SpanColumn.all()))
                .stream()
                .min(Trace.ORDER));
  }

  @Override
  protected final List<Span> readTrace(TraceKey trace, List<SpanColumn> columns) throws Exception {
    SpanTableSql view = readable;
    return connections.read(
        connection ->
            view.selectTrace(trace, columns).list(connection, row -> view.readSpan(row, columns)));
  }

  /** A question over spans, on a connection that is lent for its time. */
  private interface Question<T> {
    T ask(JdbcReads reads, Connection connection) throws Exception;
  }

  private <T> T asked(Question<T> question) throws Exception {
    JdbcReads reads = new JdbcReads(dialect, readable);
    return connections.read(connection -> question.ask(reads, connection));
  }

  @Override
  protected final List<Span> readHeads(TraceQuery query, int limit) throws Exception {
    return asked((reads, connection) -> reads.heads(connection, query, limit));
  }

  @Override
  protected final Map<TraceKey, TraceStatistics> readStatistics(List<TraceKey> traces)
      throws Exception {
    return asked((reads, connection) -> reads.statistics(connection, traces));
  }

  @Override
  protected final long countOf(TraceQuery query) throws Exception {
    return asked((reads, connection) -> reads.count(connection, query));
  }

  @Override
  protected final long countOf(SpanQuery query) throws Exception {
    return asked((reads, connection) -> reads.count(connection, query));
  }

  @Override
  protected final List<Span> readSpans(SpanQuery query, int limit) throws Exception {
    return asked((reads, connection) -> reads.spans(connection, query, limit));
  }

  @Override
  protected final List<SpanValue> readValues(ValueQuery query, int limit) throws Exception {
    return asked((reads, connection) -> reads.values(connection, query, limit, indexedValues()));
  }

  @Override
  protected final List<Span> readSpans(List<SpanKey> keys) throws Exception {
    return asked((reads, connection) -> reads.spans(connection, keys));
  }

  @Override
  protected final List<Span> readTraces(List<TraceKey> traces) throws Exception {
    return asked((reads, connection) -> reads.traces(connection, traces));
  }

  @Override
  protected final List<SpanAggregate> readAggregates(SpanAggregation aggregation) throws Exception {
    return asked((reads, connection) -> reads.aggregate(connection, aggregation));
  }

  @Override
  protected final List<ServiceLink> readServiceLinks(String tenantId, TimeRange startedAt)
      throws Exception {
    return asked((reads, connection) -> reads.links(connection, tenantId, startedAt));
  }

  @Override
  protected final List<StoredSpan> readNext(SpanScan scan) throws Exception {
    return asked((reads, connection) -> reads.next(connection, scan));
  }

  @Override
  protected final StorageStatistics count() throws Exception {
    SpanTableSql view = readable;
    return connections.read(
        connection ->
            view.selectStatistics()
                .list(
                    connection,
                    row ->
                        new StorageStatistics(
                            row.getLong(1),
                            row.getLong(2),
                            row.getLong(3),
                            row.getLong(4),
                            row.getLong(5)))
                .get(0));
  }

  @Override
  protected final void release() throws Exception {
    connections.close();
  }

  private static <T> List<List<T>> chunks(List<T> all) {
    List<List<T>> chunks = new ArrayList<>();
    for (int i = 0; i < all.size(); i += KEYS_PER_STATEMENT) {
      chunks.add(all.subList(i, Math.min(all.size(), i + KEYS_PER_STATEMENT)));
    }
    return chunks;
  }
}
