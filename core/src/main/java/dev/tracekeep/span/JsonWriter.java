package dev.tracekeep.span;

/** Writes JSON strings so that the text is well-formed whatever is in them. */
final class JsonWriter {
  private static final char[] HEX = "0123456789abcdef".toCharArray();

  private JsonWriter() {}

  /** Appends a JSON string. Characters without a UTF-8 form, and controls, become escapes. */
  static void quote(String value, StringBuilder out) {
    out.append('"');
    int plainFrom = 0;
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c >= 0x20 && c != '"' && c != '\\' && !Character.isSurrogate(c)) {
        continue;
      }
      if (Text.isPairAt(value, i)) {
        i++;
        continue;
      }
      out.append(value, plainFrom, i);
      plainFrom = i + 1;
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> escape(c, out);
      }
    }
    if (plainFrom == 0) {
      out.append(value); // Faster by far than a part of it.
    } else {
      out.append(value, plainFrom, value.length());
    }
    out.append('"');
  }

  /**
   * A raw lone surrogate can stand in a Java string, but in no encoded text: it becomes an escape.
   */
  static String escapeLoneSurrogates(String text) {
    StringBuilder out = null;
    int copied = 0;
    for (int i = 0; i < text.length(); i++) {
      if (!Character.isSurrogate(text.charAt(i))) {
        continue;
      }
      if (Text.isPairAt(text, i)) {
        i++;
        continue;
      }
      if (out == null) {
        out = new StringBuilder(text.length() + 16);
      }
      escape(text.charAt(i), out.append(text, copied, i));
      copied = i + 1;
    }
    return out == null ? text : out.append(text, copied, text.length()).toString();
  }

  private static void escape(char c, StringBuilder out) {
    out.append("\\u")
        .append(HEX[c >> 12])
        .append(HEX[c >> 8 & 0xF])
        .append(HEX[c >> 4 & 0xF])
        .append(HEX[c & 0xF]);
  }
}
