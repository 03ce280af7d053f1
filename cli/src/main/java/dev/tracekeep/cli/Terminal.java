package dev.tracekeep.cli;

import dev.tracekeep.text.Cells;
import dev.tracekeep.text.Glyphs;
import dev.tracekeep.text.TraceText;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jline.utils.WCWidth;
import org.jspecify.annotations.Nullable;

/**
 * What the two output streams can show.
 *
 * @param colour whether standard output takes colours
 * @param interactive whether standard error is a terminal, so that a progress bar can be drawn
 * @param glyphs the characters for drawings
 * @param width how many cells a line has
 */
record Terminal(boolean colour, boolean interactive, Glyphs glyphs, int width) {
  /** Where the width cannot be known: the oldest one. */
  static final int DEFAULT_WIDTH = 80;

  /** How wide characters are on a terminal. */
  static final Cells CELLS = new Cells(WCWidth::wcwidth);

  /** Neither colours nor a bar: what a pipe or a file gets. */
  static final Terminal PLAIN = new Terminal(false, false, Glyphs.UNICODE, DEFAULT_WIDTH);

  /**
   * Finds out. The launcher says which streams are terminals ({@code tracekeep.terminal}, with the
   * words {@code out} and {@code err}) and how wide they are ({@code tracekeep.columns}), because
   * Java cannot ask for one stream alone.
   *
   * @param environment NO_COLOR, TERM and the locale
   * @param property the system properties
   * @param console whether Java itself sees a terminal; asked where the launcher says nothing
   */
  static Terminal detect(
      Map<String, String> environment,
      Function<String, @Nullable String> property,
      boolean console) {
    String said = property.apply("tracekeep.terminal");
    boolean out = said == null ? console : said.contains("out");
    boolean err = said == null ? console : said.contains("err");
    boolean dumb = "dumb".equals(environment.get("TERM"));
    boolean colour = out && !dumb && environment.getOrDefault("NO_COLOR", "").isEmpty();
    return new Terminal(
        colour,
        err && !dumb,
        isUtf8(environment) ? Glyphs.UNICODE : Glyphs.ASCII,
        out ? columns(property.apply("tracekeep.columns")) : DEFAULT_WIDTH);
  }

  /** The first of the three variables that is set decides, as POSIX says. */
  private static boolean isUtf8(Map<String, String> environment) {
    for (String name : new String[] {"LC_ALL", "LC_CTYPE", "LANG"}) {
      String value = environment.getOrDefault(name, "");
      if (!value.isEmpty()) {
        return value.toLowerCase(Locale.ROOT).replace("-", "").contains("utf8");
      }
    }
    return false;
  }

  private static int columns(@Nullable String value) {
    try {
      int columns = value == null ? 0 : Integer.parseInt(value.strip());
      return columns <= 0 ? DEFAULT_WIDTH : Math.max(TraceText.MIN_WIDTH, columns);
    } catch (NumberFormatException e) {
      // Some terminals do not tell; the width is only a matter of looks.
      return DEFAULT_WIDTH;
    }
  }
}
