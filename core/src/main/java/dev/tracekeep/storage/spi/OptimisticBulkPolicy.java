package dev.tracekeep.storage.spi;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Decides whether a batch is worth a try on the engine's raw bulk path, straight into the table, or
 * goes through the staged merge at once.
 *
 * <p>Most batches hold new keys alone. For those the raw path is right and much faster (the staged
 * merge costs 45 % of binary COPY on PostgreSQL, 30 % of DuckDB's appender). A conflict costs a
 * failed attempt and, on some engines, dead rows; so after one all batches are merged, until
 * {@value #CLEAN_MERGES_NEEDED} in a row have met no key that was there already. A run of replays,
 * however long, pays for one failed try.
 *
 * <p>Thread-safe. It is a hint: losing a race between threads costs a failed try, nothing else.
 */
public final class OptimisticBulkPolicy {
  private static final int CLEAN_MERGES_NEEDED = 2;

  private final AtomicInteger cleanMerges = new AtomicInteger(CLEAN_MERGES_NEEDED);

  /** A policy that trusts the first batch. */
  public OptimisticBulkPolicy() {}

  /** Whether to try the raw bulk path with the next batch. */
  public boolean shouldTryDirect() {
    return cleanMerges.get() >= CLEAN_MERGES_NEEDED;
  }

  /** The raw bulk path met a key that was there already; the batch goes through the merge now. */
  public void directConflicted() {
    cleanMerges.set(0);
  }

  /**
   * A batch was merged.
   *
   * @param existingKeys how many of its keys had a row before
   */
  public void merged(long existingKeys) {
    if (existingKeys > 0) {
      cleanMerges.set(0);
    } else {
      cleanMerges.accumulateAndGet(1, (now, one) -> Math.min(now + one, CLEAN_MERGES_NEEDED));
    }
  }
}
