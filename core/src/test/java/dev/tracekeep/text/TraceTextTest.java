package dev.tracekeep.text;

import static dev.tracekeep.text.TestSpans.ended;
import static dev.tracekeep.text.TestSpans.failed;
import static dev.tracekeep.text.TestSpans.running;
import static dev.tracekeep.text.TestSpans.span;
import static dev.tracekeep.text.TestSpans.trace;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Origin;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanType;
import dev.tracekeep.span.Usage;
import dev.tracekeep.storage.Trace;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TraceTextTest {
  private static final TraceText NARROW = TraceText.plain().width(60);
  private static final TraceText NARROW_ASCII = NARROW.glyphs(Glyphs.ASCII);

  private static String drawn(Trace trace) {
    return drawn(TraceText.plain(), trace);
  }

  private static String drawn(TraceText text, Trace trace) {
    return text.drawing(trace).map(line -> line + "\n").collect(Collectors.joining());
  }

  @Test
  void drawing_treeWithError() {
    assertThat(
            drawn(
                trace(
                    span("r", null, 0, 100L)
                        .origin(new Origin("staging", "travel-agent", null, null, null))
                        .build(),
                    ended("a", "r", 0, 50),
                    failed("b", "r", 50, 75, "answered 503"))))
        .isEqualTo(
            """
            Trace t1
            2026-11-20 10:00:00 UTC · 100 ms · 3 spans · 1 error
            service travel-agent · environment staging

            SPAN          0 ───────────────────────────────────── 100 ms   DURATION  STATUS
            span r        ██████████████████████████████████████████████     100 ms  ok
            ├ span a      ███████████████████████                           50.0 ms  ok
            └ span b                             ████████████               25.0 ms  error

            Errors
              span b  b  answered 503
            """);
  }

  @Test
  void drawing_usage_standsAtItsSpanAndSummedAbove() {
    Usage usage = new Usage("glimmer-2", null, 1_204L, 312L, null, new BigDecimal("0.0123"));
    assertThat(
            drawn(
                NARROW_ASCII,
                trace(ended("r", null, 0, 100), span("a", "r", 0, 50L).usage(usage).build())))
        .isEqualTo(
            """
            Trace t1
            2026-11-20 10:00:00 UTC | 100 ms | 2 spans | no errors | 1,204 tokens in | 312 tokens out | cost 0.0123

            SPAN          0 ----------------- 100 ms   DURATION  STATUS
            span r        ##########################     100 ms  ok
            `-span a      #############                 50.0 ms  ok  glimmer-2 | 1,204 tokens in | 312 tokens out | cost 0.0123
            """);
  }

  @Test
  void drawing_asciiTerminal_usesAsciiAlone() {
    assertThat(drawn(NARROW_ASCII, trace(ended("r", null, 0, 100), ended("a", "r", 0, 50))))
        .isEqualTo(
            """
            Trace t1
            2026-11-20 10:00:00 UTC | 100 ms | 2 spans | no errors

            SPAN          0 ----------------- 100 ms   DURATION  STATUS
            span r        ##########################     100 ms  ok
            `-span a      #############                 50.0 ms  ok
            """);
  }

  @Test
  void drawing_runningSpan_isOpenAtTheEnd() {
    assertThat(drawn(NARROW, trace(ended("r", null, 0, 100), running("a", "r", 50))))
        .isEqualTo(
            """
            Trace t1
            2026-11-20 10:00:00 UTC · 100 ms · 2 spans · 1 running · no errors

            SPAN          0 ───────────────── 100 ms   DURATION  STATUS
            span r        ██████████████████████████     100 ms  ok
            └ span a                   ████████████▶             running
            """);
  }

  @Test
  void drawing_endBeforeStart_isMarked() {
    assertThat(drawn(NARROW, trace(ended("r", null, 0, 100), ended("a", "r", 75, 50))))
        .contains(
            "\n└ span a                   ◀◀◀◀◀◀◀         -25.0 ms  ok  ends before it starts\n");
  }

  @Test
  void drawing_spanOfAnotherClock_doesNotStretchTheLine() {
    assertThat(
            drawn(
                NARROW,
                trace(
                    at("old", "r", "1970-01-01T12:21:51Z", "1970-01-01T12:21:52Z"),
                    ended("r", null, 0, 100),
                    ended("a", "r", 0, 50),
                    at("new", "r", "2061-01-01T00:00:00Z", null))))
        .isEqualTo(
            """
            Trace t1
            2026-11-20 10:00:00 UTC · 100 ms · 4 spans · 1 running · 2 not on the line of time · no errors

            SPAN          0 ───────────────── 100 ms   DURATION  STATUS
            span r        ██████████████████████████     100 ms  ok
            ├ span old    «                              1.00 s  ok  far from the root: 1970-01-01 12:21:51 to 1970-01-01 12:21:52
            ├ span a      █████████████                 50.0 ms  ok
            └ span new                             »             running  far from the root: 2061-01-01 00:00:00
            """);
  }

  @Test
  void drawing_withoutARoot_leavesOutWhatNoClockCanMean() {
    String drawn =
        drawn(
            NARROW_ASCII,
            trace(
                at("old", "x", "1970-01-01T12:21:51Z", "1970-01-01T12:21:52Z"),
                ended("a", "x", 0, 50),
                ended("b", "x", 50, 100)));

    assertThat(drawn).contains("| 100 ms | 3 spans | 1 not on the line of time |");
    assertThat(drawn).contains(" {  ").contains(" ########  ");
  }

  @Test
  void drawing_whereAllClocksAreWrong_isAsEver() {
    String drawn = drawn(trace(at("r", null, "1970-01-01T00:00:01Z", "1970-01-01T00:00:02Z")));

    assertThat(drawn).contains("1970-01-01 00:00:01 UTC · 1.00 s · 1 span · no errors");
  }

  @Test
  void drawing_onlySpanThatEndsDecadesBeforeItStarts_isAsEver() {
    String drawn = drawn(trace(at("a", "x", "2026-11-20T10:00:00Z", "1970-01-01T00:00:02Z")));

    assertThat(drawn).contains(" · 1 span · no errors").contains("  ends before it starts");
  }

  @Test
  void drawing_childThatOutlivesItsRoot_isOnTheLine() {
    String drawn = drawn(trace(ended("r", null, 0, 10), ended("a", "r", 5, 500_000)));

    assertThat(drawn).contains("· 2 spans · no errors");
  }

  private static Span at(String id, @Nullable String parent, String from, @Nullable String to) {
    return span(id, parent, 0, null)
        .startedAt(Instant.parse(from))
        .endedAt(to == null ? null : Instant.parse(to))
        .build();
  }

  @Test
  void drawing_colours_onlyWhereAskedFor() {
    String coloured = drawn(NARROW.coloured(true), trace(failed("r", null, 0, 1, "no")));
    assertThat(coloured).contains("\u001b[31merror\u001b[0m");
    assertThat(drawn(trace(failed("r", null, 0, 1, "no")))).doesNotContain("\u001b");
  }

  @Test
  void drawing_controlCharacters_reachNoTerminal() {
    String drawn =
        drawn(
            trace(
                span("r", null, 0, 1L)
                    .name("a\u001b[2Jb\nc\u202ed")
                    .payload(Payload.builder().error(Json.of("x\u0007\ry")).build())
                    .build()));
    assertThat(drawn).contains("a\\u001b[2Jb\\nc\\u202ed").contains("x\\u0007\\ry");
    assertThat(drawn.chars().filter(c -> c < ' ' && c != '\n')).isEmpty();
  }

  @Test
  void drawing_wideCharacters_keepTheColumns() {
    assertThat(drawn(NARROW, trace(span("r", null, 0, 1L).name("天気を調べる").build())))
        .contains("\n天気を調べる  ██████████████████████████    1.00 ms  ok\n");
  }

  @Test
  void drawing_longNames_areCutToTheWidth() {
    assertThat(drawn(NARROW, trace(span("r", null, 0, 1L).name("n".repeat(200)).build())))
        .contains("\n" + "n".repeat(21) + "…  ████████████████    1.00 ms  ok\n");
  }

  @Test
  void drawing_instantaneousTrace_hasFullBars() {
    assertThat(drawn(trace(ended("r", null, 0, 0)))).contains("0 ms  ok");
  }

  @Test
  void details_everyFieldThatIsThere() {
    Trace trace =
        trace(
            span("r", null, 0, 1L)
                .payload(Payload.builder().input(Json.parse("{\"city\":\"Lisbon\"}")).build())
                .build());
    assertThat(
            TraceText.plain().details(trace).map(line -> line + "\n").collect(Collectors.joining()))
        .isEqualTo(
            """

            span r  ok
              span_id                   r
              span_type                 generic
              is_event                  false
              started_at                2026-11-20T10:00:00Z
              ended_at                  2026-11-20T10:00:00.001Z
              input                     {"city":"Lisbon"}
            """);
  }

  @Test
  void outline_namesTypesAndWhatIsNotOk_withoutTimesAndIds() {
    assertThat(
            TraceText.plain()
                .outline(
                    trace(
                        span("r", null, 0, 100L).type(SpanType.AGENT_RUN).name("answer").build(),
                        span("b", "r", 10, 20L).name("plan").build(),
                        span("a", "r", 10, 20L).type(SpanType.TOOL_CALL).name("weather").build(),
                        failed("c", "r", 30, 40, "answered 503"),
                        running("d", "gone", 50))))
        .isEqualTo(
            """
            answer  agent_run
            ├ plan
            ├ weather  tool_call
            └ span c  error
            (without a root)
            └ span d  running""");
  }

  @Test
  void outline_siblingsOfOneInstant_standByNameWhateverTheirIds() {
    Trace one =
        trace(
            ended("r", null, 0, 9),
            span("1", "r", 1, 2L).name("x").build(),
            span("2", "r", 1, 2L).name("y").build());
    Trace other =
        trace(
            ended("r", null, 0, 9),
            span("2", "r", 1, 2L).name("x").build(),
            span("1", "r", 1, 2L).name("y").build());

    assertThat(TraceText.plain().outline(one))
        .isEqualTo("span r\n├ x\n└ y")
        .isEqualTo(TraceText.plain().outline(other));
  }

  @Test
  void width_belowWhatCanBeRead_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TraceText.plain().width(59))
        .withMessage("The width is 59 cells: a trace needs 60");
  }
}
