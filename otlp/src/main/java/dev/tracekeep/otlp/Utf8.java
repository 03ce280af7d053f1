package dev.tracekeep.otlp;

/** Looks whether bytes are UTF-8, without decoding them. */
final class Utf8 {
  private Utf8() {}

  /**
   * Where bytes stop being UTF-8, counted from {@code from}: the first byte of what is malformed or
   * cut off; -1 if all is UTF-8. By the table of well-formed sequences (The Unicode Standard, table
   * 3-7), so that overlong forms and encoded surrogates are found, which Jackson would let pass.
   */
  static int invalidAt(byte[] bytes, int from, int to) {
    int i = from;
    while (i < to) {
      int first = bytes[i];
      if (first >= 0) {
        i++;
        continue;
      }
      int length = length(first, i + 1 < to ? bytes[i + 1] : 0);
      if (length == 0 || length > to - i) {
        return i - from;
      }
      for (int k = 2; k < length; k++) {
        if (!isContinuation(bytes[i + k])) {
          return i - from;
        }
      }
      i += length;
    }
    return -1;
  }

  /** How long the sequence is that begins with these two bytes; 0 if there is none. */
  private static int length(int firstByte, int secondByte) {
    int first = firstByte & 0xFF;
    int second = secondByte & 0xFF;
    if (!isContinuation(secondByte) || first < 0xC2 || first > 0xF4) {
      return 0;
    }
    if (first < 0xE0) {
      return 2;
    }
    if (first < 0xF0) {
      boolean overlong = first == 0xE0 && second < 0xA0;
      boolean surrogate = first == 0xED && second > 0x9F;
      return overlong || surrogate ? 0 : 3;
    }
    boolean overlong = first == 0xF0 && second < 0x90;
    boolean beyond = first == 0xF4 && second > 0x8F;
    return overlong || beyond ? 0 : 4;
  }

  private static boolean isContinuation(int b) {
    return (b & 0xC0) == 0x80;
  }
}
