package dev.tracekeep.adapter.libsql;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Lends things that are dear to open, and opens more up to a limit. Thread-safe.
 *
 * <p>There is no library for it: of what one does for database connections (keep-alive, eviction,
 * validation by a statement) nothing applies to a file or to a stream of HTTP requests.
 *
 * @param <R> what is lent
 */
final class Pool<R extends AutoCloseable> implements AutoCloseable {
  /** Opens one more. */
  @FunctionalInterface
  interface Opener<R> {
    R open() throws Exception;
  }

  /** Uses one. */
  @FunctionalInterface
  interface Use<R, T extends @Nullable Object> {
    T of(R resource) throws Exception;
  }

  private final int size;
  private final Duration patience;
  private final Opener<R> opener;
  private final Predicate<R> usable;
  private final Semaphore places;
  private final Deque<R> idle = new ConcurrentLinkedDeque<>();
  private volatile boolean closed;

  /**
   * @param patience how long to wait for one that another thread has
   * @param usable whether one that was lent before can be lent again
   */
  Pool(int size, Duration patience, Opener<R> opener, Predicate<R> usable) {
    this.size = size;
    this.patience = patience;
    this.opener = opener;
    this.usable = usable;
    this.places = new Semaphore(size, true);
  }

  /** Lends one for a use. Where the use fails, it is closed and not lent again. */
  <T extends @Nullable Object> T lend(Use<R, T> use) throws Exception {
    if (!places.tryAcquire(patience.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new ExhaustedException(size, patience);
    }
    try {
      R last = idle.pollFirst();
      if (last != null && !usable.test(last)) {
        last.close();
        last = null;
      }
      R resource = last == null ? opener.open() : last;
      T result;
      try {
        result = use.of(resource);
      } catch (Exception e) {
        closeQuietly(resource, e);
        throw e;
      }
      idle.addFirst(resource);
      if (closed) {
        closeIdle();
      }
      return result;
    } finally {
      places.release();
    }
  }

  static void closeQuietly(AutoCloseable resource, Exception reason) {
    try {
      resource.close();
    } catch (Exception e) {
      reason.addSuppressed(e);
    }
  }

  private void closeIdle() throws SQLException {
    for (R last = idle.pollFirst(); last != null; last = idle.pollFirst()) {
      try {
        last.close();
      } catch (SQLException | RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new SQLException("a connection could not be closed", e);
      }
    }
  }

  /** Closes what is not lent; the rest is closed when it comes back. */
  @Override
  public void close() throws SQLException {
    closed = true;
    closeIdle();
  }

  /** All were lent for too long. */
  static final class ExhaustedException extends Exception {
    private static final long serialVersionUID = 1L;

    ExhaustedException(int size, Duration waited) {
      super("all " + size + " connections were busy for " + waited);
    }
  }
}
