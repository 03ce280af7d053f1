package dev.tracekeep.storage.spi;

import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.WriteResult;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an adapter's write of a batch came to.
 *
 * @param counts what changed; null if the engine cannot say
 * @param conflictingStarts the keys that were there with another start than the span given, as far
 *     as the write has looked; in any order
 */
public record WriteOutcome(WriteResult.@Nullable Counts counts, List<SpanKey> conflictingStarts) {
  /** Nothing was written. */
  public static final WriteOutcome NONE = new WriteOutcome(WriteResult.Counts.NONE, List.of());

  /** Copies the list. */
  public WriteOutcome {
    conflictingStarts = List.copyOf(conflictingStarts);
  }

  /** A batch of which every span was new. */
  public static WriteOutcome created(int spans) {
    return new WriteOutcome(new WriteResult.Counts(spans, 0, 0), List.of());
  }

  /** Both together; without counts where one has none. */
  public WriteOutcome plus(WriteOutcome other) {
    List<SpanKey> conflicting = new ArrayList<>(conflictingStarts);
    conflicting.addAll(other.conflictingStarts);
    return new WriteOutcome(
        counts == null || other.counts == null ? null : counts.plus(other.counts), conflicting);
  }
}
