package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.text.Glyphs;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private static final String CLEAR_LINE = "\r\u001b[K";

  @Test
  void bar_isWipedInTheEnd() {
    TestScreen screen = new TestScreen().with(new Terminal(true, true, Glyphs.UNICODE, 80));
    Console console = screen.console();
    try (Progress progress = Progress.on(console)) {
      progress.begin("Importing", 10 << 20, Progress.Unit.BYTES);
      progress.at(10 << 20, "3 spans");
    }
    console.err().flush();
    assertThat(screen.err()).contains("\rImporting 100% ", "3 spans").endsWith(CLEAR_LINE);
  }

  @Test
  void bar_messageStandsOnALineOfItsOwn() {
    TestScreen screen = new TestScreen().with(new Terminal(true, true, Glyphs.ASCII, 80));
    Console console = screen.console();
    try (Progress progress = Progress.on(console)) {
      progress.begin("prepare", -1, Progress.Unit.ROWS);
      progress.message("a problem");
      progress.begin("archive", -1, Progress.Unit.ROWS);
    }
    console.err().flush();
    assertThat(screen.err())
        .isEqualTo("\rprepare.." + CLEAR_LINE + "a problem\n\rarchive.." + CLEAR_LINE);
  }

  @Test
  void lines_shortWork_saysNothing() {
    TestScreen screen = new TestScreen();
    Console console = screen.console();
    try (Progress progress = Progress.on(console)) {
      progress.begin("Importing", 10, Progress.Unit.BYTES);
      progress.at(10, "3 spans");
    }
    console.err().flush();
    assertThat(screen.err()).isEmpty();
  }
}
