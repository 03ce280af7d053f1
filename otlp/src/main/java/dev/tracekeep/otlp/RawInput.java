package dev.tracekeep.otlp;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A buffer over the caller's stream that counts what is taken, and shows what comes next without
 * taking it. Not thread-safe. Closing it does nothing: the stream belongs to the caller.
 */
final class RawInput extends InputStream {
  /** How much is buffered if nothing is said. */
  static final int SIZE = 1 << 16;

  private final InputStream in;
  private final LongConsumer progress;
  private final byte[] buffer;
  private int position;
  private int end;
  private boolean ended;
  private long taken;
  private @Nullable IOException failure;

  RawInput(InputStream in, LongConsumer progress) {
    this(in, progress, SIZE);
  }

  /**
   * @param size how much is buffered; no more can be peeked at
   */
  RawInput(InputStream in, LongConsumer progress, int size) {
    this.in = in;
    this.progress = progress;
    this.buffer = new byte[size];
  }

  /** Why the stream could not be read on; null if it could. */
  @Nullable IOException failure() {
    return failure;
  }

  /** How many bytes can be peeked at without a wait. */
  int buffered() {
    return end - position;
  }

  /** The bytes that come next, at most so many and fewer at the end of the stream. */
  byte[] peek(int count) throws IOException {
    if (position > 0 && position + count > end) {
      System.arraycopy(buffer, position, buffer, 0, end - position);
      end -= position;
      position = 0;
    }
    while (buffered() < count && fill()) {}
    return Arrays.copyOfRange(buffer, position, position + Math.min(count, buffered()));
  }

  /** Passes over bytes that were seen by {@link #peek}. */
  void skipPeeked(int count) {
    position += count;
  }

  private boolean fill() throws IOException {
    if (ended) {
      return false;
    }
    int read;
    try {
      read = in.read(buffer, end, buffer.length - end);
    } catch (IOException e) {
      failure = e;
      throw e;
    }
    if (read < 0) {
      ended = true;
      progress.accept(taken);
      return false;
    }
    end += read;
    taken += read;
    return true;
  }

  /**
   * Waits until there is something, or the stream has ended. GZIPInputStream takes 0 for the end of
   * the last member, which is wrong for a pipe that is merely slow.
   */
  @Override
  public int available() throws IOException {
    while (position == end && more()) {}
    return end - position;
  }

  private boolean more() throws IOException {
    position = 0;
    end = 0;
    progress.accept(taken);
    return fill();
  }

  @Override
  public int read() throws IOException {
    return available() == 0 ? -1 : buffer[position++] & 0xFF;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    int count = Math.min(length, available());
    if (count == 0) {
      return length == 0 ? 0 : -1;
    }
    System.arraycopy(buffer, position, target, offset, count);
    position += count;
    return count;
  }
}
