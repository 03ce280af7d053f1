package dev.tracekeep.span;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The four times of a span, all set by its writer's clock, all kept to the nanosecond. No store
 * ever fills one in: a replay must carry the times of the first try.
 *
 * <p>An end before its start is kept as the writer sent it: clocks are skewed, and facts are not
 * ours to mend.
 *
 * @param startedAt when the work began
 * @param endedAt when it ended; null while the span is running
 * @param createdAt when its writer first recorded it; null is earlier than any time
 * @param updatedAt when its writer last changed it; null is earlier than any time
 */
public record Times(
    Instant startedAt,
    @Nullable Instant endedAt,
    @Nullable Instant createdAt,
    @Nullable Instant updatedAt) {
  /**
   * The longest duration: 292 years, what 64-bit nanoseconds hold. The ends of the accepted range
   * lie further apart than that.
   */
  public static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);

  /**
   * @throws InvalidSpanException if the start is missing, or a time is outside of {@link
   *     EpochNanos#MIN} to {@link EpochNanos#MAX}
   */
  public Times {
    if (startedAt == null) {
      throw new InvalidSpanException("started_at", "is missing: every span has a start");
    }
    EpochNanos.check(startedAt, "started_at");
    EpochNanos.check(endedAt, "ended_at");
    EpochNanos.check(createdAt, "created_at");
    EpochNanos.check(updatedAt, "updated_at");
  }

  /** How long the work took: {@link #duration(Instant, Instant)}; null while it is running. */
  public @Nullable Duration duration() {
    return duration(startedAt, endedAt);
  }

  /**
   * The time from a start to an end, to the nanosecond: nothing where the end lies before the
   * start, at most {@link #LONGEST}, and null where either is absent. Filters, orders and
   * percentiles of every engine mean this by a duration.
   */
  public static @Nullable Duration duration(
      @Nullable Instant startedAt, @Nullable Instant endedAt) {
    if (startedAt == null || endedAt == null) {
      return null;
    }
    Duration duration = Duration.between(startedAt, endedAt);
    if (duration.isNegative()) {
      return Duration.ZERO;
    }
    return duration.compareTo(LONGEST) > 0 ? LONGEST : duration;
  }
}
