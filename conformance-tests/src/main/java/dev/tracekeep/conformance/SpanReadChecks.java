package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.tracekeep.span.Correlation;
import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.FixedPoint;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Origin;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.span.Usage;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.Comparison;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Page;
import dev.tracekeep.storage.RootPresence;
import dev.tracekeep.storage.ServiceLink;
import dev.tracekeep.storage.SpanAggregate;
import dev.tracekeep.storage.SpanAggregation;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.SpanOrder;
import dev.tracekeep.storage.SpanQuery;
import dev.tracekeep.storage.SpanScan;
import dev.tracekeep.storage.SpanValue;
import dev.tracekeep.storage.StoredSpan;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.Trace;
import dev.tracekeep.storage.TraceOrder;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceStatistics;
import dev.tracekeep.storage.TraceSummary;
import dev.tracekeep.storage.UnsupportedCapabilityException;
import dev.tracekeep.storage.ValueQuery;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What is stored is found: by any span, with or without a root, as values and as sums. */
@CheckGroup("Finding")
abstract class SpanReadChecks extends PageChecks {
  /** Reads the same question from the store, and says which capability it needs. */
  private record Question(Capability needs, ThrowingCallable ask) {}

  /** What is not declared is refused, never approximated; a store that is closed says so. */
  @Test
  public final void reads_thatAreNotDeclared_areRefused() {
    ObservabilityStorage storage = storage();
    SpanFilter heavy = SpanFilter.builder().hasMember(SpanColumn.INPUT, List.of()).build();
    List<Question> questions =
        List.of(
            new Question(
                Capability.SPAN_FILTERS,
                () -> storage.listTraces(query().roots(RootPresence.MISSING).build())),
            new Question(
                Capability.SPAN_FILTERS, () -> storage.listTraces(query().root(heavy).build())),
            new Question(
                Capability.SPAN_FILTERS, () -> storage.listTraces(query().anySpan(heavy).build())),
            new Question(
                Capability.SPAN_FILTERS, () -> storage.listTraces(query().noSpan(heavy).build())),
            new Question(
                Capability.TRACE_STATISTICS,
                () -> storage.listTraces(query().withStatistics().build())),
            new Question(Capability.SPAN_LISTS, () -> storage.listSpans(spans().build())),
            new Question(
                Capability.VALUE_LISTS,
                () -> storage.listValues(ValueQuery.ofTags(SpanKey.DEFAULT_TENANT).build())),
            new Question(Capability.BULK_READS, () -> storage.getSpans(List.of())),
            new Question(Capability.BULK_READS, () -> storage.getTraces(List.of(), trace -> {})),
            new Question(Capability.COUNTS, () -> storage.countTraces(query().build())),
            new Question(Capability.COUNTS, () -> storage.countSpans(spans().build())),
            new Question(
                Capability.AGGREGATES,
                () -> storage.aggregate(SpanAggregation.builder(SpanKey.DEFAULT_TENANT).build())),
            new Question(
                Capability.SERVICE_LINKS,
                () -> storage.serviceLinks(SpanKey.DEFAULT_TENANT, TimeRange.ALL)),
            new Question(Capability.SPAN_SCANS, () -> storage.scanSpans(SpanScan.ALL, span -> {})));
    for (Question question : questions) {
      if (has(question.needs())) {
        assertThat(catchThrowable(question.ask())).as("%s", question.needs()).isNull();
      } else {
        assertThat(thrown(UnsupportedCapabilityException.class, question.ask()).capability())
            .isEqualTo(question.needs());
      }
    }
    storage.close();
    for (Question question : questions) {
      assertThatThrownBy(question.ask())
          .as("%s of a closed store", question.needs())
          .isInstanceOf(IllegalStateException.class);
    }
  }

  // ---- conditions

  /** A condition, spans that it finds, and spans that it does not. */
  private record Condition(
      String name, SpanFilter filter, List<Span.Builder> found, List<Span.Builder> passedOver) {}

  private static Span.Builder with(SpanColumn column, Object value) {
    return Spans.with(plain().build(), column, value).toBuilder();
  }

  /** A child that has an end. */
  private static Span.Builder plain() {
    return Spans.span(SpanKey.of("t", "s"))
        .parentSpanId("p")
        .endedAt(Spans.T0.plusNanos(1_000_000_001L));
  }

  private static Span.Builder json(SpanColumn column, String text) {
    return with(column, Json.parse(text));
  }

  private static Span.Builder used(SpanColumn column, String number) {
    return with(column, new BigDecimal(number));
  }

  private static Span.Builder lasting(Instant start, Instant end) {
    return plain().startedAt(start).endedAt(end);
  }

  private static SpanFilter filter(UnaryOperator<SpanFilter.Builder> conditions) {
    return conditions.apply(SpanFilter.builder()).build();
  }

  private static Condition condition(
      String name,
      UnaryOperator<SpanFilter.Builder> conditions,
      List<Span.Builder> found,
      List<Span.Builder> passedOver) {
    return new Condition(name, filter(conditions), found, passedOver);
  }

