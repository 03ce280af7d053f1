package dev.tracekeep.storage;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.Times;
import java.time.Duration;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * The order of a list of spans. Ties are broken by trace id and then by span id, both ascending
 * byte by byte, so the order is total. A running span counts as longer than any that ended: it
 * comes first when descending and last when ascending.
 */
public enum SpanOrder {
  /** By start, latest first. */
  STARTED_AT_DESCENDING(false, true),
  /** By start, earliest first. */
  STARTED_AT_ASCENDING(false, false),
  /** By {@linkplain Times#duration() duration}, running first, then longest first. */
  DURATION_DESCENDING(true, true),
  /** By {@linkplain Times#duration() duration}, shortest first, running last. */
  DURATION_ASCENDING(true, false);

  private final boolean byDuration;
  private final boolean descending;

  SpanOrder(boolean byDuration, boolean descending) {
    this.byDuration = byDuration;
    this.descending = descending;
  }

  /** Whether it is by duration, and not by start. */
  public boolean isByDuration() {
    return byDuration;
  }

  /** Whether the latest or longest comes first. */
  public boolean isDescending() {
    return descending;
  }

  /** Where a span stands in a list of this order. */
  public SpanPosition positionOf(Span span) {
    return SpanPosition.of(span, valueOf(span));
  }

  private @Nullable Long valueOf(Span span) {
    if (!byDuration) {
      return EpochNanos.of(span.times().startedAt());
    }
    Duration duration = span.times().duration();
    return duration == null ? null : duration.toNanos();
  }

  /** The same order over places. */
  public Comparator<SpanPosition> positions() {
    return SpanPosition.order(descending);
  }

  /** The same order over spans in memory. */
  public Comparator<Span> comparator() {
    return Comparator.comparing(this::positionOf, positions());
  }
}
