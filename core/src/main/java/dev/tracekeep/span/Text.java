package dev.tracekeep.span;

import org.jspecify.annotations.Nullable;

/**
 * Cleans text once, here, so that all engines agree: PostgreSQL refuses U+0000, SQLite's length()
 * stops at it, and a lone surrogate has no UTF-8 form at all.
 */
final class Text {
  /** Longest tenant, trace or span id; three of them fit SQL Server's 900-byte clustered key. */
  static final int MAX_ID_LENGTH = 128;

  private static final char REPLACEMENT = '\uFFFD';

  private Text() {}

  /** Returns the text with U+0000 and lone surrogates replaced by U+FFFD; null stays null. */
  static @Nullable String clean(@Nullable String text) {
    return text == null ? null : cleaned(text);
  }

  static String cleaned(String text) {
    return wellFormed(text.replace('\u0000', REPLACEMENT));
  }

  /** Returns the text with lone surrogates replaced by U+FFFD; U+0000 stays. */
  static String wellFormed(String text) {
    int length = text.length();
    for (int i = 0; i < length; i++) {
      if (!Character.isSurrogate(text.charAt(i))) {
        continue;
      }
      if (isPairAt(text, i)) {
        i++;
        continue;
      }
      return wellFormedFrom(text, i);
    }
    return text;
  }

  private static String wellFormedFrom(String text, int firstBad) {
    StringBuilder clean = new StringBuilder(text.length()).append(text, 0, firstBad);
    for (int i = firstBad; i < text.length(); i++) {
      char c = text.charAt(i);
      if (isPairAt(text, i)) {
        clean.append(c).append(text.charAt(++i));
      } else {
        clean.append(Character.isSurrogate(c) ? REPLACEMENT : c);
      }
    }
    return clean.toString();
  }

  /** Whether a well-formed surrogate pair starts at {@code index}. */
  static boolean isPairAt(String text, int index) {
    return Character.isHighSurrogate(text.charAt(index))
        && index + 1 < text.length()
        && Character.isLowSurrogate(text.charAt(index + 1));
  }

  /** Returns the id unchanged, or refuses it by name. */
  static String requireId(@Nullable String id, String field) {
    if (id == null) {
      throw new InvalidSpanException(
          field, "is missing: an id of 1 to 128 printable ASCII characters is required");
    }
    if (id.isEmpty()) {
      throw new InvalidSpanException(
          field, "is empty: an id has 1 to 128 printable ASCII characters");
    }
    if (id.length() > MAX_ID_LENGTH) {
      throw new InvalidSpanException(
          field,
          "has " + id.length() + " characters: an id has 1 to 128 printable ASCII characters");
    }
    for (int i = 0; i < id.length(); i++) {
      char c = id.charAt(i);
      if (c < 0x20 || c > 0x7E) {
        throw new InvalidSpanException(
            field,
            String.format(
                "has U+%04X at position %d: an id has 1 to 128 printable ASCII characters",
                (int) c, i));
      }
    }
    return id;
  }
}
