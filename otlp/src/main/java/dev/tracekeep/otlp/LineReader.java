package dev.tracekeep.otlp;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Splits a stream into lines, or into records, without copying them. Not thread-safe. */
final class LineReader {
  private static final int NO_MORE = -1;
  private static final int TOO_LONG = -2;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long EACH_BYTE = 0x0101010101010101L;
  private static final long HIGH_BITS = 0x8080808080808080L;

  private final InputStream in;
  private final int maxBytes;
  private final byte delimiter;

  private byte[] buffer = new byte[1 << 16];
  private int start;
  private int length;
  private int next;
  private int end;
  private long number;
  private boolean tooLong;

  /** Whether a byte from {@link #start} to the end that was found is no ASCII. */
  private boolean foreign;

  /**
   * @param firstNumber the number of the first line, 1 for a whole input
   */
  LineReader(InputStream in, int maxBytes, char delimiter, long firstNumber) {
    this.in = in;
    this.maxBytes = maxBytes;
    this.delimiter = (byte) delimiter;
    this.number = firstNumber - 1;
  }

  /** Goes to the next line; false if there is none. A line that is too long has no content. */
  boolean next() throws IOException {
    if (delimiter != '\n') {
      number += lineFeeds();
    }
    start = next;
    tooLong = false;
    int at = find();
    while (at == TOO_LONG) {
      tooLong = true;
      end = start; // The line is given up: its bytes make room for the rest of it.
      at = find();
    }
    if (at == NO_MORE && end == start && !tooLong) {
      return false;
    }
    if (delimiter == '\n' || number == 0) {
      number++;
    }
    length = tooLong ? 0 : (at == NO_MORE ? end : at) - start;
    next = at == NO_MORE ? end : at + 1;
    return true;
  }

  private int lineFeeds() {
    int count = 0;
    for (int i = start; i < start + length; i++) {
      if (buffer[i] == '\n') {
        count++;
      }
    }
    return count;
  }

  /** Whether the next line is short enough. It is read, but not taken. */
  boolean nextFits() throws IOException {
    start = next;
    length = 0;
    return find() != TOO_LONG;
  }

  /** Where the line that begins at {@code start} ends. Notes whether all of it is ASCII. */
  private int find() throws IOException {
    int scanned = start;
    foreign = false;
    while (true) {
      int at = scan(scanned);
      if (at < end) {
        return at;
      }
      if (end - start > maxBytes) {
        return TOO_LONG;
      }
      int offset = at - start;
      if (!fill()) {
        return NO_MORE;
      }
      scanned = start + offset;
    }
  }

  /** The delimiter's place, or {@code end}: eight bytes at once, then one by one. */
  private int scan(int from) {
    long sought = delimiter * EACH_BYTE;
    long seen = 0;
    int i = from;
    for (; i <= end - Long.BYTES; i += Long.BYTES) {
      long eight = (long) LONGS.get(buffer, i);
      long zeroWhereFound = eight ^ sought;
      // Sets the high bit of a byte that is zero, and never for eight bytes without one.
      if ((zeroWhereFound - EACH_BYTE & ~zeroWhereFound & HIGH_BITS) != 0) {
        break;
      }
      seen |= eight;
    }
    for (; i < end && buffer[i] != delimiter; i++) {
      seen |= buffer[i];
    }
    foreign |= (seen & HIGH_BITS) != 0;
    return i;
  }

  private boolean fill() throws IOException {
    if (end == buffer.length) {
      if (start > 0) {
        System.arraycopy(buffer, start, buffer, 0, end - start);
        end -= start;
        start = 0;
        next = 0;
      } else {
        buffer = Arrays.copyOf(buffer, (int) Math.min(2L * buffer.length, maxBytes + 2L));
      }
    }
    int read = in.read(buffer, end, buffer.length - end);
    end += Math.max(read, 0);
    return read > 0;
  }

  /** The number of the line, or of the first line of the record, counted from 1. */
  long number() {
    return number;
  }

  /** Whether the line has more bytes than allowed. */
  boolean isTooLong() {
    return tooLong;
  }

  byte[] buffer() {
    return buffer;
  }

  /** Where the line starts in {@link #buffer()}. */
  int start() {
    return start;
  }

  /** How many bytes the line has, without its end. */
  int length() {
    return length;
  }

  /** The first byte of the line that is no white space; 0 if there is none. */
  byte firstSolid() {
    return firstSolid(start + length);
  }

  /** The same for a line that {@link #nextFits} has found too long, as far as it was read. */
  byte firstSolidOfNext() {
    return firstSolid(end);
  }

  private byte firstSolid(int to) {
    for (int i = start; i < to; i++) {
      byte b = buffer[i];
      if (b != ' ' && b != '\t' && b != '\r' && b != '\n') {
        return b;
      }
    }
    return 0;
  }

  boolean isBlank() {
    int i = start;
    while (i < start + length
        && (buffer[i] == ' ' || buffer[i] == '\t' || buffer[i] == '\r' || buffer[i] == '\n')) {
      i++;
    }
    return i == start + length;
  }

  /** Whether the line is known to be UTF-8 because it is ASCII. */
  boolean isAscii() {
    return !foreign;
  }

  /** Everything from the current line on, as one stream; the lines are used up. */
  InputStream remaining() {
    InputStream read = new ByteArrayInputStream(buffer, start, end - start);
    start = end;
    next = end;
    length = 0;
    return new SequenceInputStream(read, in);
  }
}
