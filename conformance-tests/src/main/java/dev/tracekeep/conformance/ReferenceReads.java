package dev.tracekeep.conformance;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Page;
import dev.tracekeep.storage.RootPresence;
import dev.tracekeep.storage.ServiceLink;
import dev.tracekeep.storage.SpanAggregate;
import dev.tracekeep.storage.SpanAggregation;
import dev.tracekeep.storage.SpanCondition;
import dev.tracekeep.storage.SpanFilter;
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
import dev.tracekeep.storage.spi.RootConditions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The reading half of {@link ReferenceStorage}: what is stored, listed, and how it stands. */
abstract class ReferenceReads implements ObservabilityStorage {
  enum State {
    NEW,
    WRITABLE,
    READ_ONLY,
    CLOSED
  }

  final ReferenceDatabase database;
  final StorageConfig config;
  State state = State.NEW;

  /** What the store is to be able to do; a variant may claim something else. */
  final Set<Capability> abilities;

  ReferenceReads(ReferenceDatabase database, StorageConfig config, Set<Capability> abilities) {
    this.database = database;
    this.config = config;
    this.abilities = Set.copyOf(abilities);
  }

  // ---- the decisions, each in one place so that a broken variant can break one alone ----

  /** Whether a condition holds for a span. */
  boolean holds(SpanCondition condition, Span span) {
    return condition.holdsFor(column -> column.read(span));
  }

  /** Whether a span passes a filter. */
  boolean passes(SpanFilter filter, Span span) {
    return filter.conditions().stream().allMatch(condition -> holds(condition, span));
  }

  /** Whether a trace is listed. */
  boolean matches(TraceQuery query, Span head, Collection<Span> trace) {
    return (query.roots() == RootPresence.ANY
            || head.isRoot() == (query.roots() == RootPresence.STORED))
        && passes(query.root(), head)
        && query.anySpan().stream()
            .allMatch(filter -> trace.stream().anyMatch(span -> passes(filter, span)))
        && query.noSpan().stream()
            .allMatch(filter -> trace.stream().noneMatch(span -> passes(filter, span)));
  }

  /** The span by which a trace is listed; empty if it is not. */
  Optional<Span> head(Collection<Span> trace) {
    Optional<Span> root = root(trace);
    return root.isPresent() || !abilities.contains(Capability.SPAN_FILTERS)
        ? root
        : trace.stream().min(Trace.ORDER);
  }

  /** What a trace comes to. */
  TraceStatistics statistics(Collection<Span> trace) {
    return TraceStatistics.of(trace);
  }

  /** What a question over spans comes to. */
  List<SpanAggregate> aggregate(SpanAggregation aggregation, Collection<Span> spans) {
    SpanAggregation.Collector collector = aggregation.collector();
    spans.forEach(span -> collector.add(column -> column.read(span)));
    return collector.groups();
  }

  /** The values that a query asks for, those of all pages. */
  List<SpanValue> values(ValueQuery query, Collection<Span> spans) {
    Map<String, Long> counts = new TreeMap<>(ValueQuery.ORDER);
    for (Span span : spans) {
      if (passes(query.filter(), span)) {
        query
            .source()
            .valuesOf(column -> column.read(span))
            .forEach(value -> counts.merge(value, 1L, Long::sum));
      }
    }
    counts.keySet().removeIf(value -> !value.startsWith(query.prefix()));
    List<SpanValue> values = new ArrayList<>();
    counts.forEach(
        (value, count) -> values.add(new SpanValue(value, query.wantsCounts() ? count : null)));
    return values;
  }

  /** The service that a span counts for as a caller. */
  @Nullable String callerOf(Span call, Map<SpanKey, Span> spans) {
    Span parent =
        call.parentSpanId() == null
            ? null
            : spans.get(call.key().trace().span(call.parentSpanId()));
    return parent == null ? null : parent.origin().serviceName();
  }

  /** Whether a trace is old enough to be pruned. */
  boolean isOld(Collection<Span> trace, Instant cut) {
    return lastActivity(trace).isBefore(cut);
  }

  /** When anything last happened in a trace. */
  static Instant lastActivity(Collection<Span> trace) {
    return trace.stream()
        .map(s -> s.times().endedAt() == null ? s.times().startedAt() : s.times().endedAt())
        .max(Comparator.naturalOrder())
        .orElseThrow();
  }

  // ---- reads ----

  /** All spans of a tenant by trace id, each once, in the order of the keys. */
  Map<String, List<Span>> traces(String tenantId) {
    Map<String, List<Span>> traces = new TreeMap<>();
    table()
        .rows
        .forEach(
            (key, rows) -> {
              if (key.tenantId().equals(tenantId)) {
                traces
                    .computeIfAbsent(key.traceId(), any -> new ArrayList<>())
                    .add(ReferenceTable.best(rows));
              }
            });
    return traces;
  }

