package dev.tracekeep.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Origin;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** What lists, values, statistics and aggregates say of spans in memory. */
class ReadTypesTest {
  private static final Instant T = Instant.parse("2025-01-01T00:00:00Z");

  private static Span.Builder span(String traceId, String spanId) {
    return Span.builder(SpanKey.of(traceId, spanId)).name("n").startedAt(T);
  }

  private static Origin service(String name) {
    return new Origin(null, name, null, null, null);
  }

  // ---- heads

  @Test
  void head_isTheFirstRootAndElseTheFirstSpan() {
    Span early = span("t", "a").parentSpanId("x").startedAt(T.minusSeconds(1)).build();
    Span root = span("t", "c").build();
    Span second = span("t", "d").build();

    assertThat(new Trace(TraceKey.of("t"), List.of(second, early, root)).head()).isEqualTo(root);
    assertThat(new Trace(TraceKey.of("t"), List.of(early)).head()).isEqualTo(early);
    assertThat(new TraceSummary(early).hasRoot()).isFalse();
    assertThat(new TraceSummary(root).hasRoot()).isTrue();
  }

  @Test
  void spanThatIsItsOwnParent_isARoot() {
    Span own = span("t", "a").parentSpanId("a").build();

    assertThat(own.isRoot()).isTrue();
    assertThat(own).isEqualTo(span("t", "a").build());
    assertThat(own.version()).isEqualTo(span("t", "a").build().version());
  }

  @Test
  void query_asksEachFilterOfAnySpanAndNoSpan() {
    Span root = span("t", "a").origin(service("web")).build();
    Span child = span("t", "b").parentSpanId("a").name("call").origin(service("db")).build();
    Trace trace = new Trace(TraceKey.of("t"), List.of(root, child));
    SpanFilter web = SpanFilter.builder().where(SpanColumn.SERVICE_NAME, "web").build();
    SpanFilter call = SpanFilter.builder().where(SpanColumn.NAME, "call").build();

    assertThat(query().anySpan(web).anySpan(call).build().matches(trace)).isTrue();
    assertThat(query().anySpan(web.and(call)).build().matches(trace)).isFalse();
    assertThat(query().noSpan(web.and(call)).build().matches(trace)).isTrue();
    assertThat(query().noSpan(web.and(call)).noSpan(call).build().matches(trace)).isFalse();
    assertThat(query().root(call).build().matches(trace)).isFalse();
    assertThat(TraceQuery.builder("other").build().matches(trace)).isFalse();
  }

  private static TraceQuery.Builder query() {
    return TraceQuery.builder("default");
  }

  // ---- values

  @Property(tries = 500)
  void valueOrder_isTheByteOrderOfUtf8(@ForAll String a, @ForAll String b) {
    String left = (String) SpanColumn.NAME.checked(a);
    String right = (String) SpanColumn.NAME.checked(b);

    assertThat(Integer.signum(ValueQuery.ORDER.compare(left, right)))
        .isEqualTo(
            Integer.signum(
                Arrays.compareUnsigned(
                    left.getBytes(StandardCharsets.UTF_8),
                    right.getBytes(StandardCharsets.UTF_8))));
    assertThat(ValueQuery.ORDER.compare("\uFFFD", "\uD83D\uDE00")).isNegative();
  }

  @Property(tries = 200)
  void collector_keepsTheFirstValuesAndTheirCounts(
      @ForAll @Size(max = 40) List<@IntRange(max = 12) Integer> values,
      @ForAll @IntRange(min = 1, max = 6) int size) {
    ValueQuery query = ValueQuery.ofColumn("default", SpanColumn.NAME).counts().build();
    ValueQuery.Collector collector = query.collector(size);
    Map<String, Long> all = new TreeMap<>();
    for (int value : values) {
      collector.add(column -> "v" + value);
      all.merge("v" + value, 1L, Long::sum);
    }

    assertThat(collector.values())
        .isEqualTo(
            all.entrySet().stream()
                .limit(size)
                .map(entry -> new SpanValue(entry.getKey(), entry.getValue()))
                .toList());
  }

