package dev.tracekeep.conformance;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.storage.Comparison;
import dev.tracekeep.storage.MemberTest;
import dev.tracekeep.storage.Page;
import dev.tracekeep.storage.PruneRequest;
import dev.tracekeep.storage.RootPresence;
import dev.tracekeep.storage.SpanAggregation;
import dev.tracekeep.storage.SpanCondition;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.SpanOrder;
import dev.tracekeep.storage.SpanQuery;
import dev.tracekeep.storage.SpanScan;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.TraceOrder;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.ValueQuery;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/** Random sequences of {@link Operation}s. */
final class Operations {
  /** A filter and how it reads. */
  private record Filter(String description, UnaryOperator<TraceQuery.Builder> apply) {}

  private Operations() {}

  static Arbitrary<List<Operation>> sequences() {
    return Arbitraries.frequencyOf(
            Tuple.of(6, creates()),
            Tuple.of(3, updates()),
            Tuple.of(1, deletes()),
            Tuple.of(1, prunes()),
            Tuple.of(4, walks()),
            Tuple.of(6, reads()))
        .list()
        .ofMinSize(1)
        .ofMaxSize(12);
  }

  private static Arbitrary<Operation> creates() {
    return SpanArbitraries.spans()
        .list()
        .ofMinSize(1)
        .ofMaxSize(6)
        .flatMap(
            spans ->
                // Some of the same again: a replay within the batch.
                Arbitraries.of(spans)
                    .list()
                    .ofMaxSize(2)
                    .map(
                        again -> {
                          List<Span> batch = new ArrayList<>(spans);
                          batch.addAll(again);
                          return new Operation.Create(List.copyOf(batch));
                        }));
  }

  private static Arbitrary<Operation> updates() {
    return SpanArbitraries.updates(SpanArbitraries.keys())
        .list()
        .ofMinSize(1)
        .ofMaxSize(5)
        .map(Operation.Update::new);
  }

  private static Arbitrary<Operation> deletes() {
    return SpanArbitraries.traces().list().ofMinSize(1).ofMaxSize(3).map(Operation.Delete::new);
  }

  private static Arbitrary<Operation> prunes() {
    return Combinators.combine(SpanArbitraries.tenants(), SpanArbitraries.times())
        .as((tenant, cut) -> new Operation.Prune(PruneRequest.before(tenant, cut)));
  }

  private static Arbitrary<Operation> walks() {
    return Combinators.combine(
            SpanArbitraries.tenants(),
            filters().list().ofMaxSize(2),
            Arbitraries.of(TraceOrder.class),
            Arbitraries.integers().between(1, 4))
        .as(
            (tenant, filters, order, pageSize) ->
                new Operation.Walk(
                    () -> {
                      TraceQuery.Builder query = TraceQuery.builder(tenant).order(order);
                      filters.forEach(filter -> filter.apply().apply(query));
                      return query;
                    },
                    pageSize,
                    tenant + " by " + order + filters.stream().map(Filter::description).toList()));
  }

  private static Arbitrary<Filter> filters() {
    return Arbitraries.oneOf(
        Combinators.combine(
                Arbitraries.of(
                    Arrays.stream(SpanColumn.values())
                        .filter(column -> column.type() == SpanColumn.Type.TEXT)
                        .filter(column -> column != SpanColumn.TENANT_ID)
                        .filter(column -> column != SpanColumn.PARENT_SPAN_ID)
                        .toList()),
                SpanArbitraries.texts())
            .as((column, text) -> new Filter(column + "=" + text, q -> q.where(column, text))),
        SpanArbitraries.texts().map(tag -> new Filter("tag " + tag, q -> q.tag(tag))),
        Arbitraries.of(SpanStatus.class)
            .map(status -> new Filter("status " + status, q -> q.status(status))),
        Arbitraries.of(true, false)
            .map(error -> new Filter("child error " + error, q -> q.hasChildError(error))),
        ranges().map(range -> new Filter("started " + range, q -> q.startedAt(range))),
        ranges().map(range -> new Filter("ended " + range, q -> q.endedAt(range))),
        members("metadata", (q, key, value) -> q.metadata(key, value)),
        members("scope", (q, key, value) -> q.scope(key, value)),
        spanFilters().map(filter -> new Filter("root " + filter, q -> q.root(filter))),
        spanFilters().map(filter -> new Filter("any span " + filter, q -> q.anySpan(filter))),
        spanFilters().map(filter -> new Filter("no span " + filter, q -> q.noSpan(filter))),
        Arbitraries.of(RootPresence.class)
            .map(presence -> new Filter("roots " + presence, q -> q.roots(presence))));
  }

