package dev.tracekeep.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Origin;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanStatus;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TraceQueryTest {
  private static final Instant T = Instant.parse("2025-01-01T00:00:00.000000001Z");

  private static final Span ROOT =
      Span.builder(new SpanKey("tenant", "trace", "span"))
          .name("Caf\u00e9")
          .startedAt(T)
          .endedAt(T.plusNanos(1))
          .origin(
              new Origin("prod", null, null, Json.parse("{\"name\":\"scope\",\"n\":null}"), null))
          .payload(
              Payload.builder()
                  .metadata(
                      Json.parse(
                          "{\"k\":[1,{\"a\":1,\"b\":2}],\"null\":null,\"\uD83D\uDE00\":\"\"}"))
                  .build())
          .tags(List.of("one", "two", "%"))
          .build();

  // ---- filters

  static Stream<Arguments> filters() {
    return Stream.of(
        filter("no filter", true, q -> q),
        filter("start, from inclusive", true, q -> q.startedAt(TimeRange.since(T))),
        filter("start, from too late", false, q -> q.startedAt(TimeRange.since(T.plusNanos(1)))),
        filter("start, to exclusive", false, q -> q.startedAt(TimeRange.before(T))),
        filter("start, to inclusive", true, q -> q.startedAt(new TimeRange(null, false, T, false))),
        filter(
            "start, from exclusive", false, q -> q.startedAt(new TimeRange(T, true, null, false))),
        filter("start, range", true, q -> q.startedAt(TimeRange.of(T, T.plusNanos(1)))),
        filter("start, empty range", false, q -> q.startedAt(TimeRange.of(T, T))),
        filter("end", true, q -> q.endedAt(TimeRange.since(T.plusNanos(1)))),
        filter("end, too late", false, q -> q.endedAt(TimeRange.since(T.plusNanos(2)))),
        filter("status", true, q -> q.status(SpanStatus.OK)),
        filter("another status", false, q -> q.status(SpanStatus.RUNNING)),
        filter("name", true, q -> q.where(SpanColumn.NAME, "Caf\u00e9")),
        filter("name in another case", false, q -> q.where(SpanColumn.NAME, "caf\u00e9")),
        filter("name, decomposed", false, q -> q.where(SpanColumn.NAME, "Cafe\u0301")),
        filter("name with a wildcard", false, q -> q.where(SpanColumn.NAME, "Caf%")),
        filter("type", true, q -> q.where(SpanColumn.SPAN_TYPE, "generic")),
        filter("trace id", true, q -> q.where(SpanColumn.TRACE_ID, "trace")),
        filter("trace id with padding", false, q -> q.where(SpanColumn.TRACE_ID, "trace ")),
        filter("environment", true, q -> q.where(SpanColumn.ENVIRONMENT, "prod")),
        filter("absent field", false, q -> q.where(SpanColumn.USER_ID, "")),
        filter("tag", true, q -> q.tag("one")),
        filter("all tags", true, q -> q.tag("two").tag("one").tag("one")),
        filter("one tag missing", false, q -> q.tag("one").tag("three")),
        filter("tag with a wildcard", true, q -> q.tag("%")),
        filter("metadata", true, q -> q.metadata("k", Json.parse("[1.0, {\"b\":2,\"a\":1}]"))),
        filter("metadata, other value", false, q -> q.metadata("k", Json.parse("[1]"))),
        filter("metadata null", true, q -> q.metadata("null", Json.NULL)),
        filter("metadata null, absent", false, q -> q.metadata("none", Json.NULL)),
        filter("metadata, any name", true, q -> q.metadata("\uD83D\uDE00", Json.of(""))),
        filter("metadata of scope", false, q -> q.metadata("name", Json.of("scope"))),
        filter("scope", true, q -> q.scope("name", Json.of("scope"))),
        filter("two of scope", true, q -> q.scope("name", Json.of("scope")).scope("n", Json.NULL)),
        filter("scope, other", false, q -> q.scope("name", Json.of("scope")).scope("n", Json.TRUE)),
        filter("any span", true, q -> q.hasChildError(true)),
        filter("no span", true, q -> q.hasChildError(false)),
        filter("a stored root", true, q -> q.roots(RootPresence.STORED)),
        filter("no stored root", false, q -> q.roots(RootPresence.MISSING)),
        filter("duration", true, q -> q.duration(null, Duration.ofNanos(1))),
        filter("longer", false, q -> q.duration(Duration.ofNanos(2), null)),
        filter(
            "two values of one column",
            false,
            q -> q.where(SpanColumn.NAME, "other").where(SpanColumn.NAME, "Caf\u00e9")),
        filter(
            "the same value twice",
            true,
            q -> q.where(SpanColumn.NAME, "Caf\u00e9").where(SpanColumn.NAME, "Caf\u00e9")),
        filter(
            "two values of a member",
            false,
            q -> q.metadata("k", Json.TRUE).metadata("k", Json.NULL)),
        filter(
            "two ranges",
            false,
            q -> q.startedAt(TimeRange.before(T)).startedAt(TimeRange.since(T))),
        filter("two stati", false, q -> q.status(SpanStatus.ERROR).status(SpanStatus.OK)));
  }

  private static Arguments filter(
      String name, boolean matches, UnaryOperator<TraceQuery.Builder> filter) {
    return Arguments.of(name, matches, filter);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("filters")
  void filter_matches(String name, boolean matches, UnaryOperator<TraceQuery.Builder> filter) {
    TraceQuery query = filter.apply(TraceQuery.builder("tenant")).build();

    assertThat(query.matches(ROOT)).isEqualTo(matches);
    assertThat(query.matches(ROOT.toLight())).isEqualTo(matches);
    Span child = ROOT.toBuilder().parentSpanId("p").build();
    assertThat(query.matches(child))
        .isEqualTo(
            query.roots() == RootPresence.MISSING || matches && query.roots() == RootPresence.ANY);
    assertThat(filter.apply(TraceQuery.builder("other")).build().matches(ROOT)).isFalse();
  }

  @Test
  void endFilter_leavesRunningRootsOut() {
    Span running = ROOT.toBuilder().endedAt(null).build();

    assertThat(
            TraceQuery.builder("tenant")
                .endedAt(TimeRange.since(EpochNanos.MIN))
                .build()
                .matches(running))
        .isFalse();
    assertThat(TraceQuery.builder("tenant").status(SpanStatus.RUNNING).build().matches(running))
        .isTrue();
  }

  @Test
  void metadataFilter_matchesNothingInWhatIsNoObject() {
    TraceQuery query = TraceQuery.builder("tenant").metadata("a", Json.NULL).build();

    for (String metadata : List.of("[]", "\"a\"", "null", "{}")) {
      Span root =
          ROOT.toBuilder()
              .payload(Payload.builder().metadata(Json.parse(metadata)).build())
              .build();
      assertThat(query.matches(root)).as(metadata).isFalse();
    }
  }

  @Test
  void text_isCleanedLikeThatOfASpan() {
    String dirty = "a\u0000\uD800";
    Span root =
        ROOT.toBuilder()
            .name(dirty)
            .tags(List.of(dirty))
            .payload(Payload.builder().metadata(Json.objectBuilder().put(dirty, 1).build()).build())
            .build();

    TraceQuery query =
        TraceQuery.builder("tenant")
            .where(SpanColumn.NAME, dirty)
            .tag(dirty)
            .metadata(dirty, Json.of(1))
            .build();

    assertThat(query.matches(root)).isTrue();
    assertThat(query.root().conditions().get(1))
        .isEqualTo(new SpanCondition.HasTag("a\uFFFD\uFFFD"));
  }

  @Test
  void columns_thatAreNoTextAreRefused() {
    for (SpanColumn column :
        List.of(
            SpanColumn.TENANT_ID,
            SpanColumn.STARTED_AT,
            SpanColumn.METADATA,
            SpanColumn.TAGS,
            SpanColumn.IS_EVENT)) {
      assertThatThrownBy(() -> TraceQuery.builder("tenant").where(column, "x"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(column.columnName() + " cannot be filtered by text");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 1001, Integer.MAX_VALUE})
  void limit_outOfRangeIsRefused(int limit) {
    assertThatThrownBy(() -> TraceQuery.builder("tenant").limit(limit))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("limit is " + limit + ": a page has 1 to 1000 traces");
  }

  @Test
  void tenant_thatIsNoIdIsRefused() {
    assertThatThrownBy(() -> TraceQuery.builder("\u00e9"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("tenant_id has U+00E9");
  }

  @Test
  void timeRange_isMovedIntoWhatSpansMayCarry() {
    assertThat(TimeRange.of(Instant.MIN, Instant.MAX))
        .isEqualTo(new TimeRange(EpochNanos.MIN, false, EpochNanos.MAX, false));
    assertThat(TimeRange.of(Instant.MIN, Instant.MAX).contains(EpochNanos.MIN)).isTrue();
    assertThat(TimeRange.of(Instant.MIN, Instant.MAX).contains(EpochNanos.MAX)).isTrue();
    assertThat(TimeRange.since(Instant.MAX).contains(EpochNanos.MAX)).isFalse();
    assertThat(TimeRange.before(Instant.MIN).contains(EpochNanos.MIN)).isFalse();
    assertThat(TimeRange.before(EpochNanos.MAX).contains(EpochNanos.MAX)).isFalse();
    assertThat(TimeRange.ALL.contains(null)).isFalse();
  }

  // ---- cursors

  @Provide
  Arbitrary<SpanPosition> positions() {
    Arbitrary<String> ids =
        Arbitraries.strings().withCharRange(' ', '~').ofMinLength(1).ofMaxLength(128);
    return Combinators.combine(Arbitraries.longs().injectNull(0.2), ids, ids).as(SpanPosition::new);
  }

  @Property(tries = 300)
  void cursor_comesBack(@ForAll("positions") SpanPosition position, @ForAll TraceOrder order) {
    TraceQuery.Builder query = TraceQuery.builder("tenant").order(order).tag("a|b");
    String cursor =
        ListCursor.encode(
            List.of(
                "traces",
                "tenant",
                "ANY",
                query.build().root().toString(),
                "[]",
                "[]",
                order.name()),
            ListCursor.of(position));

    assertThat(cursor).matches("[A-Za-z0-9_-]+");
    assertThat(query.limit(77).cursor(cursor).build().after()).contains(position);
  }

  @ParameterizedTest
  @EnumSource(TraceOrder.class)
  void cursor_isThatOfTheLastRoot(TraceOrder order) {
    TraceQuery.Builder query = TraceQuery.builder("tenant").order(order);
    Span running = ROOT.toBuilder().endedAt(null).build();

    SpanPosition position = query.cursor(query.build().cursorBehind(running)).build().after().get();

    boolean byStart = order.column() == SpanColumn.STARTED_AT;
    assertThat(position)
        .isEqualTo(new SpanPosition(byStart ? EpochNanos.of(T) : null, "trace", "span"));
  }

  static Stream<UnaryOperator<TraceQuery.Builder>> otherQueries() {
    return Stream.of(
        q -> TraceQuery.builder("other"),
        q -> q.startedAt(TimeRange.since(T)),
        q -> q.endedAt(TimeRange.since(T)),
        q -> q.status(SpanStatus.OK),
        q -> q.where(SpanColumn.NAME, "x"),
        q -> q.where(SpanColumn.USER_ID, "x"),
        q -> q.tag("x"),
        q -> q.metadata("x", Json.NULL),
        q -> q.scope("x", Json.NULL),
        q -> q.hasChildError(false),
        q -> q.hasChildError(true),
        q -> q.roots(RootPresence.STORED),
        q -> q.root(SpanFilter.builder().root(true).build()),
        q -> q.anySpan(SpanFilter.ANY),
        q -> q.noSpan(SpanFilter.ANY),
        q -> q.duration(Duration.ZERO, null),
        q -> q.order(TraceOrder.ENDED_AT_DESCENDING));
  }

  @ParameterizedTest
  @MethodSource("otherQueries")
  void cursor_ofAnotherQueryIsRefused(UnaryOperator<TraceQuery.Builder> change) {
    String cursor = TraceQuery.builder("tenant").build().cursorBehind(ROOT);
    TraceQuery.Builder other = change.apply(TraceQuery.builder("tenant"));

    assertThatThrownBy(() -> other.cursor(cursor).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("The cursor belongs to another query")
        .hasMessageEndingWith("Start again without a cursor.");
  }

  static Stream<String> garbage() {
    String cursor = TraceQuery.builder("tenant").build().cursorBehind(ROOT);
    return Stream.of(
        "",
        "x",
        "***",
        "\u00e9",
        cursor.substring(0, 8),
        cursor.substring(4),
        base64("1|0123456789abcdef|1|1|ab"),
        base64("2|0123456789abcdef|1,1,1"),
        base64("2|" + fingerprint(cursor) + "|x,1,1|1ab"),
        base64("2|" + fingerprint(cursor) + "|1,1,1|xab"),
        base64("2|" + fingerprint(cursor) + "|1,1|1ab"),
        base64("2|" + fingerprint(cursor) + "|1,1,1|1abc"),
        base64("2|" + fingerprint(cursor) + "|1,1,2|1ab"),
        base64("2|" + fingerprint(cursor) + "|1,-,1|1b"),
        base64("2|" + fingerprint(cursor) + "|1,-1,1|1ab"),
        base64("2|" + fingerprint(cursor) + "|1,1,1|1a\u00e9"),
        base64("2|" + fingerprint(cursor) + "|20,1,1|99999999999999999999ab"));
  }

  private static String fingerprint(String cursor) {
    return new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.UTF_8)
        .split("\\|")[1];
  }

  private static String base64(String plain) {
    return Base64.getUrlEncoder().encodeToString(plain.getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @MethodSource("garbage")
  void cursor_thatIsNoneIsRefused(String garbage) {
    assertThatThrownBy(() -> TraceQuery.builder("tenant").cursor(garbage).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "The cursor is not one that this release gave out. Start again without a cursor.");
  }

  // ---- order

  @Provide
  Arbitrary<List<Span>> roots() {
    return Combinators.combine(
            Arbitraries.of("a", "B", "b"),
            Arbitraries.of("1", "2"),
            Arbitraries.of(T, T.plusNanos(1)),
            Arbitraries.of(T, T.plusNanos(1)).injectNull(0.4))
        .as(
            (trace, span, startedAt, endedAt) ->
                Span.builder(SpanKey.of(trace, span))
                    .name("")
                    .startedAt(startedAt)
                    .endedAt(endedAt)
                    .build())
        .list()
        .ofMaxSize(8);
  }

  @Property(tries = 300)
  void order_isTotal(
      @ForAll("roots") List<Span> roots, @ForAll TraceOrder order, @ForAll long seed) {
    Comparator<Span> comparator = order.comparator();
    List<Span> sorted = sorted(roots, comparator);
    List<Span> shuffled = new ArrayList<>(roots);
    Collections.shuffle(shuffled, new Random(seed));

    assertThat(sorted(shuffled, comparator))
        .extracting(root -> order.positionOf(root))
        .isEqualTo(sorted.stream().map(root -> order.positionOf(root)).toList());
    for (Span a : roots) {
      for (Span b : roots) {
        assertThat(Integer.signum(comparator.compare(a, b)))
            .isEqualTo(-Integer.signum(comparator.compare(b, a)));
        assertThat(comparator.compare(a, b) == 0)
            .isEqualTo(order.positionOf(a).equals(order.positionOf(b)));
      }
    }
  }

  private static List<Span> sorted(List<Span> roots, Comparator<Span> comparator) {
    return roots.stream().sorted(comparator).toList();
  }

  @Test
  void order_placesMissingEndsAsTheLatest() {
    Span running = root("c", null);
    Span late = root("b", T.plusNanos(1));
    Span early = root("a", T);
    Span tie = root("B", T);

    assertThat(
            sorted(List.of(early, running, tie, late), TraceOrder.ENDED_AT_ASCENDING.comparator()))
        .containsExactly(tie, early, late, running);
    assertThat(
            sorted(List.of(early, running, tie, late), TraceOrder.ENDED_AT_DESCENDING.comparator()))
        .containsExactly(running, late, tie, early);
  }

  private static Span root(String trace, Instant endedAt) {
    return Span.builder(SpanKey.of(trace, "s")).name("").startedAt(T).endedAt(endedAt).build();
  }
}
