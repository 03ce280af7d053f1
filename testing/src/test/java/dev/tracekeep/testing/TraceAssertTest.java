package dev.tracekeep.testing;

import static dev.tracekeep.testing.TraceAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tracekeep.span.Entity;
import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanType;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.span.Usage;
import dev.tracekeep.storage.Trace;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import org.assertj.core.api.SoftAssertions;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.opentest4j.AssertionFailedError;

class TraceAssertTest {
  private static final TraceKey KEY = TraceKey.of("t1");
  private static final Instant START = Instant.parse("2026-11-20T10:00:00Z");

  /** An agent that plans, asks a model, and calls one tool twice and another one in vain. */
  private static final Trace AGENT =
      new Trace(
          KEY,
          List.of(
              span("1", null, "answer", 0, 100L).type(SpanType.AGENT_RUN).build(),
              span("2", "1", "chat", 10, 40L)
                  .type(SpanType.MODEL_GENERATION)
                  .usage(new Usage("glimmer-2", null, 1_204L, 312L, null, new BigDecimal("0.0123")))
                  .build(),
              tool("3", "weather", 40, "{\"city\":\"Lisbon\",\"days\":1}").build(),
              tool("4", "weather", 50, "{\"city\":\"Porto\",\"days\":1.0}").build(),
              span("5", "1", "maps", 60, 70L)
                  .type(SpanType.MCP_TOOL_CALL)
                  .payload(
                      Payload.builder().error(Json.parse("{\"message\":\"answered 503\"}")).build())
                  .build()));

  private static final String AGENT_DRAWN =
      """
      Trace t1
      2026-11-20 10:00:00 UTC · 100 ms · 5 spans · 1 error · 1,204 tokens in · 312 tokens out · cost 0.0123

      SPAN                    0 ─────────────────────────── 100 ms   DURATION  STATUS
      answer                  ████████████████████████████████████     100 ms  ok
      ├ chat                     ████████████                         30.0 ms  ok  glimmer-2 · 1,204 tokens in · 312 tokens out · cost 0.0123
      ├ execute_tool weather                ████                      10.0 ms  ok
      ├ execute_tool weather                    ████                  10.0 ms  ok
      └ maps                                       █████              10.0 ms  error

      Errors
        maps  5  answered 503""";

  private static final Trace PLAIN =
      new Trace(
          KEY,
          List.of(
              span("1", null, "100% %n %s", 0, 100L).build(),
              span("2", "1", "work", 10, null).build()));

  private static final String PLAIN_DRAWN =
      """
      Trace t1
      2026-11-20 10:00:00 UTC · 100 ms · 2 spans · 1 running · no errors

      SPAN          0 ───────────────────────────────────── 100 ms   DURATION  STATUS
      100% %n %s    ██████████████████████████████████████████████     100 ms  ok
      └ work            █████████████████████████████████████████▶             running""";

  private static Span.Builder span(
      String id, @Nullable String parent, String name, long from, @Nullable Long to) {
    return Span.builder(KEY.span(id))
        .parentSpanId(parent)
        .name(name)
        .startedAt(START.plusMillis(from))
        .endedAt(to == null ? null : START.plusMillis(to));
  }

  private static Span.Builder tool(String id, String tool, long from, String input) {
    return span(id, "1", "execute_tool " + tool, from, from + 10)
        .type(SpanType.TOOL_CALL)
        .entity(Entity.of("tool", tool))
        .payload(Payload.builder().input(Json.parse(input)).build());
  }

  private static void fails(ThrowingCallable assertion, String message) {
    assertThat(catchThrowableOfType(AssertionError.class, assertion)).hasMessage(message);
  }

