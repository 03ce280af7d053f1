package dev.tracekeep.storage;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import java.time.Instant;
import java.util.Comparator;

/**
 * The order of a list of traces. Ties are broken by trace id and then by span id, both ascending
 * byte by byte, so the order is total. A missing end counts as later than any: it comes first when
 * descending and last when ascending.
 */
public enum TraceOrder {
  /** By start, latest first. */
  STARTED_AT_DESCENDING(SpanColumn.STARTED_AT, true),
  /** By start, earliest first. */
  STARTED_AT_ASCENDING(SpanColumn.STARTED_AT, false),
  /** By end, running first, then latest first. */
  ENDED_AT_DESCENDING(SpanColumn.ENDED_AT, true),
  /** By end, earliest first, running last. */
  ENDED_AT_ASCENDING(SpanColumn.ENDED_AT, false);

  private final SpanColumn column;
  private final boolean descending;

  TraceOrder(SpanColumn column, boolean descending) {
    this.column = column;
    this.descending = descending;
  }

  /** The column that is sorted by. */
  public SpanColumn column() {
    return column;
  }

  /** Whether the latest comes first. */
  public boolean isDescending() {
    return descending;
  }

  /** The same order over root spans in memory. */
  public Comparator<Span> comparator() {
    Comparator<Instant> times = Comparator.nullsLast(Comparator.naturalOrder());
    return Comparator.comparing(
            (Span span) -> (Instant) column.read(span), descending ? times.reversed() : times)
        .thenComparing(span -> span.key().traceId())
        .thenComparing(span -> span.key().spanId());
  }
}