  @Test
  void values_areThoseOfTheirSource() {
    Span span =
        span("t", "s")
            .tags(List.of("b", "a", "b"))
            .payload(
                Payload.builder()
                    .attributes(
                        Json.parse(
                            "{\"s\":\"x\\u0000\",\"n\":1.0,\"b\":true,\"o\":{\"p\":1},\"z\":null}"))
                    .build())
            .build();

    assertThat(new ValueSource.Tags().valuesOf(c -> c.read(span))).containsExactly("b", "a");
    assertThat(member(span, "s")).containsExactly("x\uFFFD");
    assertThat(member(span, "n")).containsExactly("1.0");
    assertThat(member(span, "b")).containsExactly("true");
    assertThat(member(span, "o")).isEmpty();
    assertThat(member(span, "z")).isEmpty();
    assertThat(
            new ValueSource.MemberNames(SpanColumn.ATTRIBUTES, List.of())
                .valuesOf(c -> c.read(span)))
        .containsExactlyInAnyOrder("s", "n", "b", "o", "z");
    assertThat(
            new ValueSource.MemberNames(SpanColumn.ATTRIBUTES, List.of("o"))
                .valuesOf(c -> c.read(span)))
        .containsExactly("p");
    assertThatThrownBy(() -> ValueQuery.ofColumn("t", SpanColumn.TENANT_ID))
        .hasMessage("tenant_id has no values to list");
  }

  private static Iterable<String> member(Span span, String name) {
    return new ValueSource.MemberValues(SpanColumn.ATTRIBUTES, List.of(name))
        .valuesOf(column -> column.read(span));
  }

  @Test
  void cursors_ofOtherQuestionsAreRefused() {
    Span span = span("t", "s").build();
    String ofSpans = SpanQuery.builder("default").build().cursorBehind(span);
    String ofTraces = query().build().cursorBehind(span);
    ValueQuery names = ValueQuery.ofColumn("default", SpanColumn.NAME).build();
    String ofValues = names.cursorBehind(new SpanValue("|1,2|\u00e9", null));

    assertThat(SpanQuery.builder("default").limit(3).cursor(ofSpans).build().after())
        .contains(SpanOrder.STARTED_AT_DESCENDING.positionOf(span));
    assertThat(ValueQuery.ofColumn("default", SpanColumn.NAME).cursor(ofValues).build().after())
        .contains("|1,2|\u00e9");
    for (SpanQuery.Builder other :
        List.of(
            SpanQuery.builder("other"),
            SpanQuery.builder("default").order(SpanOrder.DURATION_ASCENDING),
            SpanQuery.builder("default").filter(SpanFilter.builder().tag("x").build()))) {
      assertThatThrownBy(() -> other.cursor(ofSpans).build())
          .hasMessageStartingWith("The cursor belongs to another query");
    }
    for (String cursor : List.of(ofTraces, ofValues)) {
      assertThatThrownBy(() -> SpanQuery.builder("default").cursor(cursor).build())
          .hasMessageStartingWith("The cursor belongs to another query");
    }
    for (ValueQuery.Builder other :
        List.of(
            ValueQuery.ofColumn("other", SpanColumn.NAME),
            ValueQuery.ofColumn("default", SpanColumn.USER_ID),
            ValueQuery.ofTags("default"),
            ValueQuery.ofColumn("default", SpanColumn.NAME).prefix("x"),
            ValueQuery.ofColumn("default", SpanColumn.NAME).counts(),
            ValueQuery.ofColumn("default", SpanColumn.NAME)
                .filter(SpanFilter.builder().tag("x").build()))) {
      assertThatThrownBy(() -> other.cursor(ofValues).build())
          .hasMessageStartingWith("The cursor belongs to another query");
    }
  }

  // ---- statistics

