package dev.tracekeep.otlp;

import static dev.tracekeep.otlp.Collected.gzip;
import static dev.tracekeep.otlp.Requests.line;
import static dev.tracekeep.otlp.Requests.span;
import static org.assertj.core.api.Assertions.assertThat;

import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.logs.v1.LogRecord;
import io.opentelemetry.proto.logs.v1.ResourceLogs;
import io.opentelemetry.proto.logs.v1.ScopeLogs;
import io.opentelemetry.proto.metrics.v1.Gauge;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import io.opentelemetry.proto.metrics.v1.ResourceMetrics;
import io.opentelemetry.proto.metrics.v1.ScopeMetrics;
import io.opentelemetry.proto.metrics.v1.Sum;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What files are found in the field, and what is said of the ones that are something else. */
class FileFormatsTest {
  private static final String A = "000000000000000a";
  private static final String B = "000000000000000b";
  private static final String C = "000000000000000c";

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] file(String name) {
    try (InputStream in = FileFormatsTest.class.getResourceAsStream("/files/" + name)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  private static byte[] frame(byte[] message) {
    int length = message.length;
    return concat(
        new byte[] {
          (byte) (length >> 24), (byte) (length >> 16), (byte) (length >> 8), (byte) length
        },
        message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "collector-files/native.zst",
        "collector-files/json-zstd-framed.zst",
        "collector-files/proto-len.bin",
        "collector-files/proto-zstd-framed.bin",
        "collector-files/snappy.sz"
      })
  void collectorFile_ofEachSetting_isRead(String name) {
    Collected read = Collected.of(file(name));

    assertThat(read.spans).hasSize(2);
    assertThat(read.messages()).isEmpty();
  }

  /** A file whose second half was cut off must not pass for one that ends there. */
  @ParameterizedTest
  @ValueSource(strings = {"native.zst", "snappy.sz", "gzip"})
  void packedFile_cutAnywhereInItsSecondFrame_isReported(String name) {
    byte[] frame =
        switch (name) {
          case "gzip" -> Collected.gzip(file("shapes/data.json"));
          // The file is two frames.
          case "native.zst" -> Arrays.copyOf(file("collector-files/native.zst"), 217);
          default -> file("collector-files/" + name);
        };
    byte[] whole = concat(frame, frame);
    int spans = Collected.of(frame).spans.size();
    List<Integer> silent = new ArrayList<>();
    for (int cut = frame.length + 1; cut < whole.length; cut++) {
      Collected read = Collected.of(Arrays.copyOf(whole, cut));
      assertThat(read.spans).hasSizeGreaterThanOrEqualTo(spans);
      if (read.problems.isEmpty()) {
        silent.add(cut - frame.length);
      }
    }

    assertThat(Collected.of(whole).messages()).isEmpty();
    // Snappy's decoder passes over a stream's identifier, ten bytes that hold nothing.
    assertThat(silent)
        .isEqualTo(name.equals("snappy.sz") ? List.of(4, 5, 6, 7, 8, 9, 10) : List.of());
  }

  @Test
  void skippableFramesOfZstd_arePassedOver() {
    byte[] skippable = {0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'};
    byte[] frame = file("collector-files/native.zst");

    Collected read = Collected.of(concat(concat(frame, skippable), frame));
    Collected cut = Collected.of(concat(frame, Arrays.copyOf(skippable, 10)));

    assertThat(read.spans).hasSize(4);
    assertThat(read.messages()).isEmpty();
    assertThat(cut.spans).hasSize(2);
    assertThat(cut.messages())
        .containsExactly(
            "spans.json: the input is damaged or truncated: its zstd data cannot be unpacked on");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "wrapped-requests/v1.json",
        "wrapped-requests/v2.json",
        "wrapped-requests/v2p.json",
        "shapes/arr.json",
        "shapes/data.json",
        "shapes/nested.json",
        "shapes/rs-array-only.json",
        "shapes/rs-single.json"
      })
  void wrappedRequest_isRead(String name) {
    Collected read = Collected.of(file(name));

    assertThat(read.spans).hasSize(1);
    assertThat(read.messages()).isEmpty();
    if (!name.contains("nested")) {
      assertThat(read.spans.get(0).origin().serviceName()).isIn("shop", "svc");
    }
  }

  @Test
  void jaegersAnswer_isUnwrapped() {
    Collected read = Collected.of("{\"result\":" + line(span(A, "")) + "}");

    assertThat(read.ids()).containsExactly(A);
    assertThat(read.messages()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "other-formats/jaeger.json|1|is Jaeger's JSON, not OTLP: ",
        "other-formats/zipkin.json|1|is Zipkin's JSON, not OTLP: ",
        "other-formats/zipkin2.json|1|is Zipkin's JSON, not OTLP: ",
        "other-formats/console.json|1|is the console output of an OpenTelemetry SDK, not OTLP: ",
        "shapes/span-list.jsonl|1|is a span by itself: ",
      })
  void otherFormat_isNamedOnce(String name, long line, String start) {
    Collected read = Collected.of(file(name));

    assertThat(read.spans).isEmpty();
    assertThat(read.messages()).hasSize(1);
    assertThat(read.messages().get(0)).startsWith("spans.json:" + line + ": " + start);
    assertThat(read.problems.get(0).severity()).isEqualTo(OtlpProblem.Severity.REFUSED);
  }

  @Test
  void otherFormatOverManyDocuments_isNamedOnceWithTheCount() {
    assertThat(Collected.of(file("other-formats/console.json")).messages().get(0))
        .endsWith("(3 of this kind)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"Name\":\"a\",\"SpanContext\":{\"TraceID\":\"1\"}}|is the output of Go's stdouttrace"
            + " exporter, not OTLP: ",
        "{\"id\":\"1\",\"run_type\":\"llm\"}|is a run of LangSmith, not OTLP: ",
        "[[{\"trace_id\":1,\"span_id\":2,\"meta\":{}}]]|is a trace of Datadog's agent, not OTLP: ",
      })
  void knownJson_isNamed(String json, String start) {
    assertThat(Collected.of(json).messages()).hasSize(1);
    assertThat(Collected.of(json).messages().get(0)).startsWith("spans.json:1: " + start);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "JavaScript|{~  resource: {~    attributes: { 'a': 'b' }~  },~  instrumentationScope: { name:"
            + " 'x' },~  name: 'chat'~}~{~  resource: {},~  instrumentationScope: { name: 'x' }~}~",
        ".NET|Activity.TraceId:  0af7~Activity.SpanId: 12~",
      })
  void consoleOutputThatIsNoJson_isNamed(String sdk, String lines) {
    assertThat(Collected.of(lines.replace('~', '\n')).messages())
        .containsExactly(
            "spans.json: the input is the console output of OpenTelemetry's "
                + sdk
                + " SDK, not OTLP: use its OTLP exporter, and the file exporter of an OpenTelemetry"
                + " Collector");
  }

  @Test
  void otherSignals_areCountedApart() {
    Collected read = Collected.of(file("all-signals-in-one-file/all.jsonl"));

    assertThat(read.spans).hasSize(1);
    assertThat(read.messages())
        .containsExactly(
            "spans.json:1: holds metrics, not traces: passed over (2 of this kind)",
            "spans.json:3: holds logs, not traces: passed over (2 of this kind)");
    assertThat(read.problems)
        .allMatch(problem -> problem.severity() == OtlpProblem.Severity.OTHER_SIGNAL);
  }

  @Test
  void otherSignals_hideNoRefusal() {
    Collected read = Collected.of(file("all-signals-in-one-file/hidden-refusal.jsonl"));

    assertThat(read.spans).hasSize(1);
    assertThat(read.problems).hasSize(2);
    assertThat(read.problems)
        .filteredOn(problem -> problem.severity() == OtlpProblem.Severity.REFUSED)
        .hasSize(1);
  }

  @Test
  void logsWithMessagesOfModels_areNamedOnce() {
    String log =
        "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"eventName\":"
            + "\"gen_ai.user.message\",\"body\":{\"stringValue\":\"hi\"}}]}]}]}\n";
    assertThat(Collected.of(log + log).messages())
        .containsExactly(
            "spans.json:1: holds logs, not traces: passed over; there are messages of models in"
                + " them (gen_ai.*), which are taken from spans and their events alone (2 of this"
                + " kind)");
  }

  @Test
  void otherSignalsInProtobuf_areCountedApart() {
    byte[] metrics =
        ExportMetricsServiceRequest.newBuilder()
            .addResourceMetrics(
                ResourceMetrics.newBuilder()
                    .addScopeMetrics(
                        ScopeMetrics.newBuilder()
                            .addMetrics(
                                Metric.newBuilder()
                                    .setName("requests.by.tool")
                                    .setDescription("of tools")
                                    .setSum(Sum.newBuilder().setIsMonotonic(true)))
                            .addMetrics(
                                Metric.newBuilder()
                                    .setName("load")
                                    .setGauge(
                                        Gauge.newBuilder()
                                            .addDataPoints(
                                                NumberDataPoint.newBuilder().setAsDouble(-1.5))))))
            .build()
            .toByteArray();
    byte[] logs =
        ExportLogsServiceRequest.newBuilder()
            .addResourceLogs(
                ResourceLogs.newBuilder()
                    .addScopeLogs(
                        ScopeLogs.newBuilder()
                            .addLogRecords(
                                LogRecord.newBuilder()
                                    .setTimeUnixNano(Long.MAX_VALUE)
                                    .setEventName("gen_ai.choice"))))
            .build()
            .toByteArray();
    Collected read =
        Collected.of(concat(frame(metrics), frame(logs), frame(utf8(line(span(A, ""))))));

    assertThat(read.ids()).containsExactly(A);
    assertThat(read.messages())
        .containsExactly(
            "spans.json: holds metrics, not traces: passed over (2 of this kind)",
            "spans.json: holds logs, not traces: passed over; there are messages of models in them"
                + " (gen_ai.*), which are taken from spans and their events alone");
    assertThat(read.problems)
        .allMatch(problem -> problem.severity() == OtlpProblem.Severity.OTHER_SIGNAL);
  }

  @Test
  void unknownMembersWithoutASpan_areNamed() {
    assertThat(Collected.of(file("shapes/scopespans-typo.json")).messages())
        .containsExactly(
            "spans.json:1: the request has no span in it: unknown to OTLP are scope_Spans");
  }

  @ParameterizedTest
  @ValueSource(strings = {"shapes/empty-obj.json", "shapes/rs-empty.json"})
  void requestWithoutASpan_isAWarning(String name) {
    assertThat(Collected.of(file(name)).messages())
        .containsExactly("spans.json:1: the request has no span in it");
  }

  @Test
  void recordsOfRfc7464_areRead() {
    String pretty = line(span(B, "")).replaceAll("([{\\[,])", "$1\n  ");
    Collected read =
        Collected.of(
            "\u001E"
                + line(span(A, ""))
                + "\n\u001E"
                + pretty
                + "\n\u001E{oops\n\u001E"
                + line(span(C, ""))
                + "\n");

    assertThat(read.ids()).containsExactly(A, B, C);
    assertThat(read.messages()).hasSize(1);
    int lineOfFault = 2 + pretty.split("\n").length;
    assertThat(read.messages().get(0)).startsWith("spans.json:" + lineOfFault + ": ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"UTF-16LE", "UTF-16BE"})
  void utf16_withAndWithoutByteOrderMark_isRead(String name) {
    Charset charset = Charset.forName(name);
    String text = line(span(A, "\"traceState\":\"größe 🙂\"")) + "\r\n" + line(span(B, ""));
    Collected expected = Collected.of(text);

    assertThat(expected.spans).hasSize(2);
    for (String mark : List.of("\uFEFF", "")) {
      Collected read = Collected.of((mark + text).getBytes(charset));
      assertThat(read.spans).isEqualTo(expected.spans);
      assertThat(read.messages()).isEmpty();
    }
  }

  @Test
  void requestBehindATornOne_isReadOnItsOwn() {
    String whole = line(span(B, ""));
    String torn = line(span(A, ""));
    for (int length = 1; length < torn.length(); length++) {
      for (String next : List.of("", "\n" + line(span(C, "")) + "\n")) {
        Collected read = Collected.of(torn.substring(0, length) + whole + next);

        assertThat(read.ids()).as("torn at %s", length).contains(B).doesNotContain(A + A);
        assertThat(read.ids().contains(C)).isEqualTo(!next.isEmpty());
        assertThat(read.problems).as("torn at %s", length).isNotEmpty();
      }
    }
  }

  @Test
  void blankLinesInFront_howeverMany_areNoEmptyInput() {
    Collected read = Collected.of("\n \r\n".repeat(50_000) + line(span("b", ""), span(A, "")));

    assertThat(read.ids()).containsExactly(A);
    assertThat(read.messages().get(0)).startsWith("spans.json:100001: ");
  }

  @Test
  void textInFront_howeverMuch_isOneProblem() {
    Collected read =
        Collected.of("the exporter has started\n".repeat(5_000) + line(span(A, "")) + "\n");

    assertThat(read.ids()).containsExactly(A);
    assertThat(read.messages())
        .containsExactly("spans.json:1: the first 5000 lines with text in them are no JSON");
  }

  @Test
  void holeInFront_ofZeros_costsNothingElse() {
    byte[] hole = new byte[100_000];
    assertThat(Collected.of(concat(hole, utf8(line(span(A, "")) + "\n" + line(span(B, ""))))).ids())
        .containsExactly(A, B);
  }

  @Test
  void firstLineOverTheLimit_costsItselfAlone() {
    OtlpReader reader = OtlpReader.builder().maxMessageBytes(400).build();
    String broken =
        line(
            span(A, ""),
            span(B, "\"traceState\":\"" + "x".repeat(200_000) + "\"").replace("\"name\"", "name"));
    Collected read = Collected.of(reader, utf8(broken + "\n" + line(span(C, "")) + "\n"));

    assertThat(read.ids()).containsExactly(A, C);
    assertThat(read.messages())
        .hasSize(1)
        .first()
        .asString()
        .startsWith("spans.json:1: the document is no JSON at column ")
        .endsWith("; the spans before it were kept (1); the reading goes on at line 2");
  }

  @Test
  void firstLineOverTheLimit_thatIsNoJson_costsItselfAlone() {
    OtlpReader reader = OtlpReader.builder().maxMessageBytes(400).build();
    Collected read = Collected.of(reader, utf8("x".repeat(200_000) + "\n" + line(span(C, ""))));

    assertThat(read.ids()).containsExactly(C);
    assertThat(read.messages()).containsExactly("spans.json:1: the line is no JSON");
  }

  @Test
  void documentThatBreaks_isLeftForTheNextRequest() {
    String pretty = line(span(A, "")).replaceAll("([{\\[,])", "$1\n");
    String broken = pretty.substring(0, pretty.length() - 6);
    Collected read = Collected.of(broken + "\noops\n" + line(span(B, "")) + "\n");

    assertThat(read.ids()).containsExactly(A, B);
    assertThat(read.messages()).hasSize(1);
  }

  @Test
  void frames_brokenOne_costsItselfAlone() {
    byte[] good = utf8(line(span(A, "")));
    byte[] bad = utf8("{\"resourceSpans\":[}");
    Collected read =
        Collected.of(concat(frame(good), frame(bad), frame(gzip(utf8(line(span(B, "")))))));

    assertThat(read.ids()).containsExactly(A, B);
    assertThat(read.messages())
        .containsExactly("spans.json: message 2: the line is no JSON at column 19");
  }

  @Test
  void frames_truncated_giveWhatIsReadable() {
    byte[] frames = concat(frame(utf8(line(span(A, "")))), frame(utf8(line(span(B, "")))));
    Collected inMessage = Collected.of(Arrays.copyOf(frames, frames.length - 1));
    Collected inLength = Collected.of(Arrays.copyOf(frames, frames.length / 2 + 2));

    assertThat(inMessage.ids()).containsExactly(A, B);
    assertThat(inMessage.messages())
        .last()
        .isEqualTo("spans.json: message 2: the input ends in the middle of it");
    assertThat(inLength.ids()).containsExactly(A);
    assertThat(inLength.messages())
        .containsExactly("spans.json: the input is truncated in the length of its message 2");
  }

  @Test
  void packedInItself_tooOften_isRefused() {
    byte[] packed = utf8(line(span(A, "")));
    for (int i = 0; i < 4; i++) {
      packed = gzip(packed);
    }
    assertThat(Collected.of(packed).ids()).containsExactly(A);
    assertThat(Collected.of(gzip(packed)).messages())
        .containsExactly("spans.json: the input is packed more than 4 times");
  }

  @ParameterizedTest
  @ValueSource(strings = {"collector-files/native.zst", "collector-files/snappy.sz"})
  void packed_truncatedOrWithAFlippedBit_isAProblemAndNoFailure(String name) {
    byte[] whole = file(name);
    int firstOfTwoFrames = name.endsWith(".zst") ? whole.length / 2 : -1;
    for (int length = 12; length < whole.length; length++) {
      if (length >= firstOfTwoFrames && length < firstOfTwoFrames + 4) {
        continue; // A whole file of one frame, and too little of the next to see that it is one.
      }
      assertThat(Collected.of(Arrays.copyOf(whole, length)).problems)
          .as("%s bytes", length)
          .isNotEmpty();
    }
    for (int i = 10; i < whole.length; i++) {
      byte[] flipped = whole.clone();
      flipped[i] ^= 0x10;
      Collected.of(flipped); // Checksums are optional: nothing more can be said of the content.
    }
  }

  @Test
  void pipe_isReadAsFarAsItHasCome() throws IOException {
    List<String> seen = new ArrayList<>();
    try (PipedOutputStream out = new PipedOutputStream();
        PipedInputStream in = new PipedInputStream(out, 1 << 16)) {
      out.write(utf8(line(span(A, "")) + "\n"));
      OtlpReader.builder()
          .build()
          .read(
              new InputStream() {
                @Override
                public int read() throws IOException {
                  throw new UnsupportedOperationException();
                }

                @Override
                public int read(byte[] target, int offset, int length) throws IOException {
                  if (in.available() > 0) {
                    return in.read(target, offset, length);
                  }
                  // Nothing more has come: what did must have been handed on by now.
                  seen.add("waits");
                  return -1;
                }
              },
              "-",
              new OtlpHandler() {
                @Override
                public void onSpan(dev.tracekeep.span.Span span) {
                  seen.add(span.key().spanId());
                }

                @Override
                public void onProblem(OtlpProblem problem) {
                  seen.add(problem.message());
                }
              });
    }
    assertThat(seen).startsWith(A, "waits");
  }

  @Test
  void kind_leavesOutWhatDiffersFromPlaceToPlace() {
    OtlpProblem one =
        new OtlpProblem(
            "a", 1, OtlpProblem.Severity.REFUSED, "span b of trace c: span_id has 1 characters");
    OtlpProblem other =
        new OtlpProblem(
            "b", 9, OtlpProblem.Severity.REFUSED, "span x9 of trace y: span_id has 17 characters");

    assertThat(one.kind())
        .isEqualTo(other.kind())
        .isEqualTo("span # of trace #: span_id has # characters");
  }

  @Test
  void utf16_ofNothing_isEmpty() throws IOException {
    assertThat(
            new Utf16Input(new ByteArrayInputStream(new byte[0]), StandardCharsets.UTF_16LE).read())
        .isEqualTo(-1);
    assertThat(Collected.of(new byte[] {(byte) 0xFF, (byte) 0xFE}).messages())
        .containsExactly("spans.json: the input is empty: there is nothing to import");
  }
}
