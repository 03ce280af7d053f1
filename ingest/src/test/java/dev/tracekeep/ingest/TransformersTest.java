package dev.tracekeep.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanUpdate;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class TransformersTest {
  private static Span with(String inputJson) {
    return Spans.started("a").toBuilder()
        .payload(Payload.builder().input(Json.parse(inputJson)).build())
        .build();
  }

  private static String input(SpanTransformer transformer, String inputJson) {
    Span span = Objects.requireNonNull(transformer.transform(with(inputJson)));
    return Objects.requireNonNull(span.payload().input()).text();
  }

  @Test
  void truncation_cutsAndMarksEachCut() {
    SpanTransformer truncation = Truncation.of(5, 2, 3);

    assertThat(input(truncation, "\"12345\"")).isEqualTo("\"12345\"");
    assertThat(input(truncation, "\"123456789\"")).isEqualTo("\"12345…[4 more characters]\"");
    assertThat(input(truncation, "\"1234\uD83D\uDE00\"")).isEqualTo("\"1234…[2 more characters]\"");
    assertThat(input(truncation, "[1, 2, 3, 4, 5]")).isEqualTo("[1,2,3,\"…[2 more elements]\"]");
    assertThat(input(truncation, "{\"a\":1,\"b\":2,\"c\":3,\"d\":4}"))
        .isEqualTo("{\"a\":1,\"b\":2,\"c\":3,\"…\":\"1 more members\"}");
    assertThat(input(truncation, "[[[1],{\"a\":2}]]")).isEqualTo("[[\"…[array]\",\"…[object]\"]]");
  }

  @Test
  void truncation_leavesWhatFitsLetterByLetter() {
    SpanTransformer truncation = Truncation.of(10, 3, 3);
    String fitting = "{ \"a\" : [ 1.00 , 2 , 30000000000 ] }";

    assertThat(input(truncation, fitting)).isEqualTo(fitting);
    Span span = with(fitting);
    assertThat(truncation.transform(span)).isSameAs(span);
  }

  @Test
  void truncation_cutsTextsAndTagsAndUpdates() {
    SpanTransformer truncation = Truncation.of(3, 1, 1);
    Span span =
        Spans.started("a").toBuilder().name("a long name").tags(List.of("one", "two")).build();

    Span cut = Objects.requireNonNull(truncation.transform(span));

    assertThat(cut.name()).isEqualTo("a l…[8 more characters]");
    assertThat(cut.tags()).containsExactly("one");
    assertThat(cut.key()).isEqualTo(span.key());
    assertThat(cut.times()).isEqualTo(span.times());
    SpanUpdate update = Objects.requireNonNull(truncation.transform(Spans.update("a")));
    assertThat(update.value(SpanColumn.METADATA)).isEqualTo(Json.of("met…[1 more characters]"));
  }

  @Test
  void truncation_withoutABound_isRefused() {
    assertThatThrownBy(() -> Truncation.of(0, 1, 1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void redaction_ofAPath_findsMembersAndElements() {
    SpanTransformer redaction =
        Redaction.builder().path(SpanColumn.INPUT, "messages.*.content").build();

    assertThat(
            input(
                redaction,
                "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"content\":[1]},3],"
                    + "\"content\":\"stays\"}"))
        .isEqualTo(
            "{\"messages\":[{\"role\":\"user\",\"content\":\"[redacted]\"},"
                + "{\"content\":\"[redacted]\"},3],\"content\":\"stays\"}");
    String other = "{ \"messages\" : 1 }";
    assertThat(input(redaction, other)).isEqualTo(other);
  }

  @Test
  void redaction_ofAPattern_findsItInAnyText() {
    SpanTransformer redaction =
        Redaction.builder().pattern(Pattern.compile("sk-[a-z0-9]+")).build();

    assertThat(input(redaction, "{\"a\":[\"key sk-abc1!\"],\"b\":\"\\u0073k-x\",\"c\": 1}"))
        .isEqualTo("{\"a\":[\"key [redacted]!\"],\"b\":\"[redacted]\",\"c\":1}");
    String clean = "{ \"a\" : \"nothing\" }";
    assertThat(input(redaction, clean)).isEqualTo(clean);
    Span named = Spans.started("a").toBuilder().name("sk-1").tags(List.of("sk-2")).build();
    Span redacted = Objects.requireNonNull(redaction.transform(named));
    assertThat(redacted.name()).isEqualTo("[redacted]");
    assertThat(redacted.tags()).containsExactly("[redacted]");
  }

  @Test
  void redaction_ofAColumn_takesItsWholeValue() {
    SpanTransformer redaction =
        Redaction.builder().column(SpanColumn.INPUT).column(SpanColumn.METADATA).build();

    assertThat(input(redaction, "{\"a\":1}")).isEqualTo("\"[redacted]\"");
    SpanUpdate update = Objects.requireNonNull(redaction.transform(Spans.update("a")));
    assertThat(update.value(SpanColumn.METADATA)).isEqualTo(Json.of("[redacted]"));
    assertThatThrownBy(() -> Redaction.builder().column(SpanColumn.TRACE_ID))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("trace_id");
  }

  @Test
  void dropping_dropsWholeSpans() {
    SpanTransformer dropping =
        SpanTransformer.dropping("noise", span -> span.name().equals("noise"));

    assertThat(dropping.transform(Spans.started("a").toBuilder().name("noise").build())).isNull();
    assertThat(dropping.transform(Spans.started("a"))).isEqualTo(Spans.started("a"));
  }
}
