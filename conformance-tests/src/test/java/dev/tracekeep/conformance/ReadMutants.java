package dev.tracekeep.conformance;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.Health;
import dev.tracekeep.storage.InitReport;
import dev.tracekeep.storage.Page;
import dev.tracekeep.storage.PruneReport;
import dev.tracekeep.storage.PruneRequest;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.Trace;
import dev.tracekeep.storage.TraceOrder;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceSummary;
import dev.tracekeep.storage.TracingStrategy;
import dev.tracekeep.storage.TracingStrategySupport;
import dev.tracekeep.storage.WriteResult;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Stores that read, list, delete or live wrongly. */
final class ReadMutants {
  private ReadMutants() {}

  /** Whether a trace is listed; may ask the honest store. */
  private interface Matches {
    boolean of(TraceQuery query, Span root, Collection<Span> trace);
  }

  private static Mutant listing(String fault, Matches matches) {
    return Mutant.of(
        fault,
        (database, config, capabilities) ->
            new ReferenceStorage(database, config, capabilities) {
              @Override
              boolean matches(TraceQuery query, Span root, Collection<Span> trace) {
                return matches.of(query, root, trace);
              }
            });
  }

  private static boolean childError(TraceQuery query, Collection<Span> trace) {
    boolean failed = trace.stream().anyMatch(span -> span.payload().error() != null);
    return query.hasChildError().map(wanted -> wanted == failed).orElse(true);
  }

  /** The root as it must be to pass a filter: so the filter is ignored. */
  private static Mutant ignoring(SpanColumn column) {
    return listing(
        "ignores the filter of " + column.columnName(),
        (query, root, trace) -> {
          Object wanted = query.equal().get(column);
          return query.matches(wanted == null ? root : Spans.with(root, column, wanted))
              && childError(query, trace);
        });
  }

  private static Mutant ranging(String fault, boolean ofStart, TimeRangeChange change) {
    return listing(
        fault,
        (query, root, trace) -> {
          TimeRange range = ofStart ? query.startedAt() : query.endedAt();
          Instant time = ofStart ? root.times().startedAt() : root.times().endedAt();
          if (range.equals(TimeRange.ALL) || !change.of(range).contains(time)) {
            return range.equals(TimeRange.ALL) && query.matches(root) && childError(query, trace);
          }
          return query.tenantId().equals(root.key().tenantId()) && childError(query, trace);
        });
  }

  private interface TimeRangeChange {
    TimeRange of(TimeRange range);
  }

