package dev.tracekeep.adapter.clickhouse;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Values on their way out of ClickHouse, in its RowBinary format. Not thread-safe. */
final class RowBinaryReader {
  /** A longer text is read in steps, so that a broken length cannot ask for all of the memory. */
  private static final int STEP = 1 << 20;

  private final InputStream in;
  private byte[] buffer = new byte[1 << 16];
  private int position;
  private int limit;

  RowBinaryReader(InputStream in) {
    this.in = in;
  }

  /** Makes a value of a row; must read each of its columns. */
  @FunctionalInterface
  interface Row<T> {
    T read(RowBinaryReader row) throws IOException;
  }

  /** Whether there is another row. */
  boolean hasNext() throws IOException {
    return position < limit || fill();
  }

  /** Reads a Bool, or a UInt8 as whether it is not 0. */
  boolean flag() throws IOException {
    return octet() != 0;
  }

  /** Reads the mark in front of the value of a Nullable column: whether there is none. */
  boolean isNull() throws IOException {
    return flag();
  }

  /** Reads an Int64, a UInt64, a Decimal(18, S) as units, or a DateTime64(9) as nanoseconds. */
  long number() throws IOException {
    long value = 0;
    for (int shift = 0; shift < Long.SIZE; shift += 8) {
      value |= (long) octet() << shift;
    }
    return value;
  }

  /** Reads a Nullable Int64 or DateTime64(9). */
  @Nullable Long nullableNumber() throws IOException {
    return isNull() ? null : number();
  }

  /** Reads a String. */
  String text() throws IOException {
    int length = count();
    if (limit - position >= length) {
      String text = new String(buffer, position, length, StandardCharsets.UTF_8);
      position += length;
      return text;
    }
    byte[] bytes = new byte[Math.min(length, STEP)];
    int filled = 0;
    while (filled < length) {
      if (filled == bytes.length) {
        bytes = Arrays.copyOf(bytes, (int) Math.min(length, 2L * bytes.length));
      }
      filled += some(bytes, filled);
    }
    return new String(bytes, 0, length, StandardCharsets.UTF_8);
  }

  /** Reads a Nullable String. */
  @Nullable String nullableText() throws IOException {
    return isNull() ? null : text();
  }

  /** Reads the length of an Array or a String. */
  int count() throws IOException {
    int value = 0;
    for (int shift = 0; shift < Integer.SIZE; shift += 7) {
      int octet = octet();
      value |= (octet & 0x7F) << shift;
      if (octet < 0x80) {
        if (value < 0) {
          break;
        }
        return value;
      }
    }
    throw new IOException("The answer is not RowBinary: it has a length beyond 2 GiB");
  }

  /** Reads an unsigned integer of the given width into big-endian bytes. */
  byte[] unsigned(int width) throws IOException {
    byte[] bigEndian = new byte[width];
    for (int i = width - 1; i >= 0; i--) {
      bigEndian[i] = (byte) octet();
    }
    return bigEndian;
  }

  private int octet() throws IOException {
    if (position == limit && !fill()) {
      throw new EOFException("The answer ended within a row");
    }
    return buffer[position++] & 0xFF;
  }

  private int some(byte[] target, int from) throws IOException {
    if (position == limit && !fill()) {
      throw new EOFException("The answer ended within a row");
    }
    int count = Math.min(limit - position, target.length - from);
    System.arraycopy(buffer, position, target, from, count);
    position += count;
    return count;
  }

  private boolean fill() throws IOException {
    position = 0;
    limit = Math.max(in.read(buffer), 0);
    return limit > 0;
  }
}
