package dev.tracekeep.otlp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Correlation;
import dev.tracekeep.span.Entity;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanKind;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.span.SpanType;
import dev.tracekeep.span.Usage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The sample is real: an agent on the Vercel AI SDK, behind express, exported by the JS SDK. */
class SampleTest {
  static final Path SAMPLE = Path.of("../samples/travel-agent.otlp.jsonl");

  private static final String TRACE = "3bacbeb8618b0daf41a6863729d34413";

  private static Collected read() {
    try {
      return Collected.of(Files.readAllBytes(SAMPLE));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static Span span(String spanId) {
    return read().spans.stream()
        .filter(span -> span.key().equals(SpanKey.of(TRACE, spanId)))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void sample_hasTheKnownCounts() {
    Collected sample = read();

    assertThat(sample.problems).isEmpty();
    assertThat(sample.spans).hasSize(1400);
    assertThat(sample.spans.stream().map(span -> span.key().trace()).distinct()).hasSize(100);
    assertThat(sample.spans.stream().filter(Span::isRoot)).hasSize(100);
    assertThat(
            sample.spans.stream()
                .collect(Collectors.groupingBy(Span::status, Collectors.counting())))
        .containsOnly(
            java.util.Map.entry(SpanStatus.OK, 1373L), java.util.Map.entry(SpanStatus.ERROR, 27L));
    assertThat(
            sample.spans.stream()
                .map(Span::type)
                .filter(type -> !type.equals(SpanType.GENERIC))
                .collect(Collectors.groupingBy(Function.identity(), Collectors.counting())))
        .containsOnly(
            java.util.Map.entry(SpanType.MODEL_GENERATION, 100L),
            java.util.Map.entry(SpanType.MODEL_STEP, 200L),
            java.util.Map.entry(SpanType.TOOL_CALL, 100L));
  }

  @Test
  void sample_readTwice_givesEqualSpansAndVersions() {
    List<Span> first = read().spans;
    List<Span> second = read().spans;

    assertThat(second).isEqualTo(first);
    assertThat(second.stream().map(Span::version))
        .isEqualTo(first.stream().map(Span::version).toList());
  }

  @Test
  void sample_inGzip_isTheSame() throws IOException {
    byte[] zipped = Collected.gzip(Files.readAllBytes(SAMPLE));
    Collected unzipped = Collected.of(zipped);

    assertThat(unzipped.spans).isEqualTo(read().spans);
    assertThat(unzipped.bytes).isEqualTo(zipped.length);
  }

  @Test
  void modelStep_hasItsParts() {
    Span step = span("e0482335b3abe63b");

    assertThat(step.type()).isEqualTo(SpanType.MODEL_STEP);
    assertThat(step.kind()).isEqualTo(SpanKind.INTERNAL);
    assertThat(step.parentSpanId()).isEqualTo("34f5320c4e1cfd61");
    assertThat(step.times().startedAt()).isEqualTo("2026-11-20T10:32:25.156Z");
    assertThat(step.times().endedAt()).isEqualTo("2026-11-20T10:32:25.170676715Z");
    assertThat(step.times().createdAt()).isEqualTo(step.times().startedAt());
    assertThat(step.times().updatedAt()).isEqualTo(step.times().endedAt());
    assertThat(step.origin().serviceName()).isEqualTo("travel-agent");
    assertThat(step.origin().environment()).isEqualTo("staging");
    assertThat(step.origin().scope()).isEqualTo(Json.parse("{\"name\":\"ai\"}"));
    assertThat(step.correlation())
        .isEqualTo(Correlation.builder().userId("user-19").sessionId("s-7").build());
    assertThat(step.tags()).containsExactly("demo", "travel");
    assertThat(step.payload().input())
        .isEqualTo(
            Json.parse(
                """
                [{"role":"user","content":[{"type":"text","text":"What should I pack for Lisbon?"}]}]
                """));
    assertThat(step.payload().output())
        .isEqualTo(
            Json.parse(
                """
                {"toolCalls":[{"toolCallId":"call_k7sqiov3y4","toolName":"weather",\
                "input":"{\\"city\\":\\"Lisbon\\"}"}]}
                """));
    assertThat(step.payload().metadata())
        .isEqualTo(
            Json.parse(
                """
                {"otel":{"flags":257}}
                """));
    assertThat(step.usage()).isEqualTo(new Usage("mock-large", "mock", 188L, 18L, null, null));
    assertThat(step.payload().attributes().get("ai.settings.maxRetries")).isEqualTo(Json.of(2));
    assertThat(step.payload().attributes().get("ai.telemetry.metadata.userId"))
        .isEqualTo(Json.of("user-19"));
    assertThat(step.payload().error()).isNull();
    assertThat(step.events()).isNull();
    assertThat(step.links()).isNull();
  }

  @Test
  void toolCall_isAboutItsTool() {
    Span call = span("7d0d8cae869cdbfb");

    assertThat(call.entity()).isEqualTo(Entity.of("tool", "weather"));
    assertThat(call.payload().input()).isEqualTo(Json.parse("{\"city\":\"Lisbon\"}"));
    assertThat(call.payload().output())
        .isEqualTo(Json.parse("{\"city\":\"Lisbon\",\"tempC\":21.8}"));
  }

  @Test
  void exception_becomesTheError() {
    Span failed =
        read().spans.stream()
            .filter(span -> span.events() != null && span.type().equals(SpanType.TOOL_CALL))
            .findFirst()
            .orElseThrow();
    Json error = failed.payload().error();

    assertThat(error.get("message")).isEqualTo(Json.of("weather service answered 503"));
    assertThat(error.get("exception").get("message"))
        .isEqualTo(Json.of("weather service answered 503"));
    assertThat(error.get("exception").members()).containsKeys("type", "stacktrace");
  }
}
