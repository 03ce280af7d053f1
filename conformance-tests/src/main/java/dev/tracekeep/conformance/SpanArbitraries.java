package dev.tracekeep.conformance;

import dev.tracekeep.span.Correlation;
import dev.tracekeep.span.Entity;
import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.FixedPoint;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Origin;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanKind;
import dev.tracekeep.span.SpanType;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.Times;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.span.Usage;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/**
 * Random spans of the nasty kind, for jqwik: ids that differ by case or a trailing space, equal
 * times and such that differ by a nanosecond, times before 1970 and at both ends of the range, text
 * with U+0000 and lone surrogates, the six kinds of nothing. Keys and filter values come from small
 * pools, so that collisions are the rule.
 */
public final class SpanArbitraries {
  private static final List<String> TENANTS = List.of("default", "Default", "it's %");
  private static final List<String> TRACES = List.of("t", "T", "t ", "0_\"\\$");
  private static final List<String> SPANS = List.of("s", "S", "s ", "s.");
  private static final List<String> TEXTS =
      List.of(
          "blue",
          "Blue",
          "blue ",
          "",
          " ",
          "bl%",
          "b_ue",
          "' OR '1'='1",
          "\\",
          "\"; --",
          "$where",
          "null",
          "true",
          "1",
          "über \uD83D\uDC69\u200D\uD83D\uDCBB e\u0301",
          "\u05E9\u05DC\u05D5\u05DD",
          "a\u0000b",
          "\u0000",
          "\uD800",
          "x\uDC00y",
          "line\nbreak\ttab\r",
          "\uFEFF\u2028\u0085\u007F");
  private static final List<String> JSONS =
      List.of(
          "null",
          "\"\"",
          "{}",
          "[]",
          "0",
          "false",
          "true",
          "\"blue\"",
          "1",
          "1.0",
          "1e0",
          "-0.0",
          "9007199254740993",
          "-9223372036854775808",
          "123456789012345678901234567890.123456789",
          "1e-400",
          "\"a\\u0000b\"",
          "\"\\ud800\"",
          "{\"\\u0000\":1}",
          "{\"\":{}}",
          "{\"a.b\":1,\"a\":{\"b\":2}}",
          "{\"$x\":1,\"A\":1,\"a\":2}",
          "[[],{},null,[null]]",
          "{\"team\":\"blue\",\"n\":1}",
          "{\"n\":\"1\"}",
          "{\"n\":1.0,\"team\":null}",
          "{\"deep\":[{\"x\":[1,2,{\"y\":[]}]}]}",
          "{\"message\":\"\uD83D\uDE00 broken\"}");

  private SpanArbitraries() {}

  /** Keys from a pool of 48, in three tenants. */
  public static Arbitrary<SpanKey> keys() {
    return Combinators.combine(
            Arbitraries.of(TENANTS), Arbitraries.of(TRACES), Arbitraries.of(SPANS))
        .as(SpanKey::new);
  }

  /** The traces of {@link #keys()}. */
  public static Arbitrary<TraceKey> traces() {
    return Combinators.combine(Arbitraries.of(TENANTS), Arbitraries.of(TRACES)).as(TraceKey::new);
  }

  /** The tenants of {@link #keys()}. */
  public static Arbitrary<String> tenants() {
    return Arbitraries.of(TENANTS);
  }

  /** Times: often equal, often a nanosecond apart, sometimes at the ends of the range. */
  public static Arbitrary<Instant> times() {
    Arbitrary<Instant> near =
        Arbitraries.longs()
            .between(-3, 3)
            .map(nanos -> Instant.parse("2026-03-01T00:00:00Z").plusNanos(nanos));
    Arbitrary<Instant> far =
        Arbitraries.of(
            EpochNanos.MIN,
            EpochNanos.MAX,
            Instant.EPOCH,
            Instant.EPOCH.minusNanos(1),
            Instant.EPOCH.plusNanos(999_999_999),
            Instant.parse("1969-12-31T23:59:58.000000001Z"),
            Instant.parse("2026-03-29T01:30:00.5Z"));
    Arbitrary<Instant> any =
        Arbitraries.longs()
            .between(EpochNanos.of(EpochNanos.MIN), EpochNanos.of(EpochNanos.MAX))
            .map(EpochNanos::toInstant);
    return Arbitraries.frequencyOf(Tuple.of(6, near), Tuple.of(2, far), Tuple.of(1, any));
  }

  /** Text of all sorts, before it is cleaned. */
  public static Arbitrary<String> texts() {
    return Arbitraries.frequencyOf(
        Tuple.of(4, Arbitraries.of(TEXTS)),
        Tuple.of(1, Arbitraries.strings().all().ofMaxLength(20)));
  }

  /** JSON of all sorts, among it five kinds of nothing; the sixth is null. */
  public static Arbitrary<Json> jsons() {
    return Arbitraries.frequencyOf(
            Tuple.of(5, Arbitraries.of(JSONS)),
            Tuple.of(1, texts().map(text -> Json.of(text).text())),
            Tuple.of(
                1,
                Combinators.combine(texts(), texts())
                    .as((key, value) -> Json.object(Map.of(key, Json.of(value))).text())))
        .map(Json::parse);
  }

  private static Arbitrary<Json> maybeJson() {
    return jsons().injectNull(0.6);
  }

  private static Arbitrary<String> maybeText() {
    return texts().injectNull(0.5);
  }

  private static Arbitrary<Entity> entities() {
    return Arbitraries.oneOf(
        Arbitraries.just(Entity.NONE),
        Combinators.combine(maybeText(), maybeText(), maybeText(), maybeText()).as(Entity::new));
  }