  private static List<Condition> conditions() {
    SpanColumn name = SpanColumn.NAME;
    SpanColumn attributes = SpanColumn.ATTRIBUTES;
    List<String> n = List.of("n");
    List<Condition> all = new ArrayList<>();
    all.add(
        condition(
            "any of several texts",
            f -> f.anyOf(SpanColumn.SESSION_ID, List.of("b", "a")),
            List.of(with(SpanColumn.SESSION_ID, "a"), with(SpanColumn.SESSION_ID, "b")),
            List.of(plain(), with(SpanColumn.SESSION_ID, "A"), with(SpanColumn.SESSION_ID, "a "))));
    all.add(
        condition(
            "a prefix",
            f -> f.startsWith(name, "b_% "),
            List.of(with(name, "b_% "), with(name, "b_% blue")),
            List.of(
                with(name, "b_%"), with(name, "bx% "), with(name, "B_% "), with(name, " b_% "))));
    all.add(
        condition(
            "a prefix beyond U+FFFF",
            f -> f.startsWith(name, "\uD83D\uDE00a"),
            List.of(with(name, "\uD83D\uDE00ab")),
            List.of(with(name, "\uD83D\uDE00"), with(name, "\uD83D\uDE01ab"))));
    all.add(
        condition(
            "an empty prefix",
            f -> f.startsWith(SpanColumn.USER_ID, ""),
            List.of(with(SpanColumn.USER_ID, ""), with(SpanColumn.USER_ID, "u")),
            List.of(plain())));
    all.add(
        condition(
            "a prefix of an id",
            f -> f.startsWith(SpanColumn.PARENT_SPAN_ID, "p~"),
            List.of(with(SpanColumn.PARENT_SPAN_ID, "p~"), with(SpanColumn.PARENT_SPAN_ID, "p~1")),
            List.of(plain(), with(SpanColumn.PARENT_SPAN_ID, "P~"))));
    all.add(
        condition(
            "the parent",
            f -> f.where(SpanColumn.PARENT_SPAN_ID, "p"),
            List.of(plain()),
            List.of(plain().parentSpanId(null), plain().parentSpanId("P"))));
    all.add(
        condition(
            "tags at all",
            f -> f.present(SpanColumn.TAGS),
            List.of(plain().tags(List.of(""))),
            List.of(plain())));
    all.add(
        condition(
            "no tags",
            f -> f.absent(SpanColumn.TAGS),
            List.of(plain()),
            List.of(plain().tags(List.of("x")))));
    all.add(
        condition(
            "an event",
            f -> f.present(SpanColumn.IS_EVENT),
            List.of(plain().event(true)),
            List.of(plain())));
    all.add(
        condition(
            "no event",
            f -> f.absent(SpanColumn.IS_EVENT),
            List.of(plain()),
            List.of(plain().event(true))));
    all.add(
        condition(
            "JSON null is there",
            f -> f.present(SpanColumn.OUTPUT),
            List.of(json(SpanColumn.OUTPUT, "null"), json(SpanColumn.OUTPUT, "\"\"")),
            List.of(plain())));
    all.add(
        condition(
            "nothing there",
            f -> f.absent(SpanColumn.OUTPUT).absent(SpanColumn.USER_ID),
            List.of(plain()),
            List.of(json(SpanColumn.OUTPUT, "null"), with(SpanColumn.USER_ID, ""))));
    for (SpanStatus status : SpanStatus.values()) {
      Map<SpanStatus, List<Span.Builder>> spans =
          Map.of(
              SpanStatus.OK, List.of(plain()),
              SpanStatus.RUNNING, List.of(plain().endedAt(null)),
              SpanStatus.ERROR,
                  List.of(
                      json(SpanColumn.ERROR, "null"),
                      json(SpanColumn.ERROR, "null").endedAt(null)));
      all.add(
          condition(
              "status " + status,
              f -> f.status(status),
              spans.get(status),
              spans.entrySet().stream()
                  .filter(entry -> entry.getKey() != status)
                  .flatMap(entry -> entry.getValue().stream())
                  .toList()));
    }
    all.add(
        condition(
            "a root", f -> f.root(true), List.of(plain().parentSpanId(null)), List.of(plain())));
    all.add(
        condition(
            "a child", f -> f.root(false), List.of(plain()), List.of(plain().parentSpanId(null))));
    all.add(
        condition(
            "a tag",
            f -> f.tag("a,b"),
            List.of(plain().tags(List.of("x", "a,b"))),
            List.of(plain().tags(List.of("a", "b")), plain().tags(List.of("A,b")))));
    all.add(
        condition(
            "the last change",
            f -> f.updatedAt(new TimeRange(Spans.at(1), false, Spans.at(2), true)),
            List.of(plain().updatedAt(Spans.at(1)).createdAt(Spans.at(5))),
            List.of(
                plain().updatedAt(null).createdAt(Spans.at(1)),
                plain().updatedAt(Spans.at(2)).createdAt(Spans.at(1)),
                plain().updatedAt(Spans.at(1).minusNanos(1)))));
    all.add(
        condition(
            "any end",
            f -> f.endedAt(TimeRange.ALL),
            List.of(plain()),
            List.of(plain().endedAt(null))));
    Duration second = Duration.ofNanos(1_000_000_001L);
    all.add(
        condition(
            "as long",
            f -> f.durationAtLeast(second),
            List.of(
                plain(),
                lasting(EpochNanos.MIN, EpochNanos.MAX),
                lasting(EpochNanos.MIN, Spans.T0)),
            List.of(
                lasting(Spans.T0, Spans.T0.plusNanos(1_000_000_000L)),
                plain().endedAt(null),
                lasting(EpochNanos.MAX, EpochNanos.MIN))));
    all.add(
        condition(
            "any duration",
            f -> f.durationAtLeast(Duration.ZERO),
            List.of(plain(), lasting(Spans.T0, Spans.T0.minusNanos(1))),
            List.of(plain().endedAt(null))));
    all.add(
        condition(
            "as short",
            f -> f.durationAtMost(second),
            List.of(
                plain(),
                lasting(Spans.T0, Spans.T0),
                lasting(Spans.T0, Spans.T0.minusNanos(1)),
                lasting(EpochNanos.MAX, EpochNanos.MIN),
                lasting(Instant.EPOCH.minusSeconds(1), Instant.EPOCH.minusNanos(1))),
            List.of(
                lasting(Spans.T0, Spans.T0.plusNanos(1_000_000_002L)),
                plain().endedAt(null),
                lasting(EpochNanos.MIN, EpochNanos.MAX))));
    for (SpanColumn column :
        List.of(
            SpanColumn.METADATA,
            SpanColumn.SCOPE,
            SpanColumn.ERROR,
            SpanColumn.ATTRIBUTES,
            SpanColumn.RESOURCE,
            SpanColumn.INPUT,
            SpanColumn.OUTPUT)) {
      all.add(
          condition(
              "a member of " + column.columnName(),
              f -> f.member(column, "n", Json.parse("1.50")),
              List.of(json(column, "{\"n\":15e-1}"), json(column, "{\"m\":0,\"\\u006e\":1.5}")),
              List.of(
                  plain(),
                  json(column, "{\"n\":\"1.5\"}"),
                  json(column, "{\"m\":{\"n\":1.5}}"),
                  json(column, "[{\"n\":1.5}]"))));
    }
    all.add(
        condition(
            "a member below",
            f -> f.member(attributes, List.of("a.b", "c"), Json.of("x/\"\\\n")),
            List.of(json(attributes, "{\"a.b\":{\"c\":\"x\\/\\\"\\\\\\u000a\"}}")),
            List.of(
                json(attributes, "{\"a\":{\"b\":{\"c\":\"x/\\\"\\\\\\n\"}}}"),
                json(attributes, "{\"a.b\":\"x/\\\"\\\\\\n\"}"),
                json(attributes, "{\"c\":\"x/\\\"\\\\\\n\",\"a.b\":{}}"))));
    all.add(
        condition(
            "a member by structure",
            f -> f.member(attributes, "n", Json.parse("{\"a\":[1,{\"b\":2,\"c\":null}]}")),
            List.of(json(attributes, "{\"n\":{\"a\":[ 1.0, {\"c\":null,\"b\":2e0} ] }}")),
            List.of(json(attributes, "{\"n\":{\"a\":[{\"b\":2,\"c\":null},1]}}"))));
    all.add(
        condition(
            "true",
            f -> f.member(attributes, "n", Json.TRUE),
            List.of(json(attributes, "{\"n\":true}")),
            List.of(json(attributes, "{\"n\":\"true\"}"), json(attributes, "{\"n\":false}"))));
    all.add(
        condition(
            "a member that is there",
            f -> f.hasMember(attributes, n),
            List.of(json(attributes, "{\"n\":null}"), json(attributes, "{\"n\":{}}")),
            List.of(plain(), json(attributes, "{\"N\":1}"), json(attributes, "\"n\""))));
    all.add(
        condition(
            "a value at all",
            f -> f.hasMember(SpanColumn.INPUT, List.of()),
            List.of(json(SpanColumn.INPUT, "null"), json(SpanColumn.INPUT, "[]")),
            List.of(plain())));
    all.add(
        condition(
            "more than a number",
            f -> f.member(attributes, n, Comparison.MORE_THAN, new BigDecimal("9007199254740992")),
            List.of(
                json(attributes, "{\"n\":9007199254740993}"), json(attributes, "{\"n\":1e400}")),
            List.of(
                json(attributes, "{\"n\":9007199254740992}"),
                json(attributes, "{\"n\":\"9007199254740993\"}"),
                json(attributes, "{\"n\":-1e400}"),
                json(attributes, "{\"n\":[9007199254740993]}"))));
    all.add(
        condition(
            "at most a number",
            f -> f.member(attributes, n, Comparison.AT_MOST, new BigDecimal("0.1")),
            List.of(json(attributes, "{\"n\":0.10}"), json(attributes, "{\"n\":-7}")),
            List.of(
                json(attributes, "{\"n\":0.1000000000000000000001}"),
                json(attributes, "{\"n\":\"0\"}"),
                json(attributes, "{\"n\":null}"))));
    SpanColumn tokens = SpanColumn.INPUT_TOKENS;
    SpanColumn cost = SpanColumn.COST;
    all.add(
        condition(
            "at least so many tokens",
            f -> f.number(tokens, Comparison.AT_LEAST, new BigDecimal("2.5")),
            List.of(used(tokens, "3"), used(tokens, "9007199254740992")),
            List.of(used(tokens, "2"), used(tokens, "0"), plain(), used(cost, "3"))));
    all.add(
        condition(
            "fewer tokens",
            f -> f.number(tokens, Comparison.LESS_THAN, new BigDecimal("2.5")),
            List.of(used(tokens, "2"), used(tokens, "0")),
            List.of(used(tokens, "3"), plain())));
    all.add(
        condition(
            "a part of a token",
            f -> f.number(tokens, Comparison.EQUAL_TO, new BigDecimal("2.5")),
            List.of(),
            List.of(used(tokens, "2"), used(tokens, "3"), plain())));
    all.add(
        condition(
            "fewer tokens than a number that no column holds",
            f -> f.number(tokens, Comparison.AT_MOST, new BigDecimal("1e500")),
            List.of(used(tokens, "2")),
            List.of(plain())));
    all.add(
        condition(
            "more than less than nothing",
            f -> f.number(cost, Comparison.MORE_THAN, new BigDecimal("-1e500")),
            List.of(used(cost, "0"), used(cost, "999999.999999999999")),
            List.of(plain())));
    all.add(
        condition(
            "exactly this cost",
            f -> f.number(cost, Comparison.EQUAL_TO, new BigDecimal("0.0000000000100")),
            List.of(used(cost, "0.00000000001")),
            List.of(used(cost, "0.000000000011"), used(cost, "0"), plain())));
    all.add(
        condition(
            "at most this cost",
            f -> f.number(cost, Comparison.AT_MOST, new BigDecimal("0.00000000000150")),
            List.of(used(cost, "0.000000000001"), used(cost, "0")),
            List.of(used(cost, "0.000000000002"), plain())));
    all.add(
        condition(
            "a text somewhere inside",
            f -> f.memberContains(SpanColumn.OUTPUT, List.of(), "the c\u00e4t"),
            List.of(
                json(SpanColumn.OUTPUT, "\"see the c\u00e4t\""),
                json(SpanColumn.OUTPUT, "[{\"text\":[\"\\u0074he c\\u00e4t.\"]}]")),
            List.of(
                json(SpanColumn.OUTPUT, "{\"the c\u00e4t\":1}"),
                json(SpanColumn.OUTPUT, "\"The c\u00e4t\""),
                json(SpanColumn.OUTPUT, "[\"the \",\"c\u00e4t\"]"))));
    all.add(
        condition(
            "a text below",
            f -> f.memberContains(attributes, List.of("a", "b"), "%"),
            List.of(json(attributes, "{\"a\":{\"b\":\"5 %\"}}")),
            List.of(json(attributes, "{\"a\":\"%\",\"b\":\"%\"}"))));
    all.add(
        condition(
            "several at once",
            f -> f.where(name, "x").tag("y").root(false).member(attributes, "n", Json.of(1)),
            List.of(json(attributes, "{\"n\":1}").name("x").tags(List.of("y"))),
            List.of(
                json(attributes, "{\"n\":1}").name("x"),
                json(attributes, "{\"n\":2}").name("x").tags(List.of("y")))));
    all.add(
        condition(
            "two values of one column",
            f -> f.where(name, "x").where(name, "y"),
            List.of(),
            List.of(plain().name("x"), plain().name("y"))));
    return all;
  }

