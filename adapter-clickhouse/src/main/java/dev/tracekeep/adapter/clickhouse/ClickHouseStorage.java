package dev.tracekeep.adapter.clickhouse;

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
import dev.tracekeep.storage.FailureKind;
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
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.StoredSpan;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceStatistics;
import dev.tracekeep.storage.TracingStrategy;
import dev.tracekeep.storage.TracingStrategySupport;
import dev.tracekeep.storage.ValueQuery;
import dev.tracekeep.storage.spi.AbstractObservabilityStorage;
import dev.tracekeep.storage.spi.TableFormat;
import dev.tracekeep.storage.spi.WriteOutcome;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Spans in ClickHouse. */
final class ClickHouseStorage extends AbstractObservabilityStorage {
  private static final Set<Capability> CAPABILITIES =
      Collections.unmodifiableSet(
          EnumSet.of(
              Capability.DURABLE,
              Capability.SHARED,
              Capability.SPAN_FILTERS,
              Capability.SPAN_LISTS,
              Capability.VALUE_LISTS,
              Capability.BULK_READS,
              Capability.COUNTS,
              Capability.TRACE_STATISTICS,
              Capability.AGGREGATES,
              Capability.SERVICE_LINKS,
              Capability.SPAN_SCANS));

  /** All but realtime, which would make a part of the table for each span. */
  private static final TracingStrategySupport STRATEGIES =
      new TracingStrategySupport(
          TracingStrategy.INSERT_ONLY,
          EnumSet.of(
              TracingStrategy.INSERT_ONLY,
              TracingStrategy.EVENT_SOURCED,
              TracingStrategy.BATCH_WITH_UPDATES));

  private final ClickHouseClient client;
  private final ClickHouseFailures failures;

  /** The tables on all nodes; null where there is one table on one server. */
  private final @Nullable ClusterTables cluster;

  private final SpanWrites writes;

  /** What is read: the table, or of one that was not migrated the best row of each key. */
  private volatile SpanReads reads;

  ClickHouseStorage(StorageConfig config, ClickHouseAddress address) {
    super(config);
    this.client = new ClickHouseClient(config, address);
    this.failures = new ClickHouseFailures(config.uri());
    this.reads = new SpanReads(client, table());
    this.cluster = ClusterTables.of(config, address.database()).orElse(null);
    this.writes = new SpanWrites(client, table(), reads, this::deletion);
  }

  private String table() {
    return SqlText.name(config().table());
  }

  private String deletion(String condition) {
    return cluster == null
        ? "DELETE FROM " + table() + " WHERE " + condition
        : cluster.deleteStatement(condition);
  }

  @Override
  public TracingStrategySupport tracingStrategy() {
    return STRATEGIES;
  }

  @Override
  public Set<Capability> capabilities() {
    return CAPABILITIES;
  }

  // ---- the life of the table -------------------------------------------------------------------

  private ClickHouseMigration ownMigration() {
    return new ClickHouseMigration(client, config(), null, failures);
  }

  @Override
  protected DedupeMigration migrationOf(@Nullable SpanTable table) {
    return new ClickHouseMigration(client, config(), table, failures);
  }

  @Override
  protected InitReport initialize() throws Exception {
    ClickHouseMigration migration = ownMigration();
    if (!exists(migration)) {
      create();
      return new InitReport(Outcome.CREATED, config().table(), null);
    }
    OptionalInt format = requireFormatOfThisRelease();
    if (!migration.isNeeded() || addColumns(migration)) {
      keepFormat(format);
      return new InitReport(Outcome.OPENED, config().table(), null);
    }
    return switch (config().migration()) {
      case AUTO -> {
        MigrationReport report = migration.apply(MigrationListener.NONE);
        keepFormat(format);
        yield new InitReport(Outcome.MIGRATED, config().table(), report);
      }
      case OFF -> {
        reads =
            new SpanReads(
                client,
                "(SELECT *, isNull("
                    + SqlText.name(SpanColumn.PARENT_SPAN_ID.columnName())
                    + ") AS "
                    + SqlText.name(ClickHouseTable.IS_ROOT)
                    + " FROM ("
                    + migration.selectBest()
                    + "))");
        yield new InitReport(Outcome.READ_ONLY, config().table(), null);
      }
      case CHECK -> throw new MigrationRequiredException(migration.plan());
    };
  }

  private String comment() throws Exception {
    return client
        .list(
            "SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = "
                + SqlText.literal(config().table()),
            RowBinaryReader::text)
        .get(0);
  }

  /** Returns the number that is kept with the table. */
  private OptionalInt requireFormatOfThisRelease() throws Exception {
    OptionalInt format = TableFormat.in(comment());
    requireFormatOfThisRelease(
        format,
        () -> client.number("SELECT count() FROM (SELECT 1 FROM " + table() + " LIMIT 1)") > 0);
    requireVersionsOfThisRelease();
    return format;
  }

  private void keepFormat(OptionalInt kept) {
    if (kept.equals(OptionalInt.of(TableFormat.CURRENT))) {
      return;
    }
    try {
      client.execute(
          "ALTER TABLE "
              + table()
              + (cluster == null ? "" : cluster.onCluster())
              + " MODIFY COMMENT "
              + SqlText.literal(TableFormat.commentWith(comment())));
    } catch (Exception e) {
      formatNotKept(e);
    }
  }

