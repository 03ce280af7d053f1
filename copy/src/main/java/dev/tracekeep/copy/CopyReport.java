package dev.tracekeep.copy;

import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.WriteResult;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a copy has done.
 *
 * @param read spans that were read and passed the filter
 * @param countsOrNull what changed in the target; null where it does not count exactly
 * @param rejectedSpans spans that the target can never store
 * @param rejected the first of them, with the reasons; unmodifiable
 * @param resumedBehind the key behind which it went on; null if it began at the first span
 */
public record CopyReport(
    long read,
    WriteResult.@Nullable Counts countsOrNull,
    long rejectedSpans,
    List<WriteResult.Rejection> rejected,
    @Nullable SpanKey resumedBehind) {
  /** Copies what is mutable. */
  public CopyReport {
    rejected = List.copyOf(rejected);
  }

  /** What changed in the target; empty where it does not count exactly. */
  public Optional<WriteResult.Counts> counts() {
    return Optional.ofNullable(countsOrNull);
  }
}
