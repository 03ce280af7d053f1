package dev.tracekeep.storage;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.span.TraceKey;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A trace in a list.
 *
 * @param head the span by which it is listed, {@linkplain Span#isLight() light}: the first root by
 *     start and span id, or where none is stored the first span
 * @param statisticsOrNull what is known over all spans of the trace; null unless the query asked
 *     for it
 */
public record TraceSummary(Span head, @Nullable TraceStatistics statisticsOrNull) {
  /** A trace without statistics. */
  public TraceSummary(Span head) {
    this(head, null);
  }

  /** The trace. */
  public TraceKey key() {
    return head.key().trace();
  }

  /** Whether a root of the trace is stored. */
  public boolean hasRoot() {
    return head.isRoot();
  }

  /** How the head stands. */
  public SpanStatus status() {
    return head.status();
  }

  /** What is known over all spans, if the query asked {@linkplain TraceQuery#wantsStatistics}. */
  public Optional<TraceStatistics> statistics() {
    return Optional.ofNullable(statisticsOrNull);
  }
}