  @Test
  void statistics_areOverAllSpans() {
    Span root = span("t", "a").origin(service("web")).endedAt(T.plusNanos(3)).build();
    Span failed =
        span("t", "b")
            .parentSpanId("a")
            .startedAt(T.minusNanos(1))
            .origin(service("db"))
            .payload(Payload.builder().error(Json.NULL).build())
            .build();
    Span orphan = span("t", "c").parentSpanId("gone").endedAt(T.plusNanos(9)).build();
    Span running = span("t", "d").parentSpanId("c").origin(service("db")).build();

    assertThat(TraceStatistics.of(List.of(root, failed, orphan, running)))
        .isEqualTo(
            new TraceStatistics(
                4, 1, 1, 1, T.minusNanos(1), T.plusNanos(9), List.of("db", "web"), Map.of()));
    assertThat(TraceStatistics.of(List.of(running)).endedAt()).isEmpty();
  }

  // ---- aggregates

  @Test
  void percentile_isTheDurationOfASpan() {
    SpanAggregation question =
        SpanAggregation.builder("default").percentile(7).percentile(50).percentile(100).build();
    SpanAggregation.Collector collector = question.collector();
    for (int nanos = 100; nanos >= 1; nanos--) {
      Span span = span("t", "s").endedAt(T.plusNanos(nanos)).build();
      collector.add(column -> column.read(span));
    }
    collector.add(column -> column.read(span("t", "s").build()));

    SpanAggregate all = collector.groups().get(0);
    assertThat(all.spans()).isEqualTo(101);
    assertThat(all.percentiles())
        .isEqualTo(
            Map.of(7, Duration.ofNanos(7), 50, Duration.ofNanos(50), 100, Duration.ofNanos(100)));
  }

  @Test
  void groups_areByValueAndPartOfTime() {
    SpanAggregation question =
        SpanAggregation.builder("default")
            .by(SpanColumn.SERVICE_NAME)
            .every(Duration.ofDays(1))
            .build();
    SpanAggregation.Collector collector = question.collector();
    List<Span> spans = new ArrayList<>();
    spans.add(span("t", "a").origin(service("b")).build());
    spans.add(span("t", "b").origin(service("a")).startedAt(T.plusSeconds(86_399)).build());
    spans.add(span("t", "c").startedAt(T).build());
    spans.add(span("t", "d").startedAt(Instant.EPOCH.minusNanos(1)).build());
    spans.forEach(span -> collector.add(column -> column.read(span)));

    assertThat(collector.groups())
        .extracting(SpanAggregate::from, group -> String.valueOf(group.group().get(0)))
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(Instant.parse("1969-12-31T00:00:00Z"), "null"),
            org.assertj.core.groups.Tuple.tuple(T, "a"),
            org.assertj.core.groups.Tuple.tuple(T, "b"),
            org.assertj.core.groups.Tuple.tuple(T, "null"));
  }

  @Test
  void groups_beyondTheLimitAreRefusedInWords() {
    SpanAggregation.Collector collector =
        SpanAggregation.builder("default").by(SpanColumn.SPAN_ID).build().collector();
    for (int i = 0; i < SpanAggregation.MAX_GROUPS; i++) {
      Span span = span("t", "s" + i).build();
      collector.add(column -> column.read(span));
    }
    Span oneMore = span("t", "more").build();

    assertThatThrownBy(() -> collector.add(column -> column.read(oneMore)))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("more than 10000 groups");
    assertThatThrownBy(
            () ->
                SpanAggregation.builder("t")
                    .by(SpanColumn.NAME)
                    .by(SpanColumn.SOURCE)
                    .by(SpanColumn.USER_ID))
        .hasMessage("At most 2 columns can be grouped by");
  }

  // ---- scans

  @Test
  void scan_isARangeOfKeys() {
    SpanKey a = new SpanKey("A", "t", "s");
    SpanKey b = new SpanKey("B", "t", "s");
    SpanKey c = new SpanKey("B", "t", "s2");

    assertThat(List.of(a, b, c)).allMatch(SpanScan.ALL::contains);
    assertThat(List.of(a, b, c)).filteredOn(SpanScan.ofTenant("B")::contains).containsExactly(b, c);
    assertThat(List.of(a, b, c)).filteredOn(SpanScan.ALL.after(a)::contains).containsExactly(b, c);
    assertThat(List.of(a, b, c))
        .filteredOn(SpanScan.ALL.after(a).upTo(b)::contains)
        .containsExactly(b);
  }
}
