package dev.tracekeep.adapter.libsql;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The body of an answer, of which each piece must come within a time and be of a size that memory
 * can hold. The client's own time-out ends with the headers. A reader that waits for too long is
 * woken by closing the body under it. Used by one thread.
 */
final class TimedAnswer extends FilterInputStream {
  /** One thread for all answers, gone when there are none. */
  private static final ScheduledThreadPoolExecutor CLOCK = clock();

  private final Duration limit;
  private final long mostBytes;
  private @Nullable ScheduledFuture<?> alarm;
  private long bytes;
  private volatile boolean late;

  /**
   * @param limit how long a piece may take
   * @param mostBytes how many bytes it may have
   */
  TimedAnswer(InputStream body, Duration limit, long mostBytes) {
    super(body);
    this.limit = limit;
    this.mostBytes = mostBytes;
  }

  private static ScheduledThreadPoolExecutor clock() {
    ScheduledThreadPoolExecutor clock =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "tracekeep-answer-clock");
              thread.setDaemon(true);
              return thread;
            });
    clock.setRemoveOnCancelPolicy(true);
    clock.setKeepAliveTime(10, TimeUnit.SECONDS);
    clock.allowCoreThreadTimeOut(true);
    return clock;
  }

  /** Begins a piece: it is waited for from now on. */
  void begin() {
    end();
    bytes = 0;
    alarm = CLOCK.schedule(this::wake, limit.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Ends a piece: nothing is waited for any more. */
  void end() {
    ScheduledFuture<?> set = alarm;
    if (set != null) {
      set.cancel(false);
      alarm = null;
    }
  }

  private void wake() {
    late = true;
    try {
      in.close();
    } catch (IOException e) {
      // The reader is told that it was too late all the same.
      late = true;
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    int count;
    try {
      count = super.read(buffer, offset, length);
    } catch (IOException e) {
      throw late ? tooLate(e) : e;
    }
    if (late) {
      throw tooLate(null);
    }
    bytes += Math.max(0, count);
    if (bytes > mostBytes) {
      throw new IOException("more than " + mostBytes + " bytes came where one value was expected");
    }
    return count;
  }

  private IOException tooLate(@Nullable IOException cause) {
    HttpTimeoutException timeout =
        new HttpTimeoutException("the answer was not complete after " + limit);
    if (cause != null) {
      timeout.addSuppressed(cause);
    }
    return timeout;
  }

  @Override
  public void close() throws IOException {
    end();
    super.close();
  }
}
