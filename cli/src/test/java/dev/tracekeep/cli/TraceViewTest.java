package dev.tracekeep.cli;

import static dev.tracekeep.cli.TestSpans.ended;
import static dev.tracekeep.cli.TestSpans.failed;
import static dev.tracekeep.cli.TestSpans.running;
import static dev.tracekeep.cli.TestSpans.span;
import static dev.tracekeep.cli.TestSpans.trace;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Origin;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.Usage;
import dev.tracekeep.storage.Trace;
import java.math.BigDecimal;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TraceViewTest {
  private final TestScreen screen = new TestScreen();

  private String drawn(Trace trace) {
    Console console = screen.console();
    new TraceView(console).draw(trace);
    console.out().flush();
    return screen.out();
  }

  @Test
  void draw_treeWithError() {
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
  void draw_usage_standsAtItsSpanAndSummedAbove() {
    Usage usage = new Usage("glimmer-2", null, 1_204L, 312L, null, new BigDecimal("0.0123"));
    screen.with(new Terminal(false, false, Glyphs.ASCII, 60));
    assertThat(drawn(trace(ended("r", null, 0, 100), span("a", "r", 0, 50L).usage(usage).build())))
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
  void draw_asciiTerminal_usesAsciiAlone() {
    screen.with(new Terminal(false, false, Glyphs.ASCII, 60));
    assertThat(drawn(trace(ended("r", null, 0, 100), ended("a", "r", 0, 50))))
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
  void draw_runningSpan_isOpenAtTheEnd() {
    screen.with(new Terminal(false, false, Glyphs.UNICODE, 60));
    assertThat(drawn(trace(ended("r", null, 0, 100), running("a", "r", 50))))
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
  void draw_endBeforeStart_isMarked() {
    screen.with(new Terminal(false, false, Glyphs.UNICODE, 60));
    assertThat(drawn(trace(ended("r", null, 0, 100), ended("a", "r", 75, 50))))
        .contains(
            "\n└ span a                   ◀◀◀◀◀◀◀         -25.0 ms  ok  ends before it starts\n");
  }

  @Test
  void draw_spanOfAnotherClock_doesNotStretchTheLine() {
    screen.with(new Terminal(false, false, Glyphs.UNICODE, 60));
    assertThat(
            drawn(
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
  void draw_withoutARoot_leavesOutWhatNoClockCanMean() {
    screen.with(new Terminal(false, false, Glyphs.ASCII, 60));
    String drawn =
        drawn(
            trace(
                at("old", "x", "1970-01-01T12:21:51Z", "1970-01-01T12:21:52Z"),
                ended("a", "x", 0, 50),
                ended("b", "x", 50, 100)));

    assertThat(drawn).contains("| 100 ms | 3 spans | 1 not on the line of time |");
    assertThat(drawn).contains(" {  ").contains(" ########  ");
  }

  @Test
  void draw_whereAllClocksAreWrong_isAsEver() {
    String drawn = drawn(trace(at("r", null, "1970-01-01T00:00:01Z", "1970-01-01T00:00:02Z")));

    assertThat(drawn).contains("1970-01-01 00:00:01 UTC · 1.00 s · 1 span · no errors");
  }

  @Test
  void draw_onlySpanThatEndsDecadesBeforeItStarts_isAsEver() {
    String drawn = drawn(trace(at("a", "x", "2026-11-20T10:00:00Z", "1970-01-01T00:00:02Z")));

    assertThat(drawn).contains(" · 1 span · no errors").contains("  ends before it starts");
  }

  @Test
  void draw_childThatOutlivesItsRoot_isOnTheLine() {
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
  void draw_colours_onlyWhereTheTerminalHasThem() {
    screen.with(new Terminal(true, false, Glyphs.UNICODE, 60));
    String coloured = drawn(trace(failed("r", null, 0, 1, "no")));
    assertThat(coloured).contains("\u001b[31merror\u001b[0m");
    screen.with(Terminal.PLAIN);
    assertThat(drawn(trace(failed("r", null, 0, 1, "no")))).doesNotContain("\u001b");
  }

  @Test
  void draw_controlCharacters_reachNoTerminal() {
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
  void draw_wideCharacters_keepTheColumns() {
    screen.with(new Terminal(false, false, Glyphs.UNICODE, 60));
    assertThat(drawn(trace(span("r", null, 0, 1L).name("天気を調べる").build())))
        .contains("\n天気を調べる  ██████████████████████████    1.00 ms  ok\n");
  }

  @Test
  void draw_longNames_areCutToTheWidth() {
    screen.with(new Terminal(false, false, Glyphs.UNICODE, 60));
    assertThat(drawn(trace(span("r", null, 0, 1L).name("n".repeat(200)).build())))
        .contains("\n" + "n".repeat(21) + "…  ████████████████    1.00 ms  ok\n");
  }

  @Test
  void draw_instantaneousTrace_hasFullBars() {
    assertThat(drawn(trace(ended("r", null, 0, 0)))).contains("0 ms  ok");
  }

  @Test
  void details_everyFieldThatIsThere() {
    Console console = screen.console();
    new TraceView(console)
        .details(
            trace(
                span("r", null, 0, 1L)
                    .payload(Payload.builder().input(Json.parse("{\"city\":\"Lisbon\"}")).build())
                    .build()));
    console.out().flush();
    assertThat(screen.out())
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
}
