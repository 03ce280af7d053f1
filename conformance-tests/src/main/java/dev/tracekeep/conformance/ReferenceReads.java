package dev.tracekeep.conformance;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Page;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.Trace;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceSummary;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

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

  ReferenceReads(ReferenceDatabase database, StorageConfig config) {
    this.database = database;
    this.config = config;
  }

  /** Whether a trace is listed. */
  boolean matches(TraceQuery query, Span root, Collection<Span> trace) {
    return query.matches(root)
        && query
            .hasChildError()
            .map(wanted -> wanted == trace.stream().anyMatch(ReferenceReads::hasError))
            .orElse(true);
  }

  private static boolean hasError(Span span) {
    return span.payload().error() != null;
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
    synchronized (database) {
      requireOpen();
      return Optional.ofNullable(table().rows.get(key)).map(rows -> ReferenceTable.best(rows));
    }
  }

  @Override
  public Optional<Span> getRootSpan(TraceKey trace) {
    synchronized (database) {
      requireOpen();
      return root(spans(trace));
    }
  }

  @Override
  public Optional<Trace> getTrace(TraceKey trace) {
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
  public Page<TraceSummary> listTraces(TraceQuery query) {
    synchronized (database) {
      requireOpen();
      List<Span> roots = new ArrayList<>();
      traces(query.tenantId())
          .values()
          .forEach(
              trace ->
                  root(trace).filter(root -> matches(query, root, trace)).ifPresent(roots::add));
      roots.sort(query.order().comparator());
      query.after().ifPresent(position -> roots.removeIf(root -> !isBehind(query, root, position)));
      return page(query, roots);
    }
  }

  /** The first page of what is left. */
  Page<TraceSummary> page(TraceQuery query, List<Span> roots) {
    List<Span> page = roots.subList(0, Math.min(roots.size(), query.limit()));
    String cursor =
        roots.size() > page.size() ? query.cursorBehind(page.get(page.size() - 1)) : null;
    return new Page<>(page.stream().map(root -> new TraceSummary(root.toLight())).toList(), cursor);
  }

  private static boolean isBehind(TraceQuery query, Span root, TraceQuery.Position last) {
    TraceQuery.Position here = TraceQuery.Position.of(root, query.order());
    // An absent end is later than any.
    Comparator<Long> times = Comparator.nullsLast(Comparator.naturalOrder());
    int byTime = times.compare(here.time(), last.time());
    if (byTime != 0) {
      return query.order().isDescending() == byTime < 0;
    }
    int byTrace = here.traceId().compareTo(last.traceId());
    return byTrace != 0 ? byTrace > 0 : here.spanId().compareTo(last.spanId()) > 0;
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

  final void requireOpen() {
    requireNotClosed();
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