  private static Arbitrary<Correlation> correlations() {
    return Arbitraries.oneOf(
        Arbitraries.just(Correlation.NONE),
        Combinators.combine(
                maybeText(),
                maybeText(),
                maybeText(),
                maybeText(),
                maybeText(),
                maybeText(),
                maybeText(),
                maybeText())
            .as(Correlation::new));
  }

  private static Arbitrary<Origin> origins() {
    return Arbitraries.oneOf(
        Arbitraries.just(Origin.UNKNOWN),
        Combinators.combine(maybeText(), maybeText(), maybeText(), maybeJson(), maybeJson())
            .as(Origin::new));
  }

  private static Arbitrary<Payload> payloads() {
    return Combinators.combine(
            maybeJson(),
            maybeJson(),
            jsons().injectNull(0.8),
            maybeJson(),
            maybeJson(),
            maybeJson())
        .as(Payload::new);
  }

  private static Arbitrary<Times> spanTimes() {
    return Combinators.combine(
            times(), times().injectNull(0.5), times().injectNull(0.3), times().injectNull(0.3))
        .as(Times::new);
  }

  /** Counts: few and small ones, so that they collide, and the ends of the range. */
  private static Arbitrary<Long> counts() {
    return Arbitraries.of(0L, 1L, 12L, 1_000_000_000_000L, FixedPoint.MAX_COUNT);
  }

  /** Costs: some of one value in several spellings, some with more digits than are kept. */
  private static Arbitrary<BigDecimal> costs() {
    return Arbitraries.of(
            "0",
            "0.0",
            "1",
            "1.00",
            "1e0",
            "0.00123",
            "0.000000000001",
            "0.0000000000005",
            "0.0000000000015",
            "1e-300",
            "0.1",
            "0.30000000000000004",
            "100",
            "999999.999999999999")
        .map(BigDecimal::new);
  }

  private static Arbitrary<Usage> usages() {
    return Arbitraries.oneOf(
        Arbitraries.just(Usage.NONE),
        Combinators.combine(
                maybeText(),
                maybeText(),
                counts().injectNull(0.4),
                counts().injectNull(0.4),
                counts().injectNull(0.4),
                costs().injectNull(0.4))
            .as(Usage::new));
  }

  /** Tags; the same may come twice. */
  public static Arbitrary<List<String>> tags() {
    return texts().list().ofMaxSize(3);
  }

  /** Spans of {@link #keys()}. */
  public static Arbitrary<Span> spans() {
    return spans(keys());
  }

  /** Spans of the given keys. */
  public static Arbitrary<Span> spans(Arbitrary<SpanKey> keys) {
    Arbitrary<Span.Builder> about =
        Combinators.combine(
                keys,
                Arbitraries.of(SPANS).injectNull(0.6),
                texts(),
                Arbitraries.of(SpanType.GENERIC, SpanType.AGENT_RUN, new SpanType("my own")),
                Arbitraries.of(SpanKind.class).injectNull(0.4),
                Arbitraries.of(false, false, true),
                tags())
            .as(
                (key, parent, name, type, kind, event, tags) ->
                    Span.builder(key)
                        .parentSpanId(parent)
                        .name(name)
                        .type(type)
                        .kind(kind)
                        .event(event)
                        .tags(tags));
    return Combinators.combine(
            about,
            spanTimes(),
            entities(),
            entities(),
            correlations(),
            origins(),
            Combinators.combine(payloads(), usages()).as(Map::entry),
            maybeJson())
        .as(
            (builder, times, entity, root, correlation, origin, content, links) ->
                builder
                    .startedAt(times.startedAt())
                    .endedAt(times.endedAt())
                    .createdAt(times.createdAt())
                    .updatedAt(times.updatedAt())
                    .entity(entity)
                    .parentEntity(root)
                    .rootEntity(root)
                    .correlation(correlation)
                    .origin(origin)
                    .payload(content.getKey())
                    .usage(content.getValue())
                    .links(links)
                    .events(links)
                    .build());
  }

  /** Updates of the given keys: one to four columns each. */
  public static Arbitrary<SpanUpdate> updates(Arbitrary<SpanKey> keys) {
    Arbitrary<Map.Entry<SpanColumn, Object>> value =
        Arbitraries.of(
                Arrays.stream(SpanColumn.values())
                    .filter(column -> !column.isKey())
                    .filter(column -> column != SpanColumn.CREATED_AT)
                    .filter(column -> column != SpanColumn.UPDATED_AT)
                    .toList())
            .flatMap(column -> values(column).map(given -> Map.entry(column, given)));
    return Combinators.combine(keys, times(), value.list().ofMinSize(1).ofMaxSize(4))
        .as(
            (key, time, values) -> {
              SpanUpdate.Builder update = SpanUpdate.builder(key, time);
              values.forEach(entry -> update.set(entry.getKey(), entry.getValue()));
              return update.build();
            });
  }

  private static Arbitrary<Object> values(SpanColumn column) {
    Arbitrary<?> values =
        switch (column.type()) {
          case FLAG -> Arbitraries.of(true, false);
          case NUMBER -> column == SpanColumn.COST ? costs() : counts().map(BigDecimal::valueOf);
          case TIME -> times();
          case JSON -> jsons();
          case TEXT_LIST -> tags();
          case TEXT ->
              switch (column) {
                case PARENT_SPAN_ID -> Arbitraries.of(SPANS);
                case SPAN_KIND -> Arbitraries.of(SpanKind.class).map(SpanKind::name);
                case SPAN_TYPE -> Arbitraries.of("generic", "agent_run", "my own");
                default -> texts();
              };
        };
    return values.map(value -> (Object) value);
  }
}