  static List<Mutant> all() {
    List<Mutant> mutants = new ArrayList<>();
    for (SpanColumn column :
        List.of(
            SpanColumn.NAME,
            SpanColumn.TRACE_ID,
            SpanColumn.SPAN_TYPE,
            SpanColumn.SPAN_KIND,
            SpanColumn.EXPERIMENT_ID,
            SpanColumn.PARENT_ENTITY_NAME,
            SpanColumn.ROOT_ENTITY_VERSION_ID,
            SpanColumn.SOURCE)) {
      mutants.add(ignoring(column));
    }
    mutants.add(
        listing(
            "ignores tags",
            (query, root, trace) ->
                query.matches(Spans.with(root, SpanColumn.TAGS, query.tags()))
                    && childError(query, trace)));
    mutants.add(
        listing(
            "ignores metadata",
            (query, root, trace) ->
                query.matches(Spans.with(root, SpanColumn.METADATA, Json.object(query.metadata())))
                    && childError(query, trace)));
    mutants.add(
        listing(
            "ignores scope",
            (query, root, trace) ->
                query.matches(Spans.with(root, SpanColumn.SCOPE, Json.object(query.scope())))
                    && childError(query, trace)));
    mutants.add(listing("ignores child errors", (query, root, trace) -> query.matches(root)));
    mutants.add(
        listing(
            "looks for child errors at the root alone",
            (query, root, trace) -> query.matches(root) && childError(query, List.of(root))));
    mutants.add(
        listing(
            "takes one of the tags for all",
            (query, root, trace) ->
                (query.matches(root)
                        || query.tags().stream().anyMatch(root.tags()::contains)
                            && query.matches(Spans.with(root, SpanColumn.TAGS, query.tags())))
                    && childError(query, trace)));
    mutants.add(
        listing(
            "compares names without case",
            (query, root, trace) -> {
              String wanted = query.equal().get(SpanColumn.NAME);
              boolean same = wanted != null && wanted.equalsIgnoreCase(root.name());
              return query.matches(same ? root.toBuilder().name(wanted).build() : root)
                  && childError(query, trace);
            }));
    mutants.add(
        listing(
            "takes % in a name for a wildcard",
            (query, root, trace) -> {
              String wanted = query.equal().get(SpanColumn.NAME);
              boolean like =
                  wanted != null
                      && wanted.endsWith("%")
                      && root.name().startsWith(wanted.substring(0, wanted.length() - 1));
              return query.matches(like ? root.toBuilder().name(wanted).build() : root)
                  && childError(query, trace);
            }));
    mutants.add(
        listing(
            "takes a number for its text in metadata",
            (query, root, trace) -> {
              Json metadata = root.payload().metadata();
              Map<String, Json> loose = new TreeMap<>();
              query
                  .metadata()
                  .forEach(
                      (key, value) -> {
                        Json member = metadata == null ? null : metadata.get(key);
                        if (member != null && member.asText().equals(value.asText())) {
                          loose.put(key, value);
                        }
                      });
              return query.matches(
                      loose.size() == query.metadata().size() && !loose.isEmpty()
                          ? Spans.with(root, SpanColumn.METADATA, Json.object(loose))
                          : root)
                  && childError(query, trace);
            }));
    mutants.add(
        ranging(
            "takes exclusive bounds of the start for inclusive ones",
            true,
            range -> new TimeRange(range.from(), false, range.to(), false)));
    mutants.add(
        ranging(
            "takes inclusive bounds of the end for exclusive ones",
            false,
            range -> new TimeRange(range.from(), true, range.to(), true)));
    mutants.add(
        listing(
            "finds running spans by their end",
            (query, root, trace) ->
                query.matches(
                        root.times().endedAt() == null && !query.endedAt().equals(TimeRange.ALL)
                            ? root.toBuilder().endedAt(within(query.endedAt())).build()
                            : root)
                    && childError(query, trace)));

    mutants.add(
        paging(
            "a page has one trace too many",
            (query, roots) -> cut(query, roots, query.limit() + 1, 0)));
    mutants.add(
        paging(
            "pages overlap by one trace", (query, roots) -> cut(query, roots, query.limit(), 1)));
    mutants.add(
        paging(
            "there is never a next page",
            (query, roots) -> new Page<>(cut(query, roots, query.limit(), 0).items(), null)));
    mutants.add(paging("a full page always promises another", ReadMutants::eager));
    mutants.add(
        paging(
            "lists full spans instead of light ones",
            (query, roots) -> {
              Page<TraceSummary> page = cut(query, roots, query.limit(), 0);
              return new Page<>(
                  roots.subList(0, page.items().size()).stream().map(TraceSummary::new).toList(),
                  page.cursor());
            }));
    mutants.add(
        paging(
            "sorts ids as a collation does",
            (query, roots) -> {
              List<Span> sorted = new ArrayList<>(roots);
              sorted.sort(
                  query.order() == TraceOrder.STARTED_AT_ASCENDING
                      ? Comparator.comparing((Span span) -> span.times().startedAt())
                          .thenComparing(span -> span.key().traceId().toLowerCase(Locale.ROOT))
                      : query.order().comparator());
              return cut(query, sorted, query.limit(), 0);
            }));
    mutants.add(
        paging(
            "lists running spans last when the latest end comes first",
            (query, roots) -> {
              List<Span> sorted = new ArrayList<>(roots);
              if (query.order() == TraceOrder.ENDED_AT_DESCENDING) {
                sorted.sort(
                    Comparator.comparing(
                        (Span span) -> span.times().endedAt(),
                        Comparator.nullsLast(Comparator.reverseOrder())));
              }
              return cut(query, sorted, query.limit(), 0);
            }));
    mutants.addAll(lives());
    return mutants;
  }