  private List<Span> spans(TraceKey trace) {
    return traces(trace.tenantId()).getOrDefault(trace.traceId(), List.of());
  }

  private static Optional<Span> root(Collection<Span> trace) {
    return trace.stream().filter(Span::isRoot).min(Trace.ORDER);
  }

  @Override
  public Optional<Span> getSpan(SpanKey key) {
    Objects.requireNonNull(key, "key");
    synchronized (database) {
      requireOpen();
      return Optional.ofNullable(table().rows.get(key)).map(rows -> ReferenceTable.best(rows));
    }
  }

  @Override
  public Optional<Span> getRootSpan(TraceKey trace) {
    Objects.requireNonNull(trace, "trace");
    synchronized (database) {
      requireOpen();
      return root(spans(trace));
    }
  }

  @Override
  public Optional<Trace> getTrace(TraceKey trace) {
    Objects.requireNonNull(trace, "trace");
    synchronized (database) {
      requireOpen();
      List<Span> spans = spans(trace);
      return spans.isEmpty() ? Optional.empty() : Optional.of(new Trace(trace, spans));
    }
  }

  @Override
  public Optional<Trace> getTraceLight(TraceKey trace) {
    return getTrace(trace)
        .map(full -> new Trace(trace, full.spans().stream().map(Span::toLight).toList()));
  }

  @Override
  public List<Span> getSpans(Collection<SpanKey> keys) {
    synchronized (database) {
      requireOpen();
      require(Capability.BULK_READS);
      return new TreeSet<>(keys).stream().map(this::getSpan).flatMap(Optional::stream).toList();
    }
  }

  @Override
  public void getTraces(Collection<TraceKey> keys, Consumer<? super Trace> each) {
    requireOpen();
    require(Capability.BULK_READS);
    new TreeSet<>(keys).forEach(key -> getTrace(key).ifPresent(each));
  }

  /** All spans of a tenant, each once, in the order of the keys. */
  final List<Span> spansOf(String tenantId) {
    return traces(tenantId).values().stream().flatMap(List::stream).toList();
  }

  /** The heads that a query lists on all of its pages, in any order. */
  private List<Span> heads(TraceQuery query) {
    if (!abilities.contains(Capability.SPAN_FILTERS)) {
      RootConditions.of(query); // refuses what such a store does not list
    }
    List<Span> heads = new ArrayList<>();
    traces(query.tenantId())
        .values()
        .forEach(
            trace -> head(trace).filter(head -> matches(query, head, trace)).ifPresent(heads::add));
    return heads;
  }

  @Override
  public Page<TraceSummary> listTraces(TraceQuery query) {
    Objects.requireNonNull(query, "query");
    synchronized (database) {
      requireOpen();
      if (query.wantsStatistics()) {
        require(Capability.TRACE_STATISTICS);
      }
      List<Span> heads = heads(query);
      heads.sort(query.order().comparator());
      query
          .after()
          .ifPresent(
              last ->
                  heads.removeIf(
                      head ->
                          query.order().positions().compare(query.order().positionOf(head), last)
                              <= 0));
      Page<TraceSummary> page = page(query, heads);
      return query.wantsStatistics()
          ? new Page<>(page.items().stream().map(this::withStatistics).toList(), page.cursor())
          : page;
    }
  }

  private TraceSummary withStatistics(TraceSummary summary) {
    return new TraceSummary(summary.head(), statistics(spans(summary.key())));
  }

  /** The first page of what is left. */
  Page<TraceSummary> page(TraceQuery query, List<Span> heads) {
    List<Span> page = heads.subList(0, Math.min(heads.size(), query.limit()));
    String cursor =
        heads.size() > page.size() ? query.cursorBehind(page.get(page.size() - 1)) : null;
    return new Page<>(page.stream().map(head -> new TraceSummary(head.toLight())).toList(), cursor);
  }

  @Override
  public long countTraces(TraceQuery query) {
    synchronized (database) {
      requireOpen();
      require(Capability.COUNTS);
      return heads(query).size();
    }
  }

  @Override
  public Page<Span> listSpans(SpanQuery query) {
    synchronized (database) {
      requireOpen();
      require(Capability.SPAN_LISTS);
      List<Span> spans =
          new ArrayList<>(
              spansOf(query.tenantId()).stream()
                  .filter(span -> passes(query.filter(), span))
                  .sorted(query.order().comparator())
                  .toList());
      query
          .after()
          .ifPresent(
              last ->
                  spans.removeIf(
                      span ->
                          query.order().positions().compare(query.order().positionOf(span), last)
                              <= 0));
      return page(query, spans);
    }
  }

  /** The first page of what is left. */
  Page<Span> page(SpanQuery query, List<Span> spans) {
    List<Span> page = spans.subList(0, Math.min(spans.size(), query.limit()));
    String cursor =
        spans.size() > page.size() ? query.cursorBehind(page.get(page.size() - 1)) : null;
    return new Page<>(page.stream().map(Span::toLight).toList(), cursor);
  }