  /** Filters of one to three conditions of every kind. */
  private static Arbitrary<SpanFilter> spanFilters() {
    return conditions().list().ofMinSize(1).ofMaxSize(3).map(SpanFilter::of);
  }

  private static Arbitrary<SpanCondition> conditions() {
    Arbitrary<SpanColumn> texts = columns(SpanColumn.Type.TEXT);
    return Arbitraries.oneOf(
            Combinators.combine(texts, values().list().ofMinSize(1).ofMaxSize(3))
                .as(SpanCondition.TextIs::new),
            Combinators.combine(texts, values()).as(SpanCondition.TextStartsWith::new),
            Combinators.combine(Arbitraries.of(SpanColumn.class), Arbitraries.of(true, false))
                .as(SpanCondition.Present::new),
            Arbitraries.of(SpanStatus.class).map(SpanCondition.StatusIs::new),
            Arbitraries.of(true, false).map(SpanCondition.Root::new),
            SpanArbitraries.texts().map(SpanCondition.HasTag::new),
            Combinators.combine(columns(SpanColumn.Type.TIME), ranges())
                .as(SpanCondition.TimeWithin::new),
            Combinators.combine(durations().injectNull(0.3), durations().injectNull(0.3))
                .as(SpanCondition.DurationWithin::new),
            Combinators.combine(
                    columns(SpanColumn.Type.NUMBER),
                    Arbitraries.of(Comparison.class),
                    Arbitraries.of("-1", "0", "1.5", "12", "2E-12", "1e12", "1e300")
                        .map(BigDecimal::new))
                .as(SpanCondition.NumberIs::new),
            Combinators.combine(
                    columns(SpanColumn.Type.JSON),
                    Arbitraries.of("team", "n", "a", "a.b", "b", "$x", "", "deep")
                        .list()
                        .ofMaxSize(2),
                    memberTests())
                .as(SpanCondition.Member::new))
        .map(condition -> (SpanCondition) condition);
  }

  private static Arbitrary<SpanColumn> columns(SpanColumn.Type type) {
    return Arbitraries.of(
        Arrays.stream(SpanColumn.values())
            .filter(column -> column.type() == type && column != SpanColumn.TENANT_ID)
            .toList());
  }

  private static Arbitrary<String> values() {
    return Arbitraries.oneOf(
        SpanArbitraries.texts(), Arbitraries.of("t", "T", "s ", "generic", "SERVER", "agent_run"));
  }

  private static Arbitrary<Duration> durations() {
    return Arbitraries.oneOf(
        Arbitraries.longs().between(0, 6).map(Duration::ofNanos),
        Arbitraries.longs().between(0, Long.MAX_VALUE).map(Duration::ofNanos));
  }

  private static Arbitrary<MemberTest> memberTests() {
    return Arbitraries.oneOf(
            Arbitraries.just(new MemberTest.Present()),
            SpanArbitraries.jsons().map(MemberTest.EqualTo::new),
            Combinators.combine(
                    Arbitraries.of(Comparison.class),
                    Arbitraries.of("0", "1", "1.5", "9007199254740992", "-1e500")
                        .map(BigDecimal::new))
                .as(MemberTest.Compares::new),
            Arbitraries.of("b", "blue", "broken", "\uD83D\uDE00", "\u0000", "1")
                .map(MemberTest.Contains::new))
        .map(test -> (MemberTest) test);
  }

  private static Arbitrary<Operation> reads() {
    return Combinators.combine(
            SpanArbitraries.tenants(),
            spanFilters().injectNull(0.3).map(f -> f == null ? SpanFilter.ANY : f),
            Arbitraries.integers().between(1, 4),
            Arbitraries.integers().between(0, 5),
            Arbitraries.of(SpanOrder.class),
            values().injectNull(0.7))
        .as(Operations::read);
  }

