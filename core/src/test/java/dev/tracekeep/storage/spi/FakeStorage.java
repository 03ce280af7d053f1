package dev.tracekeep.storage.spi;

import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.Health;
import dev.tracekeep.storage.InitReport;
import dev.tracekeep.storage.PruneReport;
import dev.tracekeep.storage.PruneRequest;
import dev.tracekeep.storage.SpanScan;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.StoredSpan;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceStatistics;
import dev.tracekeep.storage.TracingStrategy;
import dev.tracekeep.storage.TracingStrategySupport;
import dev.tracekeep.storage.WriteResult;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Function;

/** A store in a map that writes down which hooks were called, and fails when told to. */
public final class FakeStorage extends AbstractObservabilityStorage {
  public final List<String> calls = new ArrayList<>();
  final Map<SpanKey, Span> rows = new TreeMap<>();
  final Set<Capability> capabilities = EnumSet.of(Capability.EXACT_WRITE_COUNTS);
  public TracingStrategySupport strategies =
      TracingStrategySupport.allPreferring(TracingStrategy.REALTIME);
  InitReport.Outcome outcome = InitReport.Outcome.OPENED;
  Callable<Health> health = () -> Health.up("fake", Health.SchemaState.CURRENT, "well");
  Function<Exception, StorageException> classifier =
      failure -> new StorageException(FailureKind.PERMANENT, "classified", failure);

  /** Done by every hook but the health's, before it fails. */
  Runnable whileCalled = () -> {};

  /** Thrown by every hook but the health's. */
  Exception failure;

  public FakeStorage(StorageConfig config) {
    super(config);
  }

  /** What it was opened with. */
  public StorageConfig given() {
    return config();
  }

  static FakeStorage opened() {
    return opened("max-span-bytes", "8388608");
  }

  static FakeStorage opened(String key, String value) {
    FakeStorage storage =
        new FakeStorage(StorageConfig.fromProperties(Map.of("url", "fake:", key, value)));
    storage.init();
    storage.calls.clear();
    return storage;
  }

  private void called(String hook) throws Exception {
    calls.add(hook);
    Runnable once = whileCalled;
    whileCalled = () -> {};
    once.run();
    if (failure != null) {
      throw failure;
    }
  }

  @Override
  public TracingStrategySupport tracingStrategy() {
    return strategies;
  }

  @Override
  public Set<Capability> capabilities() {
    return capabilities;
  }

  @Override
  protected InitReport initialize() throws Exception {
    called("initialize");
    return new InitReport(outcome, config().table(), null);
  }

  @Override
  protected Health probe() throws Exception {
    calls.add("probe");
    return health.call();
  }

  @Override
  protected WriteOutcome write(List<Span> batch) throws Exception {
    called("write " + batch.stream().map(span -> span.key().spanId()).toList());
    List<SpanKey> conflicting = new ArrayList<>();
    for (Span span : batch) {
      Span before = rows.getOrDefault(span.key(), span);
      rows.merge(span.key(), span, Span::orBetter);
      if (!before.times().startedAt().equals(span.times().startedAt())) {
        conflicting.add(span.key());
      }
    }
    return new WriteOutcome(new WriteResult.Counts(batch.size(), 0, 0), conflicting);
  }

  @Override
  protected UpdateOutcome update(List<SpanUpdate> updates) throws Exception {
    called("update " + updates.stream().map(update -> update.key().spanId()).toList());
    List<SpanKey> missing = new ArrayList<>();
    for (SpanUpdate update : updates) {
      Span row = rows.get(update.key());
      if (row == null) {
        missing.add(update.key());
      } else {
        rows.put(update.key(), update.applyTo(row).orElse(row));
      }
    }
    return new UpdateOutcome(updates.size() - missing.size(), 0, missing);
  }

  @Override
  protected Optional<Span> readSpan(SpanKey key) throws Exception {
    called("readSpan");
    return Optional.ofNullable(rows.get(key));
  }

  @Override
  protected Optional<Span> readRoot(TraceKey trace) throws Exception {
    called("readRoot");
    return readTrace(trace, SpanColumn.all()).stream().filter(Span::isRoot).findFirst();
  }

  @Override
  protected List<Span> readTrace(TraceKey trace, List<SpanColumn> columns) throws Exception {
    called("readTrace " + columns.size());
    return rows.values().stream()
        .filter(span -> span.key().trace().equals(trace))
        .sorted(Comparator.comparing((Span span) -> span.key().spanId()).reversed())
        .toList();
  }

  @Override
  protected List<Span> readHeads(TraceQuery query, int limit) throws Exception {
    called("readHeads " + limit);
    return rows.values().stream()
        .map(stored -> stored.toLight())
        .filter(query::matches)
        .sorted(query.order().comparator())
        .filter(
            root ->
                query.after().isEmpty()
                    || query
                            .order()
                            .positionOf(root)
                            .traceId()
                            .compareTo(query.after().get().traceId())
                        > 0)
        .limit(limit)
        .toList();
  }

  @Override
  protected Map<TraceKey, TraceStatistics> readStatistics(List<TraceKey> traces) throws Exception {
    called("readStatistics " + traces);
    Map<TraceKey, TraceStatistics> statistics = new TreeMap<>();
    for (TraceKey trace : traces) {
      statistics.put(trace, TraceStatistics.of(readTrace(trace, SpanColumn.all())));
    }
    return statistics;
  }

  @Override
  protected List<Span> readSpans(List<SpanKey> keys) throws Exception {
    called("readSpans " + keys.size());
    List<Span> found = new ArrayList<>(rows.values());
    found.removeIf(span -> !keys.contains(span.key()));
    found.sort(Comparator.comparing(Span::key).reversed());
    return found;
  }

  @Override
  protected List<Span> readTraces(List<TraceKey> traces) throws Exception {
    called("readTraces " + traces.size());
    return rows.values().stream().filter(span -> traces.contains(span.key().trace())).toList();
  }

  @Override
  protected List<StoredSpan> readNext(SpanScan scan) throws Exception {
    called("readNext");
    return rows.values().stream()
        .filter(span -> scan.contains(span.key()))
        .limit(2)
        .map(span -> new StoredSpan(span, span.version()))
        .toList();
  }

  @Override
  protected int deleteTraces(List<TraceKey> traces) throws Exception {
    called("deleteTraces " + traces);
    return traces.size();
  }

  @Override
  protected PruneReport prune(PruneRequest request) throws Exception {
    called("prune");
    return new PruneReport(0, 0, true);
  }

  @Override
  protected StorageStatistics count() throws Exception {
    called("count");
    return new StorageStatistics(rows.size(), 0, 0, 0, 0);
  }

  @Override
  protected void clear() throws Exception {
    called("clear");
    rows.clear();
  }

  @Override
  protected DedupeMigration migrationOf(SpanTable table) throws Exception {
    called("migrationOf " + table);
    return null;
  }

  @Override
  protected void release() throws Exception {
    called("release");
  }

  @Override
  protected StorageException classify(String action, Exception cause) {
    calls.add("classify " + action);
    return classifier.apply(cause);
  }
}