  @Test
  void everyAssertion_thatHolds_goesOn() {
    assertThat(AGENT)
        .isFinished()
        .hasErrorContaining("503")
        .hasSpan("chat")
        .hasSpansInOrder()
        .hasSpansInOrder("answer", "execute_tool weather", "execute_tool weather", "maps")
        .calledTool("weather")
        .calledTool("maps")
        .calledTool("weather", 2)
        .calledToolsExactly("weather", "weather", "maps")
        .calledToolWith("weather", "{\"days\":1,\"city\":\"Porto\"}")
        .didNotCallTool("answer")
        .didNotCallTool("execute_tool weather")
        .usedModel("glimmer-2")
        .usedAtMostTokens(1_516)
        .costAtMost("0.01230")
        .hasOutline(
            """
            answer  agent_run
            ├ chat  model_generation
            ├ execute_tool weather  tool_call
            ├ execute_tool weather  tool_call
            └ maps  mcp_tool_call  error
            """);
    assertThat(PLAIN).hasNoErrors().calledToolsExactly();
  }

  @Test
  void hasNoErrors_error() {
    fails(
        () -> assertThat(AGENT).hasNoErrors(),
        "Expecting no errors, but 1 span has one:\n\n" + AGENT_DRAWN);
  }

  @Test
  void hasErrorContaining_otherErrorOrNone() {
    fails(
        () -> assertThat(AGENT).hasErrorContaining("404"),
        "Expecting an error that contains \"404\", but no error does:\n\n" + AGENT_DRAWN);
    fails(
        () -> assertThat(PLAIN).hasErrorContaining("404"),
        "Expecting an error that contains \"404\", but there is no error:\n\n" + PLAIN_DRAWN);
  }

  @Test
  void isFinished_runningSpan() {
    fails(
        () -> assertThat(PLAIN).isFinished(),
        "Expecting a finished trace, but 1 span has not ended:\n\n" + PLAIN_DRAWN);
  }

  @Test
  void isFinished_spanThatFailedAndHasNotEnded_isRunning() {
    Trace failed =
        new Trace(
            KEY,
            List.of(
                span("1", null, "work", 0, null)
                    .payload(Payload.builder().error(Json.of("no")).build())
                    .build()));

    assertThat(catchThrowableOfType(AssertionError.class, () -> assertThat(failed).isFinished()))
        .hasMessageStartingWith("Expecting a finished trace, but 1 span has not ended:");
  }

  @Test
  void hasSpan_none() {
    fails(
        () -> assertThat(PLAIN).hasSpan("plan"),
        "Expecting a span \"plan\", but there is none:\n\n" + PLAIN_DRAWN);
  }

  @Test
  void hasSpansInOrder_missingAtTheStartOrLater() {
    fails(
        () -> assertThat(PLAIN).hasSpansInOrder("plan", "work"),
        "Expecting the spans \"plan\", \"work\" in this order, but there is no \"plan\":\n\n"
            + PLAIN_DRAWN);
    fails(
        () -> assertThat(AGENT).hasSpansInOrder("answer", "maps", "chat"),
        "Expecting the spans \"answer\", \"maps\", \"chat\" in this order, but there is no \"chat\""
            + " behind \"answer\", \"maps\":\n\n"
            + AGENT_DRAWN);
  }

  @Test
  void calledTool_otherToolsOrNone() {
    fails(
        () -> assertThat(AGENT).calledTool("search"),
        "Expecting a call of the tool \"search\", but what was called is \"weather\", \"weather\","
            + " \"maps\":\n\n"
            + AGENT_DRAWN);
    fails(
        () -> assertThat(PLAIN).calledTool("work"),
        "Expecting a call of the tool \"work\", but no tool was called:\n\n" + PLAIN_DRAWN);
  }

  @Test
  void calledTool_otherNumber() {
    fails(
        () -> assertThat(AGENT).calledTool("weather", 1),
        "Expecting 1 call of the tool \"weather\", but there are 2:\n\n" + AGENT_DRAWN);
    fails(
        () -> assertThat(AGENT).didNotCallTool("maps"),
        "Expecting 0 calls of the tool \"maps\", but there is 1:\n\n" + AGENT_DRAWN);
  }

  @Test
  void calledToolsExactly_others() {
    fails(
        () -> assertThat(AGENT).calledToolsExactly("weather", "maps"),
        "Expecting exactly the tool calls \"weather\", \"maps\", but what was called is"
            + " \"weather\", \"weather\", \"maps\":\n\n"
            + AGENT_DRAWN);
    fails(
        () -> assertThat(AGENT).calledToolsExactly(),
        "Expecting no tool call, but what was called is \"weather\", \"weather\", \"maps\":\n\n"
            + AGENT_DRAWN);
  }

