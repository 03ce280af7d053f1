package dev.tracekeep.testing;

import static dev.tracekeep.testing.TraceAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import io.opentelemetry.api.GlobalOpenTelemetry;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TraceRecorderTest {
  private static final Instant START = Instant.parse("2026-11-20T10:00:00Z");

  private final TraceRecorder recorder = TraceRecorder.start();

  @AfterEach
  void close() {
    recorder.close();
  }

  private static Span span(String trace, String id) {
    return Span.builder(SpanKey.of(trace, id))
        .name("work " + id)
        .startedAt(START)
        .endedAt(START.plusMillis(5))
        .build();
  }

  @Test
  void openTelemetry_spansAreRecordedWithTheirMeaning() {
    Tracer tracer = recorder.openTelemetry().getTracer("agent");
    var answer =
        tracer
            .spanBuilder("invoke_agent weather-agent")
            .setAttribute("gen_ai.operation.name", "invoke_agent")
            .startSpan();
    Context inside = Context.root().with(answer);
    tracer
        .spanBuilder("chat glimmer-2")
        .setParent(inside)
        .setAttribute("gen_ai.operation.name", "chat")
        .setAttribute("gen_ai.request.model", "glimmer-2")
        .setAttribute("gen_ai.usage.input_tokens", 20)
        .setAttribute("gen_ai.usage.output_tokens", 5)
        .startSpan()
        .end();
    tracer
        .spanBuilder("execute_tool weather")
        .setParent(inside)
        .setAttribute("gen_ai.operation.name", "execute_tool")
        .setAttribute("gen_ai.tool.name", "weather")
        .setAttribute("gen_ai.tool.call.arguments", "{\"city\":\"Lisbon\"}")
        .startSpan()
        .setStatus(StatusCode.ERROR, "answered 503")
        .end();
    answer.end();

    assertThat(recorder.trace())
        .isFinished()
        .calledToolsExactly("weather")
        .calledToolWith("weather", "{\"city\":\"Lisbon\"}")
        .hasErrorContaining("503")
        .usedModel("glimmer-2")
        .usedAtMostTokens(25)
        .hasOutline(
            """
            invoke_agent weather-agent  agent_run
            ├ chat glimmer-2  model_generation
            └ execute_tool weather  tool_call  error
            """);
  }

  @Test
  void spanThatHasNotEnded_isSeenAsRunning_andAsEndedBehindItsEnd() {
    var work = recorder.openTelemetry().getTracer("agent").spanBuilder("work").startSpan();

    assertThat(recorder.trace()).hasOutline("work  running");
    work.end();
    assertThat(recorder.trace()).hasOutline("work").isFinished();
  }

  @Test
  void spanProcessor_recordsWhatAnotherSdkTraces() {
    try (SdkTracerProvider provider =
        SdkTracerProvider.builder().addSpanProcessor(recorder.spanProcessor()).build()) {
      provider.get("agent").spanBuilder("work").startSpan().end();

      assertThat(recorder.trace()).hasOutline("work");
    }
  }

  @Test
  void openTelemetry_canBeTheGlobalOne() {
    GlobalOpenTelemetry.resetForTest();
    try {
      GlobalOpenTelemetry.set(recorder.openTelemetry());
      GlobalOpenTelemetry.getTracer("agent").spanBuilder("work").startSpan().end();
    } finally {
      GlobalOpenTelemetry.resetForTest();
    }

    assertThat(recorder.trace()).hasOutline("work");
  }

  @Test
  void pipeline_updatesAreSeen() {
    Span span = span("t1", "1").toBuilder().endedAt(null).build();
    recorder.pipeline().spanStarted(span);
    recorder
        .pipeline()
        .spanUpdated(SpanUpdate.builder(span.key(), START.plusMillis(1)).name("renamed").build());

    assertThat(recorder.trace()).hasOutline("renamed  running");
  }

  @Test
  void traces_ofAllTenantsByTheirStart() {
    Span late =
        Span.builder(new SpanKey("acme", "a", "1"))
            .name("late")
            .startedAt(START.plusMillis(1))
            .build();
    recorder.pipeline().accept(List.of(late, span("b", "2"), span("b", "1")));

    assertThat(recorder.traces())
        .extracting(trace -> trace.key() + " " + trace.spans().size())
        .containsExactly("default/b 2", "acme/a 1");
  }

  @Test
  void trace_withoutAny_saysWhatToLookAt() {
    assertThat(recorder.traces()).isEmpty();
    assertThat(catchThrowableOfType(AssertionError.class, recorder::trace))
        .hasMessage(
            "No span was reported. Does the program under test use the recorder's OpenTelemetry,"
                + " span processor or pipeline?");
  }

  @Test
  void trace_ofSeveral_printsThem() {
    recorder.pipeline().accept(List.of(span("a", "1"), span("b", "2")));

    assertThat(catchThrowableOfType(AssertionError.class, recorder::trace))
        .hasMessage(
            """
            There are 2 traces where one was expected:

            Trace a
            2026-11-20 10:00:00 UTC · 5.00 ms · 1 span · no errors

            SPAN          0 ──────────────────────────────────── 5.00 ms   DURATION  STATUS
            work 1        ██████████████████████████████████████████████    5.00 ms  ok

            Trace b
            2026-11-20 10:00:00 UTC · 5.00 ms · 1 span · no errors

            SPAN          0 ──────────────────────────────────── 5.00 ms   DURATION  STATUS
            work 2        ██████████████████████████████████████████████    5.00 ms  ok""");
  }

  @Test
  void updateOfASpanThatWasNeverReported_failsTheTest() {
    recorder.pipeline().accept(List.of(span("t1", "1")));
    recorder
        .pipeline()
        .spanUpdated(SpanUpdate.builder(SpanKey.of("t1", "2"), START).name("renamed").build());

    assertThat(catchThrowableOfType(AssertionError.class, recorder::traces))
        .hasMessage(
            "What was reported is not all recorded:\n"
                + "  default/t1/2: an update of a span that was never reported");
  }

  @Test
  void recorders_shareNothing() {
    try (TraceRecorder other = TraceRecorder.start()) {
      recorder.pipeline().accept(List.of(span("t1", "1")));

      assertThat(other.traces()).isEmpty();
      assertThat(recorder.traces()).hasSize(1);
    }
  }

  @Test
  void close_isIdempotent_andNothingIsReadBehindIt() {
    recorder.close();
    recorder.close();

    assertThat(catchThrowableOfType(IllegalStateException.class, recorder::traces)).isNotNull();
  }
}
