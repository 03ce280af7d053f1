package dev.tracekeep.storage.spi;

import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.Health;
import dev.tracekeep.storage.InitReport;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Page;
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
import dev.tracekeep.storage.Trace;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceStatistics;
import dev.tracekeep.storage.TraceSummary;
import dev.tracekeep.storage.UnsupportedCapabilityException;
import dev.tracekeep.storage.ValueQuery;
import dev.tracekeep.storage.WriteResult;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The part of a store that no engine owns: life cycle, limits, the reduction of batches, pages and
 * cursors, and the classification of every failure. An adapter fills in the hooks below, and cannot
 * change the rest.
 *
 * <p>The hooks get clean input: at least one element, no span twice, no light span, nothing too
 * large, in key order. They may throw anything; {@link #classify} makes a {@link StorageException}
 * of it. They are called from many threads.
 */
public abstract class AbstractObservabilityStorage implements ObservabilityStorage {
  private static final Logger LOG = LoggerFactory.getLogger(AbstractObservabilityStorage.class);

  /** In smaller batches the versions are there before another thread has woken up. */
  private static final int SPANS_WORTH_A_THREAD = 256;

  /** How many traces {@link #readTraces} is asked for at once. */
  protected static final int TRACES_AT_ONCE = 20;

  private enum State {
    NEW,
    WRITABLE,
    READ_ONLY,
    CLOSED
  }

  /** What became of a batch of updates. */
  protected record UpdateOutcome(long replaced, long unchanged, List<SpanKey> missing) {
    /** Copies the list; a span that several updates missed is missing once. */
    public UpdateOutcome {
      missing = missing.stream().distinct().toList();
    }
  }

  private final StorageConfig config;
  private final AtomicReference<State> state = new AtomicReference<>(State.NEW);

  /** Hooks open pools and connections: two threads must not do it at once. */
  private final Object initLock = new Object();

  /** Keeps the configuration; does no I/O. */
  protected AbstractObservabilityStorage(StorageConfig config) {
    this.config = Objects.requireNonNull(config, "config");
  }

  // ---- hooks -----------------------------------------------------------------------------------

  /**
   * Makes, opens or migrates the table; idempotent, and safe against other processes. Called by one
   * thread at a time.
   */
  protected abstract InitReport initialize() throws Exception;

  /** Looks at the engine and the table. Whatever it throws is reported as down. */
  protected abstract Health probe() throws Exception;

  /**
   * Stores each span if its key is new or its version greater than the stored one.
   *
   * @return what changed, and which rows that were there have another start
   */
  protected abstract WriteOutcome write(List<Span> batch) throws Exception;

  /**
   * Says why the engine can never hold a span although it is within {@code max-span-bytes}, as a
   * phrase behind the span's name. Such a span is rejected, the rest of its batch is written.
   *
   * @return null if the engine can hold it, as by default
   */
  protected @Nullable String engineProblem(Span span) {
    return null;
  }

  /**
   * Applies updates, sorted by {@link SpanUpdate#ORDER}, with {@link SpanUpdate#applyTo}; several
   * may be of one span.
   */
  protected abstract UpdateOutcome update(List<SpanUpdate> updates) throws Exception;

  /** Reads one span with all columns. */
  protected abstract Optional<Span> readSpan(SpanKey key) throws Exception;

  /** Reads the first root of a trace (by start, then span id) with all columns. */
  protected abstract Optional<Span> readRoot(TraceKey trace) throws Exception;

  /**
   * Reads all spans of a trace, in any order.
   *
   * @param columns {@link SpanColumn#all()} or {@link SpanColumn#light()}
   */
  protected abstract List<Span> readTrace(TraceKey trace, List<SpanColumn> columns)
      throws Exception;

  /**
   * Reads the light heads of the traces that the query asks for: those that pass all filters,
   * behind {@link TraceQuery#after()}, in order. A store without {@link Capability#SPAN_FILTERS}
   * takes its filters from {@link RootConditions}.
   *
   * @param limit at most so many; not the query's own
   */
  protected abstract List<Span> readHeads(TraceQuery query, int limit) throws Exception;

  /**
   * Works out the statistics of some traces, for {@link Capability#TRACE_STATISTICS}.
   *
   * @param traces at least one, sorted and distinct; one that was deleted meanwhile is left out
   */
  protected Map<TraceKey, TraceStatistics> readStatistics(List<TraceKey> traces) throws Exception {
    throw lacking(Capability.TRACE_STATISTICS);
  }

  /** Counts the traces that a query lists on all of its pages, for {@link Capability#COUNTS}. */
  protected long countOf(TraceQuery query) throws Exception {
    throw lacking(Capability.COUNTS);
  }

  /** Counts the spans that a query lists on all of its pages, for {@link Capability#COUNTS}. */
  protected long countOf(SpanQuery query) throws Exception {
    throw lacking(Capability.COUNTS);
  }

  /**
   * Reads the light spans that the query asks for, behind {@link SpanQuery#after()}, in order, for
   * {@link Capability#SPAN_LISTS}.
   *
   * @param limit at most so many; not the query's own
   */
  protected List<Span> readSpans(SpanQuery query, int limit) throws Exception {
    throw lacking(Capability.SPAN_LISTS);
  }

  /**
   * Reads the values that the query asks for, behind {@link ValueQuery#after()}, in order, for
   * {@link Capability#VALUE_LISTS}.
   *
   * @param limit at most so many; not the query's own
   */
  protected List<SpanValue> readValues(ValueQuery query, int limit) throws Exception {
    throw lacking(Capability.VALUE_LISTS);
  }

  /**
   * Reads whole spans, in any order, for {@link Capability#BULK_READS}.
   *
   * @param keys at least one, sorted and distinct
   */
  protected List<Span> readSpans(List<SpanKey> keys) throws Exception {
    throw lacking(Capability.BULK_READS);
  }

  /**
   * Reads all spans of some traces, whole, in any order, for {@link Capability#BULK_READS}.
   *
   * @param traces at least one, at most {@value #TRACES_AT_ONCE}, sorted and distinct
   */
  protected List<Span> readTraces(List<TraceKey> traces) throws Exception {
    throw lacking(Capability.BULK_READS);
  }

  /** Answers a question over spans, for {@link Capability#AGGREGATES}. */
  protected List<SpanAggregate> readAggregates(SpanAggregation aggregation) throws Exception {
    throw lacking(Capability.AGGREGATES);
  }

  /** Reads which services call which, in any order, for {@link Capability#SERVICE_LINKS}. */
  protected List<ServiceLink> readServiceLinks(String tenantId, TimeRange startedAt)
      throws Exception {
    throw lacking(Capability.SERVICE_LINKS);
  }

  /**
   * Reads the next spans of a scan, whole, in key order, for {@link Capability#SPAN_SCANS}: as many
   * as fit into a few megabytes, and at least one as long as there is one.
   */
  protected List<StoredSpan> readNext(SpanScan scan) throws Exception {
    throw lacking(Capability.SPAN_SCANS);
  }

  /** Deletes whole traces, sorted and distinct; returns how many there were. */
  protected abstract int deleteTraces(List<TraceKey> traces) throws Exception;

  /** Deletes old traces. */
  protected abstract PruneReport prune(PruneRequest request) throws Exception;

  /** Counts everything. */
  protected abstract StorageStatistics count() throws Exception;

  /** Deletes everything but archives and journals. */
  protected abstract void clear() throws Exception;

  /**
   * Makes the migration of a table.
   *
   * @param table another table; null for the store's own
   */
  protected abstract DedupeMigration migrationOf(@Nullable SpanTable table) throws Exception;

  /** Lets go of everything that this store opened. Called once. */
  protected abstract void release() throws Exception;

  /**
   * Makes a {@link StorageException} of what a hook threw: kind, object, cause, next step. What
   * {@link CommonFailures} explains never gets here.
   *
   * @param action what was tried, as a verb phrase: {@code write 3 spans}
   */
  protected abstract StorageException classify(String action, Exception failure);

  // ---- the contract ----------------------------------------------------------------------------

  /** The configuration. */
  protected final StorageConfig config() {
    return config;
  }

  @Override
  public final InitReport init() {
    synchronized (initLock) {
      requireNotClosed();
      InitReport report = guarded("initialize the table " + config.table(), this::initialize);
      State next =
          report.outcome() == InitReport.Outcome.READ_ONLY ? State.READ_ONLY : State.WRITABLE;
      state.updateAndGet(now -> now == State.CLOSED ? now : next);
      return report;
    }
  }

  @Override
  public final Health check() {
    if (state.get() == State.CLOSED) {
      IllegalStateException closed = closed();
      return Health.down(closed.getMessage(), closed);
    }
    try {
      return guarded("check " + config.uri(), this::probe);
    } catch (StorageException e) {
      return Health.down(String.valueOf(e.getMessage()), e);
    } catch (RuntimeException e) {
      // Closed meanwhile, or the adapter is at fault: in any case a value.
      return Health.down(config.uri().hideIn(String.valueOf(e.getMessage())), e);
    }
  }

  @Override
  public final WriteResult createSpan(Span span) {
    Objects.requireNonNull(span, "span");
    return batchCreateSpans(List.of(span)).orThrow();
  }

  @Override
  public final WriteResult batchCreateSpans(List<Span> spans) {
    requireNonNull(spans, "spans");
    if (spans.isEmpty()) {
      return WriteResult.EMPTY;
    }
    requireWritable();
    List<Span> given = List.copyOf(spans);
    workOutVersionsAhead(given);
    List<WriteResult.Rejection> rejected = new ArrayList<>();
    List<Span> fitting = new ArrayList<>(given.size());
    for (Span span : given) {
      String problem =
          span.isLight()
              ? "was read without its heavy fields and cannot be written back: read it with getSpan"
                  + " or getTrace"
              : sizeProblem(span.size());
      if (problem == null) {
        problem = engineProblem(span);
      }
      if (problem == null) {
        fitting.add(span);
      } else {
        rejected.add(new WriteResult.Rejection(span.key(), problem));
      }
    }
    SpanBatch batch = SpanBatch.of(fitting);
    WriteOutcome outcome =
        batch.spans().isEmpty()
            ? WriteOutcome.NONE
            : guarded("write " + batch.spans().size() + " spans", () -> write(batch.spans()));
    SortedSet<SpanKey> conflicting = new TreeSet<>(batch.conflictingStarts());
    conflicting.addAll(outcome.conflictingStarts());
    return new WriteResult(
        batch.spans().size(),
        batch.duplicates(),
        exact(outcome.counts()),
        List.of(),
        rejected,
        new WriteResult.ConflictingStarts(
            conflicting.size(),
            conflicting.stream().limit(WriteResult.ConflictingStarts.NAMED).toList()));
  }

  /**
   * Lets another core work out half of the versions of a large batch, which are most of what a
   * write costs this side of the engine. It starts at the end, so that the two meet in the middle;
   * in the same direction they would work out each version twice, side by side. Whoever needs a
   * version first works it out; both come to the same.
   */
  private static void workOutVersionsAhead(List<Span> batch) {
    if (batch.size() >= SPANS_WORTH_A_THREAD) {
      ForkJoinPool.commonPool()
          .execute(
              () -> {
                for (int i = batch.size() - 1; i >= 0; i--) {
                  batch.get(i).version();
                }
              });
    }
  }

  @Override
  public final WriteResult updateSpan(SpanUpdate update) {
    Objects.requireNonNull(update, "update");
    return batchUpdateSpans(List.of(update)).orThrow();
  }

  @Override
  public final WriteResult batchUpdateSpans(List<SpanUpdate> updates) {
    requireNonNull(updates, "updates");
    if (updates.isEmpty()) {
      return WriteResult.EMPTY;
    }
    requireWritable();
    List<WriteResult.Rejection> rejected = new ArrayList<>();
    List<SpanUpdate> fitting = new ArrayList<>(updates.size());
    for (SpanUpdate update : updates) {
      String problem = sizeProblem(size(update));
      if (problem == null) {
        fitting.add(update);
      } else {
        rejected.add(new WriteResult.Rejection(update.key(), problem));
      }
    }
    fitting.sort(SpanUpdate.ORDER);
    UpdateOutcome outcome =
        fitting.isEmpty()
            ? new UpdateOutcome(0, 0, List.of())
            : guarded("update " + fitting.size() + " spans", () -> update(List.copyOf(fitting)));
    int distinct = (int) fitting.stream().map(SpanUpdate::key).distinct().count();
    return new WriteResult(
        distinct - outcome.missing().size(),
        fitting.size() - distinct,
        exact(new WriteResult.Counts(0, outcome.replaced(), outcome.unchanged())),
        outcome.missing(),
        rejected);
  }

  private WriteResult.@Nullable Counts exact(WriteResult.@Nullable Counts counts) {
    return capabilities().contains(Capability.EXACT_WRITE_COUNTS) ? counts : null;
  }

  @Override
  public final Optional<Span> getSpan(SpanKey key) {
    Objects.requireNonNull(key, "key");
    requireOpen();
    return guarded("read the span " + key, () -> readSpan(key));
  }

  @Override
  public final Optional<Span> getRootSpan(TraceKey trace) {
    Objects.requireNonNull(trace, "trace");
    requireOpen();
    return guarded("read the root of the trace " + trace, () -> readRoot(trace));
  }

  @Override
  public final Optional<Trace> getTrace(TraceKey trace) {
    return trace(trace, SpanColumn.all());
  }

  @Override
  public final Optional<Trace> getTraceLight(TraceKey trace) {
    return trace(trace, SpanColumn.light());
  }

  private Optional<Trace> trace(TraceKey trace, List<SpanColumn> columns) {
    Objects.requireNonNull(trace, "trace");
    requireOpen();
    List<Span> spans = guarded("read the trace " + trace, () -> readTrace(trace, columns));
    return spans.isEmpty() ? Optional.empty() : Optional.of(new Trace(trace, spans));
  }

  @Override
  public final List<Span> getSpans(Collection<SpanKey> keys) {
    requireNonNull(keys, "keys");
    requireOpen();
    require(Capability.BULK_READS, "getSpans");
    if (keys.isEmpty()) {
      return List.of();
    }
    List<SpanKey> sorted = List.copyOf(new TreeSet<>(keys));
    List<Span> spans = guarded("read " + sorted.size() + " spans", () -> readSpans(sorted));
    return spans.stream().sorted(Comparator.comparing(Span::key)).toList();
  }

  @Override
  public final void getTraces(Collection<TraceKey> keys, Consumer<? super Trace> each) {
    requireNonNull(keys, "keys");
    Objects.requireNonNull(each, "each");
    requireOpen();
    require(Capability.BULK_READS, "getTraces");
    List<TraceKey> sorted = List.copyOf(new TreeSet<>(keys));
    for (int from = 0; from < sorted.size(); from += TRACES_AT_ONCE) {
      List<TraceKey> some = sorted.subList(from, Math.min(sorted.size(), from + TRACES_AT_ONCE));
      List<Span> spans = guarded("read " + some.size() + " traces", () -> readTraces(some));
      Map<TraceKey, List<Span>> traces =
          spans.stream()
              .collect(
                  Collectors.groupingBy(
                      span -> span.key().trace(), TreeMap::new, Collectors.toList()));
      // Not guarded: what the caller throws is its own.
      traces.forEach((key, trace) -> each.accept(new Trace(key, trace)));
    }
  }

  @Override
  public final Page<TraceSummary> listTraces(TraceQuery query) {
    Objects.requireNonNull(query, "query");
    requireOpen();
    if (query.wantsStatistics()) {
      require(Capability.TRACE_STATISTICS, "statistics of traces");
    }
    String action = "list traces of tenant " + query.tenantId();
    Page<Span> heads =
        page(
            guarded(action, () -> readHeads(query, query.limit() + 1)),
            query.limit(),
            query::cursorBehind);
    Map<TraceKey, TraceStatistics> statistics =
        query.wantsStatistics() && !heads.items().isEmpty()
            ? guarded(
                action,
                () ->
                    readStatistics(
                        heads.items().stream().map(head -> head.key().trace()).sorted().toList()))
            : Map.of();
    return new Page<>(
        heads.items().stream()
            // One that was deleted between the two looks is shown as it was at the first.
            .map(head -> new TraceSummary(head, statistics.get(head.key().trace())))
            .toList(),
        heads.cursor());
  }

  @Override
  public final long countTraces(TraceQuery query) {
    Objects.requireNonNull(query, "query");
    requireOpen();
    require(Capability.COUNTS, "countTraces");
    return guarded("count traces of tenant " + query.tenantId(), () -> countOf(query));
  }

  @Override
  public final Page<Span> listSpans(SpanQuery query) {
    Objects.requireNonNull(query, "query");
    requireOpen();
    require(Capability.SPAN_LISTS, "listSpans");
    return page(
        guarded(
            "list spans of tenant " + query.tenantId(), () -> readSpans(query, query.limit() + 1)),
        query.limit(),
        query::cursorBehind);
  }

  @Override
  public final long countSpans(SpanQuery query) {
    Objects.requireNonNull(query, "query");
    requireOpen();
    require(Capability.COUNTS, "countSpans");
    return guarded("count spans of tenant " + query.tenantId(), () -> countOf(query));
  }

  @Override
  public final Page<SpanValue> listValues(ValueQuery query) {
    Objects.requireNonNull(query, "query");
    requireOpen();
    require(Capability.VALUE_LISTS, "listValues");
    return page(
        guarded(
            "list values of tenant " + query.tenantId(),
            () -> readValues(query, query.limit() + 1)),
        query.limit(),
        query::cursorBehind);
  }

  /** The first of what was found, which is one more than that where there is another page. */
  private static <T> Page<T> page(List<T> found, int limit, Function<T, String> cursorBehind) {
    List<T> items = found.subList(0, Math.min(found.size(), limit));
    return new Page<>(
        items,
        found.size() > items.size() ? cursorBehind.apply(items.get(items.size() - 1)) : null);
  }

  @Override
  public final List<SpanAggregate> aggregate(SpanAggregation aggregation) {
    Objects.requireNonNull(aggregation, "aggregation");
    requireOpen();
    require(Capability.AGGREGATES, "aggregate");
    List<SpanAggregate> groups =
        guarded(
            "aggregate spans of tenant " + aggregation.tenantId(),
            () -> readAggregates(aggregation));
    return groups.stream().sorted(SpanAggregation.ORDER).toList();
  }

  @Override
  public final List<ServiceLink> serviceLinks(String tenantId, TimeRange startedAt) {
    Objects.requireNonNull(tenantId, "tenantId");
    Objects.requireNonNull(startedAt, "startedAt");
    new TraceKey(tenantId, "any"); // refuses a bad tenant by name
    requireOpen();
    require(Capability.SERVICE_LINKS, "serviceLinks");
    List<ServiceLink> links =
        guarded(
            "read the links of services of tenant " + tenantId,
            () -> readServiceLinks(tenantId, startedAt));
    return links.stream().sorted(ServiceLink.ORDER).toList();
  }

  @Override
  public final void scanSpans(SpanScan scan, Consumer<? super StoredSpan> each) {
    Objects.requireNonNull(scan, "scan");
    Objects.requireNonNull(each, "each");
    requireOpen();
    require(Capability.SPAN_SCANS, "scanSpans");
    SpanScan rest = scan;
    while (true) {
      SpanScan next = rest;
      List<StoredSpan> spans = guarded("scan spans", () -> readNext(next));
      if (spans.isEmpty()) {
        return;
      }
      // Not guarded: what the caller throws is its own.
      spans.forEach(each);
      rest = rest.after(spans.get(spans.size() - 1).span().key());
    }
  }

  @Override
  public final int batchDeleteTraces(Collection<TraceKey> traces) {
    requireNonNull(traces, "traces");
    if (traces.isEmpty()) {
      return 0;
    }
    requireWritable();
    List<TraceKey> sorted = List.copyOf(new TreeSet<>(traces));
    return guarded("delete " + sorted.size() + " traces", () -> deleteTraces(sorted));
  }

  @Override
  public final PruneReport pruneTraces(PruneRequest request) {
    Objects.requireNonNull(request, "request");
    requireWritable();
    return guarded("prune traces of tenant " + request.tenantId(), () -> prune(request));
  }

  @Override
  public final StorageStatistics statistics() {
    requireOpen();
    return guarded("count the spans", this::count);
  }

  @Override
  public final void dangerouslyClearAll() {
    requireWritable();
    guarded(
        "clear the table " + config.table(),
        () -> {
          clear();
          return true;
        });
  }

  @Override
  public final DedupeMigration migration() {
    requireNotClosed();
    return guarded("look at the table " + config.table(), () -> migrationOf(null));
  }

  @Override
  public final DedupeMigration migration(SpanTable table) {
    Objects.requireNonNull(table, "table");
    requireNotClosed();
    return guarded("look at the table " + table, () -> migrationOf(table));
  }

  @Override
  public final void close() {
    if (state.getAndSet(State.CLOSED) != State.CLOSED) {
      try {
        release();
      } catch (Exception e) {
        // Closing must not hide what the caller was doing; nothing is lost, every write is durable.
        LOG.warn(
            "Closing {} left something open: {}",
            config.uri(),
            config.uri().hideIn(String.valueOf(e)));
      }
    }
  }

  // ---- guards ----------------------------------------------------------------------------------

  /** Says which element is null, too. */
  private static void requireNonNull(Collection<?> elements, String name) {
    Objects.requireNonNull(elements, name);
    int index = 0;
    for (Object element : elements) {
      int at = index++;
      Objects.requireNonNull(element, () -> name + "[" + at + "]");
    }
  }

  private void requireNotClosed() {
    if (state.get() == State.CLOSED) {
      throw closed();
    }
  }

  private void requireOpen() {
    requireNotClosed();
    if (state.get() == State.NEW) {
      throw new IllegalStateException("Call init() on the store " + config.uri() + " first");
    }
  }

  private void require(Capability needed, String operation) {
    if (!capabilities().contains(needed)) {
      throw lacking(needed, operation);
    }
  }

  private UnsupportedCapabilityException lacking(Capability capability, String operation) {
    return new UnsupportedCapabilityException(
        capability,
        "The store "
            + config.uri()
            + " does not have "
            + operation
            + ": it does not declare "
            + capability
            + ".");
  }

  /** Says that a hook is missing of which the capability was declared: the adapter is at fault. */
  private IllegalStateException lacking(Capability capability) {
    return new IllegalStateException(
        getClass().getName() + " declares " + capability + " and does not override its hooks");
  }

  private void requireWritable() {
    requireOpen();
    if (state.get() == State.READ_ONLY) {
      throw new StorageException(
          FailureKind.MIGRATION_REQUIRED,
          "The table "
              + config.table()
              + " has no uniqueness constraint and was opened read-only"
              + " (migration=off). Run 'tracekeep migrate apply', or open it with migration=auto.",
          null);
    }
  }

  /**
   * Refuses a table with rows in another format than this release reads and writes. For {@link
   * #initialize} and {@link #probe}.
   *
   * @param number the number that is kept with the table; empty where there is none, because the
   *     engine keeps none or an early build made the table: then the versions of the rows tell
   * @param hasRows looks whether there are any
   */
  protected final void requireFormatOfThisRelease(OptionalInt number, Callable<Boolean> hasRows)
      throws Exception {
    if (number.isPresent() && number.getAsInt() != TableFormat.CURRENT && hasRows.call()) {
      throw otherFormat(
          "The spans in "
              + config.table()
              + " are kept in format "
              + number.getAsInt()
              + ", and this release reads and writes format "
              + TableFormat.CURRENT);
    }
  }

  /**
   * Refuses a table whose rows have versions of another length, whatever number is kept with it:
   * they cannot be compared with those of this release. For {@link #initialize} and {@link #probe}.
   *
   * @param bytes the length of a stored version
   */
  protected final void requireVersionsOfThisRelease(int bytes) {
    if (bytes != SpanVersion.LENGTH) {
      throw otherVersions(bytes + " bytes");
    }
  }

  /**
   * Says that the rows of the table have versions of another length.
   *
   * @param found what its versions have, for example {@code 25 bytes}
   */
  protected final StorageException otherVersions(String found) {
    return otherFormat(
        "The versions of the spans in "
            + config.table()
            + " have "
            + found
            + ", those of this release "
            + SpanVersion.LENGTH
            + " bytes");
  }

  private static StorageException otherFormat(String fact) {
    return new StorageException(
        FailureKind.CONFIGURATION,
        fact
            + ": another release wrote them by another rule, and the two cannot be compared."
            + " Use another table with table=… and import the spans again, or drop this one.",
        null);
  }

  /** Says in the log that an engine did not take the number; the versions of the rows tell, too. */
  protected final void formatNotKept(Exception failure) {
    if (failure instanceof InterruptedException) {
      Thread.currentThread().interrupt();
    }
    LOG.info(
        "The number of its format could not be written beside the table {}: {}",
        config.table(),
        config.uri().hideIn(String.valueOf(failure.getMessage())));
  }

  private IllegalStateException closed() {
    return new IllegalStateException("The store " + config.uri() + " is closed");
  }

  private <T> T guarded(String action, Callable<T> hook) {
    if (Thread.currentThread().isInterrupted()) {
      // Some engines would notice at their next wait, and others never.
      throw CommonFailures.interrupted(action, config.uri(), new InterruptedException());
    }
    T result;
    try {
      result = hook.call();
    } catch (Exception e) {
      throw classified(action, e);
    }
    if (result == null) {
      throw new IllegalStateException("The adapter returned null from: " + action);
    }
    return result;
  }

  private StorageException classified(String action, Exception failure) {
    if (failure instanceof StorageException known) {
      return known;
    }
    if (state.get() == State.CLOSED) {
      IllegalStateException closed = closed();
      closed.addSuppressed(failure);
      throw closed;
    }
    return CommonFailures.explain(action, config.uri(), failure)
        .orElseGet(() -> classify(action, failure));
  }

  /** Says how far a span, or an update, is over the limit; null if it is not. */
  private @Nullable String sizeProblem(long bytes) {
    long limit = config.maxSpanBytes();
    return bytes <= limit
        ? null
        : "has "
            + bytes
            + " bytes of text and JSON, more than the limit of "
            + limit
            + " (max-span-bytes)";
  }

  private static long size(SpanUpdate update) {
    long size = 0;
    for (SpanColumn column : update.columns()) {
      Object value = update.value(column);
      if (value instanceof Json json) {
        size += Utf8.length(json.text());
      } else if (value instanceof String text) {
        size += Utf8.length(text);
      } else if (value instanceof List<?> list) {
        for (Object element : list) {
          size += Utf8.length((String) element);
        }
      }
    }
    return size;
  }
}
