package dev.tracekeep.span;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
  private record Rank(boolean completed, Instant updatedAt, Instant createdAt, long digest) {
    static final Comparator<Rank> RULE =
        Comparator.comparing(Rank::completed)
            .thenComparing(Rank::updatedAt, Comparator.nullsFirst(Comparator.naturalOrder()))
            .thenComparing(Rank::createdAt, Comparator.nullsFirst(Comparator.naturalOrder()))
            .thenComparing(Rank::digest, Long::compareUnsigned);

    SpanVersion packed() {
      byte[] bytes = new byte[8];
      for (int i = 0; i < 8; i++) {
        bytes[i] = (byte) (digest >>> 56 - 8 * i);
      }
      return SpanVersion.of(completed, updatedAt, createdAt, bytes);
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
            Arbitraries.of(false, true), times, times, Arbitraries.of(0L, 1L, -1L, 255L, 256L))
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
    int byTimes = Rank.RULE.compare(rankOf(a), rankOf(b));
    int byVersion = a.version().compareTo(b.version());

    if (byTimes != 0) {
      assertThat(Integer.signum(byVersion)).isEqualTo(Integer.signum(byTimes));
    }
    assertThat(byVersion == 0).isEqualTo(a.equals(b));
  }

  private static Rank rankOf(Span span) {
    Times times = span.times();
    return new Rank(times.endedAt() != null, times.updatedAt(), times.createdAt(), 0);
  }

  @Property
  void merge_isCommutativeAssociativeAndIdempotent(
      @ForAll("spans") Span first, @ForAll("spans") Span second, @ForAll("spans") Span third) {
    StoredSpan a = StoredSpan.of(first);
    StoredSpan b = StoredSpan.of(second);
    StoredSpan c = StoredSpan.of(third);

    assertThat(a.orBetter(b)).isEqualTo(b.orBetter(a));
    assertThat(a.orBetter(b).orBetter(c)).isEqualTo(a.orBetter(b.orBetter(c)));
    assertThat(a.orBetter(a)).isEqualTo(a);
    assertThat(a.orBetter(b).orBetter(b)).isEqualTo(a.orBetter(b));
  }

  @Test
  void merge_ofEqualSpansKeepsTheFirst() {
    StoredSpan a = StoredSpan.of(full());

    assertThat(a.orBetter(StoredSpan.of(full()))).isSameAs(a);
  }

  @Test
  void merge_ofTwoSpansIsRefused() {
    StoredSpan a = StoredSpan.of(minimal(SpanKey.of("t", "a")));
    StoredSpan b = StoredSpan.of(minimal(SpanKey.of("t", "b")));

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
    assertThat(batch.spans()).isSortedAccordingTo(Comparator.comparing(StoredSpan::key));
    assertThat(batch.spans()).extracting(StoredSpan::key).doesNotHaveDuplicates();
    assertThat(batch.duplicates()).isEqualTo(spans.size() - batch.spans().size());
    assertThat(shuffled.duplicates()).isEqualTo(other.size() - batch.spans().size());
    for (Span span : spans) {
      assertThat(batch.spans())
          .anyMatch(
              best ->
                  best.key().equals(span.key()) && best.version().compareTo(span.version()) >= 0);
    }
  }

  // The three versions below may never change: every row that was ever written carries one, and a
  // replay of the same span must find it equal. A failure here is a fault in the code, not here.

  @Test
  void version_ofTheSmallestSpanStaysAsItIs() {
    assertThat(minimal(SpanKey.of("trace", "span")).version().toHex())
        .isEqualTo("0000000000000000000000000000000000d6ed51d170250948");
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
        .isEqualTo("00000000000000000061581863df2f0000bfb5ef59a0429a00");
  }

  @Test
  void version_ofASpanWithEveryFieldStaysAsItIs() {
    assertThat(full().version().toHex())
        .isEqualTo("01ffffffffcd0d28009844e96ac5f34d15e05f8026b4503672");
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
    assertThatThrownBy(() -> SpanVersion.ofBytes(new byte[24]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("A span version has 25 bytes, not 24");
  }

  @Test
  void lowest_isBelowEverySpan() {
    assertThat(minimal(SpanKey.of("t", "s")).version()).isGreaterThan(SpanVersion.LOWEST);
  }

  @Test
  void next_carriesIntoHigherBytes() {
    byte[] bytes = new byte[SpanVersion.LENGTH];
    bytes[23] = 7;
    bytes[24] = -1;
    SpanVersion version = SpanVersion.ofBytes(bytes);

    assertThat(version.next()).isGreaterThan(version);
    assertThat(version.next().toHex()).endsWith("0800");
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
}
