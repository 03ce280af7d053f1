package dev.tracekeep.storage;

import dev.tracekeep.span.EpochNanos;
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

  /** Where a head stands in a list of this order. */
  public SpanPosition positionOf(Span head) {
    Instant time = (Instant) column.read(head);
    return SpanPosition.of(head, time == null ? null : EpochNanos.of(time));
  }

  /** The same order over places. */
  public Comparator<SpanPosition> positions() {
    return SpanPosition.order(descending);
  }

  /** The same order over heads in memory. */
  public Comparator<Span> comparator() {
    return Comparator.comparing(this::positionOf, positions());
  }
}
