package dev.tracekeep.migration;

import java.time.Duration;
import java.util.Objects;

/**
 * How a migration works.
 *
 * @param batchRows how many losing rows are moved in one transaction, about: the rows of one key
 *     are never split
 * @param lockTimeout how long to wait for the lock of the last step before giving up, resumable
 * @param loggedRows how many removed rows are logged one by one; the archive has them all
 */
public record MigrationOptions(int batchRows, Duration lockTimeout, int loggedRows) {
  /** 10,000 rows a batch, 30 seconds for the lock, 100 rows in the log. */
  public static final MigrationOptions DEFAULT =
      new MigrationOptions(10_000, Duration.ofSeconds(30), 100);

  /**
   * @throws IllegalArgumentException if a batch has no row, or a limit is negative
   */
  public MigrationOptions {
    Objects.requireNonNull(lockTimeout, "lockTimeout");
    if (batchRows < 1 || loggedRows < 0 || lockTimeout.isNegative()) {
      throw new IllegalArgumentException(
          "batchRows must be at least 1, loggedRows and lockTimeout at least 0");
    }
  }

  /** The same with other batches. */
  public MigrationOptions withBatchRows(int value) {
    return new MigrationOptions(value, lockTimeout, loggedRows);
  }
}
