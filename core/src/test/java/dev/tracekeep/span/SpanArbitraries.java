package dev.tracekeep.span;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** Spans, updates and JSON values that collide often: few keys, few times, few contents. */
final class SpanArbitraries {
  static final SpanKey KEY = SpanKey.of("trace", "span");

  private static final Instant EPOCH = Instant.EPOCH;

  private SpanArbitraries() {}

  /**
   * The ends of the range, both sides of 1970, neighbouring nanoseconds, and the few usual ones.
   */
  static Arbitrary<Instant> times() {
    return Arbitraries.of(
        EpochNanos.MIN,
        EpochNanos.MAX,
        EPOCH,
        EPOCH.minusNanos(1),
        EPOCH.plusNanos(1),
        EPOCH.minusSeconds(1_000_000_000),
        Instant.parse("2025-01-01T00:00:00Z"),
        Instant.parse("2025-01-01T00:00:00.000000001Z"));
  }

  /** Any text that JSON allows as a value, in a spelling of its own. */
  static Arbitrary<String> jsonTexts() {
    Arbitrary<String> scalars =
        Arbitraries.of(
            "null",
            "true",
            "false",
            "\"\"",
            "\"a\"",
            "\"\\u0061\"",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "\"\uD83D\uDE00\"",
            "\"\\\"]}\\\\\"",
            "0",
            "-0.0",
            "1",
            "1.0",
            "10e-1",
            "9007199254740993",
            "1e9999999999",
            "{}",
            "[]");
    return Arbitraries.lazyOf(
        () -> scalars,
        () -> scalars,
        () ->
            jsonTexts()
                .list()
                .ofMaxSize(3)
                .map(elements -> "[" + String.join(" , ", elements) + "]"),
        () -> members().map(members -> "{ " + String.join(",", members) + "\n}"));
  }

  private static Arbitrary<List<String>> members() {
    Arbitrary<String> names =
        Arbitraries.of("\"\"", "\"a\"", "\"b\"", "\"a!\"", "\"\\u00e9\"", "\"x:y\"");
    return Combinators.combine(names, jsonTexts())
        .as((name, value) -> name + " : " + value)
        .list()
        .ofMaxSize(3);
  }

  static Arbitrary<Json> json() {
    return jsonTexts().map(Json::parse);
  }

  private static Arbitrary<Usage> usages() {
    return Combinators.combine(
            Arbitraries.of("m", "n").injectNull(0.7),
            Arbitraries.of(0L, 1L, FixedPoint.MAX_COUNT).injectNull(0.7),
            Arbitraries.of("0", "0.5", "0.50", "5e-13").map(BigDecimal::new).injectNull(0.7))
        .as((model, tokens, cost) -> new Usage(model, null, tokens, null, null, cost));
  }

  /** Descriptions of one span. */
  static Arbitrary<Span> spans() {
    return spansOf(KEY);
  }

  /** Descriptions of three spans. */
  static Arbitrary<Span> spansOfAnyKey() {
    return Arbitraries.of("a", "b", "c").flatMap(id -> spansOf(SpanKey.of("trace", id)));
  }

  private static Arbitrary<Span> spansOf(SpanKey key) {
    return Combinators.combine(
            times().injectNull(0.4),
            times().injectNull(0.4),
            times().injectNull(0.4),
            Arbitraries.of("", "one", "two"),
            json().injectNull(0.6),
            json().injectNull(0.6),
            Arbitraries.of("x", "y").list().ofMaxSize(2),
            usages())
        .as(
            (endedAt, updatedAt, createdAt, name, input, output, tags, usage) ->
                Span.builder(key)
                    .name(name)
                    .startedAt(EPOCH)
                    .endedAt(endedAt)
                    .updatedAt(updatedAt)
                    .createdAt(createdAt)
                    .payload(Payload.builder().input(input).output(output).build())
                    .tags(tags)
                    .usage(usage)
                    .build());
  }

  /** Updates of the span that {@link #spans()} describes. */
  static Arbitrary<SpanUpdate> updates() {
    return Combinators.combine(
            times(),
            times().injectNull(0.6),
            Arbitraries.of("", "one", "two").injectNull(0.5),
            json().injectNull(0.5),
            json().injectNull(0.5),
            Arbitraries.of("x", "y").list().ofMaxSize(2).injectNull(0.5),
            usages())
        .as(
            (updatedAt, endedAt, name, input, output, tags, usage) -> {
              SpanUpdate.Builder update = SpanUpdate.builder(KEY, updatedAt);
              set(update, SpanColumn.ENDED_AT, endedAt);
              set(update, SpanColumn.NAME, name);
              set(update, SpanColumn.INPUT, input);
              set(update, SpanColumn.OUTPUT, output);
              set(update, SpanColumn.TAGS, tags == null ? null : new ArrayList<>(tags));
              return update.usage(usage).build();
            });
  }

  private static void set(SpanUpdate.Builder update, SpanColumn column, Object valueOrNull) {
    if (valueOrNull != null) {
      update.set(column, valueOrNull);
    }
  }
}
