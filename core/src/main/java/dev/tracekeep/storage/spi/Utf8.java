package dev.tracekeep.storage.spi;

/** The size of text in UTF-8, without encoding it. */
final class Utf8 {
  private Utf8() {}

  /** How many bytes the text has; it must not hold lone surrogates. */
  static long length(String text) {
    long bytes = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      // A surrogate is half of a four-byte form.
      bytes += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
    }
    return bytes;
  }
}
