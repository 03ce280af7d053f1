package dev.tracekeep.ingest;

import org.jspecify.annotations.Nullable;

/**
 * What a pipeline has done since it was opened. Every operation that was handed in is in exactly
 * one bucket: {@code accepted = waiting + written + deadLettered + refused + dropped + missing}, in
 * every snapshot.
 *
 * @param accepted operations that were handed in, whatever became of them
 * @param waiting not decided yet: in memory, or on the way to the store or the log
 * @param written the store has acknowledged them
 * @param deadLettered synced to the dead-letter log; they stay in this bucket when they are
 *     replayed
 * @param refused in neither, see {@link PipelineListener#refused}
 * @param dropped taken out by a transformer
 * @param missing updates of spans that the store does not have
 * @param notNeeded starts and updates that the strategy does not send; not part of accepted
 * @param writtenAs how the written ones are divided; null if the store does not count exactly
 * @param replay what became of operations from the dead-letter log; not part of accepted
 * @param storeCalls how often the store was called
 * @param storeFailures how many of these calls failed
 * @param storeState how the pipeline finds the store
 */
public record PipelineStatistics(
    long accepted,
    long waiting,
    long written,
    long deadLettered,
    long refused,
    long dropped,
    long missing,
    long notNeeded,
    @Nullable WrittenAs writtenAs,
    Replay replay,
    long storeCalls,
    long storeFailures,
    StoreState storeState) {
  /**
   * How written operations are divided.
   *
   * @param created rows that were not there before
   * @param replaced rows that a better version took the place of
   * @param outdated operations whose row was as good or better
   * @param duplicate operations that were folded into another one of the same span
   */
  public record WrittenAs(long created, long replaced, long outdated, long duplicate) {}

  /**
   * What became of operations from the dead-letter log.
   *
   * @param written the store has acknowledged them
   * @param deadLettered the store will never take them: they are in the log again
   * @param missing updates of spans that the store does not have
   * @param damaged lines that could not be read; they are kept aside in the log's folder
   */
  public record Replay(long written, long deadLettered, long missing, long damaged) {}

  /** The sum of the buckets, which is {@link #accepted()}. */
  public long sum() {
    return waiting + written + deadLettered + refused + dropped + missing;
  }
}
