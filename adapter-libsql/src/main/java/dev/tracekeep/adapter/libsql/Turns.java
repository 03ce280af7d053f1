package dev.tracekeep.adapter.libsql;

import dev.failsafe.Failsafe;
import dev.failsafe.FailsafeException;
import dev.failsafe.RetryPolicy;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Lets the writers of this store take turns, and repeats what others got in the way of. */
final class Turns {
  /** Something that may be done again. */
  @FunctionalInterface
  interface Attempt<T extends @Nullable Object> {
    T run() throws Exception;
  }

  private final ReentrantLock lock = new ReentrantLock(true);

  /** Keeps the other writers of this store away meanwhile. */
  <T extends @Nullable Object> T exclusively(Duration timeout, Attempt<T> work) throws Exception {
    if (!lock.tryLock(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new TimedOutException(timeout);
    }
    try {
      return work.run();
    } finally {
      lock.unlock();
    }
  }

  /** The last thing that is done with a database. */
  @FunctionalInterface
  interface Ending {
    void run() throws SQLException;
  }

  /** Waits for a write that is under way, however long, and keeps others away. */
  void lastly(Ending ending) throws SQLException {
    lock.lock();
    try {
      ending.run();
    } finally {
      lock.unlock();
    }
  }

  /** Repeats what lost a race against another process or connection, until the time is over. */
  static <T extends @Nullable Object> T repeating(Duration timeout, Attempt<T> work)
      throws Exception {
    long nanos = Math.max(timeout.toNanos(), 1000);
    RetryPolicy<@Nullable Object> policy =
        RetryPolicy.builder()
            .handleIf(failure -> LibSqlFailures.isLostRace(failure))
            .withBackoff(
                Duration.ofNanos(Math.min(nanos / 4, 5_000_000)),
                Duration.ofNanos(Math.min(nanos / 2, 100_000_000)))
            .withJitter(0.3)
            .withMaxRetries(-1)
            .withMaxDuration(Duration.ofNanos(nanos))
            .build();
    try {
      return Failsafe.with(policy).get(work::run);
    } catch (FailsafeException e) {
      // Failsafe wraps what is checked; callers are to see what the driver threw.
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  /** Another thread of this process wrote for too long. */
  static final class TimedOutException extends Exception {
    private static final long serialVersionUID = 1L;

    TimedOutException(Duration waited) {
      super("another write to this database took longer than " + waited);
    }
  }
}
