package dev.tracekeep.otlp;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Splits a stream into lines without copying them. Not thread-safe. */
final class LineReader {
  private static final int NO_MORE = -1;
  private static final int TOO_LONG = -2;

  private final InputStream in;
  private final int maxBytes;
  private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
  private final CharBuffer decoded = CharBuffer.allocate(8192);

  private byte[] buffer = new byte[1 << 16];
  private int start;
  private int length;
  private int next;
  private int end;
  private long number;
  private boolean tooLong;

  LineReader(InputStream in, int maxBytes) {
    this.in = in;
    this.maxBytes = maxBytes;
  }

  /** Goes to the next line; false if there is none. A line that is too long has no content. */
  boolean next() throws IOException {
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
    number++;
    length = tooLong ? 0 : (at == NO_MORE ? end : at) - start;
    next = at == NO_MORE ? end : at + 1;
    return true;
  }

  /** Whether the next line is short enough. It is read, but not taken. */
  boolean nextFits() throws IOException {
    start = next;
    return find() != TOO_LONG;
  }

  /** Where the line that begins at {@code start} ends. */
  private int find() throws IOException {
    int scanned = start;
    while (true) {
      for (; scanned < end; scanned++) {
        if (buffer[scanned] == '\n') {
          return scanned;
        }
      }
      if (end - start > maxBytes) {
        return TOO_LONG;
      }
      int offset = scanned - start;
      if (!fill()) {
        return NO_MORE;
      }
      scanned = start + offset;
    }
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

  /** The line's number, counted from 1. */
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

  boolean isBlank() {
    for (int i = start; i < start + length; i++) {
      if (buffer[i] != ' ' && buffer[i] != '\t' && buffer[i] != '\r') {
        return false;
      }
    }
    return true;
  }

  /**
   * Where the line stops being UTF-8, counted from 1; 0 if it is UTF-8. Jackson alone would let
   * overlong forms and encoded surrogates pass.
   */
  long invalidUtf8At() {
    int i = start;
    while (i < start + length && buffer[i] >= 0) {
      i++;
    }
    if (i == start + length) {
      return 0;
    }
    ByteBuffer bytes = ByteBuffer.wrap(buffer, i, start + length - i);
    decoder.reset();
    while (true) {
      decoded.clear();
      var result = decoder.decode(bytes, decoded, true);
      if (result.isError()) {
        return bytes.position() - start + 1L;
      }
      if (result.isUnderflow()) {
        return 0;
      }
    }
  }

  /** Everything from the current line on, as one stream; the lines are used up. */
  InputStream remaining() {
    return new SequenceInputStream(new ByteArrayInputStream(buffer, start, end - start), in);
  }
}
