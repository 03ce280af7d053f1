package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.Trace;
import dev.tracekeep.storage.WriteResult;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What goes in comes out. */
@CheckGroup("Data fidelity")
abstract class FidelityChecks extends SpanReadChecks {
  /** Emoji, joiners, combining marks, right to left; lone surrogates as the model cleans them. */
  @Test
  public final void unicode_roundTrips() {
    roundTrip(
        List.of(
            "\uD83D\uDE00",
            "\uD83D\uDC69\u200D\uD83D\uDC69\u200D\uD83D\uDC67",
            "e\u0301 vs \u00e9",
            "\u05e9\u05dc\u05d5\u05dd \u202eabc",
            "\u4e2d\u6587",
            "\uD800 lone",
            "lone \uDFFF",
            "\uFFFE\uFFFF\uFEFF",
            "\u2028\u2029\u0085",
            "tab\tline\nreturn\rescape\u001b",
            "\uDBFF\uDFFF"));
  }

  /** U+0000 in text is U+FFFD on every engine, in JSON an escape; nothing is cut off at it. */
  @Test
  public final void nulCharacter_storedOrRefused_neverTruncated() {
    Span span = Spans.root("t").name("a\u0000b\u0000").build();
    assertThat(span.name()).isEqualTo("a\uFFFDb\uFFFD");
    roundTrip(List.of("\u0000", "a\u0000b", "\u0000end", "plain"));
  }

  private void roundTrip(List<String> texts) {
    ObservabilityStorage storage = storage();
    List<Span> spans = new ArrayList<>();
    for (String text : texts) {
      Json json = Json.of(text);
      spans.add(
          Spans.full(SpanKey.of("t" + spans.size(), "s")).toBuilder()
              .name(text)
              .tags(List.of(text, text))
              .payload(
                  new Payload(
                      json,
                      Json.array(List.of(json)),
                      Json.object(Map.of("value", json)),
                      json,
                      json,
                      json))
              .build());
    }
    WriteResult result = storage.batchCreateSpans(spans);
    assertThat(result.rejected()).isEmpty();
    spans.forEach(span -> assertSame(storage.getSpan(span.key()), span));
  }

  /** Nanoseconds, times before 1970, both ends of the range, and another time zone on reading. */
  @Test
  public final void timestamps_keepNanoseconds() {
    ObservabilityStorage storage = storage();
    TimeZone before = TimeZone.getDefault();
    List<Span> spans = new ArrayList<>();
    for (Instant time :
        List.of(
            Spans.T0,
            EpochNanos.MIN,
            EpochNanos.MIN.plusNanos(1),
            EpochNanos.MAX,
            EpochNanos.MAX.minusNanos(1),
            Instant.EPOCH,
            Instant.EPOCH.minusNanos(1),
            Instant.parse("1969-12-31T23:59:59.000000001Z"),
            Instant.parse("1901-12-13T20:45:51.999999999Z"),
            Instant.parse("2026-03-29T01:30:00.000000001Z"),
            Instant.parse("2026-10-25T00:30:00.1Z"),
            Instant.parse("2038-01-19T03:14:08.000001Z"))) {
      spans.add(
          Spans.root("t" + spans.size())
              .startedAt(time)
              .endedAt(time)
              .createdAt(time)
              .updatedAt(time)
              .build());
    }
    try {
      TimeZone.setDefault(TimeZone.getTimeZone("America/St_Johns"));
      storage.batchCreateSpans(spans);
      TimeZone.setDefault(TimeZone.getTimeZone("Asia/Kathmandu"));
      spans.forEach(span -> assertSame(storage.getSpan(span.key()), span));
      assertThat(walk(storage, query -> query, 5))
          .containsExactlyInAnyOrderElementsOf(spans.stream().map(Span::toLight).toList());
    } finally {
      TimeZone.setDefault(before);
    }
  }

  /** A large payload and a large trace come back whole; what is over the limit is refused alone. */
  @Test
  public final void bigPayload_storedOrTypedTooLarge() {
    ObservabilityStorage storage = open(Map.of("max-span-bytes", "3000000"));
    storage.init();
    Span big = Spans.root("big").payload(output(2 << 20)).build();
    Span tooBig = Spans.root("tooBig").payload(output(3 << 20)).build();
    Span small = Spans.root("small").build();
    WriteResult result = storage.batchCreateSpans(List.of(small, tooBig, big));
    assertThat(result.processed()).isEqualTo(2);
    assertThat(result.rejected())
        .extracting(WriteResult.Rejection::key)
        .containsExactly(tooBig.key());
    assertSame(storage.getSpan(big.key()), big);
    assertSame(storage.getSpan(small.key()), small);
    assertThat(storage.getSpan(tooBig.key())).isEmpty();
    StorageException refused = thrown(StorageException.class, () -> storage.createSpan(tooBig));
    assertThat(refused.kind()).isEqualTo(FailureKind.INVALID);
    assertThat(refused.keys()).containsExactly(tooBig.key());
    assertThat(refused.getMessage()).hasSizeLessThan(1000).contains(tooBig.key().toString());
  }

