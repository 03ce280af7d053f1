package dev.tracekeep.adapter.clickhouse;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Values on their way into ClickHouse, in its RowBinary format. The driver's own writer looks at
 * the type of each value of each row; this one is told. Not thread-safe.
 */
final class RowBinaryWriter {
  /** What is given to the stream at once. */
  private static final int CHUNK = 1 << 16;

  private final OutputStream out;
  private byte[] buffer = new byte[2 * CHUNK];
  private int length;
  private long written;

  RowBinaryWriter(OutputStream out) {
    this.out = out;
  }

  /** Says that a row is complete. */
  void endRow() throws IOException {
    if (length >= CHUNK) {
      flush();
    }
  }

  /** Gives what is left to the stream. */
  void flush() throws IOException {
    out.write(buffer, 0, length);
    written += length;
    length = 0;
  }

  /** How many bytes there were so far. */
  long size() {
    return written + length;
  }

  /** Writes NULL into a Nullable column. */
  void nothing() {
    room(1);
    buffer[length++] = 1;
  }

  /** Says that the next value, of a Nullable column, is one. */
  void something() {
    room(1);
    buffer[length++] = 0;
  }

  /** Writes a Bool. */
  void flag(boolean value) {
    room(1);
    buffer[length++] = (byte) (value ? 1 : 0);
  }

  /** Writes an Int64, a Decimal(18, S) as units, or a DateTime64(9) as nanoseconds. */
  void number(long value) {
    room(Long.BYTES);
    for (int shift = 0; shift < Long.SIZE; shift += 8) {
      buffer[length++] = (byte) (value >>> shift);
    }
  }

  /** Writes a String. */
  void text(String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    count(bytes.length);
    room(bytes.length);
    System.arraycopy(bytes, 0, buffer, length, bytes.length);
    length += bytes.length;
  }

  /** Writes the length of an Array or a String. */
  void count(int value) {
    room(5);
    int rest = value;
    while (rest > 0x7F) {
      buffer[length++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    buffer[length++] = (byte) rest;
  }

  /**
   * Writes an unsigned integer of the given width.
   *
   * @param bigEndian the number's bytes, at most {@code width} of them
   */
  void unsigned(byte[] bigEndian, int width) {
    room(width);
    for (int i = bigEndian.length - 1; i >= 0; i--) {
      buffer[length++] = bigEndian[i];
    }
    Arrays.fill(buffer, length, length + width - bigEndian.length, (byte) 0);
    length += width - bigEndian.length;
  }

  private void room(int bytes) {
    if (buffer.length - length < bytes) {
      buffer = Arrays.copyOf(buffer, Math.max(2 * buffer.length, length + bytes));
    }
  }
}