  /**
   * Each condition finds what it must and passes over what it must, as a filter of spans, of heads,
   * of any and of no span, and as a count.
   */
  @Test
  public final void condition_findsAndPassesOver() {
    ObservabilityStorage storage = storage();
    for (Condition condition : conditions()) {
      storage.dangerouslyClearAll();
      List<Span> all = new ArrayList<>();
      Set<String> found = new HashSet<>();
      for (Span.Builder builder : condition.found()) {
        all.add(Spans.inTrace(builder.build(), "yes" + all.size()));
        found.add(all.get(all.size() - 1).key().traceId());
      }
      for (Span.Builder builder : condition.passedOver()) {
        all.add(Spans.inTrace(builder.build(), "no" + all.size()));
      }
      storage.batchCreateSpans(all);
      Set<String> others = new HashSet<>();
      all.forEach(span -> others.add(span.key().traceId()));
      others.removeAll(found);
      String name = condition.name();
      SpanFilter filter = condition.filter();
      if (has(Capability.SPAN_LISTS)) {
        List<Span> listed = storage.listSpans(spans().filter(filter).limit(100).build()).items();
        assertThat(listed).as(name).allMatch(Span::isLight);
        assertThat(listed.stream().map(span -> span.key().traceId()))
            .as(name)
            .containsExactlyInAnyOrderElementsOf(found);
      }
      if (has(Capability.COUNTS)) {
        assertThat(storage.countSpans(spans().filter(filter).limit(1).build()))
            .as("the count of %s", name)
            .isEqualTo(found.size());
      }
      if (has(Capability.SPAN_FILTERS)) {
        assertThat(traceIds(storage, query().root(filter))).as("heads: %s", name).isEqualTo(found);
        assertThat(traceIds(storage, query().anySpan(filter)))
            .as("any span: %s", name)
            .isEqualTo(found);
        assertThat(traceIds(storage, query().noSpan(filter)))
            .as("no span: %s", name)
            .isEqualTo(others);
        if (has(Capability.COUNTS)) {
          assertThat(storage.countTraces(query().anySpan(filter).limit(1).build()))
              .as("the count of traces with %s", name)
              .isEqualTo(found.size());
          assertThat(storage.countTraces(query().noSpan(filter).limit(1).build()))
              .as("the count of traces without %s", name)
              .isEqualTo(others.size());
          assertThat(storage.countTraces(query().root(filter).limit(1).build()))
              .as("the count of heads: %s", name)
              .isEqualTo(found.size());
        }
      }
    }
  }

