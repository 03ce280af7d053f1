package dev.tracekeep.adapter.mongo;

import com.mongodb.MongoException;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Projections;
import com.mongodb.client.model.ReplaceOptions;
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
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonString;
import org.bson.BsonType;
import org.jspecify.annotations.Nullable;

/** A store in a collection of MongoDB: one document for each span. */
final class MongoStorage extends AbstractObservabilityStorage {
  /** The collection beside, with the number of each collection's format by its name. */
  private static final String FORMATS = "tracekeep_formats";

  private static final String FORMAT = "format";

  private final MongoConnection connection;
  private final MongoFailures failures;
  private final SpanTable table;
  private final Set<Capability> capabilities;
  private final SpanWriter writer;
  private final SpanUpdater updater;
  private final TraceRemover remover;

  /** What is read: in a collection that was not migrated, the best document of each key. */
  private volatile SpanReads reads;

  MongoStorage(StorageConfig config, MongoAddress address) {
    super(config);
    this.connection = new MongoConnection(address);
    this.failures = new MongoFailures(config.uri());
    this.table = new SpanTable(config.schema(), config.table(), MongoMigration.OWN_COLUMNS);
    this.capabilities = capabilities(address.isDurable());
    this.writer = new SpanWriter(connection, config.table());
    this.updater = new SpanUpdater(connection, config.table(), writer);
    this.remover = new TraceRemover(connection, config.table());
    this.reads = new UniqueReads(connection, config.table());
  }

  private static Set<Capability> capabilities(boolean durable) {
    EnumSet<Capability> all =
        EnumSet.of(
            Capability.ENFORCED_UNIQUENESS,
            Capability.EXACT_WRITE_COUNTS,
            Capability.ATOMIC_UPDATE,
            Capability.SHARED,
            Capability.SPAN_FILTERS,
            Capability.SPAN_LISTS,
            Capability.VALUE_LISTS,
            Capability.BULK_READS,
            Capability.COUNTS,
            Capability.TRACE_STATISTICS,
            Capability.AGGREGATES,
            Capability.SERVICE_LINKS,
            Capability.SPAN_SCANS);
    if (durable) {
      all.add(Capability.DURABLE);
    }
    return Collections.unmodifiableSet(all);
  }

  @Override
  public TracingStrategySupport tracingStrategy() {
    return TracingStrategySupport.allPreferring(TracingStrategy.BATCH_WITH_UPDATES);
  }

  @Override
  public Set<Capability> capabilities() {
    return capabilities;
  }

  // ---- the life of the collection --------------------------------------------------------------

  private MongoMigration ownMigration() {
    return migration(connection.unhurried(), table, true);
  }

  @Override
  protected DedupeMigration migrationOf(@Nullable SpanTable other) {
    if (other == null) {
      return ownMigration();
    }
    MongoDatabase database = connection.unhurried(other.schema());
    // The store's own collection is its own, whatever way it was named.
    boolean own =
        other.name().equals(table.name())
            && database.getName().equals(connection.unhurried().getName());
    return migration(database, other, own);
  }

  private MongoMigration migration(MongoDatabase database, SpanTable asked, boolean own) {
    return new MongoMigration(
        database, asked, own, config().lockTimeout(), this::classify, config().clock());
  }

  @Override
  protected InitReport initialize() throws Exception {
    MongoDatabase database = connection.unhurried();
    MongoMigration migration = ownMigration();
    boolean exists = migration.tableExists();
    List<String> obstacles = migration.look().obstacles();
    if (!obstacles.isEmpty()) {
      throw new StorageException(FailureKind.CONFIGURATION, String.join(" ", obstacles), null);
    }
    OptionalInt format = requireFormatOfThisRelease();
    if (!exists || isEmpty(database) && !migration.isUnfinished()) {
      try {
        SpanIndexes.createKey(database, config().table(), SpanIndexes.KEY);
        SpanIndexes.createOthers(database, config().table());
        keepFormat(format);
        return report(exists ? Outcome.OPENED : Outcome.CREATED, null);
      } catch (MongoException e) {
        // Somebody filled the collection with duplicates in this very moment: so it is migrated.
        if (!MongoFailures.isDuplicateKey(e)) {
          throw e;
        }
      }
    }
    if (!migration.isNeeded()) {
      SpanIndexes.createOthers(database, config().table());
      keepFormat(format);
      return report(Outcome.OPENED, null);
    }
    switch (config().migration()) {
      case AUTO -> {
        MigrationReport done = migration.apply(MigrationListener.NONE);
        SpanIndexes.createOthers(database, config().table());
        keepFormat(format);
        return report(Outcome.MIGRATED, done);
      }
      case OFF -> {
        reads = new DuplicateReads(connection, config().table());
        return report(Outcome.READ_ONLY, null);
      }
      default -> throw new MigrationRequiredException(migration.plan());
    }
  }

  private MongoCollection<BsonDocument> formats() {
    return connection.unhurried().getCollection(FORMATS, BsonDocument.class);
  }

