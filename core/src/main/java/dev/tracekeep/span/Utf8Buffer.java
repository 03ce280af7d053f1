package dev.tracekeep.span;

import java.util.Arrays;

/** A growing buffer of UTF-8 bytes: what the canonical forms are written into. */
final class Utf8Buffer {
  private static final byte[] HEX = {
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'
  };

  byte[] bytes = new byte[512];
  int length;

  void append(char ascii) {
    ensure(1);
    bytes[length++] = (byte) ascii;
  }

  void append(byte[] source, int from, int count) {
    ensure(count);
    System.arraycopy(source, from, bytes, length, count);
    length += count;
  }

  void append(byte[] source) {
    append(source, 0, source.length);
  }

  void appendLong(long value) {
    ensure(8);
    for (int shift = 56; shift >= 0; shift -= 8) {
      bytes[length++] = (byte) (value >>> shift);
    }
  }

  void appendAscii(String text) {
    ensure(text.length());
    for (int i = 0; i < text.length(); i++) {
      bytes[length++] = (byte) text.charAt(i);
    }
  }

  /** Appends a JSON string with the fewest escapes; a lone surrogate is escaped. */
  void appendQuoted(String text) {
    append('"');
    appendEscaped(text);
    append('"');
  }

  private void appendEscaped(String text) {
    int count = text.length();
    ensure(count); // most text is ASCII; the rarer forms ask for more below
    for (int i = 0; i < count; i++) {
      char c = text.charAt(i);
      if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
        if (length == bytes.length) {
          ensure(count - i);
        }
        bytes[length++] = (byte) c;
      } else {
        ensure(6 + count - i);
        i += appendSpecial(text, i, c);
      }
    }
  }

  /** Returns how many further characters were used up. */
  private int appendSpecial(String text, int index, char c) {
    if (c == '"' || c == '\\') {
      bytes[length++] = '\\';
      bytes[length++] = (byte) c;
    } else if (c < 0x20 || (Character.isSurrogate(c) && !Text.isPairAt(text, index))) {
      bytes[length++] = '\\';
      bytes[length++] = 'u';
      for (int shift = 12; shift >= 0; shift -= 4) {
        bytes[length++] = HEX[c >> shift & 0xF];
      }
    } else if (c < 0x800) {
      bytes[length++] = (byte) (0xC0 | c >> 6);
      bytes[length++] = (byte) (0x80 | c & 0x3F);
    } else if (Character.isSurrogate(c)) {
      int codePoint = Character.toCodePoint(c, text.charAt(index + 1));
      bytes[length++] = (byte) (0xF0 | codePoint >> 18);
      bytes[length++] = (byte) (0x80 | codePoint >> 12 & 0x3F);
      bytes[length++] = (byte) (0x80 | codePoint >> 6 & 0x3F);
      bytes[length++] = (byte) (0x80 | codePoint & 0x3F);
      return 1;
    } else {
      bytes[length++] = (byte) (0xE0 | c >> 12);
      bytes[length++] = (byte) (0x80 | c >> 6 & 0x3F);
      bytes[length++] = (byte) (0x80 | c & 0x3F);
    }
    return 0;
  }

  private void ensure(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
    }
  }
}
