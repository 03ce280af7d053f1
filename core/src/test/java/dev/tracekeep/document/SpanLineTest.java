package dev.tracekeep.document;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class SpanLineTest {
  private static final Instant START = Instant.parse("2026-01-31T12:00:00.000000001Z");

  @Property(tries = 1000)
  void span_withAnyFields_comesBackLetterByLetter(@ForAll("spans") Span span) {
    String line = SpanLine.of(span);

    assertThat(line).doesNotContain("\n", "\r");
    assertSameLetters(SpanLine.span(line), span);
  }

  @Property(tries = 1000)
  void update_withAnyFields_comesBackLetterByLetter(@ForAll("spans") Span span) {
    SpanUpdate update = SpanUpdate.of(span);

    SpanUpdate read = SpanLine.update(SpanLine.of(update));

    assertThat(read.key()).isEqualTo(update.key());
    assertThat(read.updatedAt()).isEqualTo(update.updatedAt());
    assertThat(read.columns()).isEqualTo(update.columns());
    for (SpanColumn column : update.columns()) {
      assertThat(letters(read.value(column))).isEqualTo(letters(update.value(column)));
    }
  }

  @Provide
  Arbitrary<Span> spans() {
    Arbitrary<Object> none = Arbitraries.just(SpanLineTest.class);
    Arbitrary<Map<SpanColumn, Object>> rows = Arbitraries.just(new EnumMap<>(SpanColumn.class));
    for (SpanColumn column : SpanColumn.all()) {
      Arbitrary<Object> values =
          column.isRequired() ? valuesOf(column) : Arbitraries.oneOf(none, valuesOf(column));
      rows =
          rows.flatMap(
              row ->
                  values.map(
                      value -> {
                        Map<SpanColumn, Object> more = new EnumMap<>(row);
                        if (value != SpanLineTest.class) {
                          more.put(column, value);
                        }
                        return more;
                      }));
    }
    return rows.map(row -> Span.fromColumns(SpanColumn.all(), row::get));
  }

  private static Arbitrary<Object> valuesOf(SpanColumn column) {
    return switch (column) {
      case TENANT_ID, TRACE_ID, SPAN_ID, PARENT_SPAN_ID ->
          Arbitraries.of("a", " \"\\{}[],:", "0123456789abcdef");
      case SPAN_KIND -> Arbitraries.of("CLIENT", "INTERNAL");
      case SPAN_TYPE -> Arbitraries.of("generic", "tool_call");
      default ->
          switch (column.type()) {
            case TEXT -> Arbitraries.of("", "a", "\n\t\u0001\"\\", "\uD83D\uDE00 é\u2028");
            case TIME ->
                Arbitraries.of(START, Instant.EPOCH, Instant.parse("1900-01-01T00:00:00Z"));
            case NUMBER ->
                column.scale() == 0
                    ? Arbitraries.of("0", "1204", "9007199254740992").map(BigDecimal::new)
                    : Arbitraries.of("0", "0.000000000001", "100", "999999.5").map(BigDecimal::new);
            case FLAG -> Arbitraries.of(true, false);
            case TEXT_LIST -> Arbitraries.of(List.of(), List.of("", "a,b", "\"]"));
            case JSON ->
                Arbitraries.of(
                    Json.NULL,
                    Json.parse("\"\""),
                    Json.parse("{ \"a\" : [ 1.0 , {} ] , \"b\":\"}\\\"]\\\\\" }"),
                    Json.parse("{\n  \"pretty\": true\r\n}"),
                    Json.parse("\"\\u0000\\ud800\\n\""),
                    Json.parse("1e400"),
                    Json.parse("[".repeat(Json.MAX_DEPTH) + "]".repeat(Json.MAX_DEPTH)),
                    Json.ofStored("no json, \"unclosed"),
                    Json.ofStored(""),
                    Json.ofStored("{\"a\":1}}"));
          };
    };
  }

  @Test
  void line_ofASmallSpan_isThis() {
    Span span =
        Span.builder(SpanKey.of("t", "s"))
            .name("call")
            .startedAt(START)
            .payload(Payload.builder().input(Json.parse("{ \"a\": 1 }")).build())
            .build();

    assertThat(SpanLine.of(span))
        .isEqualTo(
            "{\"tenantId\":\"default\",\"traceId\":\"t\",\"spanId\":\"s\",\"name\":\"call\","
                + "\"spanType\":\"generic\",\"isEvent\":false,"
                + "\"startedAt\":\"2026-01-31T12:00:00.000000001Z\",\"tags\":[],"
                + "\"input\":{ \"a\": 1 }}");
  }

  @Test
  void derivedMembers_arePassedOver() {
    Span span = Span.builder(SpanKey.of("t", "s")).name("").startedAt(START).build();
    String line =
        SpanLine.of(span).replaceFirst("}$", ",\"status\":\"running\",\"durationNanos\":1}");

    assertThat(SpanLine.span(line)).isEqualTo(span);
  }

  @Test
  void brokenLines_areRefusedByName() {
    String good = SpanLine.of(Span.builder(SpanKey.of("t", "s")).name("").startedAt(START).build());

    refused(good.replace("\"isEvent\"", "\"isNew\""), "isNew is no field");
    refused(good.replace("\"isEvent\":false", "\"isEvent\":0"), "isEvent is neither");
    refused(good.replace("\"tags\":[]", "\"tags\":[1]"), "tags is no string");
    refused(good.replace("\"tags\":[]", "\"tags\":{}"), "tags is no array");
    refused(good.replace("\"tags\":[]", "\"input\":[}"), "json");
    refused(good.replace("\"tags\":[]", "\"input\":1,\"inputText\":\"1\""), "in two forms");
    refused(good.replace("\"tags\":[]", "\"name\":\"again\""), "repeats the member 'name'");
    refused(good.replace("2026-01-31T", "yesterday "), "startedAt is no time");
    refused(good.replace("\"spanId\":\"s\",", ""), "span_id is missing");
    refused(good + "x", "goes on after its end");
    refused("[]", "line is no JSON object");
    for (int length = 0; length < good.length(); length++) {
      String torn = good.substring(0, length);
      assertThatThrownBy(() -> SpanLine.span(torn)).isInstanceOf(InvalidSpanException.class);
    }
  }

  @Test
  void lightSpan_hasNoLine() {
    Span light = Span.builder(SpanKey.of("t", "s")).name("").startedAt(START).build().toLight();

    assertThatThrownBy(() -> SpanLine.of(light)).isInstanceOf(IllegalArgumentException.class);
  }

  private static void refused(String line, String message) {
    assertThatThrownBy(() -> SpanLine.span(line))
        .isInstanceOf(InvalidSpanException.class)
        .hasMessageContaining(message);
  }

  private static void assertSameLetters(Span read, Span written) {
    for (SpanColumn column : SpanColumn.all()) {
      assertThat(letters(column.read(read)))
          .as(column.columnName())
          .isEqualTo(letters(column.read(written)));
    }
  }

  /** Two spellings of one JSON value may be equal, and are not the same. */
  private static Object letters(Object valueOrNull) {
    return valueOrNull instanceof Json json ? json.text() : valueOrNull;
  }
}
