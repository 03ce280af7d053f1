package dev.tracekeep.text;

import java.lang.Character.UnicodeScript;
import java.util.Objects;
import java.util.function.IntUnaryOperator;

/**
 * Measures and fits {@linkplain Printable printable} text in the cells of a terminal. Immutable and
 * thread-safe if its measure is.
 */
public final class Cells {
  private static final Cells ESTIMATE = new Cells(Cells::estimate);

  private final IntUnaryOperator measure;

  /**
   * @param measure how many cells a code point takes, as the terminal's library says; a negative
   *     number counts as none
   */
  public Cells(IntUnaryOperator measure) {
    this.measure = Objects.requireNonNull(measure, "measure");
  }

  /**
   * Without a terminal's library: marks take no cell, the scripts of East Asia and emoji take two,
   * all else one.
   */
  public static Cells estimated() {
    return ESTIMATE;
  }

  private static int estimate(int codePoint) {
    if (codePoint < 0x300) {
      return 1;
    }
    switch (Character.getType(codePoint)) {
      case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.FORMAT -> {
        return 0;
      }
      default -> {
        boolean isFullWidthForm = codePoint >= 0xFF01 && codePoint <= 0xFF60;
        boolean isEmoji = codePoint >= 0x1F300 && codePoint <= 0x1FAFF;
        UnicodeScript script = UnicodeScript.of(codePoint);
        boolean isWideScript =
            script == UnicodeScript.HAN
                || script == UnicodeScript.HIRAGANA
                || script == UnicodeScript.KATAKANA
                || script == UnicodeScript.HANGUL;
        return isFullWidthForm || isEmoji || isWideScript ? 2 : 1;
      }
    }
  }

  /** How many cells a text takes. */
  public int width(String text) {
    return text.codePoints().map(this::widthOf).sum();
  }

  private int widthOf(int codePoint) {
    return Math.max(0, measure.applyAsInt(codePoint));
  }

  /** The text cut to that many cells, the cut marked. */
  public String fit(String text, int cells, String ellipsis) {
    if (width(text) <= cells) {
      return text;
    }
    int room = cells - width(ellipsis);
    int used = 0;
    int end = 0;
    while (end < text.length()) {
      int c = text.codePointAt(end);
      int cost = widthOf(c);
      if (used + cost > room) {
        break;
      }
      used += cost;
      end += Character.charCount(c);
    }
    return text.substring(0, end) + ellipsis;
  }

  /** The text with blanks behind it up to that many cells. */
  public String padRight(String text, int cells) {
    return text + " ".repeat(Math.max(0, cells - width(text)));
  }

  /** The text with blanks before it up to that many cells. */
  public String padLeft(String text, int cells) {
    return " ".repeat(Math.max(0, cells - width(text))) + text;
  }
}
