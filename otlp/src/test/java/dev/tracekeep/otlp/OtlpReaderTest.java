package dev.tracekeep.otlp;

import static dev.tracekeep.otlp.Collected.gzip;
import static dev.tracekeep.otlp.Requests.line;
import static dev.tracekeep.otlp.Requests.span;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Json;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.InstrumentationScope;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OtlpReaderTest {
  private static final String A = "000000000000000a";
  private static final String B = "000000000000000b";
  private static final String C = "000000000000000c";

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  private static ExportTraceServiceRequest request(Span.Builder... spans) {
    ScopeSpans.Builder scope =
        ScopeSpans.newBuilder().setScope(InstrumentationScope.getDefaultInstance());
    for (Span.Builder span : spans) {
      scope.addSpans(span);
    }
    return ExportTraceServiceRequest.newBuilder()
        .addResourceSpans(
            ResourceSpans.newBuilder()
                .setResource(Resource.getDefaultInstance())
                .addScopeSpans(scope))
        .build();
  }

  private static Span.Builder protobuf(String spanId) {
    return Span.newBuilder()
        .setTraceId(ByteString.copyFrom(HexFormat.of().parseHex(Requests.TRACE)))
        .setSpanId(ByteString.copyFrom(HexFormat.of().parseHex(spanId)))
        .setName("work")
        .setStartTimeUnixNano(Long.parseLong(Requests.START))
        .setEndTimeUnixNano(Long.parseLong(Requests.END));
  }

  @Test
  void jsonLines_withBlankLinesAndCarriageReturns_areRead() {
    Collected read =
        Collected.of("\n" + line(span(A, "")) + "\r\n\r\n" + line(span(B, "")) + "\n\n");

    assertThat(read.ids()).containsExactly(A, B);
    assertThat(read.problems).isEmpty();
  }

  @Test
  void jsonDocument_overManyLines_isRead() {
    String pretty = line(span(A, ""), span(B, "")).replaceAll("([{\\[,])", "$1\n  ");
    Collected read = Collected.of(pretty);

    assertThat(read.ids()).containsExactly(A, B);
    assertThat(read.problems).isEmpty();
  }

  @Test
  void jsonDocument_problemInIt_namesItsLine() {
    String document =
        "\n{\n\"resourceSpans\": [{\"scopeSpans\": [{\"scope\":{}, \"spans\": [\n"
            + span(A, "")
            + ",\n"
            + span("b", "")
            + "]}]}]}\n";
    Collected read = Collected.of(document);

    assertThat(read.ids()).containsExactly(A);
    assertThat(read.messages())
        .containsExactly(
            "spans.json:5: span b of trace "
                + Requests.TRACE
                + ": span_id has 1 characters: it has 16 hexadecimal digits");
  }

  @Test
  void jsonDocument_ofSeveralRequestsInAnArray_isRead() {
    Collected read = Collected.of("[" + line(span(A, "")) + ",\n" + line(span(B, "")) + "]");

    assertThat(read.ids()).containsExactly(A, B);
    assertThat(read.problems).isEmpty();
  }

  @Test
  void jsonDocument_whoseFirstLineEndsWithAComma_isRead() {
    String document = line(span(A, ""), span(B, "")).replace("},{\"traceId", "},\r\n{\"traceId");

    assertThat(document.lines()).hasSize(2);
    assertThat(Collected.of(document).ids()).containsExactly(A, B);
    assertThat(Collected.of(document).problems).isEmpty();
  }

  @Test
  void jsonDocument_onOneLineLongerThanTheLimit_isStreamed() {
    String document = line(span(A, ""), span(B, ""), span(C, ""));
    OtlpReader reader = OtlpReader.builder().maxMessageBytes(300).build();

    assertThat(Collected.of(reader, utf8(document)).ids()).containsExactly(A, B, C);
  }

  @Test
  void byteOrderMark_isPassedOver() {
    assertThat(Collected.of("\uFEFF" + line(span(A, ""))).ids()).containsExactly(A);
  }

  @Test
  void fieldOrder_resourceAndScopeLast_reachTheSpansBefore() {
    String request =
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":["
            + span(A, "")
            + "],\"scope\":{\"name\":\"s\"}}],\"resource\":{\"attributes\":[{\"key\":\"service.name\","
            + "\"value\":{\"stringValue\":\"shop\"}}]}}]}";
    Collected read = Collected.of(request);

    assertThat(read.ids()).containsExactly(A);
    assertThat(read.spans.get(0).origin().serviceName()).isEqualTo("shop");
    assertThat(read.spans.get(0).origin().scope()).isEqualTo(Json.parse("{\"name\":\"s\"}"));
  }

  @Test
  void protobuf_isRead() {
    Collected read = Collected.of(request(protobuf(A), protobuf(B)).toByteArray());

    assertThat(read.ids()).containsExactly(A, B);
    assertThat(read.problems).isEmpty();
    assertThat(read.spans).isEqualTo(Collected.of(line(span(A, ""), span(B, ""))).spans);
  }

  @Test
  void protobuf_truncated_givesWhatIsReadable() {
    byte[] whole = request(protobuf(A), protobuf(B)).toByteArray();
    Collected read = Collected.of(Arrays.copyOf(whole, whole.length - 3));

    assertThat(read.ids()).containsExactly(A);
    assertThat(read.problems).hasSize(1);
    assertThat(read.messages().get(0))
        .startsWith(
            "spans.json: the input is damaged or truncated; the spans before it were kept (1)");
  }

  @Test
  void protobuf_truncatedBeforeTheResource_keepsNoSpanWithoutIt() {
    byte[] whole =
        ExportTraceServiceRequest.newBuilder()
            .addResourceSpans(
                ResourceSpans.newBuilder()
                    .addScopeSpans(
                        ScopeSpans.newBuilder().addSpans(protobuf(A)).addSpans(protobuf(B))))
            .build()
            .toByteArray();

    assertThat(Collected.of(whole).ids()).containsExactly(A, B);
    Collected read = Collected.of(Arrays.copyOf(whole, whole.length - 3));
    assertThat(read.spans).isEmpty();
    assertThat(read.messages().get(0))
        .endsWith("; spans that waited for their resource or scope were lost (1)");
  }

  @Test
  void protobuf_invalidUtf8InOneSpan_isKeptWithAReplacement() {
    byte[] bytes = request(protobuf(A), protobuf(B), protobuf(C)).toByteArray();
    int name =
        new String(bytes, StandardCharsets.ISO_8859_1).indexOf("work", bytes.length / 2 - 20);
    bytes[name] = (byte) 0xFF;
    Collected read = Collected.of(bytes);

    assertThat(read.ids()).containsExactly(A, B, C);
    assertThat(read.spans.get(1).name()).isEqualTo("\uFFFDork");
    assertThat(read.messages())
        .containsExactly(
            "spans.json: span "
                + B
                + " of trace "
                + Requests.TRACE
                + ": text that is not UTF-8 was kept with U+FFFD in its place");
  }

  @Test
  void protobuf_invalidUtf8InAttributes_costsNothingElse() {
    String cut = "caf\u00e9";
    KeyValue attribute =
        KeyValue.newBuilder()
            .setKey("k")
            .setValue(AnyValue.newBuilder().setStringValue(cut))
            .build();
    byte[] bytes =
        ExportTraceServiceRequest.newBuilder()
            .addResourceSpans(
                ResourceSpans.newBuilder()
                    .setResource(Resource.newBuilder().addAttributes(attribute))
                    .addScopeSpans(
                        ScopeSpans.newBuilder().addSpans(protobuf(A).addAttributes(attribute))))
            .build()
            .toByteArray();
    String latin = new String(bytes, StandardCharsets.ISO_8859_1);
    for (int i = latin.indexOf("caf\u00c3\u00a9");
        i >= 0;
        i = latin.indexOf("caf\u00c3\u00a9", i + 1)) {
      bytes[i + 4] = 'x'; // The first byte of two, and then something else.
    }
    Collected read = Collected.of(bytes);

    assertThat(read.ids()).containsExactly(A);
    assertThat(read.spans.get(0).payload().attributes().text()).isEqualTo("{\"k\":\"caf\uFFFDx\"}");
    assertThat(read.spans.get(0).origin().resource().text()).isEqualTo("{\"k\":\"caf\uFFFDx\"}");
    assertThat(read.messages())
        .containsExactly(
            "spans.json: a resource: text that is not UTF-8 was kept with U+FFFD in its place",
            "spans.json: span "
                + A
                + " of trace "
                + Requests.TRACE
                + ": text that is not UTF-8 was kept with U+FFFD in its place");
  }

  @Test
  void protobuf_spanOverTheMessageLimit_isSkipped() {
    OtlpReader reader = OtlpReader.builder().maxMessageBytes(100).build();
    byte[] bytes =
        request(protobuf(A), protobuf(B).setName("x".repeat(200)), protobuf(C)).toByteArray();
    Collected read = Collected.of(reader, bytes);

    assertThat(read.ids()).containsExactly(A, C);
    assertThat(read.messages())
        .containsExactly(
            "spans.json: span number 2 of the input has more than 100 bytes, the limit");
  }

  @Test
  void gzip_ofSeveralMembers_isReadToTheEnd() {
    byte[] members =
        concat(gzip(utf8(line(span(A, "")) + "\n")), gzip(utf8(line(span(B, "")) + "\n")));

    assertThat(Collected.of(members).ids()).containsExactly(A, B);
    assertThat(Collected.of(members).problems).isEmpty();
  }

  @Test
  void gzip_ofSeveralMembersThroughASlowPipe_isReadToTheEnd() throws IOException {
    byte[] members =
        concat(gzip(utf8(line(span(A, "")) + "\n")), gzip(utf8(line(span(B, "")) + "\n")));
    InputStream oneByteAtATime =
        new FilterInputStream(new ByteArrayInputStream(members)) {
          @Override
          public int read(byte[] target, int offset, int length) throws IOException {
            return super.read(target, offset, Math.min(length, 1));
          }

          @Override
          public int available() {
            return 0;
          }
        };
    Collected read = new Collected();
    OtlpReader.builder().build().read(oneByteAtATime, "-", read);

    assertThat(read.ids()).containsExactly(A, B);
  }

  @Test
  void gzip_ofProtobuf_isRead() {
    assertThat(Collected.of(gzip(request(protobuf(A)).toByteArray())).ids()).containsExactly(A);
  }

  @Test
  void gzip_truncated_givesWhatIsReadableAndAProblem() {
    StringBuilder text = new StringBuilder();
    java.util.Random random = new java.util.Random(1);
    for (int i = 0; i < 500; i++) {
      text.append(line(span(String.format("%016x", random.nextLong()), ""))).append('\n');
    }
    byte[] whole = gzip(utf8(text.toString()));
    Collected all = Collected.of(whole);
    Collected read = Collected.of(Arrays.copyOf(whole, whole.length / 2));

    assertThat(all.spans).hasSize(500);
    assertThat(read.spans.size()).isBetween(200, 300);
    assertThat(read.spans).isEqualTo(all.spans.subList(0, read.spans.size()));
    assertThat(read.messages())
        .last()
        .isEqualTo("spans.json: the input is truncated: the gzip data end too early");
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 5, 12})
  void gzip_truncatedAtItsStart_isAProblem(int length) {
    Collected read = Collected.of(Arrays.copyOf(gzip(utf8(line(span(A, "")))), length));

    assertThat(read.spans).isEmpty();
    assertThat(read.messages()).last().asString().contains("gzip");
  }

  @Test
  void gzip_corrupt_isAProblem() {
    byte[] zipped = gzip(utf8((line(span(A, "")) + "\n").repeat(10)));
    zipped[zipped.length - 6] ^= 1; // the checksum
    Collected read = Collected.of(zipped);

    assertThat(read.spans).hasSize(10);
    assertThat(read.messages())
        .containsExactly(
            "spans.json: the input is damaged: the checksum of its gzip data is wrong");
  }

  @Test
  void gzip_withOtherDataBehind_isAProblem() {
    byte[] zipped = concat(gzip(utf8(line(span(A, "")))), utf8("this is no gzip, but it is long"));
    Collected read = Collected.of(zipped);

    assertThat(read.ids()).containsExactly(A);
    assertThat(read.messages())
        .containsExactly(
            "spans.json: the input has data behind its gzip data that are no gzip: they were not"
                + " read");
  }

  @Test
  void brokenLine_doesNotHurtTheOthers() {
    Collected read =
        Collected.of(
            line(span(A, "")) + "\n{\"resourceSpans\":[}\nnonsense\n" + line(span(B, "")) + "\n");

    assertThat(read.ids()).containsExactly(A, B);
    assertThat(read.messages())
        .containsExactly(
            "spans.json:2: the line is no JSON at column 19",
            "spans.json:3: the line is no JSON at column 1");
  }

  @Test
  void brokenFirstLine_doesNotHurtTheOthers() {
    String cut = line(span(A, "")).substring(0, 40);
    Collected read = Collected.of(cut + "\n" + line(span(B, "")) + "\n" + line(span(C, "")));

    assertThat(read.ids()).containsExactly(B, C);
    assertThat(read.messages())
        .containsExactly("spans.json:1: the line ends in the middle of its JSON at column 41");
  }

  @Test
  void garbageFirstLine_doesNotHurtTheOthers() {
    Collected read = Collected.of("2026-11-20 exporter started\n" + line(span(B, "")) + "\n");

    assertThat(read.ids()).containsExactly(B);
    assertThat(read.problems).hasSize(1);
    assertThat(read.problems.get(0).line()).isEqualTo(1);
  }

  @Test
  void lineCutInTheMiddle_keepsTheSpansBefore() {
    String two = line(span(A, ""), span(B, ""));
    Collected read = Collected.of(two.substring(0, two.length() - 20));

    assertThat(read.ids()).containsExactly(A);
    assertThat(read.messages().get(0)).endsWith("; the spans before it were kept (1)");
  }

  @Test
  void invalidUtf8_refusesTheLine() {
    byte[] bad = utf8(line(span(B, "\"traceState\":\"?\"")));
    bad[new String(bad, StandardCharsets.ISO_8859_1).indexOf('?')] = (byte) 0xC3;
    Collected read =
        Collected.of(
            concat(utf8(line(span(A, "")) + "\n"), bad, utf8("\n" + line(span(C, "")) + "\n")));

    assertThat(read.ids()).containsExactly(A, C);
    assertThat(read.problems).hasSize(1);
    assertThat(read.messages().get(0)).startsWith("spans.json:2: the line is not UTF-8 at column ");
  }

  @Test
  void encodedSurrogate_isNoUtf8() {
    byte[] bad = utf8(line(span(B, "\"traceState\":\"???\"")));
    int at = new String(bad, StandardCharsets.ISO_8859_1).indexOf("???");
    bad[at] = (byte) 0xED;
    bad[at + 1] = (byte) 0xA0;
    bad[at + 2] = (byte) 0x80;

    assertThat(Collected.of(bad).spans).isEmpty();
    assertThat(Collected.of(bad).problems).hasSize(1);
  }

  @Test
  void invalidUtf8_inADocument_isAProblem() {
    byte[] bad = utf8("{\n" + line(span(A, ""), span(B, "\"traceState\":\"?\"")).substring(1));
    bad[new String(bad, StandardCharsets.ISO_8859_1).indexOf('?')] = (byte) 0xFF;
    Collected read = Collected.of(bad);

    assertThat(read.problems).hasSize(1);
    assertThat(read.messages().get(0)).contains("the document is not UTF-8 here");
  }

  @Test
  void lineOverTheLimit_isRefusedAndTheNextIsRead() {
    OtlpReader reader = OtlpReader.builder().maxMessageBytes(400).build();
    String longLine = line(span(B, "\"traceState\":\"" + "x".repeat(200_000) + "\""));
    Collected read =
        Collected.of(
            reader, utf8(line(span(A, "")) + "\n" + longLine + "\n" + line(span(C, "")) + "\n"));

    assertThat(read.ids()).containsExactly(A, C);
    assertThat(read.messages())
        .containsExactly("spans.json:2: the line has more than 400 bytes, the limit");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"foo\":1}",
        "{\n  \"name\": \"shop\",\n  \"version\": \"1.0.0\"\n}\n",
        "[1,2]",
        "{\"partialSuccess\":{}}"
      })
  void jsonThatIsNoOtlp_isAProblem(String json) {
    Collected read = Collected.of(json);

    assertThat(read.spans).isEmpty();
    assertThat(read.problems)
        .isNotEmpty()
        .allMatch(
            problem ->
                problem.severity() == OtlpProblem.Severity.REFUSED
                    && problem
                        .message()
                        .startsWith(
                            "is JSON but no OTLP: an ExportTraceServiceRequest has the field"
                                + " resourceSpans"));
  }

  @Test
  void otlpLogs_areNamed() {
    assertThat(Collected.of("{\"resourceLogs\":[]}").messages())
        .containsExactly("spans.json:1: holds logs, not traces: passed over");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"resourceSpans\":[]}",
        "{\"resourceSpans\":null}",
        "{\"resourceSpans\":[{\"schemaUrl\":\"s\",\"scopeSpans\":[]}]}"
      })
  void requestWithoutSpans_isAWarning(String json) {
    assertThat(Collected.of(json).messages())
        .containsExactly("spans.json:1: the request has no span in it");
  }

  @Test
  void requestWithoutSpans_namesTheMembersThatOtlpDoesNotKnow() {
    assertThat(
            Collected.of(
                    "{\"resourceSpans\":[{\"groupSpans\":[{\"spans\":[{}]}]},"
                        + "{\"scopeSpans\":[{\"\\u001bitems\":[]}]}]}")
                .messages())
        .containsExactly(
            "spans.json:1: the request has no span in it: unknown to OTLP are"
                + " ?items, groupSpans");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hello\nworld\n",
        "\nhello, this is a letter\n",
        "[1] started\n",
        "<html></html>",
        "\u0000\u0001\u0002",
        "PK\u0003\u0004"
      })
  void otherFiles_areOneProblem(String content) {
    assertThat(Collected.of(content).messages())
        .containsExactly(
            "spans.json: the input is no OTLP: neither JSON nor protobuf of an"
                + " ExportTraceServiceRequest, nor gzip, zstd or snappy of one");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " \n\n"})
  void emptyInput_isAWarning(String content) {
    Collected read = Collected.of(content);

    assertThat(read.messages())
        .containsExactly("spans.json: the input is empty: there is nothing to import");
    assertThat(read.problems.get(0).severity()).isEqualTo(OtlpProblem.Severity.WARNING);
  }

  @Test
  void deepNesting_isAProblem() {
    String deep = "{\"key\":\"a\",\"value\":" + "{\"arrayValue\":{\"values\":[".repeat(5000);
    Collected read =
        Collected.of(line(span(A, "\"attributes\":[" + deep)) + "\n" + line(span(B, "")) + "\n");

    assertThat(read.ids()).containsExactly(B);
    assertThat(read.messages().get(0)).startsWith("spans.json:1: the line is over a limit");
  }

  @Test
  void failingInput_throws() {
    InputStream failing =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("disk on fire");
          }
        };

    assertThatThrownBy(() -> OtlpReader.builder().build().read(failing, "-", new Collected()))
        .isInstanceOf(IOException.class)
        .hasMessage("disk on fire");
  }

  @Test
  void tenant_isThatOfTheReader() {
    OtlpReader reader = OtlpReader.builder().tenant("acme").build();

    assertThat(Collected.of(reader, utf8(line(span(A, "")))).spans.get(0).key().tenantId())
        .isEqualTo("acme");
    assertThatThrownBy(() -> OtlpReader.builder().tenant("").build())
        .isInstanceOf(InvalidSpanException.class);
  }
}
