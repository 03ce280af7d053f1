package dev.tracekeep.otlp;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.CharacterCodingException;
import java.util.Arrays;

/**
 * Passes UTF-8 on, and fails at the first byte that is none. What stands before it was passed on by
 * then, and what stands behind it can still be had. Not thread-safe. Closing it does nothing.
 */
final class Utf8Input extends InputStream {
  private final InputStream in;
  private byte[] kept = {};
  private boolean broken;

  /** How many bytes of a character are to come, and what the next of them may be. */
  private int missing;

  private int lowest = 0x80;
  private int highest = 0xBF;

  Utf8Input(InputStream in) {
    this.in = in;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (broken) {
      throw new CharacterCodingException();
    }
    int count = in.read(target, offset, length);
    int sound = soundLength(target, offset, Math.max(0, count));
    if (sound < count) {
      broken = true;
      kept = Arrays.copyOfRange(target, offset + sound, offset + count);
      if (sound == 0) {
        throw new CharacterCodingException();
      }
      return sound;
    }
    return count;
  }

  /** Everything from the first byte on that is no UTF-8, or that was not read. */
  InputStream remaining() {
    return new SequenceInputStream(new ByteArrayInputStream(kept), in);
  }

  /** The table of well-formed byte sequences is 3-7 of the Unicode Standard. */
  private int soundLength(byte[] bytes, int offset, int count) {
    for (int i = 0; i < count; i++) {
      int b = bytes[offset + i] & 0xFF;
      if (missing > 0) {
        if (b < lowest || b > highest) {
          return i;
        }
        missing--;
        lowest = 0x80;
        highest = 0xBF;
      } else if (b >= 0x80) {
        if (b < 0xC2 || b > 0xF4) {
          return i;
        }
        missing = b < 0xE0 ? 1 : b < 0xF0 ? 2 : 3;
        lowest = b == 0xE0 ? 0xA0 : b == 0xF0 ? 0x90 : 0x80;
        highest = b == 0xED ? 0x9F : b == 0xF4 ? 0x8F : 0xBF;
      }
    }
    return count;
  }
}