  private static Instant within(TimeRange range) {
    Instant from = range.from();
    Instant to = range.to();
    return from == null ? to == null ? Instant.EPOCH : to : from;
  }

  /** Fills a page. */
  private interface Paging {
    Page<TraceSummary> of(TraceQuery query, List<Span> roots);
  }

  private static Mutant paging(String fault, Paging paging) {
    return Mutant.of(
        fault,
        (database, config, capabilities) ->
            new ReferenceStorage(database, config, capabilities) {
              @Override
              Page<TraceSummary> page(TraceQuery query, List<Span> roots) {
                return paging.of(query, roots);
              }
            });
  }

  private static Page<TraceSummary> cut(TraceQuery query, List<Span> roots, int size, int overlap) {
    List<Span> page = roots.subList(0, Math.min(roots.size(), size));
    boolean more = roots.size() > page.size();
    int last = Math.max(0, page.size() - 1 - (page.size() > 1 ? overlap : 0));
    String cursor = more ? query.cursorBehind(page.get(last)) : null;
    return new Page<>(page.stream().map(root -> new TraceSummary(root.toLight())).toList(), cursor);
  }

  private static Page<TraceSummary> eager(TraceQuery query, List<Span> roots) {
    Page<TraceSummary> page = cut(query, roots, query.limit(), 0);
    boolean full = page.items().size() == query.limit();
    return full ? new Page<>(page.items(), query.cursorBehind(roots.get(query.limit() - 1))) : page;
  }