  private static Operation read(
      String tenant, SpanFilter filter, int size, int kind, SpanOrder order, String prefix) {
    String of = " of " + tenant + " " + filter;
    return switch (kind) {
      case 0 ->
          new Operation.Read(
              storage -> {
                List<Object> pages = new ArrayList<>();
                String cursor = null;
                do {
                  Page<Span> page =
                      storage.listSpans(
                          SpanQuery.builder(tenant)
                              .filter(filter)
                              .order(order)
                              .limit(size)
                              .cursor(cursor)
                              .build());
                  pages.add(page.items());
                  cursor = page.cursor();
                } while (cursor != null && pages.size() < 100);
                return pages;
              },
              "spans by " + order + " in pages of " + size + of);
      case 1 ->
          new Operation.Read(
              storage ->
                  List.of(
                      storage.countSpans(SpanQuery.builder(tenant).filter(filter).build()),
                      storage.countTraces(
                          TraceQuery.builder(tenant).anySpan(filter).limit(size).build()),
                      storage.countTraces(TraceQuery.builder(tenant).noSpan(filter).build())),
              "counts" + of);
      case 2 -> values(tenant, filter, size, prefix == null ? "" : prefix, of);
      case 3 ->
          new Operation.Read(
              storage ->
                  storage.aggregate(
                      SpanAggregation.builder(tenant)
                          .filter(filter)
                          .by(size % 2 == 0 ? SpanColumn.NAME : SpanColumn.SERVICE_NAME)
                          .every(Duration.ofSeconds(size))
                          .percentile(50)
                          .percentile(99)
                          .sum(SpanColumn.INPUT_TOKENS)
                          .sum(SpanColumn.COST)
                          .build()),
              "aggregates" + of);
      case 4 ->
          new Operation.Read(
              storage -> storage.serviceLinks(tenant, TimeRange.ALL), "links of " + tenant);
      default ->
          new Operation.Read(
              storage -> {
                List<Object> seen = new ArrayList<>();
                storage.scanSpans(
                    SpanScan.ofTenant(tenant), stored -> seen.add(stored.span().key()));
                seen.add(
                    storage
                        .listTraces(
                            TraceQuery.builder(tenant)
                                .anySpan(filter)
                                .limit(100)
                                .withStatistics()
                                .build())
                        .items());
                return seen;
              },
              "scan and statistics" + of);
    };
  }

  private static Operation values(
      String tenant, SpanFilter filter, int size, String prefix, String of) {
    Supplier<List<ValueQuery.Builder>> sources =
        () ->
            List.of(
                ValueQuery.ofColumn(tenant, SpanColumn.NAME),
                ValueQuery.ofColumn(tenant, SpanColumn.SERVICE_NAME),
                ValueQuery.ofColumn(tenant, SpanColumn.SESSION_ID),
                ValueQuery.ofColumn(tenant, SpanColumn.TRACE_ID),
                ValueQuery.ofTags(tenant),
                ValueQuery.ofMember(tenant, SpanColumn.METADATA, List.of("n")),
                ValueQuery.ofMemberNames(tenant, SpanColumn.METADATA, List.of()));
    return new Operation.Read(
        storage -> {
          List<Object> found = new ArrayList<>();
          for (ValueQuery.Builder source : sources.get()) {
            ValueQuery.Builder query = source.filter(filter).prefix(prefix).limit(size);
            found.add(storage.listValues(query.build()).items());
            found.add(storage.listValues(query.counts().build()).items());
          }
          return found;
        },
        "values '" + prefix + "'" + of);
  }

  private interface MemberFilter {
    TraceQuery.Builder apply(TraceQuery.Builder query, String key, Json value);
  }

  private static Arbitrary<Filter> members(String name, MemberFilter filter) {
    return Combinators.combine(
            Arbitraries.of("team", "n", "a", "a.b", "$x", "", "deep"),
            Arbitraries.oneOf(
                Arbitraries.of("1", "1.0", "\"1\"", "\"blue\"", "null", "{\"b\":2}")
                    .map(Json::parse),
                SpanArbitraries.jsons()))
        .as(
            (key, value) ->
                new Filter(name + "." + key + "=" + value, q -> filter.apply(q, key, value)));
  }

  private static Arbitrary<TimeRange> ranges() {
    Arbitrary<Instant> bound = SpanArbitraries.times().injectNull(0.3);
    return Combinators.combine(
            bound, Arbitraries.of(true, false), bound, Arbitraries.of(true, false))
        .as(TimeRange::new);
  }
}