  private void requireVersionsOfThisRelease() throws Exception {
    String version = SqlText.name(SpanColumn.VERSION_NAME);
    String table = SqlText.literal(config().table());
    // A table of a release before versions has no such column, and is migrated.
    if (client.number(
            "SELECT count() FROM system.columns WHERE database = currentDatabase() AND table = "
                + table
                + " AND name = 'version' AND type = 'UInt256'")
        == 0) {
      return;
    }
    List<byte[]> any =
        client.list(
            "SELECT " + version + " FROM " + SqlText.name(config().table()) + " LIMIT 1",
            row -> row.unsigned(SpanRows.VERSION_WIDTH));
    if (!any.isEmpty() && !SpanRows.isVersionOfThisRelease(any.get(0))) {
      throw otherVersions("another length");
    }
  }

  /** Adds what a table of an older release lacks, if that is all; returns whether it was. */
  private boolean addColumns(ClickHouseMigration migration) throws Exception {
    if (config().migration() != MigrationPolicy.AUTO || cluster != null) {
      return false;
    }
    List<String> additions = migration.additions();
    for (String statement : additions) {
      client.execute(statement);
    }
    return !additions.isEmpty();
  }

  private boolean exists(ClickHouseMigration migration) throws Exception {
    return migration.tableExists() && (cluster == null || isDistributed());
  }

  private boolean isDistributed() throws Exception {
    return client.number(
            "SELECT count() FROM system.tables WHERE database = currentDatabase() AND engine ="
                + " 'Distributed' AND name = "
                + SqlText.literal(config().table()))
        > 0;
  }

  private void create() throws Exception {
    if (cluster == null) {
      client.execute(ClickHouseTable.createStatement(table()));
      return;
    }
    for (String statement : cluster.createStatements()) {
      client.execute(statement);
    }
    if (!isDistributed()) {
      throw new StorageException(
          FailureKind.CONFIGURATION,
          "There is a table "
              + config().table()
              + " that is not distributed over the cluster. Rename it, or use another one with"
              + " table=….",
          null);
    }
  }

  @Override
  protected Health probe() throws Exception {
    String version = client.list("SELECT version()", RowBinaryReader::text).get(0);
    ClickHouseMigration migration = ownMigration();
    boolean exists = migration.tableExists();
    if (exists) {
      requireFormatOfThisRelease();
    }
    SchemaState schema =
        !exists
            ? SchemaState.ABSENT
            : migration.isNeeded() ? SchemaState.MIGRATION_REQUIRED : SchemaState.CURRENT;
    return Health.up("ClickHouse " + version, schema, config().uri().toString());
  }

  @Override
  protected void release() {
    client.close();
  }

  @Override
  protected StorageException classify(String action, Exception failure) {
    return failures.classify(action, failure);
  }

  // ---- writes ----------------------------------------------------------------------------------

  /** An insert does not look at what is there, so it can count nothing of it. */
  @Override
  protected WriteOutcome write(List<Span> batch) throws Exception {
    writes.insert(batch);
    return new WriteOutcome(null, List.of());
  }

  @Override
  protected UpdateOutcome update(List<SpanUpdate> updates) throws Exception {
    Map<SpanKey, List<SpanUpdate>> byKey =
        updates.stream()
            .collect(Collectors.groupingBy(SpanUpdate::key, TreeMap::new, Collectors.toList()));
    SpanWrites.Updated updated = writes.update(byKey);
    return new UpdateOutcome(
        updated.changed(),
        byKey.size() - updated.missing().size() - updated.changed(),
        updated.missing());
  }

  @Override
  protected int deleteTraces(List<TraceKey> traces) throws Exception {
    return writes.delete(traces);
  }

  @Override
  protected PruneReport prune(PruneRequest request) throws Exception {
    return writes.prune(request);
  }

  @Override
  protected void clear() throws Exception {
    client.execute(cluster == null ? "TRUNCATE TABLE " + table() : cluster.truncateStatement());
  }

  // ---- reads -----------------------------------------------------------------------------------

  @Override
  protected Optional<Span> readSpan(SpanKey key) throws Exception {
    return reads.span(key);
  }

  @Override
  protected Optional<Span> readRoot(TraceKey trace) throws Exception {
    return reads.root(trace);
  }

  @Override
  protected List<Span> readTrace(TraceKey trace, List<SpanColumn> columns) throws Exception {
    return reads.trace(trace, columns);
  }

  @Override
  protected List<Span> readHeads(TraceQuery query, int limit) throws Exception {
    return reads.search().heads(query, limit);
  }

  @Override
  protected Map<TraceKey, TraceStatistics> readStatistics(List<TraceKey> traces) throws Exception {
    return reads.search().statistics(traces);
  }

  @Override
  protected long countOf(TraceQuery query) throws Exception {
    return reads.search().count(query);
  }

  @Override
  protected long countOf(SpanQuery query) throws Exception {
    return reads.search().count(query);
  }

  @Override
  protected List<Span> readSpans(SpanQuery query, int limit) throws Exception {
    return reads.search().spans(query, limit);
  }

  @Override
  protected List<SpanValue> readValues(ValueQuery query, int limit) throws Exception {
    return reads.search().values(query, limit);
  }

  @Override
  protected List<Span> readSpans(List<SpanKey> keys) throws Exception {
    return reads.search().spans(keys);
  }

  @Override
  protected List<Span> readTraces(List<TraceKey> traces) throws Exception {
    return reads.search().traces(traces);
  }

  @Override
  protected List<SpanAggregate> readAggregates(SpanAggregation aggregation) throws Exception {
    return reads.search().aggregates(aggregation);
  }

  @Override
  protected List<ServiceLink> readServiceLinks(String tenantId, TimeRange startedAt)
      throws Exception {
    return reads.search().serviceLinks(tenantId, startedAt);
  }

  @Override
  protected List<StoredSpan> readNext(SpanScan scan) throws Exception {
    return reads.search().next(scan);
  }

  @Override
  protected StorageStatistics count() throws Exception {
    return reads.statistics();
  }
}
