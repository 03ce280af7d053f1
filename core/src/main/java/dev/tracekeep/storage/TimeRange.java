package dev.tracekeep.storage;

import dev.tracekeep.span.EpochNanos;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A range of time, exact to the nanosecond. A bound that no span can reach is moved to the end of
 * what spans may carry ({@link EpochNanos#MIN}, {@link EpochNanos#MAX}), so that every engine can
 * take it; the same times lie within.
 *
 * @param from the lower bound; null for none
 * @param fromExclusive whether the lower bound itself is outside
 * @param to the upper bound; null for none
 * @param toExclusive whether the upper bound itself is outside
 */
public record TimeRange(
    @Nullable Instant from, boolean fromExclusive, @Nullable Instant to, boolean toExclusive) {
  /** Everything that has the time at all. */
  public static final TimeRange ALL = new TimeRange(null, false, null, false);

  /** Moves bounds into what spans may carry. */
  public TimeRange {
    if (from != null && from.isBefore(EpochNanos.MIN)) {
      from = EpochNanos.MIN;
      fromExclusive = false;
    } else if (from != null && from.isAfter(EpochNanos.MAX)) {
      from = EpochNanos.MAX;
      fromExclusive = true;
    }
    if (to != null && to.isAfter(EpochNanos.MAX)) {
      to = EpochNanos.MAX;
      toExclusive = false;
    } else if (to != null && to.isBefore(EpochNanos.MIN)) {
      to = EpochNanos.MIN;
      toExclusive = true;
    }
  }

  /**
   * From the first instant on, up to but not including the second: ranges that follow each other.
   */
  public static TimeRange of(Instant from, Instant toExclusive) {
    return new TimeRange(from, false, toExclusive, true);
  }

  /** From the first instant to the second, both within. */
  public static TimeRange closed(Instant from, Instant to) {
    return new TimeRange(from, false, to, false);
  }

  /** From the instant on. */
  public static TimeRange since(Instant from) {
    return new TimeRange(from, false, null, false);
  }

  /** Up to but not including the instant. */
  public static TimeRange before(Instant to) {
    return new TimeRange(null, false, to, true);
  }

  /** Whether the time lies in the range; an absent time never does. */
  public boolean contains(@Nullable Instant time) {
    return time != null
        && (from == null || (fromExclusive ? time.isAfter(from) : !time.isBefore(from)))
        && (to == null || (toExclusive ? time.isBefore(to) : !time.isAfter(to)));
  }
}
