package dev.tracekeep.ingest;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What the caller of one call can wait for. It is the settlement and the future in one object,
 * because there is one for each span.
 */
final class Acceptance extends CompletableFuture<Receipt> implements Settlement {
  private int remaining;
  private int @Nullable [] counts;

  Acceptance(int operations) {
    remaining = operations;
    if (operations != 1) {
      counts = new int[Outcome.values().length];
    }
  }

  /** One call's operations may be refused by the caller's thread and written by the pipeline's. */
  @Override
  public void settled(Operation operation, Outcome outcome) {
    Receipt receipt;
    synchronized (this) {
      remaining--;
      if (counts != null) {
        counts[outcome.ordinal()]++;
      }
      if (remaining > 0) {
        return;
      }
      receipt = counts == null ? Receipt.of(outcome) : receipt(counts);
    }
    complete(receipt);
  }

  private static Receipt receipt(int[] counts) {
    return new Receipt(
        counts[Outcome.WRITTEN.ordinal()],
        counts[Outcome.DEAD_LETTERED.ordinal()],
        counts[Outcome.REFUSED.ordinal()],
        counts[Outcome.DROPPED.ordinal()],
        counts[Outcome.MISSING.ordinal()]);
  }

  /** Futures that depend on this one are plain ones. */
  @Override
  public <U> CompletableFuture<U> newIncompleteFuture() {
    return new CompletableFuture<>();
  }
}