  @Override
  public long countSpans(SpanQuery query) {
    synchronized (database) {
      requireOpen();
      require(Capability.COUNTS);
      return spansOf(query.tenantId()).stream()
          .filter(span -> passes(query.filter(), span))
          .count();
    }
  }

  @Override
  public Page<SpanValue> listValues(ValueQuery query) {
    synchronized (database) {
      requireOpen();
      require(Capability.VALUE_LISTS);
      List<SpanValue> values = new ArrayList<>(values(query, spansOf(query.tenantId())));
      query
          .after()
          .ifPresent(
              last -> values.removeIf(value -> ValueQuery.ORDER.compare(value.text(), last) <= 0));
      List<SpanValue> page = values.subList(0, Math.min(values.size(), query.limit()));
      return new Page<>(
          page, values.size() > page.size() ? query.cursorBehind(page.get(page.size() - 1)) : null);
    }
  }

  @Override
  public List<SpanAggregate> aggregate(SpanAggregation aggregation) {
    synchronized (database) {
      requireOpen();
      require(Capability.AGGREGATES);
      return aggregate(aggregation, spansOf(aggregation.tenantId()));
    }
  }

  @Override
  public List<ServiceLink> serviceLinks(String tenantId, TimeRange startedAt) {
    synchronized (database) {
      requireOpen();
      require(Capability.SERVICE_LINKS);
      List<Span> spans = spansOf(tenantId);
      Map<SpanKey, Span> byKey = new TreeMap<>();
      spans.forEach(span -> byKey.put(span.key(), span));
      Map<List<String>, ServiceLink> links = new HashMap<>();
      for (Span span : spans) {
        String caller = callerOf(span, byKey);
        String callee = span.origin().serviceName();
        if (startedAt.contains(span.times().startedAt())
            && caller != null
            && callee != null
            && !caller.equals(callee)) {
          links.merge(
              List.of(caller, callee),
              new ServiceLink(caller, callee, 1, hasError(span) ? 1 : 0),
              (a, b) ->
                  new ServiceLink(caller, callee, a.calls() + b.calls(), a.errors() + b.errors()));
        }
      }
      return links.values().stream().sorted(ServiceLink.ORDER).toList();
    }
  }

  @Override
  public void scanSpans(SpanScan scan, Consumer<? super StoredSpan> each) {
    List<StoredSpan> spans = new ArrayList<>();
    synchronized (database) {
      requireOpen();
      require(Capability.SPAN_SCANS);
      table()
          .rows
          .forEach(
              (key, rows) -> {
                if (scan.contains(key)) {
                  ReferenceTable.Row row = ReferenceTable.bestRow(rows);
                  spans.add(new StoredSpan(row.span(), row.version()));
                }
              });
    }
    spans.forEach(each);
  }

  static boolean hasError(Span span) {
    return span.payload().error() != null;
  }

  private void require(Capability needed) {
    if (!abilities.contains(needed)) {
      throw new UnsupportedCapabilityException(
          needed, "The reference store does not declare " + needed + ".");
    }
  }

  @Override
  public StorageStatistics statistics() {
    synchronized (database) {
      requireOpen();
      List<Span> spans =
          table().rows.values().stream().map(rows -> ReferenceTable.best(rows)).toList();
      return new StorageStatistics(
          spans.size(),
          spans.stream().map(span -> span.key().trace()).distinct().count(),
          spans.stream().filter(span -> span.status() == SpanStatus.RUNNING).count(),
          spans.stream().filter(span -> span.status() == SpanStatus.ERROR).count(),
          spans.stream().map(span -> span.key().tenantId()).distinct().count());
    }
  }

  final ReferenceTable table() {
    return database.create(config.table());
  }

  final void requireNotClosed() {
    if (state == State.CLOSED) {
      throw closed();
    }
  }

  static IllegalStateException closed() {
    return new IllegalStateException("The reference store is closed");
  }

  /** What a call in an interrupted thread meets. */
  void requireNotInterrupted() {
    if (Thread.currentThread().isInterrupted()) {
      throw new StorageException(FailureKind.INTERRUPTED, "The thread was interrupted.", null);
    }
  }

  final void requireOpen() {
    requireNotClosed();
    requireNotInterrupted();
    if (state == State.NEW) {
      throw new IllegalStateException("Call init() on the reference store first");
    }
  }

  final void requireWritable() {
    requireOpen();
    if (state == State.READ_ONLY) {
      throw new StorageException(
          FailureKind.MIGRATION_REQUIRED,
          "The table "
              + config.table()
              + " was opened read-only (migration=off). Run 'tracekeep migrate apply'.",
          null);
    }
  }
}
