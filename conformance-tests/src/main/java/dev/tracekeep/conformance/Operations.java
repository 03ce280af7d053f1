package dev.tracekeep.conformance;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.storage.PruneRequest;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.TraceOrder;
import dev.tracekeep.storage.TraceQuery;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
            Tuple.of(4, walks()))
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
        members("scope", (q, key, value) -> q.scope(key, value)));
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
