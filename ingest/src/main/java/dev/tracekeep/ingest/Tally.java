package dev.tracekeep.ingest;

import dev.tracekeep.storage.WriteResult;
import org.jspecify.annotations.Nullable;

/** The counts of decided operations. Kept by the pipeline's thread, published as copies. */
final class Tally {
  private final long[] live = new long[Outcome.values().length];
  private final long[] replayed = new long[Outcome.values().length];
  private boolean exact = true;
  private long created;
  private long replaced;
  private long outdated;
  private long duplicate;
  private long damaged;
  private long storeCalls;
  private long storeFailures;

  /** A copy that does not change. */
  record Snapshot(
      long written,
      long deadLettered,
      long refused,
      long dropped,
      long missing,
      PipelineStatistics.@Nullable WrittenAs writtenAs,
      PipelineStatistics.Replay replay,
      long storeCalls,
      long storeFailures,
      StoreState storeState) {
    long decided() {
      return written + deadLettered + refused + dropped + missing;
    }
  }

  void count(Operation operation, Outcome outcome) {
    (operation.isReplayed() ? replayed : live)[outcome.ordinal()]++;
  }

  /** Divides operations that the store has acknowledged in one call. */
  void divide(long operations, WriteResult.@Nullable Counts counts) {
    if (counts == null) {
      exact = false;
      return;
    }
    created += counts.created();
    replaced += counts.replaced();
    outdated += counts.unchanged();
    duplicate += operations - counts.created() - counts.replaced() - counts.unchanged();
  }

  void damaged(long lines) {
    damaged += lines;
  }

  void storeCalled() {
    storeCalls++;
  }

  void storeFailed() {
    storeFailures++;
  }

  Snapshot snapshot(StoreState storeState) {
    return new Snapshot(
        live[Outcome.WRITTEN.ordinal()],
        live[Outcome.DEAD_LETTERED.ordinal()],
        live[Outcome.REFUSED.ordinal()],
        live[Outcome.DROPPED.ordinal()],
        live[Outcome.MISSING.ordinal()],
        exact ? new PipelineStatistics.WrittenAs(created, replaced, outdated, duplicate) : null,
        new PipelineStatistics.Replay(
            replayed[Outcome.WRITTEN.ordinal()],
            replayed[Outcome.DEAD_LETTERED.ordinal()],
            replayed[Outcome.MISSING.ordinal()],
            damaged),
        storeCalls,
        storeFailures,
        storeState);
  }
}
