package dev.tracekeep.otlp;

import java.io.IOException;
import java.io.InputStream;

/** The next so many bytes of an input, as a stream of their own. Not thread-safe. */
final class LimitedInput extends InputStream {
  private final InputStream in;
  private long left;

  LimitedInput(InputStream in, long length) {
    this.in = in;
    this.left = length;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (left == 0) {
      return -1;
    }
    int count = in.read(target, offset, (int) Math.min(length, left));
    left -= Math.max(0, count);
    return count;
  }

  /** Passes over what was not read; returns whether all of it was there. */
  boolean skipRest() throws IOException {
    left -= in.skip(left);
    while (left > 0 && in.read() >= 0) {
      left--;
      left -= in.skip(left);
    }
    return left == 0;
  }
}
