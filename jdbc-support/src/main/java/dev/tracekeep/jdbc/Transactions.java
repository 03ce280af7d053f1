package dev.tracekeep.jdbc;

import dev.failsafe.Failsafe;
import dev.failsafe.FailsafeException;
import dev.failsafe.RetryPolicy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What every engine does alike with a transaction: it commits or rolls back, and begins anew where
 * the engine says that it lost a race. Thread-safe.
 */
public final class Transactions {
  private static final int MAX_RETRIES = 10;

  private final RetryPolicy<@Nullable Object> lostRaces;

  /**
   * Repeats up to ten times, after rests that grow from 5 to 500 ms.
   *
   * @param isLostRace whether the engine ended a transaction for another's sake (a deadlock, a
   *     serialization failure), so that the same one may succeed now
   */
  public Transactions(Predicate<? super Throwable> isLostRace) {
    this.lostRaces =
        RetryPolicy.builder()
            .handleIf(isLostRace::test)
            .withBackoff(Duration.ofMillis(5), Duration.ofMillis(500))
            .withJitter(0.3)
            .withMaxRetries(MAX_RETRIES)
            .build();
  }

  /** Runs an attempt, and again where it lost a race; throws what the last one threw. */
  public <T extends @Nullable Object> T repeated(Callable<T> attempt) throws Exception {
    try {
      return Failsafe.with(lostRaces).get(attempt::call);
    } catch (FailsafeException e) {
      // Failsafe wraps what is checked; callers are to see what the driver threw.
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  /**
   * Runs work in a transaction of its own: commits after it, rolls back if it fails. The connection
   * commits by itself afterwards if it did so before.
   */
  public static <T extends @Nullable Object> T committed(
      Connection connection, ConnectionSource.Work<T> work) throws Exception {
    boolean wasAutoCommit = connection.getAutoCommit();
    if (wasAutoCommit) {
      connection.setAutoCommit(false);
    }
    T result;
    try {
      result = work.on(connection);
      connection.commit();
    } catch (Exception e) {
      try {
        connection.rollback();
        connection.setAutoCommit(wasAutoCommit);
      } catch (SQLException lost) {
        e.addSuppressed(lost);
      }
      throw e;
    }
    if (wasAutoCommit) {
      connection.setAutoCommit(true);
    }
    return result;
  }
}
