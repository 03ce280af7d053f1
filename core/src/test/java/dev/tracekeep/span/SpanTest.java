package dev.tracekeep.span;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpanTest {
  private static final Instant START = Instant.parse("2025-01-01T00:00:00.000000001Z");

  @Provide
  Arbitrary<String> strings() {
    return Arbitraries.strings()
        .withChars('a', '\u0000', '\uD800', '\uDBFF', '\uDC00', '\uDFFF', '\uFFFD')
        .ofMaxLength(8);
  }

  // ---- text

  @Property
  void text_isCleanedCodePointByCodePoint(@ForAll("strings") String text) {
    StringBuilder expected = new StringBuilder();
    text.codePoints()
        .forEach(
            c ->
                expected.appendCodePoint(
                    c == 0 || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)
                        ? 0xFFFD
                        : c));

    assertThat(Text.cleaned(text)).isEqualTo(expected.toString());
    assertThat(Text.cleaned(Text.cleaned(text))).isEqualTo(Text.cleaned(text));
  }

  @Test
  void text_ofEveryFieldIsCleaned() {
    String dirty = "a\u0000\uD800b";
    Span full = SpanVersionTest.full();
    Span span =
        Span.fromColumns(
            SpanColumn.all(),
            column -> {
              boolean isPlain =
                  column.type() == SpanColumn.Type.TEXT
                      && !column.isKey()
                      && column != SpanColumn.PARENT_SPAN_ID
                      && column != SpanColumn.SPAN_KIND;
              if (column == SpanColumn.TAGS) {
                return List.of(dirty);
              }
              return isPlain ? dirty : column.read(full);
            });

    for (SpanColumn column : SpanColumn.all()) {
      if (column.read(span) instanceof String text) {
        assertThat(text).as(column.columnName()).doesNotContain("\u0000", "\uD800");
      }
    }
    assertThat(span.name()).isEqualTo("a\uFFFD\uFFFDb");
    assertThat(span.type()).isEqualTo(SpanType.of("a\uFFFD\uFFFDb"));
    assertThat(span.tags()).containsExactly("a\uFFFD\uFFFDb");
  }

  // ---- ids

  @Test
  void ids_takeAllPrintableAsciiAndKeepCaseAndSpaces() {
    StringBuilder printable = new StringBuilder();
    for (char c = 0x20; c <= 0x7E; c++) {
      printable.append(c);
    }
    SpanKey key = new SpanKey(" ", printable.toString(), "x".repeat(128));

    assertThat(key.traceId()).hasSize(95);
    assertThat(SpanKey.of("a", "b")).isNotEqualTo(SpanKey.of("A", "b"));
    assertThat(SpanKey.of("a", "b")).isNotEqualTo(SpanKey.of("a ", "b"));
    assertThat(SpanKey.of("B", "b")).isLessThan(SpanKey.of("a", "b"));
    assertThat(key.trace()).isEqualTo(new TraceKey(" ", key.traceId()));
    assertThat(key.trace().span(key.spanId())).isEqualTo(key);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\t", "a\u007f", "\u00e9", "a\u0000", "\uD83D\uDE00"})
  void ids_ofAnythingElseAreRefusedByName(String id) {
    assertThatThrownBy(() -> SpanKey.of("t", id))
        .isInstanceOf(InvalidSpanException.class)
        .hasMessageStartingWith("span_id ")
        .hasMessageEndingWith("an id has 1 to 128 printable ASCII characters")
        .hasMessageNotContaining("\u00e9");
    assertThatThrownBy(() -> new TraceKey(id, "t"))
        .isInstanceOfSatisfying(
            InvalidSpanException.class, e -> assertThat(e.field()).isEqualTo("tenant_id"));
    assertThatThrownBy(() -> span().parentSpanId(id).build())
        .hasMessageStartingWith("parent_span_id ");
  }

  @Test
  void id_thatIsTooLongIsRefused() {
    assertThatThrownBy(() -> SpanKey.of("x".repeat(129), "s"))
        .hasMessage("trace_id has 129 characters: an id has 1 to 128 printable ASCII characters");
    assertThatThrownBy(() -> SpanKey.of("a\u00e9", "s"))
        .hasMessage(
            "trace_id has U+00E9 at position 1: an id has 1 to 128 printable ASCII characters");
  }

  // ---- times

  @Test
  void times_areAcceptedUpToBothEnds() {
    Span span = span().startedAt(EpochNanos.MIN).endedAt(EpochNanos.MAX).build();

    assertThat(EpochNanos.toInstant(EpochNanos.of(span.times().startedAt())))
        .isEqualTo(EpochNanos.MIN);
    assertThat(EpochNanos.toInstant(EpochNanos.of(EpochNanos.MAX))).isEqualTo(EpochNanos.MAX);
    assertThat(span().startedAt(EpochNanos.MAX).endedAt(EpochNanos.MIN).build().times().endedAt())
        .isEqualTo(EpochNanos.MIN);
  }

  @Test
  void times_beyondTheEndsAreRefusedByName() {
    Instant early = EpochNanos.MIN.minusNanos(1);
    Instant late = EpochNanos.MAX.plusNanos(1);

    assertThatThrownBy(() -> span().startedAt(early).build())
        .isInstanceOf(InvalidSpanException.class)
        .hasMessage(
            "started_at is 1899-12-31T23:59:59.999999999Z: times lie between"
                + " 1900-01-01T00:00:00Z and 2262-04-11T23:47:16Z");
    assertThatThrownBy(() -> span().endedAt(late).build()).hasMessageStartingWith("ended_at is ");
    assertThatThrownBy(() -> span().createdAt(Instant.MIN).build())
        .hasMessageStartingWith("created_at is ");
    assertThatThrownBy(() -> span().updatedAt(Instant.MAX).build())
        .hasMessageStartingWith("updated_at is ");
  }

  @Property
  void epochNanos_roundTrip(@ForAll long nanos) {
    Instant instant = EpochNanos.toInstant(nanos);

    assertThat(instant).isEqualTo(Instant.EPOCH.plusNanos(nanos));
    if (nanos >= EpochNanos.of(EpochNanos.MIN)) {
      assertThat(EpochNanos.of(instant)).isEqualTo(nanos);
    }
  }

  @Test
  void epochNanos_ofAbsentIsAbsent() {
    assertThat(EpochNanos.toInstant((Long) null)).isNull();
    assertThatThrownBy(() -> EpochNanos.of(Instant.MAX)).isInstanceOf(ArithmeticException.class);
  }

  // ---- the span

  @Test
  void status_isDerived() {
    assertThat(span().build().status()).isEqualTo(SpanStatus.RUNNING).hasToString("running");
    assertThat(span().endedAt(START).build().status()).isEqualTo(SpanStatus.OK);
    assertThat(
            span()
                .payload(Payload.builder().error(Json.NULL).build())
                .endedAt(START)
                .build()
                .status())
        .isEqualTo(SpanStatus.ERROR);
  }

  @Test
  void columns_rebuildTheSpan() {
    Span full = SpanVersionTest.full();

    Span rebuilt = Span.fromColumns(SpanColumn.all(), column -> column.read(full));

    assertThat(rebuilt).isEqualTo(full).hasSameHashCodeAs(full);
    assertThat(full.toBuilder().build()).isEqualTo(full);
    for (SpanColumn column : SpanColumn.all()) {
      assertThat(column.read(full)).as(column.columnName()).isInstanceOf(column.type().javaType());
      assertThat(SpanColumn.named(column.columnName())).contains(column);
      assertThat(column.isHeavy()).isNotEqualTo(SpanColumn.light().contains(column));
    }
  }

  @Test
  void columns_thatAreRequiredAreMissedByName() {
    Span full = SpanVersionTest.full();
    for (SpanColumn missing :
        List.of(SpanColumn.TRACE_ID, SpanColumn.NAME, SpanColumn.STARTED_AT)) {
      assertThatThrownBy(
              () ->
                  Span.fromColumns(
                      SpanColumn.all(), column -> column == missing ? null : column.read(full)))
          .isInstanceOf(InvalidSpanException.class)
          .hasMessageStartingWith(missing.columnName() + " is missing");
    }
  }

  @Test
  void lightSpan_hasNoHeavyFieldsAndIsAnother() {
    Span full = SpanVersionTest.full();
    Span light = full.toLight();

    assertThat(light.isLight()).isTrue();
    assertThat(light).isNotEqualTo(full).isEqualTo(full.toLight());
    assertThat(light.toLight()).isSameAs(light);
    assertThat(light.toBuilder().build().isLight()).isTrue();
    for (SpanColumn column : SpanColumn.all()) {
      if (column.isHeavy()) {
        assertThat(column.read(light)).as(column.columnName()).isNull();
      } else {
        assertThat(column.read(light)).as(column.columnName()).isEqualTo(column.read(full));
      }
    }
    // Nothing in it: still light, or it would be written back.
    assertThat(span().build().toLight()).isNotEqualTo(span().build());
  }

  @Test
  void span_withoutNameTypeOrStartIsRefused() {
    SpanKey key = SpanKey.of("t", "s");
    assertThatThrownBy(() -> Span.builder(key).startedAt(START).build())
        .hasMessage("name is missing: every span has a name, which may be empty");
    assertThatThrownBy(() -> Span.builder(key).name("").build())
        .hasMessage("started_at is missing: every span has a start");
    assertThatThrownBy(() -> SpanType.of(""))
        .hasMessage("span_type is empty: use generic where nothing is known");
  }

  @Test
  void tags_areCopiedAndUnmodifiable() {
    List<String> tags = new ArrayList<>(List.of("b", "a"));
    Span span = span().tags(tags).build();
    tags.clear();

    assertThat(span.tags()).containsExactly("b", "a").isUnmodifiable();
  }

  @Test
  void toString_showsNoPayload() {
    assertThat(SpanVersionTest.full())
        .hasToString(
            "Span[tenant/0af7651916cd43dd8448eb211c80319c/b7ad6b7169203331 chat gpt-4o error]");
  }

  private static Span.Builder span() {
    return Span.builder(SpanKey.of("t", "s")).name("n").startedAt(START);
  }
}