  /** An update over the limit is refused alone, and changes nothing. */
  @Test
  public final void bigUpdate_isTypedTooLarge() {
    ObservabilityStorage storage = open(Map.of("max-span-bytes", "2000"));
    storage.init();
    Span one = Spans.root("one").build();
    Span two = Spans.root("two").build();
    storage.batchCreateSpans(List.of(one, two));
    SpanUpdate tooBig =
        SpanUpdate.builder(one.key(), Spans.at(1)).output(Json.of("x".repeat(3000))).build();
    SpanUpdate small = SpanUpdate.builder(two.key(), Spans.at(1)).name("small").build();
    WriteResult result = storage.batchUpdateSpans(List.of(tooBig, small));
    assertThat(result.processed()).isEqualTo(1);
    assertThat(result.rejected()).extracting(WriteResult.Rejection::key).containsExactly(one.key());
    assertThat(storage.getSpan(one.key())).contains(one);
    assertThat(storage.getSpan(two.key()).orElseThrow().name()).isEqualTo("small");
    StorageException refused = thrown(StorageException.class, () -> storage.updateSpan(tooBig));
    assertThat(refused.kind()).isEqualTo(FailureKind.INVALID);
    assertThat(refused.keys()).containsExactly(one.key());
  }

  private static Payload output(int bytes) {
    return Payload.builder().output(Json.of("x".repeat(bytes))).build();
  }

  /** 10,008 spans of one trace are written in one batch and read in one piece. */
  @Test
  public final void bigTrace_isReadWhole() {
    ObservabilityStorage storage = storage();
    List<Span> spans =
        IntStream.range(0, 10_008)
            .mapToObj(
                i ->
                    Spans.span(SpanKey.of("big", "s" + i))
                        .parentSpanId(i == 0 ? null : "s0")
                        .startedAt(Spans.at(i % 100))
                        .build())
            .toList();
    assertThat(storage.batchCreateSpans(spans).processed()).isEqualTo(10_008);
    assertThat(storage.getTrace(spans.get(0).key().trace()).orElseThrow().spans())
        .hasSize(10_008)
        .isEqualTo(spans.stream().sorted(Trace.ORDER).toList());
    assertThat(storage.batchDeleteTraces(List.of(spans.get(0).key().trace()))).isEqualTo(1);
    assertThat(storage.statistics().spans()).isZero();
  }

  /** Deep nesting, ten thousand keys, and the order of arrays. */
  @Test
  public final void deepAndWideJson() {
    ObservabilityStorage storage = storage();
    for (int depth : List.of(100, 500, Json.MAX_DEPTH)) {
      keeps(storage, Json.parse("[".repeat(depth) + "]".repeat(depth)));
      keeps(storage, Json.parse("{\"a\":".repeat(depth - 1) + "[]" + "}".repeat(depth - 1)));
    }
    keeps(
        storage,
        Json.parse(
            IntStream.range(0, 10_000)
                .mapToObj(i -> "\"key" + i * 7919 % 10_000 + "\":" + i)
                .collect(Collectors.joining(",", "{", "}"))));
    keeps(storage, Json.parse("[3,1,2,[3,1],[1,3],1,3]"));
  }

  /** Numbers keep their value to the last digit, and are never strings. */
  @Test
  public final void numbers_keepTypeAndValue() {
    ObservabilityStorage storage = storage();
    for (String number :
        List.of(
            "9223372036854775807",
            "-9223372036854775808",
            "18446744073709551616",
            "9007199254740993",
            "-0.0",
            "0",
            "1.0",
            "1",
            "0.1",
            "1e400",
            "1e-400",
            "3.141592653589793238462643383279",
            "\"NaN\"",
            "\"Infinity\"",
            "\"1\"")) {
      keeps(storage, Json.parse(number));
      keeps(storage, Json.parse("{\"n\":[" + number + "]}"));
    }
  }

  /** Keys with dots, dollars, nothing at all, 300 characters, and such that differ by case. */
  @Test
  public final void awkwardKeys() {
    ObservabilityStorage storage = storage();
    for (String object :
        List.of(
            "{\"a.b\":1,\"a\":{\"b\":2}}",
            "{\"$x\":1,\"$where\":\"1\",\"$\":{}}",
            "{\"\":{\"\":{}}}",
            "{\"" + "k".repeat(300) + "\":1}",
            "{\"key\":1,\"Key\":2,\"KEY\":3,\"key \":4}",
            "{\"__proto__\":1,\"constructor\":{\"prototype\":[]}}",
            "{\"'\\\"\\\\/\":1,\"\\u0000\":2,\"\uD83D\uDE00\":3}",
            "{\"_id\":1,\"id\":2,\"version\":3,\"0\":4}")) {
      keeps(storage, Json.parse(object));
    }
  }

  private static void keeps(ObservabilityStorage storage, Json json) {
    Span span =
        Spans.root("t")
            .updatedAt(Spans.at(Math.floorMod(json.hashCode(), 1_000_000)))
            .payload(new Payload(json, json, json, json, json, json))
            .build();
    storage.dangerouslyClearAll();
    storage.createSpan(span);
    assertSame(storage.getSpan(span.key()), span);
  }
}
