package dev.tracekeep.copy;

import dev.tracekeep.span.SpanKey;
import java.util.List;

/**
 * How the spans of a copy's source stand in its target. The target may have more, and better ones.
 *
 * @param equal spans that both have in the same version
 * @param better spans of which the target has a better version, written there by others
 * @param missing spans that the target lacks
 * @param worse spans of which the target has a worse version
 * @param firstKeys the first keys of missing and worse spans; unmodifiable
 */
public record CopyComparison(
    long equal, long better, long missing, long worse, List<SpanKey> firstKeys) {
  /** Copies what is mutable. */
  public CopyComparison {
    firstKeys = List.copyOf(firstKeys);
  }

  /** Whether the target has everything that the source has, in that version or a better one. */
  public boolean isComplete() {
    return missing == 0 && worse == 0;
  }
}
