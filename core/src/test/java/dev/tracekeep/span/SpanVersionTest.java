package dev.tracekeep.span;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.storage.spi.SpanBatch;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class SpanVersionTest {
  /** The rule as one would say it. */
  private record Rank(
      boolean completed, Instant updatedAt, Instant createdAt, int columns, int bytes, long hash) {
    static final Comparator<Rank> RULE =
        Comparator.comparing(Rank::completed)
            .thenComparing(Rank::updatedAt, Comparator.nullsFirst(Comparator.naturalOrder()))
            .thenComparing(Rank::createdAt, Comparator.nullsFirst(Comparator.naturalOrder()))
            .thenComparing(Rank::columns)
            .thenComparing(rank -> Math.min(rank.bytes, SpanVersion.MAX_CONTENT_BYTES))
            .thenComparing(Rank::hash, Long::compareUnsigned);

    SpanVersion packed() {
      return SpanVersion.of(completed, updatedAt, createdAt, columns, bytes, hash);
    }
  }

  @Provide
  Arbitrary<Rank> ranks() {
    Arbitrary<Instant> any =
        Arbitraries.longs()
            .between(EpochNanos.of(EpochNanos.MIN), EpochNanos.of(EpochNanos.MAX))
            .map(EpochNanos::toInstant);
    Arbitrary<Instant> times = Arbitraries.oneOf(SpanArbitraries.times(), any).injectNull(0.2);
    return Combinators.combine(
            Arbitraries.of(false, true),
            times,
            times,
            Arbitraries.of(0, 1, 43, 127, 128, 255),
            Arbitraries.of(0, 1, 255, 256, 65536, 0xFFFFFE, 0xFFFFFF, 0x1000000, 1 << 30),
            Arbitraries.of(0L, 1L, -1L, 255L, 256L))
        .as(Rank::new);
  }

  @Provide
  Arbitrary<Span> spans() {
    return SpanArbitraries.spans();
  }

  @Provide
  Arbitrary<List<Span>> batches() {
    return SpanArbitraries.spansOfAnyKey().list().ofMaxSize(12);
  }

  @Property
  void byteOrder_isTheRule(@ForAll("ranks") Rank a, @ForAll("ranks") Rank b) {
    int expected = Integer.signum(Rank.RULE.compare(a, b));
    SpanVersion packedA = a.packed();
    SpanVersion packedB = b.packed();

    assertThat(Integer.signum(packedA.compareTo(packedB))).isEqualTo(expected);
    assertThat(Integer.signum(Arrays.compareUnsigned(packedA.toBytes(), packedB.toBytes())))
        .isEqualTo(expected);
    assertThat(Integer.signum(packedA.toHex().compareTo(packedB.toHex()))).isEqualTo(expected);
    assertThat(packedA.equals(packedB)).isEqualTo(expected == 0);
  }

  @Property
  void versionOfASpan_followsTheRule(@ForAll("spans") Span a, @ForAll("spans") Span b) {
    int byRank = Rank.RULE.compare(rankOf(a), rankOf(b));
    int byVersion = a.version().compareTo(b.version());

    if (byRank != 0) {
      assertThat(Integer.signum(byVersion)).isEqualTo(Integer.signum(byRank));
    }
    assertThat(byVersion == 0).isEqualTo(a.equals(b));
  }

  private static Rank rankOf(Span span) {
    Times times = span.times();
    int columns = 0;
    int bytes = 0;
    for (SpanColumn column : SpanColumn.all()) {
      if (!column.isKey() && !column.isAbsentIn(span)) {
        columns++;
        Object value = column.read(span);
        for (Object part : value instanceof List<?> list ? list : List.of(value)) {
          bytes += part instanceof String || part instanceof Json ? utf8(part.toString()) : 0;
        }
      }
    }
    return new Rank(
        times.endedAt() != null, times.updatedAt(), times.createdAt(), columns, bytes, 0);
  }

  private static int utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  @Property
  void merge_isCommutativeAssociativeAndIdempotent(
      @ForAll("spans") Span a, @ForAll("spans") Span b, @ForAll("spans") Span c) {
    assertThat(a.orBetter(b)).isEqualTo(b.orBetter(a));
    assertThat(a.orBetter(b).orBetter(c)).isEqualTo(a.orBetter(b.orBetter(c)));
    assertThat(a.orBetter(a)).isEqualTo(a);
    assertThat(a.orBetter(b).orBetter(b)).isEqualTo(a.orBetter(b));
  }

  @Test
  void merge_ofEqualSpansKeepsTheFirst() {
    Span a = full();

    assertThat(a.orBetter(full())).isSameAs(a);
  }

  @Test
  void merge_ofTwoSpansIsRefused() {
    Span a = minimal(SpanKey.of("t", "a"));
    Span b = minimal(SpanKey.of("t", "b"));

    assertThatThrownBy(() -> a.orBetter(b))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("default/t/a and default/t/b are two spans");
  }

  @Property
  void batch_dependsNeitherOnOrderNorOnRepeats(
      @ForAll("batches") List<Span> spans, @ForAll long seed) {
    SpanBatch batch = SpanBatch.of(spans);

    List<Span> other = new ArrayList<>(spans);
    other.addAll(spans.subList(0, spans.size() / 2));
    Collections.shuffle(other, new Random(seed));
    SpanBatch shuffled = SpanBatch.of(other);

    assertThat(shuffled.spans()).isEqualTo(batch.spans());
    assertThat(batch.spans()).isSortedAccordingTo(Comparator.comparing(Span::key));
    assertThat(batch.spans()).extracting(Span::key).doesNotHaveDuplicates();
    assertThat(batch.duplicates()).isEqualTo(spans.size() - batch.spans().size());
    assertThat(shuffled.duplicates()).isEqualTo(other.size() - batch.spans().size());
    for (Span span : spans) {
      assertThat(batch.spans())
          .anyMatch(
              best ->
                  best.key().equals(span.key()) && best.version().compareTo(span.version()) >= 0);
    }
  }

  // The versions below may never change: every row that was ever written carries one, and a replay
  // of the same span must find it equal. A failure here is a fault in the code, not here. Those of
  // the small spans were worked out by another program, with the reference implementation of XXH3.

  @Test
  void version_ofTheSmallestSpanStaysAsItIs() {
    assertThat(minimal(SpanKey.of("trace", "span")).version().toHex())
        .isEqualTo("000000000000000000000000000000000003000007c7bce4950e6a4b7a");
  }

  @Test
  void version_ofEachTypeOfColumnStaysAsItIs() {
    Span.Builder span = minimal(SpanKey.of("trace", "span")).toBuilder();

    assertThat(span.name("caf\u00e9 \uD83D\uDE00 \"quoted\" \\ \n").build().version().toHex())
        .as("TEXT")
        .isEqualTo("00000000000000000000000000000000000300001eff4733200cbc3ddf");
    assertThat(span.name("").endedAt(Instant.EPOCH.plusNanos(1)).build().version().toHex())
        .as("TIME")
        .isEqualTo("0100000000000000000000000000000000040000078ba65ea8eaa90149");
    assertThat(span.endedAt(null).startedAt(Instant.EPOCH.minusNanos(1)).build().version().toHex())
        .as("TIME before 1970")
        .isEqualTo("000000000000000000000000000000000003000007fc9705b5a8fd29d2");
    assertThat(span.startedAt(Instant.EPOCH).event(true).build().version().toHex())
        .as("FLAG")
        .isEqualTo("00000000000000000000000000000000000400000785858282484fc841");
    assertThat(
            span.event(false)
                .payload(
                    Payload.builder()
                        .metadata(
                            Json.parse("{\"b\": [1.50, -0.0, 1e400], \"a\": \"\\ud800\\u0000\"}"))
                        .build())
                .build()
                .version()
                .toHex())
        .as("JSON")
        .isEqualTo("000000000000000000000000000000000004000036c93309cc8906707d");
    assertThat(span.payload(Payload.NONE).tags(List.of("b", "a", "")).build().version().toHex())
        .as("TEXT_LIST")
        .isEqualTo("000000000000000000000000000000000004000009788c2df94795f1dd");
    span.tags(List.of());
    assertThat(span.usage(Usage.builder().inputTokens(1204L).build()).build().version().toHex())
        .as("NUMBER")
        .isEqualTo("0000000000000000000000000000000000040000079ca5827e4b5987dc");
    Usage cost = Usage.builder().outputTokens(0L).cost(new BigDecimal("0.0012300")).build();
    assertThat(span.usage(cost).build().version().toHex())
        .as("NUMBER with a scale")
        .isEqualTo("00000000000000000000000000000000000500000707a3ce01c41d35a0");
  }

  @Test
  void version_ofContentBeyondTheCapStaysAsItIs() {
    Span span =
        minimal(SpanKey.of("trace", "span")).toBuilder()
            .payload(Payload.builder().input(Json.of("x".repeat(1 << 24))).build())
            .build();

    assertThat(span.version().toHex())
        .isEqualTo("000000000000000000000000000000000004ffffffb767cfcfbff04b58");
  }

  @Test
  void version_ofARunningSpanBefore1970StaysAsItIs() {
    Span span =
        Span.builder(new SpanKey("tenant", "trace", "span"))
            .parentSpanId("parent")
            .name("caf\u00e9 \uD83D\uDE00 \"quoted\" \\ \n")
            .type(SpanType.of("own_type"))
            .kind(SpanKind.CLIENT)
            .event(true)
            .startedAt(Instant.parse("1969-12-31T23:59:59.999999999Z"))
            .createdAt(EpochNanos.MIN)
            .tags(List.of("b", "a", ""))
            .payload(
                Payload.builder()
                    .error(Json.NULL)
                    .metadata(Json.parse("{\"b\": [1.50, -0.0, 1e400], \"a\": \"\\ud800\\u0000\"}"))
                    .build())
            .build();

    assertThat(span.version().toHex())
        .isEqualTo("00000000000000000061581863df2f00000a000060400552d278a1e3db");
  }

  @Test
  void version_ofASpanWithEveryFieldStaysAsItIs() {
    assertThat(full().version().toHex())
        .isEqualTo("01ffffffffcd0d28009844e96ac5f34d1530000135e2d0223a7e96ccdc");
    assertThat(full().toBuilder().usage(Usage.NONE).build().version().toHex())
        .as("before there was usage")
        .isEqualTo("01ffffffffcd0d28009844e96ac5f34d152a000129876b5c5864077619");
  }

  @Test
  void version_dependsOnEveryFieldButTheKey() {
    Span full = full();
    for (SpanColumn column : SpanColumn.all()) {
      if (column.isKey() || column.isRequired() && column != SpanColumn.TAGS) {
        continue;
      }
      Span without = Span.fromColumns(SpanColumn.all(), c -> c == column ? null : c.read(full));
      assertThat(without.version()).as(column.columnName()).isNotEqualTo(full.version());
      assertThat(without).as(column.columnName()).isNotEqualTo(full);
    }
    assertThat(full.toBuilder().name("other").build().version()).isNotEqualTo(full.version());
    assertThat(full.toBuilder().type(SpanType.GENERIC).build().version())
        .isNotEqualTo(full.version());
    assertThat(full.toBuilder().event(true).build().version()).isNotEqualTo(full.version());
    assertThat(full.toBuilder().startedAt(EpochNanos.MIN).build().version())
        .isNotEqualTo(full.version());
    Span otherKey =
        Span.fromColumns(SpanColumn.all(), c -> c == SpanColumn.SPAN_ID ? "other" : c.read(full));
    assertThat(otherKey.version()).isEqualTo(full.version());
  }

  @Test
  void version_doesNotMixUpNeighbouringFields() {
    Span one = minimal(SpanKey.of("t", "s")).toBuilder().tags(List.of("a", "b")).build();
    Span two = minimal(SpanKey.of("t", "s")).toBuilder().tags(List.of("a\",\"b")).build();
    Span user = one.toBuilder().correlation(Correlation.builder().userId("x").build()).build();
    Span run = one.toBuilder().correlation(Correlation.builder().runId("x").build()).build();

    assertThat(one.version()).isNotEqualTo(two.version());
    assertThat(user.version()).isNotEqualTo(run.version());
  }

  @Test
  void ofBytes_takesBackWhatToBytesGave() {
    SpanVersion version = full().version();
    byte[] bytes = version.toBytes();

    assertThat(SpanVersion.ofBytes(bytes)).isEqualTo(version).hasSameHashCodeAs(version);
    bytes[0] = 42;
    assertThat(version.toBytes()[0]).isEqualTo((byte) 1);
    assertThatThrownBy(() -> SpanVersion.ofBytes(new byte[25]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("A span version has 29 bytes, not 25");
  }

  @Test
  void lowest_isBelowEverySpan() {
    assertThat(minimal(SpanKey.of("t", "s")).version()).isGreaterThan(SpanVersion.LOWEST);
  }

  private static Span minimal(SpanKey key) {
    return Span.builder(key).name("").startedAt(Instant.EPOCH).build();
  }

  static Span full() {
    Instant start = Instant.parse("2025-06-01T12:00:00.123456789Z");
    return Span.builder(
            new SpanKey("tenant", "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"))
        .parentSpanId("00f067aa0ba902b7")
        .name("chat gpt-4o")
        .type(SpanType.MODEL_GENERATION)
        .kind(SpanKind.INTERNAL)
        .startedAt(start)
        .endedAt(start.plusNanos(1))
        .createdAt(start)
        .updatedAt(EpochNanos.MAX)
        .entity(new Entity("agent", "id", "name", "v1"))
        .parentEntity(new Entity("workflow", "pid", "pname", "v2"))
        .rootEntity(new Entity("root", "rid", "rname", "v3"))
        .correlation(
            new Correlation("user", "org", "res", "run", "session", "thread", "request", "exp"))
        .origin(
            new Origin(
                "production",
                "service",
                "cloud",
                Json.parse("{\"name\":\"scope\",\"version\":\"1\"}"),
                Json.parse("{\"host\":\"h\"}")))
        .usage(new Usage("gpt-4o", "openai", 1204L, 312L, 1516L, new BigDecimal("0.01234")))
        .payload(
            new Payload(
                Json.parse("[{\"role\":\"user\"}]"),
                Json.parse("\"text\""),
                Json.parse("{\"message\":\"m\"}"),
                Json.parse("{}"),
                Json.parse("{\"n\":9007199254740993}"),
                Json.parse("[]")))
        .tags(List.of("one", "two"))
        .links(Json.parse("[{\"traceId\":\"t\"}]"))
        .events(Json.parse("[{\"name\":\"e\"}]"))
        .build();
  }

  @Test
  void contentBytes_areWhatWasPacked() {
    for (long bytes : new long[] {0, 1, 0x80, 0x12_3456, SpanVersion.MAX_CONTENT_BYTES}) {
      assertThat(SpanVersion.of(true, null, null, 46, bytes, -1).contentBytes())
          .isEqualTo((int) bytes);
    }
    assertThat(SpanVersion.of(false, null, null, 0, 1L << 40, 0).contentBytes())
        .isEqualTo(SpanVersion.MAX_CONTENT_BYTES);
  }
}
