package dev.tracekeep.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PrintableTest {
  @Test
  void line_plainText_isTheSameObject() {
    String text = "GET /ask — 天気 👩‍🚀";
    assertThat(Printable.line(text)).isSameAs(text);
  }

  @Test
  void line_harmfulCharacters_becomeEscapes() {
    assertThat(Printable.line("a\tb\r\n\u001b\u007f\u0085\u2028\u202e\ud800\udb40\udc41z"))
        .isEqualTo("a\\tb\\r\\n\\u001b\\u007f\\u0085\\u2028\\u202e\\ud800\\u{e0041}z");
  }

  @Test
  void lines_keepsLineFeedsAlone() {
    assertThat(Printable.lines("a\nb\rc")).isEqualTo("a\nb\\rc");
  }

  @Test
  void json_controlsAndTags_areEscapes() {
    assertThat(
            Printable.json("{\"a\":\"x\u007f\u009b\u202e\u2066 \u00e4\ud83d\ude42\udb40\udc41\"}"))
        .isEqualTo("{\"a\":\"x\\u007f\\u009b\\u202e\\u2066 \u00e4\ud83d\ude42\\udb40\\udc41\"}");
    String harmless = "{\"a\":[1,\"\u00e4\"]}";
    assertThat(Printable.json(harmless)).isSameAs(harmless);
  }
}