  @Test
  void calledToolWith_otherInputOrNone() {
    fails(
        () -> assertThat(AGENT).calledToolWith("weather", "{\"city\": \"Faro\"}"),
        "Expecting a call of the tool \"weather\" with the input {\"city\": \"Faro\"}, but its input"
            + " was {\"city\":\"Lisbon\",\"days\":1}, {\"city\":\"Porto\",\"days\":1.0}:\n\n"
            + AGENT_DRAWN);
    fails(
        () -> assertThat(AGENT).calledToolWith("maps", "{}"),
        "Expecting a call of the tool \"maps\" with the input {}, but its calls say no input:\n\n"
            + AGENT_DRAWN);
    fails(
        () -> assertThat(PLAIN).calledToolWith("maps", "{}"),
        "Expecting a call of the tool \"maps\" with the input {}, but no tool was called:\n\n"
            + PLAIN_DRAWN);
    assertThatExceptionOfType(InvalidSpanException.class)
        .isThrownBy(() -> assertThat(AGENT).calledToolWith("maps", "{"));
  }

  @Test
  void usedModel_otherOrNone() {
    fails(
        () -> assertThat(AGENT).usedModel("glimmer-3"),
        "Expecting the model \"glimmer-3\", but what was used is \"glimmer-2\":\n\n" + AGENT_DRAWN);
    fails(
        () -> assertThat(PLAIN).usedModel("glimmer-3"),
        "Expecting the model \"glimmer-3\", but no span names a model:\n\n" + PLAIN_DRAWN);
  }

  @Test
  void usedAtMostTokens_moreOrUnknown() {
    fails(
        () -> assertThat(AGENT).usedAtMostTokens(1_515),
        "Expecting at most 1,515 tokens, but 1,516 tokens were used:\n\n" + AGENT_DRAWN);
    fails(
        () -> assertThat(PLAIN).usedAtMostTokens(1),
        "Expecting at most 1 token, but no span says how many it used:\n\n" + PLAIN_DRAWN);
  }

  @Test
  void costAtMost_moreOrUnknown() {
    fails(
        () -> assertThat(AGENT).costAtMost("0.01"),
        "Expecting a cost of at most 0.01, but it was 0.0123:\n\n" + AGENT_DRAWN);
    fails(
        () -> assertThat(PLAIN).costAtMost("1"),
        "Expecting a cost of at most 1, but no span says what it cost:\n\n" + PLAIN_DRAWN);
  }

  @Test
  void hasOutline_another_givesBothToTheEditor() {
    Trace trace = new Trace(KEY, List.of(span("1", null, "100% %s", 0, 100L).build()));
    AssertionFailedError failure =
        catchThrowableOfType(
            AssertionFailedError.class, () -> assertThat(trace).hasOutline("100%\n└ work\n\n"));

    assertThat(failure)
        .hasMessage(
            """
            Expecting the outline

            100%
            └ work

            but it is

            100% %s
            """);
    assertThat(failure.getExpected().getStringRepresentation()).isEqualTo("100%\n└ work");
    assertThat(failure.getActual().getStringRepresentation()).isEqualTo("100% %s");
  }

  @Test
  void description_standsInFront() {
    fails(
        () -> assertThat(PLAIN).as("the second try").hasSpan("plan"),
        "[the second try] Expecting a span \"plan\", but there is none:\n\n" + PLAIN_DRAWN);
  }

  @Test
  void softAssertions_tellAllFailures() {
    SoftAssertions softly = new SoftAssertions();
    softly.proxy(TraceAssert.class, Trace.class, PLAIN).isFinished().hasSpan("plan").hasNoErrors();

    assertThat(softly.assertionErrorsCollected()).hasSize(2);
  }

  @Test
  void noTrace_failsAsElsewhereInAssertJ() {
    assertThat(
            catchThrowableOfType(
                AssertionError.class, () -> assertThat((Trace) null).hasNoErrors()))
        .hasMessageContaining("Expecting actual not to be null");
  }
}