  /** Returns the number that is kept for the collection. */
  private OptionalInt requireFormatOfThisRelease() throws Exception {
    BsonDocument kept = formats().find(Filters.eq(config().table())).first();
    OptionalInt format =
        kept == null ? OptionalInt.empty() : OptionalInt.of(kept.getNumber(FORMAT).intValue());
    requireFormatOfThisRelease(format, () -> !isEmpty(connection.unhurried()));
    requireVersionsOfThisRelease();
    return format;
  }

  private void keepFormat(OptionalInt kept) {
    if (kept.equals(OptionalInt.of(TableFormat.CURRENT))) {
      return;
    }
    try {
      formats()
          .replaceOne(
              Filters.eq(config().table()),
              new BsonDocument("_id", new BsonString(config().table()))
                  .append(FORMAT, new BsonInt32(TableFormat.CURRENT)),
              new ReplaceOptions().upsert(true));
    } catch (MongoException e) {
      formatNotKept(e); // another process keeps it this very moment, or nobody may
    }
  }

  private void requireVersionsOfThisRelease() {
    BsonDocument any =
        connection
            .unhurried()
            .getCollection(config().table(), BsonDocument.class)
            .find(Filters.type(SpanColumn.VERSION_NAME, BsonType.BINARY))
            .projection(Projections.include(SpanColumn.VERSION_NAME))
            .first();
    if (any != null) {
      requireVersionsOfThisRelease(any.getBinary(SpanColumn.VERSION_NAME).getData().length);
    }
  }

  private boolean isEmpty(MongoDatabase database) {
    return database.getCollection(config().table(), BsonDocument.class).find().first() == null;
  }

  private InitReport report(Outcome outcome, @Nullable MigrationReport migration) {
    return new InitReport(outcome, table.toString(), migration);
  }

  @Override
  protected Health probe() throws Exception {
    String product = connection.server().product();
    requireFormatOfThisRelease();
    MongoMigration migration = ownMigration();
    SchemaState schema =
        !migration.tableExists()
            ? SchemaState.ABSENT
            : migration.isNeeded() ? SchemaState.MIGRATION_REQUIRED : SchemaState.CURRENT;
    return Health.up(product, schema, config().uri().toString());
  }

  @Override
  protected void release() {
    connection.close();
  }

  @Override
  protected StorageException classify(String action, Exception failure) {
    return failures.classify(action, failure);
  }

  // ---- writes ----------------------------------------------------------------------------------

  @Override
  protected @Nullable String engineProblem(Span span) {
    return DocumentSize.problem(span);
  }

  @Override
  protected WriteOutcome write(List<Span> batch) {
    return writer.write(batch);
  }

  @Override
  protected UpdateOutcome update(List<SpanUpdate> updates) throws InterruptedException {
    SpanUpdater.Outcome outcome = updater.update(updates);
    return new UpdateOutcome(outcome.replaced, outcome.unchanged, outcome.missing);
  }

  @Override
  protected int deleteTraces(List<TraceKey> traces) {
    return remover.delete(traces);
  }

  @Override
  protected PruneReport prune(PruneRequest request) {
    return remover.prune(request);
  }

  @Override
  protected void clear() {
    // Dropping the collection would be faster, and take its indexes and its sharding with it.
    connection.unhurried().getCollection(config().table()).deleteMany(Filters.empty());
  }

  // ---- reads -----------------------------------------------------------------------------------

  @Override
  protected Optional<Span> readSpan(SpanKey key) {
    return reads.span(key);
  }

  @Override
  protected Optional<Span> readRoot(TraceKey trace) {
    return reads.root(trace);
  }

  @Override
  protected List<Span> readTrace(TraceKey trace, List<SpanColumn> columns) {
    return reads.trace(trace, columns);
  }

  @Override
  protected List<Span> readHeads(TraceQuery query, int limit) {
    return reads.heads(query, limit);
  }

  private SpanSearch search() {
    return new SpanSearch(reads);
  }

  @Override
  protected Map<TraceKey, TraceStatistics> readStatistics(List<TraceKey> traces) {
    return search().statistics(traces);
  }

  @Override
  protected long countOf(TraceQuery query) {
    return search().count(query);
  }

  @Override
  protected long countOf(SpanQuery query) {
    return search().count(query);
  }

  @Override
  protected List<Span> readSpans(SpanQuery query, int limit) {
    return search().spans(query, limit);
  }

  @Override
  protected List<SpanValue> readValues(ValueQuery query, int limit) {
    return search().values(query, limit);
  }

  @Override
  protected List<Span> readSpans(List<SpanKey> keys) {
    return search().spans(keys);
  }

  @Override
  protected List<Span> readTraces(List<TraceKey> traces) {
    return search().traces(traces);
  }

  @Override
  protected List<SpanAggregate> readAggregates(SpanAggregation aggregation) {
    return search().aggregates(aggregation);
  }

  @Override
  protected List<ServiceLink> readServiceLinks(String tenantId, TimeRange startedAt) {
    return search().serviceLinks(tenantId, startedAt);
  }

  @Override
  protected List<StoredSpan> readNext(SpanScan scan) {
    return search().next(scan);
  }

  @Override
  protected StorageStatistics count() {
    return reads.statistics();
  }
}
