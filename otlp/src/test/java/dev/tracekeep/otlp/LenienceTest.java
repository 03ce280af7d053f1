package dev.tracekeep.otlp;

import static dev.tracekeep.otlp.Requests.TRACE;
import static dev.tracekeep.otlp.Requests.line;
import static dev.tracekeep.otlp.Requests.span;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKind;
import dev.tracekeep.span.SpanStatus;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What writers spell in their own way, and parts of a span that are broken alone. */
class LenienceTest {
  private static final String ID = "000000000000000b";
  private static final String WHERE = "spans.json:1: span " + ID + " of trace " + TRACE + ": ";

  /** The one span with these members, and what was said about it. */
  private static Collected read(String members) {
    Collected read = Collected.of(line(span(ID, members)));
    assertThat(read.ids()).containsExactly(ID);
    return read;
  }

  private static String attributes(Collected read) {
    Json attributes = read.spans.get(0).payload().attributes();
    return attributes == null ? "none" : attributes.text();
  }

  @Test
  void scopesOfOldOtlp_areReadInBothEncodings() {
    Collected json = Collected.of(Resource.read("old-scopes.jsonl"));
    Collected protobuf = Collected.of(Resource.read("old-scopes.pb"));

    assertThat(json.problems).isEmpty();
    assertThat(json.spans.get(0).name()).isEqualTo("op");
    assertThat(json.spans.get(0).origin().serviceName()).isEqualTo("old");
    assertThat(json.spans.get(0).origin().scope().text())
        .isEqualTo("{\"name\":\"l\",\"version\":\"1\"}");
    assertThat(protobuf.problems).isEmpty();
    assertThat(protobuf.spans.get(0).name()).isEqualTo("old");
    assertThat(protobuf.spans.get(0).origin().serviceName()).isEqualTo("svc");
    assertThat(protobuf.spans.get(0).origin().scope().text()).isEqualTo("{\"name\":\"lib\"}");
  }

  @Test
  void protobufWithoutSpans_isAWarning() {
    // Field 7 of ResourceSpans, which no version knows.
    byte[] input = {0x0A, 0x04, 0x3A, 0x02, 0x08, 0x01};

    assertThat(Collected.of(input).messages())
        .containsExactly(
            "spans.json: the request has no span in it: 1 fields of it are unknown to OTLP");
  }