  private static List<Mutant> lives() {
    return List.of(
        Mutant.of(
            "lists the traces of every tenant",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  boolean matches(TraceQuery query, Span root, Collection<Span> trace) {
                    return super.matches(
                        query, Spans.with(root, SpanColumn.TENANT_ID, query.tenantId()), trace);
                  }

                  @Override
                  Map<String, List<Span>> traces(String tenantId) {
                    Map<String, List<Span>> traces = super.traces(tenantId);
                    return traces.isEmpty() ? super.traces("default") : traces;
                  }
                }),
        Mutant.of(
            "updates and deletes by trace id, whatever the tenant",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public int batchDeleteTraces(Collection<TraceKey> traces) {
                    for (TraceKey trace : traces) {
                      super.batchDeleteTraces(List.of(new TraceKey("default ", trace.traceId())));
                    }
                    return super.batchDeleteTraces(traces);
                  }
                }),
        Mutant.of(
            "finds ids without case",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public Optional<Span> getSpan(SpanKey key) {
                    Optional<Span> exact = super.getSpan(key);
                    return exact.isPresent()
                        ? exact
                        : getTrace(key.trace())
                            .flatMap(
                                trace ->
                                    trace.spans().stream()
                                        .filter(
                                            s -> s.key().spanId().equalsIgnoreCase(key.spanId()))
                                        .findFirst());
                  }
                }),
        Mutant.of(
            "reads at most 10,000 spans of a trace",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public Optional<Trace> getTrace(TraceKey key) {
                    return super.getTrace(key)
                        .map(
                            trace -> new Trace(key, trace.spans().stream().limit(10_000).toList()));
                  }
                }),
        Mutant.of(
            "takes the last root of a trace",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public Optional<Span> getRootSpan(TraceKey key) {
                    return getTrace(key)
                        .flatMap(
                            trace ->
                                trace.spans().stream()
                                    .filter(Span::isRoot)
                                    .reduce((first, second) -> second));
                  }
                }),
        Mutant.of(
            "returns whole spans in a light trace",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public Optional<Trace> getTraceLight(TraceKey key) {
                    return getTrace(key);
                  }
                }),
        Mutant.of(
            "counts rows written instead of spans",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  private long written;

                  @Override
                  public WriteResult batchCreateSpans(List<Span> spans) {
                    written += spans.size();
                    return super.batchCreateSpans(spans);
                  }

                  @Override
                  public StorageStatistics statistics() {
                    StorageStatistics now = super.statistics();
                    return new StorageStatistics(
                        written, now.traces(), now.running(), now.errors(), now.tenants());
                  }
                }),
        Mutant.of(
            "deletes the root of a trace and leaves its children",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public int batchDeleteTraces(Collection<TraceKey> traces) {
                    List<Span> children = new ArrayList<>();
                    for (TraceKey trace : traces) {
                      getTrace(trace)
                          .ifPresent(
                              whole ->
                                  whole.spans().stream()
                                      .filter(span -> !span.isRoot())
                                      .forEach(children::add));
                    }
                    int deleted = super.batchDeleteTraces(traces);
                    batchCreateSpans(children);
                    return deleted;
                  }
                }),
        Mutant.of(
            "counts the traces that it was asked to delete",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public int batchDeleteTraces(Collection<TraceKey> traces) {
                    super.batchDeleteTraces(traces);
                    return traces.size();
                  }
                }),
        Mutant.of(
            "prunes traces of which a part is old",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  boolean isOld(Collection<Span> trace, Instant cut) {
                    return trace.stream()
                        .anyMatch(span -> lastActivity(List.of(span)).isBefore(cut));
                  }
                }),
        Mutant.of(
            "prunes by the start alone",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  boolean isOld(Collection<Span> trace, Instant cut) {
                    return trace.stream().allMatch(span -> span.times().startedAt().isBefore(cut));
                  }
                }),
        Mutant.of(
            "prunes what ended at the cut",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  boolean isOld(Collection<Span> trace, Instant cut) {
                    return !lastActivity(trace).isAfter(cut);
                  }
                }),
        Mutant.of(
            "prunes more traces than asked for",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public PruneReport pruneTraces(PruneRequest request) {
                    return super.pruneTraces(
                        PruneRequest.before(request.tenantId(), request.before()));
                  }
                }),
        Mutant.of(
            "forgets everything when it is initialized again",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public InitReport init() {
                    InitReport report = super.init();
                    if (report.outcome() == InitReport.Outcome.OPENED) {
                      dangerouslyClearAll();
                    }
                    return report;
                  }
                }),
        Mutant.of(
            "answers after it was closed",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public void close() {
                    // The fault: nothing happens.
                  }
                }),
        Mutant.of(
            "throws from check",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public Health check() {
                    Health health = super.check();
                    if (!health.up()) {
                      throw new IllegalStateException(health.message());
                    }
                    return health;
                  }
                }),
        Mutant.of("shares one database in memory among all", SharedMemory::new),
        Mutant.of(
            "changes its preferred strategy with init",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  private @Nullable InitReport report;

                  @Override
                  public InitReport init() {
                    report = super.init();
                    return report;
                  }

                  @Override
                  public TracingStrategySupport tracingStrategy() {
                    return TracingStrategySupport.allPreferring(
                        report == null ? TracingStrategy.REALTIME : TracingStrategy.INSERT_ONLY);
                  }
                }),
        Mutant.of(
            "lets its capabilities be changed",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public Set<Capability> capabilities() {
                    return new HashSet<>(super.capabilities());
                  }
                }));
  }

  private static final class SharedMemory extends ReferenceStorage {
    private static final ReferenceDatabase ONE =
        new ReferenceDatabase(StorageConfig.DEFAULT_TABLE, true);

    SharedMemory(ReferenceDatabase database, StorageConfig config, Set<Capability> capabilities) {
      super(database.tableNames().isEmpty() ? ONE : database, config, capabilities);
    }
  }
}