  private static SpanQuery.Builder spans() {
    return SpanQuery.builder(SpanKey.DEFAULT_TENANT);
  }

  private static Set<String> traceIds(ObservabilityStorage storage, TraceQuery.Builder query) {
    Set<String> ids = new HashSet<>();
    storage
        .listTraces(query.limit(100).build())
        .items()
        .forEach(summary -> ids.add(summary.key().traceId()));
    return ids;
  }

  // ---- heads

  private void requires(Capability capability, String lesser) {
    if (!has(capability)) {
      refusedAsDeclared(lesser);
    }
  }

  /** Each trace is listed once, by its first root or else its first span, and says which. */
  @Test
  public final void traces_areListedByTheirHeads() {
    requires(Capability.SPAN_FILTERS, "traces without a stored root are not listed");
    if (!has(Capability.SPAN_FILTERS)) {
      return;
    }
    ObservabilityStorage storage = storage();
    List<Span> all = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      for (int j = 0; j < 4; j++) {
        // A quarter without a root, a quarter with two, starts that tie and that do not.
        boolean isRoot = i % 4 == 1 ? j == 2 : i % 4 == 2 ? j >= 2 : i % 4 == 3 && j == 0;
        all.add(
            Spans.span(SpanKey.of("t" + i, (j % 2 == 0 ? "s" : "S") + j))
                .parentSpanId(isRoot ? null : "gone")
                .name("n" + j)
                .startedAt(Spans.at((i * 7 + (3 - j) * (i % 3)) % 11))
                .endedAt(j == 1 ? null : Spans.at(20 + j))
                .build());
      }
    }
    // A span that names itself as its parent is a root.
    all.add(Spans.span(SpanKey.of("own", "a")).parentSpanId("a").startedAt(Spans.at(3)).build());
    all.add(Spans.span(SpanKey.of("own", "b")).parentSpanId("a").startedAt(Spans.at(2)).build());
    storage.batchCreateSpans(all);
    List<Span> heads = heads(all);
    assertThat(heads).anyMatch(head -> !head.isRoot()).anyMatch(Span::isRoot);
    for (RootPresence roots : RootPresence.values()) {
      List<Span> wanted =
          heads.stream()
              .filter(
                  head ->
                      roots == RootPresence.ANY || head.isRoot() == (roots == RootPresence.STORED))
              .toList();
      for (TraceOrder order : TraceOrder.values()) {
        List<Span> expected =
            wanted.stream().sorted(order.comparator()).map(Span::toLight).toList();
        for (int size : List.of(1, 2, 5, 13, 25, 26)) {
          assertThat(walk(storage, query -> query.roots(roots).order(order), size))
              .as("%s, %s, in pages of %s", roots, order, size)
              .isEqualTo(expected);
        }
      }
      if (has(Capability.COUNTS)) {
        assertThat(storage.countTraces(query().roots(roots).limit(1).build()))
            .as("the count of %s", roots)
            .isEqualTo(wanted.size());
      }
    }
  }

  private static List<Span> heads(List<Span> all) {
    return all.stream()
        .map(span -> span.key().trace())
        .distinct()
        .map(key -> new Trace(key, all.stream().filter(s -> s.key().trace().equals(key)).toList()))
        .map(Trace::head)
        .toList();
  }

  /** A root that arrives in the middle of a walk moves its own trace, and no other. */
  @Test
  public final void rootThatArrivesDuringAWalk_movesItsTraceAlone() {
    requires(Capability.SPAN_FILTERS, "traces without a stored root are not listed");
    if (!has(Capability.SPAN_FILTERS)) {
      return;
    }
    for (boolean ahead : List.of(true, false)) {
      for (int arrival = 1; arrival < 5; arrival++) {
        ObservabilityStorage storage = storage();
        storage.dangerouslyClearAll();
        List<String> others = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
          if (i != 4) {
            others.add("t" + i);
          }
          storage.createSpan(
              Spans.span(SpanKey.of("t" + i, "child"))
                  .parentSpanId("gone")
                  .startedAt(Spans.at(10 * i))
                  .build());
        }
        Span root =
            Spans.span(SpanKey.of("t4", "root")).startedAt(Spans.at(ahead ? -5 : 200)).build();
        List<String> walked = new ArrayList<>();
        String cursor = null;
        int pages = 0;
        do {
          Page<TraceSummary> page = storage.listTraces(query().limit(2).cursor(cursor).build());
          page.items().forEach(item -> walked.add(item.key().traceId()));
          cursor = page.cursor();
          if (++pages == arrival) {
            storage.createSpan(root);
          }
        } while (cursor != null && pages < 20);
        String when = "a root " + (ahead ? "ahead" : "behind") + " after page " + arrival;
        assertThat(walked.stream().filter(others::contains))
            .as(when)
            .containsExactlyInAnyOrderElementsOf(others);
        // Shown before it moved, and again if it moved ahead of the walk.
        long before = walked.subList(0, 2 * arrival).contains("t4") ? 1 : 0;
        assertThat(walked.stream().filter("t4"::equals).count())
            .as(when)
            .isEqualTo(before + (ahead ? 1 : 0));
        assertThat(
                storage.listTraces(query().limit(20).build()).items().stream()
                    .filter(item -> item.key().traceId().equals("t4"))
                    .map(TraceSummary::head))
            .as("the next walk")
            .containsExactly(root.toLight());
      }
    }
  }

  /** Filters on any and on no span look at every span, each filter at one span at a time. */
  @Test
  public final void anySpanAndNoSpan_lookAtEverySpan() {
    requires(Capability.SPAN_FILTERS, "filters on any span are refused");
    if (!has(Capability.SPAN_FILTERS)) {
      return;
    }
    ObservabilityStorage storage = storage();
    List<Span> all = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      for (int j = 0; j < 3; j++) {
        all.add(
            Spans.span(SpanKey.of("t" + i, "s" + j))
                .parentSpanId(j == 0 && i % 2 == 0 ? null : "gone")
                .name((i >> j) % 2 == 0 ? "a" : "b")
                .startedAt(Spans.at(i + j))
                .correlation(
                    new Correlation(
                        null, null, null, null, (i + j) % 4 == 0 ? "x" : "y", null, null, null))
                .payload(
                    Payload.builder().attributes(Json.parse("{\"k\":" + (i * j) % 3 + "}")).build())
                .build());
      }
    }
    storage.batchCreateSpans(all);
    SpanFilter a = filter(f -> f.where(SpanColumn.NAME, "a"));
    SpanFilter x = filter(f -> f.where(SpanColumn.SESSION_ID, "x"));
    SpanFilter k = filter(f -> f.member(SpanColumn.ATTRIBUTES, "k", Json.of(2)));
    List<TraceQuery.Builder> queries =
        List.of(
            query().anySpan(a),
            query().anySpan(x).anySpan(a),
            query().anySpan(x.and(a)),
            query().anySpan(x.and(k)).noSpan(a.and(k)),
            query().noSpan(x),
            query().noSpan(k),
            query().noSpan(a).noSpan(k),
            query().root(a).anySpan(k).noSpan(x.and(k)),
            query().root(k),
            query().roots(RootPresence.MISSING).anySpan(k),
            query().roots(RootPresence.STORED).noSpan(a.and(x)).anySpan(SpanFilter.ANY));
    for (TraceQuery.Builder asked : queries) {
      TraceQuery query = asked.limit(100).build();
      List<Span> expected =
          all.stream()
              .map(span -> span.key().trace())
              .distinct()
              .map(
                  key ->
                      new Trace(
                          key, all.stream().filter(s -> s.key().trace().equals(key)).toList()))
              .filter(query::matches)
              .map(Trace::head)
              .sorted(query.order().comparator())
              .map(Span::toLight)
              .toList();
      assertThat(storage.listTraces(query).items().stream().map(TraceSummary::head))
          .as("%s, any %s, none %s", query.root(), query.anySpan(), query.noSpan())
          .containsExactlyElementsOf(expected);
      if (has(Capability.COUNTS)) {
        assertThat(storage.countTraces(asked.limit(1).build())).isEqualTo(expected.size());
      }
    }
  }

  /** Statistics are over all stored spans of each trace of a page, and come when asked for. */
  @Test
  public final void statistics_areOverAllSpansOfATrace() {
    requires(Capability.TRACE_STATISTICS, "statistics of traces are refused");
    if (!has(Capability.TRACE_STATISTICS)) {
      return;
    }
    ObservabilityStorage storage = storage();
    List<Span> all = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      for (int j = 0; j < 5; j++) {
        Span.Builder span =
            Spans.span(SpanKey.of("t" + i, "s" + j))
                .parentSpanId(
                    j == 0 && i != 3 ? null : j == 1 ? "s0" : j == 2 ? "gone" : "s" + (j - 1))
                .startedAt(Spans.T0.plusNanos((i + 2L) * 3 - j))
                .endedAt(j % 2 == 0 || i == 4 ? null : Spans.T0.plusNanos(50 + i - j))
                .origin(
                    new Origin(
                        null,
                        j == 0 ? null : j % 2 == 0 ? "\uD83D\uDE00" : "\uFFFD",
                        null,
                        null,
                        null));
        if (j % 2 == 1) {
          span.usage(Usage.builder().inputTokens((long) i).cost(new BigDecimal("0.1" + j)).build());
        }
        if ((i + j) % 3 == 0) {
          span.payload(Payload.builder().error(Json.NULL).build());
        }
        all.add(span.build());
      }
    }
    storage.batchCreateSpans(all);
    List<TraceSummary> listed =
        storage.listTraces(query().limit(100).roots(presence()).withStatistics().build()).items();
    assertThat(listed).isNotEmpty();
    for (TraceSummary summary : listed) {
      assertThat(summary.statistics())
          .as("%s", summary.key())
          .contains(
              TraceStatistics.of(
                  all.stream().filter(s -> s.key().trace().equals(summary.key())).toList()));
    }
    TraceStatistics first = statistics(listed, "t0");
    assertThat(List.of(first.spans(), first.errors(), first.running(), first.orphans()))
        .as("spans, errors, running, orphans")
        .containsExactly(5L, 2L, 2L, 1L);
    assertThat(first.startedAt()).isEqualTo(Spans.T0.plusNanos(2));
    assertThat(first.endedAt()).contains(Spans.T0.plusNanos(49));
    assertThat(first.sum(SpanColumn.COST)).contains(new BigDecimal("0.24"));
    assertThat(first.sum(SpanColumn.OUTPUT_TOKENS)).isEmpty();
    assertThat(first.services()).containsExactly("\uFFFD", "\uD83D\uDE00");
    assertThat(storage.listTraces(query().build()).items().get(0).statistics()).isEmpty();
  }

  private static TraceStatistics statistics(List<TraceSummary> listed, String traceId) {
    return listed.stream()
        .filter(summary -> summary.key().traceId().equals(traceId))
        .findFirst()
        .flatMap(TraceSummary::statistics)
        .orElseThrow();
  }

  private RootPresence presence() {
    return has(Capability.SPAN_FILTERS) ? RootPresence.ANY : RootPresence.STORED;
  }

  // ---- spans

  /** Pages of every size are the list, in every order, also where times and durations tie. */
  @Test
  public final void spanPages_partitionTheResult() {
    requires(Capability.SPAN_LISTS, "lists of spans are refused");
    if (!has(Capability.SPAN_LISTS)) {
      return;
    }
    ObservabilityStorage storage = storage();
    List<Span> all = new ArrayList<>();
    for (int i = 0; i < 17; i++) {
      String id = List.of("a", "B", "_", "-", "0").get(i % 5) + (i < 9 ? "x" : "X") + i;
      all.add(
          Spans.span(SpanKey.of("t" + i % 3, id))
              .startedAt(Spans.at(i % 4))
              .endedAt(i % 5 == 0 ? null : Spans.at(i % 7 - 1))
              .payload(Payload.builder().input(Json.parse("{\"n\":" + i % 2 + "}")).build())
              .build());
    }
    all.add(
        Spans.span(SpanKey.of("far", "far"))
            .startedAt(EpochNanos.MIN)
            .endedAt(EpochNanos.MAX)
            .build());
    storage.batchCreateSpans(all);
    storage.createSpan(Spans.span(new SpanKey("other", "t0", "s")).build());
    for (SpanOrder order : SpanOrder.values()) {
      for (SpanFilter filter :
          List.of(SpanFilter.ANY, filter(f -> f.member(SpanColumn.INPUT, "n", Json.of(1))))) {
        List<Span> expected =
            all.stream()
                .filter(filter::matches)
                .sorted(order.comparator())
                .map(Span::toLight)
                .toList();
        for (int size : List.of(1, 2, 3, 5, 8, 16, 17, 18, 19)) {
          List<Span> walked = new ArrayList<>();
          String cursor = null;
          do {
            Page<Span> page =
                storage.listSpans(
                    spans().order(order).filter(filter).limit(size).cursor(cursor).build());
            assertThat(page.items()).hasSizeLessThanOrEqualTo(size);
            walked.addAll(page.items());
            cursor = page.cursor();
          } while (cursor != null && walked.size() < 100);
          assertThat(walked).as("%s of %s in pages of %s", order, filter, size).isEqualTo(expected);
        }
        if (has(Capability.COUNTS)) {
          Page<Span> first =
              storage.listSpans(spans().order(order).filter(filter).limit(3).build());
          assertThat(
                  storage.countSpans(
                      spans().order(order).filter(filter).limit(3).cursor(first.cursor()).build()))
              .isEqualTo(expected.size());
        }
      }
    }
    // Said once more in words, in case the comparator is wrong.
    assertThat(firstBy(storage, SpanOrder.DURATION_DESCENDING).times().endedAt()).isNull();
    assertThat(firstBy(storage, SpanOrder.DURATION_ASCENDING).times().duration())
        .isEqualTo(Duration.ZERO);
    assertThat(firstBy(storage, SpanOrder.STARTED_AT_ASCENDING).key().spanId()).isEqualTo("far");
  }

  private static Span firstBy(ObservabilityStorage storage, SpanOrder order) {
    return storage.listSpans(spans().order(order).limit(1).build()).items().get(0);
  }

  /** Spans and traces of many keys come once each, whole, in key order; the rest is passed over. */
  @Test
  public final void manyKeys_areReadOnceInOrder() {
    requires(Capability.BULK_READS, "reads by many keys are refused");
    if (!has(Capability.BULK_READS)) {
      return;
    }
    ObservabilityStorage storage = storage();
    List<Span> all = new ArrayList<>();
    List<SpanKey> keys = new ArrayList<>();
    for (int i = 0; i < 120; i++) {
      String tenant = i % 3 == 0 ? "other" : SpanKey.DEFAULT_TENANT;
      SpanKey key = new SpanKey(tenant, "t" + i % 50, "s" + i);
      all.add(i == 7 ? Spans.full(key) : Spans.span(key).startedAt(Spans.at(-i)).build());
      keys.add(0, key);
    }
    storage.batchCreateSpans(all);
    List<Span> sorted = all.stream().sorted(Comparator.comparing(Span::key)).toList();
    keys.add(keys.get(3));
    keys.add(SpanKey.of("t7", "none"));
    keys.add(new SpanKey("nobody", "t7", "s7"));
    assertThat(storage.getSpans(keys)).isEqualTo(sorted);
    assertThat(storage.getSpans(List.of())).isEmpty();
    List<TraceKey> traces = new ArrayList<>(keys.stream().map(SpanKey::trace).toList());
    List<Trace> read = new ArrayList<>();
    storage.getTraces(traces, read::add);
    assertThat(read)
        .isEqualTo(
            traces.stream()
                .distinct()
                .sorted()
                .map(storage::getTrace)
                .flatMap(Optional::stream)
                .toList());
    IllegalArgumentException mine = new IllegalArgumentException("mine");
    assertThatThrownBy(
            () ->
                storage.getTraces(
                    traces,
                    trace -> {
                      throw mine;
                    }))
        .isSameAs(mine);
  }

  /** A scan goes through every span in key order with its version, and on behind any key. */
  @Test
  public final void scan_goesThroughEverySpan_andOnBehindAnyKey() {
    requires(Capability.SPAN_SCANS, "scans are refused");
    if (!has(Capability.SPAN_SCANS)) {
      return;
    }
    ObservabilityStorage storage = storage();
    List<Span> all = new ArrayList<>();
    for (String tenant : List.of("b", "B", "a ")) {
      for (String trace : List.of("t", "T", "t ")) {
        for (String span : List.of("s", "S", "s ", "s.")) {
          SpanKey key = new SpanKey(tenant, trace, span);
          all.add(
              all.size() == 5
                  ? Spans.full(key)
                  : Spans.span(key).startedAt(Spans.at(-all.size())).build());
        }
      }
    }
    storage.batchCreateSpans(all);
    SpanUpdate update = SpanUpdate.builder(all.get(3).key(), Spans.at(9)).name("changed").build();
    storage.updateSpan(update);
    all.set(3, update.applyTo(all.get(3)).orElseThrow());
    List<StoredSpan> sorted =
        all.stream()
            .sorted(Comparator.comparing(Span::key))
            .map(span -> new StoredSpan(span, span.version()))
            .toList();
    assertThat(scanned(storage, SpanScan.ALL)).isEqualTo(sorted);
    for (String tenant : List.of("b", "a ", "A", "nobody")) {
      assertThat(scanned(storage, SpanScan.ofTenant(tenant)))
          .as("'%s'", tenant)
          .isEqualTo(within(sorted, SpanScan.ofTenant(tenant)));
    }
    SpanKey middle = sorted.get(20).span().key();
    for (StoredSpan stored : sorted) {
      SpanKey key = stored.span().key();
      for (SpanScan scan :
          List.of(
              SpanScan.ALL.after(key),
              SpanScan.ALL.upTo(key),
              SpanScan.ALL.after(middle).upTo(key),
              SpanScan.ofTenant("b").after(key))) {
        assertThat(scanned(storage, scan)).as("%s", scan).isEqualTo(within(sorted, scan));
      }
    }
    IllegalArgumentException mine = new IllegalArgumentException("mine");
    assertThatThrownBy(
            () ->
                storage.scanSpans(
                    SpanScan.ALL,
                    span -> {
                      throw mine;
                    }))
        .isSameAs(mine);
  }

  private static List<StoredSpan> scanned(ObservabilityStorage storage, SpanScan scan) {
    List<StoredSpan> spans = new ArrayList<>();
    storage.scanSpans(scan, spans::add);
    return spans;
  }

  private static List<StoredSpan> within(List<StoredSpan> sorted, SpanScan scan) {
    return sorted.stream().filter(stored -> scan.contains(stored.span().key())).toList();
  }

  /** A scan has many parts; what is written while it goes on does not disturb the others. */
  @Test
  public final void scan_ofManyParts_isCompleteUnderWrites() {
    requires(Capability.SPAN_SCANS, "scans are refused");
    if (!has(Capability.SPAN_SCANS)) {
      return;
    }
    ObservabilityStorage storage = storage();
    List<Span> all = new ArrayList<>();
    for (int i = 0; i < 1_300; i++) {
      all.add(Spans.span(SpanKey.of(String.format("t%04d", i / 7), "s" + i)).build());
    }
    storage.batchCreateSpans(all);
    List<SpanKey> seen = new ArrayList<>();
    storage.scanSpans(
        SpanScan.ALL,
        stored -> {
          seen.add(stored.span().key());
          if (seen.size() % 400 == 0) {
            storage.createSpan(Spans.root("a" + seen.size()).build());
          }
        });
    assertThat(seen).isSorted().doesNotHaveDuplicates();
    assertThat(seen).containsAll(all.stream().map(Span::key).toList());
  }

  // ---- values

  /** Each value once, in the order of code points, with its count, in pages of every size. */
  @Test
  public final void values_areListedOnceInOrder() {
    requires(Capability.VALUE_LISTS, "lists of values are refused");
    if (!has(Capability.VALUE_LISTS)) {
      return;
    }
    ObservabilityStorage storage = storage();
    List<String> texts =
        List.of("", " ", "a", "A", "a ", "ab", "\uFFFD", "\uD83D\uDE00", "\u00e4", "%", "z\n");
    List<Span> all = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      String text = texts.get(i % texts.size());
      String other = texts.get((3 * i + 1) % texts.size());
      all.add(
          Spans.span(
                  new SpanKey(i % 8 == 7 ? "other" : SpanKey.DEFAULT_TENANT, "t" + i % 5, "s" + i))
              .name(text)
              .origin(
                  new Origin(
                      i % 3 == 0 ? null : other, i % 2 == 0 ? "web" : "db", null, null, null))
              .tags(i % 4 == 0 ? List.of() : List.of(text, other, text))
              .payload(
                  Payload.builder()
                      .attributes(
                          i % 6 == 0
                              ? null
                              : Json.object(
                                  Map.of(
                                      "k." + i % 2,
                                      i % 5 == 0
                                          ? Json.parse("[1]")
                                          : i % 5 == 1 ? Json.of(i) : Json.of(other),
                                      "o",
                                      Json.object(Map.of(text, Json.NULL)))))
                      .build())
              .build());
    }
    storage.batchCreateSpans(all);
    List<ValueQuery.Builder> questions =
        List.of(
            ValueQuery.ofColumn(SpanKey.DEFAULT_TENANT, SpanColumn.NAME),
            ValueQuery.ofColumn(SpanKey.DEFAULT_TENANT, SpanColumn.ENVIRONMENT),
            ValueQuery.ofColumn(SpanKey.DEFAULT_TENANT, SpanColumn.SERVICE_NAME),
            ValueQuery.ofColumn(SpanKey.DEFAULT_TENANT, SpanColumn.USER_ID),
            ValueQuery.ofColumn(SpanKey.DEFAULT_TENANT, SpanColumn.TRACE_ID).prefix("t"),
            ValueQuery.ofColumn(SpanKey.DEFAULT_TENANT, SpanColumn.NAME).prefix("a"),
            ValueQuery.ofColumn(SpanKey.DEFAULT_TENANT, SpanColumn.NAME)
                .filter(filter(f -> f.where(SpanColumn.SERVICE_NAME, "web"))),
            ValueQuery.ofColumn(SpanKey.DEFAULT_TENANT, SpanColumn.NAME)
                .filter(filter(f -> f.hasMember(SpanColumn.ATTRIBUTES, List.of("k.1")))),
            ValueQuery.ofColumn(SpanKey.DEFAULT_TENANT, SpanColumn.ENVIRONMENT)
                .filter(filter(f -> f.where(SpanColumn.NAME, "a"))),
            ValueQuery.ofColumn("other", SpanColumn.NAME),
            ValueQuery.ofTags(SpanKey.DEFAULT_TENANT),
            ValueQuery.ofTags(SpanKey.DEFAULT_TENANT).prefix("a"),
            ValueQuery.ofMember(SpanKey.DEFAULT_TENANT, SpanColumn.ATTRIBUTES, List.of("k.0")),
            ValueQuery.ofMemberNames(SpanKey.DEFAULT_TENANT, SpanColumn.ATTRIBUTES, List.of()),
            ValueQuery.ofMemberNames(SpanKey.DEFAULT_TENANT, SpanColumn.ATTRIBUTES, List.of("o")));
    for (ValueQuery.Builder question : questions) {
      assertValues(storage, all, question);
      assertValues(storage, all, question.counts());
    }
    assertThat(
            storage.listValues(questions.get(0).limit(100).build()).items().stream()
                .map(SpanValue::text))
        .as("said once more in words, in case the order is wrong")
        .containsSubsequence("", "a", "ab", "\uFFFD", "\uD83D\uDE00");
  }

  private static void assertValues(
      ObservabilityStorage storage, List<Span> all, ValueQuery.Builder question) {
    ValueQuery query = question.limit(100).cursor(null).build();
    Map<String, Long> counts = new TreeMap<>(ValueQuery.ORDER);
    for (Span span : all) {
      if (span.key().tenantId().equals(query.tenantId()) && query.filter().matches(span)) {
        for (String value : query.source().valuesOf(column -> column.read(span))) {
          if (value.startsWith(query.prefix())) {
            counts.merge(value, 1L, Long::sum);
          }
        }
      }
    }
    List<SpanValue> expected = new ArrayList<>();
    counts.forEach(
        (text, count) -> expected.add(new SpanValue(text, query.wantsCounts() ? count : null)));
    String description = query.source() + " '" + query.prefix() + "' " + query.filter();
    for (int size : List.of(1, 2, 3, 7, 100)) {
      List<SpanValue> walked = new ArrayList<>();
      String cursor = null;
      do {
        Page<SpanValue> page = storage.listValues(question.limit(size).cursor(cursor).build());
        assertThat(page.items()).hasSizeLessThanOrEqualTo(size);
        walked.addAll(page.items());
        cursor = page.cursor();
      } while (cursor != null && walked.size() < 100);
      assertThat(walked).as("%s in pages of %s", description, size).isEqualTo(expected);
    }
    question.cursor(null);
  }

  // ---- sums

  /** Groups, percentiles and errors are exactly those of the spans. */
  @Test
  public final void aggregates_areThoseOfTheSpans() {
    requires(Capability.AGGREGATES, "aggregates are refused");
    if (!has(Capability.AGGREGATES)) {
      return;
    }
    ObservabilityStorage storage = storage();
    List<Span> all = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      Span.Builder span =
          Spans.span(new SpanKey(i % 9 == 8 ? "other" : SpanKey.DEFAULT_TENANT, "t", "s" + i))
              .name(i % 4 == 0 ? "a" : "A")
              .origin(new Origin(null, i % 5 == 0 ? null : "s" + i % 2, null, null, null))
              .startedAt(i % 7 == 0 ? Instant.EPOCH.minusNanos(i + 1) : Spans.at(3_600_000L * i))
              .endedAt(null);
      Instant start = span.build().times().startedAt();
      if (i % 6 != 0) {
        span.endedAt(start.plusNanos((i * 37L) % 101 - 3));
      }
      if (i % 3 != 0) {
        span.usage(
            Usage.builder()
                .model(i % 2 == 0 ? "m" : null)
                .totalTokens(i % 4 == 1 ? null : FixedPoint.MAX_COUNT - i)
                .cost(new BigDecimal("999999.99999999999" + i % 10))
                .build());
      }
      if (i % 10 == 3) {
        span.payload(
            Payload.builder().error(Json.of("x")).metadata(Json.parse("{\"k\":1}")).build());
      }
      all.add(span.build());
    }
    storage.batchCreateSpans(all);
    List<SpanAggregation> questions =
        List.of(
            aggregation().build(),
            aggregation().percentile(1).percentile(50).percentile(95).percentile(100).build(),
            aggregation().by(SpanColumn.NAME).percentile(50).build(),
            aggregation()
                .by(SpanColumn.MODEL)
                .every(Duration.ofDays(1))
                .sum(SpanColumn.TOTAL_TOKENS)
                .sum(SpanColumn.INPUT_TOKENS)
                .sum(SpanColumn.COST)
                .build(),
            aggregation().by(SpanColumn.SERVICE_NAME).by(SpanColumn.NAME).percentile(90).build(),
            aggregation().every(Duration.ofDays(1)).by(SpanColumn.SERVICE_NAME).build(),
            aggregation()
                .filter(filter(f -> f.where(SpanColumn.NAME, "a")))
                .every(Duration.ofHours(7))
                .build(),
            aggregation()
                .filter(filter(f -> f.member(SpanColumn.METADATA, "k", Json.of(1))))
                .by(SpanColumn.NAME)
                .percentile(50)
                .build(),
            aggregation().filter(filter(f -> f.where(SpanColumn.NAME, "none"))).build());
    for (SpanAggregation question : questions) {
      SpanAggregation.Collector expected = question.collector();
      all.stream()
          .filter(span -> span.key().tenantId().equals(question.tenantId()))
          .forEach(span -> expected.add(column -> column.read(span)));
      assertThat(storage.aggregate(question))
          .as("by %s every %s of %s", question.columns(), question.width(), question.filter())
          .isEqualTo(expected.groups());
    }
    SpanAggregate a =
        storage.aggregate(aggregation().by(SpanColumn.NAME).build()).stream()
            .filter(group -> "a".equals(group.group().get(0)))
            .findFirst()
            .orElseThrow();
    assertThat(List.of(a.spans(), a.errors()))
        .as("said once more in numbers")
        .containsExactly(13L, 0L);
  }

  private static SpanAggregation.Builder aggregation() {
    return SpanAggregation.builder(SpanKey.DEFAULT_TENANT);
  }

  /** Who calls whom is told by stored parents of another service in the same trace. */
  @Test
  public final void serviceLinks_areBetweenParentsAndChildren() {
    requires(Capability.SERVICE_LINKS, "links between services are refused");
    if (!has(Capability.SERVICE_LINKS)) {
      return;
    }
    ObservabilityStorage storage = storage();
    List<Span> all = new ArrayList<>();
    String[] services = {"web", "db", "web", null, "Web", "db"};
    for (int i = 0; i < 6; i++) {
      for (int j = 0; j < 6; j++) {
        Span.Builder span =
            Spans.span(SpanKey.of("t" + i, "s" + j))
                .parentSpanId(j == 0 ? null : j == 5 && i == 2 ? "gone" : "s" + (j - 1))
                .startedAt(Spans.at(i))
                .origin(new Origin(null, services[(i + j) % 6], null, null, null));
        if (j == 1) {
          span.payload(Payload.builder().error(Json.NULL).build());
        }
        all.add(span.build());
      }
    }
    // The same ids in another tenant and in another trace are no parents.
    all.add(
        Spans.span(SpanKey.of("alone", "s9"))
            .parentSpanId("s1")
            .origin(new Origin(null, "alone", null, null, null))
            .build());
    all.add(
        Spans.span(new SpanKey("other", "alone", "s1"))
            .origin(new Origin(null, "web", null, null, null))
            .build());
    storage.batchCreateSpans(all);
    ReferenceStorage oracle = ReferenceStorage.create();
    oracle.batchCreateSpans(all);
    for (TimeRange range :
        List.of(
            TimeRange.ALL,
            TimeRange.of(Spans.at(1), Spans.at(3)),
            TimeRange.since(Spans.at(100)))) {
      assertThat(storage.serviceLinks(SpanKey.DEFAULT_TENANT, range))
          .as("%s", range)
          .isEqualTo(oracle.serviceLinks(SpanKey.DEFAULT_TENANT, range));
    }
    assertThat(
            storage.serviceLinks(
                SpanKey.DEFAULT_TENANT, TimeRange.of(Spans.at(0), Spans.at(0).plusNanos(1))))
        .as("said once more in words")
        .containsExactly(
            new ServiceLink("Web", "db", 1, 0),
            new ServiceLink("db", "web", 1, 0),
            new ServiceLink("web", "db", 1, 1));
    assertThat(storage.serviceLinks("nobody", TimeRange.ALL)).isEmpty();
  }
}
