package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.text.Glyphs;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TerminalTest {
  private static Terminal detect(Map<String, String> environment, Map<String, String> properties) {
    return Terminal.detect(environment, properties::get, false);
  }

  private static final Map<String, String> BOTH =
      Map.of("tracekeep.terminal", "err,out", "tracekeep.columns", "120");

  @Test
  void detect_utf8Terminal_hasEverything() {
    assertThat(detect(Map.of("LANG", "de_DE.UTF-8", "TERM", "xterm"), BOTH))
        .isEqualTo(new Terminal(true, true, Glyphs.UNICODE, 120));
  }

  @Test
  void detect_pipe_hasNeitherColourNorBar() {
    assertThat(detect(Map.of("LANG", "C.utf8"), Map.of("tracekeep.terminal", "")))
        .isEqualTo(Terminal.PLAIN);
  }

  @Test
  void detect_outputPiped_stillDrawsABar() {
    assertThat(
            detect(
                Map.of("LANG", "C.UTF-8"),
                Map.of("tracekeep.terminal", "err", "tracekeep.columns", "")))
        .isEqualTo(new Terminal(false, true, Glyphs.UNICODE, 80));
  }

  @Test
  void detect_noColor_isHonoured() {
    assertThat(detect(Map.of("LANG", "C.UTF-8", "NO_COLOR", "1"), BOTH).colour()).isFalse();
    assertThat(detect(Map.of("LANG", "C.UTF-8", "NO_COLOR", ""), BOTH).colour()).isTrue();
  }

  @Test
  void detect_dumbTerminal_isTreatedAsAPipe() {
    assertThat(detect(Map.of("LANG", "C.UTF-8", "TERM", "dumb"), BOTH))
        .isEqualTo(new Terminal(false, false, Glyphs.UNICODE, 120));
  }

  @Test
  void detect_localeWithoutUtf8_getsAscii() {
    assertThat(detect(Map.of("LANG", "C"), BOTH).glyphs()).isEqualTo(Glyphs.ASCII);
    assertThat(detect(Map.of(), BOTH).glyphs()).isEqualTo(Glyphs.ASCII);
    assertThat(detect(Map.of("LC_ALL", "C", "LANG", "C.UTF-8"), BOTH).glyphs())
        .isEqualTo(Glyphs.ASCII);
    assertThat(detect(Map.of("LC_ALL", "", "LC_CTYPE", "C.UTF-8"), BOTH).glyphs())
        .isEqualTo(Glyphs.UNICODE);
  }

  @Test
  void detect_terminalThatTellsNoWidth_getsTheDefault() {
    for (String columns : new String[] {"", "0", "wide"}) {
      assertThat(
              detect(Map.of(), Map.of("tracekeep.terminal", "out", "tracekeep.columns", columns))
                  .width())
          .isEqualTo(80);
    }
    assertThat(
            detect(Map.of(), Map.of("tracekeep.terminal", "out", "tracekeep.columns", "20"))
                .width())
        .isEqualTo(60);
  }

  @Test
  void detect_nothingSaid_asksJava() {
    assertThat(Terminal.detect(Map.of("LANG", "C.UTF-8"), name -> null, true))
        .isEqualTo(new Terminal(true, true, Glyphs.UNICODE, 80));
  }
}
