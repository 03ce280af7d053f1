package dev.tracekeep.otlp;

import static dev.tracekeep.otlp.Requests.TRACE;
import static dev.tracekeep.otlp.Requests.line;
import static dev.tracekeep.otlp.Requests.span;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BadSpanTest {
  private static final String A = "000000000000000a";
  private static final String B = "000000000000000b";
  private static final String C = "000000000000000c";

  /** Puts the bad span between two good ones, which must come through. */
  private static Collected between(String bad) {
    Collected read = Collected.of(line(span(A, ""), bad, span(C, "")));
    assertThat(read.ids()).startsWith(A).endsWith(C);
    return read;
  }

  private static void assertRefused(String bad, String message) {
    Collected read = between(bad);

    assertThat(read.ids()).containsExactly(A, C);
    assertThat(read.messages()).containsExactly("spans.json:1: " + message);
    assertThat(read.problems.get(0).severity()).isEqualTo(OtlpProblem.Severity.REFUSED);
  }

  @Test
  void traceIdOf15Characters_isRefused() {
    assertRefused(
        span(B, "").replace(TRACE, "0af7651916cd43d"),
        "span "
            + B
            + " of trace 0af7651916cd43d: trace_id has 15 characters: it has 32 hexadecimal digits");
  }

  @Test
  void emptySpanId_isRefused() {
    assertRefused(
        span("", ""),
        "span (empty) of trace " + TRACE + ": span_id is empty: it has 16 hexadecimal digits");
  }

  @Test
  void zeroIds_areRefused() {
    assertRefused(
        span("0".repeat(16), ""),
        "span "
            + "0".repeat(16)
            + " of trace "
            + TRACE
            + ": span_id is all zeros, which OpenTelemetry calls invalid");
  }

  @Test
  void idWithControlCharacters_isRefusedWithoutShowingThem() {
    assertRefused(
        span("\\u001b[31maaaa" + "0".repeat(7), ""),
        "span ?[31maaaa0000000 of trace "
            + TRACE
            + ": span_id has U+001B at position 0: it has 16 hexadecimal digits");
  }

  @Test
  void parentSpanIdOfWrongLength_isRefused() {
    assertRefused(
        span(B, "\"parentSpanId\":\"abc\""),
        "span "
            + B
            + " of trace "
            + TRACE
            + ": parent_span_id has 3 characters: it has 16 hexadecimal digits");
  }

  @Test
  void zeroParentSpanId_isARoot() {
    assertThat(Collected.span("\"parentSpanId\":\"0000000000000000\"").isRoot()).isTrue();
  }

  @Test
  void endBeforeStart_isKeptWithAWarning() {
    Collected read = between(span(B, "\"endTimeUnixNano\":\"1600000000000000000\""));

    assertThat(read.ids()).containsExactly(A, B, C);
    assertThat(read.messages())
        .containsExactly(
            "spans.json:1: span "
                + B
                + " of trace "
                + TRACE
                + ": ended_at 2020-09-13T12:26:40Z is before started_at"
                + " 2023-11-14T22:13:20.000000001Z; it was kept as it is");
    assertThat(read.problems.get(0).severity()).isEqualTo(OtlpProblem.Severity.WARNING);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"startTimeUnixNano\":0,\"endTimeUnixNano\":0 | started_at is missing: startTimeUnixNano is"
            + " absent or 0",
        "\"startTimeUnixNano\":\"-5\" | startTimeUnixNano is no unsigned 64-bit number",
        "\"startTimeUnixNano\":1e999999999 | startTimeUnixNano is no whole number",
        "\"endTimeUnixNano\":\"99999999999999999999\" | endTimeUnixNano is no unsigned 64-bit number",
        "\"endTimeUnixNano\":\"18446744073709551615\" | ended_at is 2554-07-21T23:34:33.709551615Z:"
            + " times lie between 1900-01-01T00:00:00Z and 2262-04-11T23:47:16Z",
        "\"endTimeUnixNano\":\"soon\" | endTimeUnixNano is no whole number",
        "\"name\":7 | name is no string",
        "\"kind\":\"SIDEWAYS\" | kind is neither a number nor one of [CLIENT, CONSUMER, INTERNAL,"
            + " PRODUCER, SERVER, UNSPECIFIED]",
        "\"kind\":\"\" | kind is no whole number",
        "\"status\":{\"code\":\"FINE\"} | status.code is neither a number nor one of [ERROR, OK, UNSET]",
        "\"startTimeUnixNano\":{\"low\":1} | startTimeUnixNano is no number: an object of one has the"
            + " members low and high",
        "\"startTimeUnixNano\":\"9999999999999999999\" | started_at is 2286-11-20T17:46:39.999999999Z:"
            + " times lie between 1900-01-01T00:00:00Z and 2262-04-11T23:47:16Z",
        "\"attributes\":7 | attributes is no array",
      })
  void brokenField_refusesTheSpanByName(String members, String problem) {
    assertRefused(span(B, members), "span " + B + " of trace " + TRACE + ": " + problem);
  }

  @Test
  void spanOverTheLimit_isRefusedByName() {
    String big =
        "\"attributes\":[{\"key\":\"a\",\"value\":{\"stringValue\":\"" + "x".repeat(30 << 20);
    assertRefused(
        span(B, big + "\"}}]"),
        "span "
            + B
            + " of trace "
            + TRACE
            + ": span has more than 8388608 bytes of text and JSON, the limit (max-span-bytes)");
  }

  @Test
  void spanOverTheLimit_isReadWhereTheLimitIsHigher() {
    String big =
        "\"attributes\":[{\"key\":\"a\",\"value\":{\"stringValue\":\"" + "x".repeat(9 << 20);
    OtlpReader reader = OtlpReader.builder().maxSpanBytes(10 << 20).build();
    Collected read =
        Collected.of(reader, line(span(B, big + "\"}}]")).getBytes(StandardCharsets.UTF_8));

    assertThat(read.ids()).containsExactly(B);
  }

  @Test
  void nulAndLoneSurrogates_areCleanedInTextAndKeptInJson() {
    Span read =
        Collected.span(
            "\"name\":\"a\\u0000b\\ud800c\",\"attributes\":[{\"key\":\"k\\udc00\\u0000\","
                + "\"value\":{\"stringValue\":\"v\\u0000\\ud83d\"}}]");

    assertThat(read.name()).isEqualTo("a\uFFFDb\uFFFDc");
    assertThat(read.payload().attributes())
        .isEqualTo(Json.parse("{\"k\uFFFD\\u0000\":\"v\\u0000\\ud83d\"}"));
    assertThat(
            read.payload()
                .attributes()
                .text()
                .chars()
                .filter(c -> c == 0 || Character.isSurrogate((char) c)))
        .isEmpty();
  }

  @Test
  void duplicateIds_arePassedOn() {
    assertThat(Collected.of(line(span(A, ""), span(A, ""))).ids()).containsExactly(A, A);
  }

  @Test
  void structuralFault_isReportedAndTheRestIsRead() {
    Collected read =
        Collected.of(
            "{\"resourceSpans\":[7,{\"resource\":{\"attributes\":3},\"scopeSpans\":[{\"spans\":["
                + span(A, "")
                + "]}]}]}");

    assertThat(read.ids()).containsExactly(A);
    assertThat(read.messages())
        .containsExactly(
            "spans.json:1: the request is damaged: resourceSpans is no object",
            "spans.json:1: a resource is not kept in full: resource.attributes is no array");
  }
}
