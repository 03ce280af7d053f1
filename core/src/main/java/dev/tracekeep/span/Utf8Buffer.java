package dev.tracekeep.span;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A growing buffer of UTF-8 bytes: what a canonical form is written into. */
final class Utf8Buffer {
  private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

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

  void appendAscii(String text) {
    appendAscii(text, 0, text.length());
  }

  @SuppressWarnings("deprecation") // the one copy without a charset's detour, and right for ASCII
  void appendAscii(String text, int from, int to) {
    ensure(to - from);
    text.getBytes(from, to, bytes, length);
    length += to - from;
  }

  /** Appends a character that is no surrogate, escaped if it must be. */
  void appendCharacter(char c) {
    if (c == '"' || c == '\\') {
      ensure(2);
      bytes[length++] = '\\';
      bytes[length++] = (byte) c;
    } else if (c < 0x20) {
      appendEscape(c);
    } else {
      appendCodePoint(c);
    }
  }

  /** Appends the six characters of a Unicode escape. */
  void appendEscape(char c) {
    ensure(6);
    bytes[length++] = '\\';
    bytes[length++] = 'u';
    for (int shift = 12; shift >= 0; shift -= 4) {
      bytes[length++] = HEX[c >> shift & 0xF];
    }
  }

  void appendCodePoint(int codePoint) {
    ensure(4);
    if (codePoint < 0x80) {
      bytes[length++] = (byte) codePoint;
    } else if (codePoint < 0x800) {
      bytes[length++] = (byte) (0xC0 | codePoint >> 6);
      bytes[length++] = (byte) (0x80 | codePoint & 0x3F);
    } else if (codePoint < 0x10000) {
      bytes[length++] = (byte) (0xE0 | codePoint >> 12);
      bytes[length++] = (byte) (0x80 | codePoint >> 6 & 0x3F);
      bytes[length++] = (byte) (0x80 | codePoint & 0x3F);
    } else {
      bytes[length++] = (byte) (0xF0 | codePoint >> 18);
      bytes[length++] = (byte) (0x80 | codePoint >> 12 & 0x3F);
      bytes[length++] = (byte) (0x80 | codePoint >> 6 & 0x3F);
      bytes[length++] = (byte) (0x80 | codePoint & 0x3F);
    }
  }

  private void ensure(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
    }
  }
}
