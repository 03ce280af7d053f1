package dev.tracekeep.text;

/**
 * Text from spans, files and engines, made fit for a terminal: what could move the cursor, change
 * colours or reorder the line becomes a visible escape.
 */
public final class Printable {
  private static final int ZERO_WIDTH_NON_JOINER = 0x200C;
  private static final int ZERO_WIDTH_JOINER = 0x200D;

  private Printable() {}

  /** The text on one line. */
  public static String line(String text) {
    return escape(text, false);
  }

  /** The text with its line feeds kept: for messages of our own that quote foreign text. */
  public static String lines(String text) {
    return escape(text, true);
  }

  /**
   * The same JSON, in which DEL, C1 and bidirectional controls and the like are escapes: they can
   * stand in its strings alone.
   */
  public static String json(String document) {
    StringBuilder out = null;
    for (int i = 0; i < document.length(); i++) {
      char c = document.charAt(i);
      boolean isHarmful =
          c > '~' && !Character.isSurrogate(c) && isHarmful(c) || isTag(document, i);
      if (isHarmful && out == null) {
        out = new StringBuilder(document.length() + 16).append(document, 0, i);
      }
      if (out != null) {
        out.append(isHarmful ? String.format("\\u%04x", (int) c) : Character.toString(c));
      }
    }
    return out == null ? document : out.toString();
  }

  /** Whether one half of a harmful character beyond U+FFFF, such as a tag, stands there. */
  private static boolean isTag(String text, int index) {
    char c = text.charAt(index);
    int start = Character.isLowSurrogate(c) ? index - 1 : index;
    return Character.isSurrogate(c)
        && start >= 0
        && start + 1 < text.length()
        && Character.isSurrogatePair(text.charAt(start), text.charAt(start + 1))
        && isHarmful(text.codePointAt(start));
  }

  private static String escape(String text, boolean keepLineFeeds) {
    StringBuilder out = null;
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      int length = Character.charCount(c);
      if (isHarmful(c) && !(keepLineFeeds && c == '\n')) {
        if (out == null) {
          out = new StringBuilder(text.length() + 16).append(text, 0, i);
        }
        out.append(escaped(c));
      } else if (out != null) {
        out.append(text, i, i + length);
      }
      i += length;
    }
    return out == null ? text : out.toString();
  }

  private static boolean isHarmful(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          true;
      // Joiners belong to the spelling of emoji and of several scripts, and do no harm.
      case Character.FORMAT -> c != ZERO_WIDTH_JOINER && c != ZERO_WIDTH_NON_JOINER;
      default -> false;
    };
  }

  private static String escaped(int c) {
    return switch (c) {
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      default -> String.format(c <= 0xFFFF ? "\\u%04x" : "\\u{%x}", c);
    };
  }
}