  @Test
  void valuesAsGoPrintsThem_areUnderstood() {
    Collected read = Collected.of(Resource.read("capital-any-values.json"));

    assertThat(read.problems).isEmpty();
    Span span = read.spans.get(0);
    assertThat(span.key().traceId()).isEqualTo("67acfc2ea56f108fa4535fc28ba99705");
    assertThat(span.origin().serviceName()).isEqualTo("go-svc");
    assertThat(span.payload().attributes().text())
        .isEqualTo("{\"gen_ai.request.model\":\"m-1\",\"n\":3}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        "{\"StringValue\":\"x\"} | \"x\"",
        "{\"STRING_VALUE\":\"x\"} | \"x\"",
        "{\"value\":{\"value\":{\"IntValue\":\"7\"}}} | 7",
        "{\"Value\":{\"ArrayValue\":{\"Values\":[{\"Value\":{\"BoolValue\":true}}]}}} | [true]",
        "{\"KvlistValue\":{\"Values\":[{\"Key\":\"k\",\"Value\":{\"DoubleValue\":1.5}}]}}"
            + " | {\"k\":1.5}",
        "{\"intValue\":{\"low\":-1,\"high\":0,\"unsigned\":true}} | 4294967295",
        "{\"intValue\":{\"low\":-1,\"high\":-1}} | -1",
        "{\"later\":1,\"stringValue\":\"x\"} | \"x\"",
        "{\"stringValue\":\"x\",\"later\":{\"a\":[]}} | \"x\"",
        "{} | null",
        "null | null"
      })
  void value_inAnotherSpelling_isTheSame(String value, String json) {
    Collected read = read("\"attributes\":[{\"key\":\"a\",\"value\":" + value + "}]");

    assertThat(read.problems).isEmpty();
    assertThat(attributes(read)).isEqualTo("{\"a\":" + json + "}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        "{\"later\":{\"a\":[1,\"x\",null,{}],\"b\":1e5}}"
            + " | {\"later\":{\"a\":[1,\"x\",null,{}],\"b\":1e5}}",
        "{\"a\":true,\"b\":null} | {\"a\":true,\"b\":null}",
        "{\"value\":\"x\"} | {\"value\":\"x\"}"
      })
  void value_withoutAKnownMember_isKeptAsItIsAndSaidSo(String value, String json) {
    Collected read = read("\"attributes\":[{\"key\":\"k\",\"value\":" + value + "}]");

    assertThat(attributes(read)).isEqualTo("{\"k\":" + json + "}");
    assertThat(read.messages())
        .containsExactly(
            WHERE
                + "attributes has a value with none of stringValue, boolValue, intValue,"
                + " doubleValue, arrayValue, kvlistValue, bytesValue: taken as the JSON that it is");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {"\"b\" | \"b\"", "7 | 7", "true | true", "[1,{\"x\":[]}] | [1,{\"x\":[]}]"})
  void value_thatIsNoAnyValue_isKeptAsItIsAndSaidSo(String value, String json) {
    Collected read = read("\"attributes\":[{\"key\":\"k\",\"value\":" + value + "}]");

    assertThat(attributes(read)).isEqualTo("{\"k\":" + json + "}");
    assertThat(read.messages())
        .containsExactly(
            WHERE + "attributes has a value that is no AnyValue: taken as the JSON that it is");
  }

  @Test
  void attributesAsAnObject_areTakenByTheirNames() {
    Collected read = read("\"attributes\":{\"user.id\":\"u\",\"n\":[1,{\"a\":\"\\\"\"}]}");

    assertThat(attributes(read)).isEqualTo("{\"user.id\":\"u\",\"n\":[1,{\"a\":\"\\\"\"}]}");
    assertThat(read.spans.get(0).correlation().userId()).isEqualTo("u");
    assertThat(read.messages())
        .containsExactly(
            WHERE + "attributes is an object, not an array of keys and values: taken by its names");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        "{\"key\":\"a\",\"value\":{\"intValue\":\"x\"}} | the attribute a | attributes is no whole"
            + " number",
        "{\"key\":\"a\",\"value\":{\"bytesValue\":\"?\"}} | the attribute a | attributes has a"
            + " bytesValue that is no base64",
        "{\"key\":\"a\",\"value\":{\"boolValue\":\"yes\"}} | the attribute a | attributes has a"
            + " boolValue that is no boolean",
        "{\"key\":\"a\",\"value\":{\"intValue\":{\"low\":1}}} | the attribute a | attributes is no"
            + " number: an object of one has the members low and high",
        "{\"key\":7} | an attribute | attributes is no string",
        "7 | an attribute | attributes has an element that is no object"
      })
  void badAttribute_costsItselfAlone(String bad, String which, String fault) {
    Collected read =
        read(
            "\"attributes\":[{\"key\":\"b\",\"value\":{\"intValue\":1}},"
                + bad
                + ",{\"key\":\"c\",\"value\":{\"intValue\":2}}]");

    assertThat(attributes(read)).isEqualTo("{\"b\":1,\"c\":2}");
    assertThat(read.messages()).containsExactly(WHERE + which + " was left out: " + fault);
  }

  @Test
  void badLink_costsItselfAlone() {
    Collected read = Collected.of(Resource.read("bad-link.jsonl"));

    assertThat(read.spans.stream().map(Span::name)).containsExactly("grant", "child");
    assertThat(read.spans.get(0).links()).isNull();
    assertThat(read.messages())
        .containsExactly(
            "spans.json:1: span def0000000000001 of trace abc00000000000000000000000000004: a link"
                + " was left out: links.traceId is no string");
  }

  @Test
  void badEvents_costThemselvesAlone() {
    Collected read =
        read(
            "\"events\":[{\"name\":\"a\"},{\"name\":{}},7,{\"name\":\"b\",\"attributes\":["
                + "{\"key\":\"x\",\"value\":{\"intValue\":\"?\"}},"
                + "{\"key\":\"y\",\"value\":{\"intValue\":1}}]}],\"name\":\"work\"");

    assertThat(read.spans.get(0).events().text())
        .isEqualTo(
            "[{\"timeUnixNano\":\"0\",\"name\":\"a\"},"
                + "{\"timeUnixNano\":\"0\",\"name\":\"b\",\"attributes\":{\"y\":1}}]");
    assertThat(read.messages())
        .containsExactly(
            WHERE + "an event was left out: events.name is no string",
            WHERE + "an event was left out: events is no object",
            WHERE + "the attribute x was left out: events.attributes is no whole number");
  }

  @Test
  void manyBadParts_areNotAllNamed() {
    StringBuilder bad = new StringBuilder();
    for (int i = 0; i < 5000; i++) {
      bad.append(i == 0 ? "" : ",").append("{\"key\":\"k").append(i);
      bad.append("\",\"value\":{\"boolValue\":1}}");
    }
    List<String> messages = read("\"attributes\":[" + bad + "]").messages();

    assertThat(messages).hasSize(6);
    assertThat(messages.get(5)).isEqualTo(WHERE + "and 4995 more like these");
  }

  @ParameterizedTest
  @CsvSource({
    "SERVER,SERVER",
    "server,SERVER",
    "SPAN_KIND_CLIENT,CLIENT",
    "Span_Kind_Producer,PRODUCER",
    "Internal,INTERNAL"
  })
  void kind_byAnySpellingOfItsName_isTaken(String spelling, SpanKind kind) {
    assertThat(Collected.span("\"kind\":\"" + spelling + "\"").kind()).isEqualTo(kind);
  }

  @ParameterizedTest
  @CsvSource({"ERROR", "Error", "STATUS_CODE_ERROR", "status_code_error"})
  void errorStatus_byAnySpellingOfItsName_isTaken(String spelling) {
    Span span = Collected.span("\"status\":{\"code\":\"" + spelling + "\"}");

    assertThat(span.status()).isEqualTo(SpanStatus.ERROR);
  }

  @Test
  void timesInHalves_areNumbers() {
    // 1764000000000000000 = 410714 * 2^32 + low, as protobuf.js prints a Long.
    long nanos = 1_764_000_000_000_000_123L;
    String halves =
        "{\"low\":" + (int) nanos + ",\"high\":" + (nanos >> 32) + ",\"unsigned\":true}";
    Span span =
        Collected.of(line(span(ID, "").replace("\"1700000000000000001\"", halves))).spans.get(0);

    assertThat(span.times().startedAt()).isEqualTo(Instant.parse("2025-11-24T16:00:00.000000123Z"));
  }

  @Property
  void ids_inAnySpelling_areTheSame(@ForAll("ids") byte[] id) {
    String hex = HexFormat.of().formatHex(id);
    String uuid =
        hex.replaceFirst("(.{8})(.{4})(.{4})(.{4})(.{12})", "$1-$2-$3-$4-$5")
            .toUpperCase(Locale.ROOT);
    List<String> spellings =
        List.of(
            hex,
            hex.toUpperCase(Locale.ROOT),
            "0x" + hex,
            "0X" + hex.toUpperCase(Locale.ROOT),
            uuid,
            Base64.getEncoder().encodeToString(id),
            Base64.getEncoder().encodeToString(hex.getBytes(StandardCharsets.US_ASCII)),
            Base64.getEncoder()
                .encodeToString(hex.toUpperCase(Locale.ROOT).getBytes(StandardCharsets.US_ASCII)));

    assertThat(spellings).allMatch(text -> SpanIds.fromJson(text, 16).equals(hex));
    String spanId = hex.substring(16);
    assertThat(
            List.of(
                "0x" + spanId,
                Base64.getEncoder().encodeToString(spanId.getBytes(StandardCharsets.US_ASCII)),
                Base64.getEncoder().encodeToString(Arrays.copyOfRange(id, 8, 16))))
        .allMatch(text -> SpanIds.fromJson(text, 8).equals(spanId));
  }

  @Provide
  Arbitrary<byte[]> ids() {
    return Arbitraries.bytes().array(byte[].class).ofSize(16);
  }

  @Test
  void timesInOtherUnits_areKeptAndTheUnitIsNamed() {
    Collected read = Collected.of(Resource.read("time-units.jsonl"));

    assertThat(read.spans.stream().map(Span::name)).containsExactly("ms", "us", "sec", "float ns");
    assertThat(read.messages())
        .containsExactly(
            at("13", "started_at 1970-01-01T00:29:24Z is before 2000: startTimeUnixNano looks like")
                + " milliseconds, not nanoseconds; it was kept as it is",
            at("be", "started_at 1970-01-21T10:00:00Z is before 2000: startTimeUnixNano looks like")
                + " microseconds, not nanoseconds; it was kept as it is",
            at("bf", "started_at 1970-01-01T00:00:01.764Z is before 2000: startTimeUnixNano looks")
                + " like seconds, not nanoseconds; it was kept as it is",
            at("c1", "started_at is 2262-04-11T23:47:16.854775Z: times lie between")
                + " 1900-01-01T00:00:00Z and 2262-04-11T23:47:16Z",
            at("c2", "ended_at is 2554-07-21T23:34:33.709551615Z: times lie between")
                + " 1900-01-01T00:00:00Z and 2262-04-11T23:47:16Z",
            at("c3", "startTimeUnixNano is no unsigned 64-bit number"),
            at("c4", "startTimeUnixNano is no whole number"));
  }

  private static String at(String trace, String message) {
    return "spans.json:1: span def0000000000001 of trace "
        + "abc000000000000000000000000000"
        + trace
        + ": "
        + message;
  }

  @Test
  void startOfAnotherClock_isKeptAndSaidSo() {
    Collected read = Collected.of(Resource.read("one-child-in-1970.jsonl"));

    assertThat(read.spans.get(2).times().startedAt())
        .isEqualTo(Instant.parse("1970-01-01T12:21:51.913730532Z"));
    assertThat(read.messages())
        .containsExactly(
            "spans.json:1: span def0000000000003 of trace abc00000000000000000000000000043:"
                + " started_at 1970-01-01T12:21:51.913730532Z is before 2000: startTimeUnixNano is"
                + " no time of a right clock in any unit; it was kept as it is");
  }

  @Test
  void startOfZeroWithAnEnd_becomesTheEnd() {
    Collected read = Collected.of(Resource.read("start-of-zero.jsonl"));

    assertThat(read.spans.stream().map(Span::name)).containsExactly("start is zero", "child of it");
    Instant end = Instant.parse("2025-11-24T16:00:00.010Z");
    assertThat(read.spans.get(0).times().startedAt()).isEqualTo(end);
    assertThat(read.spans.get(0).times().endedAt()).isEqualTo(end);
    assertThat(read.messages())
        .containsExactly(
            "spans.json:1: span def0000000000001 of trace abc00000000000000000000000000044:"
                + " started_at is missing: startTimeUnixNano is absent or 0; its end"
                + " 2025-11-24T16:00:00.010Z was taken");
  }

  /** No hostile shape of a value stops the file, and each either is kept or told of. */
  @Property(tries = 300)
  void anyJsonInPlaceOfAValue_losesNothingInSilence(@ForAll("json") String value) {
    Collected read =
        Collected.of(
            line(
                span("000000000000000a", ""),
                span(ID, "\"attributes\":[{\"key\":\"k\",\"value\":" + value + "}]"),
                span("000000000000000c", "")));

    assertThat(read.ids()).containsExactly("000000000000000a", ID, "000000000000000c");
    Json attributes = read.spans.get(1).payload().attributes();
    boolean isEmpty = attributes == null || attributes.text().equals("{\"k\":null}");
    boolean saysSomething = value.matches("(?s).*(true|7|1e999|\"x\"|ud800|\"\"([^:].*|$)).*");
    assertThat(saysSomething && isEmpty && read.problems.isEmpty()).isFalse();
  }

  @Provide
  Arbitrary<String> json() {
    Arbitrary<String> names =
        Arbitraries.of("stringValue", "IntValue", "Value", "value", "later", "low", "values", "");
    Arbitrary<String> scalars =
        Arbitraries.of("null", "true", "7", "1e999", "\"x\"", "\"\"", "{}", "[]", "\"\\ud800\"");
    return Arbitraries.recursive(
        () -> scalars,
        inner ->
            Arbitraries.oneOf(
                inner.list().ofMaxSize(3).map(all -> "[" + String.join(",", all) + "]"),
                Combinators.combine(names, inner, names, inner)
                    .as(
                        (n1, v1, n2, v2) ->
                            "{\"" + n1 + "\":" + v1 + ",\"" + n2 + "\":" + v2 + "}"),
                Combinators.combine(names, inner).as((n, v) -> "{\"" + n + "\":" + v + "}")),
        0,
        4);
  }
}
