package dev.tracekeep.storage;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * A place in a list of spans, or of traces by their heads: what the span there is sorted by.
 *
 * @param value the sorted value: a time in nanoseconds since the epoch, or a duration in
 *     nanoseconds; null where the span has none, which counts as more than any
 * @param traceId the first tie-break, ascending byte by byte
 * @param spanId the second tie-break, likewise
 */
public record SpanPosition(@Nullable Long value, String traceId, String spanId) {
  /** Refuses what no span can have. */
  public SpanPosition {
    new SpanKey(SpanKey.DEFAULT_TENANT, traceId, spanId);
  }

  /** Where a span stands in a list that is sorted by that value. */
  static SpanPosition of(Span span, @Nullable Long value) {
    return new SpanPosition(value, span.key().traceId(), span.key().spanId());
  }

  /** The order of places. */
  static Comparator<SpanPosition> order(boolean descending) {
    Comparator<Long> values = Comparator.nullsLast(Comparator.naturalOrder());
    return Comparator.comparing(SpanPosition::value, descending ? values.reversed() : values)
        .thenComparing(SpanPosition::traceId)
        .thenComparing(SpanPosition::spanId);
  }
}
