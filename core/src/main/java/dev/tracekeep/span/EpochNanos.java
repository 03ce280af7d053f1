package dev.tracekeep.span;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Instants as signed 64-bit nanoseconds since 1970-01-01T00:00:00Z: the form that every engine can
 * keep without a loss.
 *
 * <p>The accepted range is what 64-bit nanoseconds and ClickHouse's {@code DateTime64(9)} share.
 */
public final class EpochNanos {
  /** The earliest time that a span may carry. */
  public static final Instant MIN = Instant.parse("1900-01-01T00:00:00Z");

  /** The latest time that a span may carry. */
  public static final Instant MAX = Instant.parse("2262-04-11T23:47:16Z");

  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private EpochNanos() {}

  /**
   * @throws ArithmeticException if the instant does not fit; one between {@link #MIN} and {@link
   *     #MAX} always does
   */
  public static long of(Instant instant) {
    return Math.addExact(
        Math.multiplyExact(instant.getEpochSecond(), NANOS_PER_SECOND), instant.getNano());
  }

  /** The inverse of {@link #of}. */
  public static Instant toInstant(long nanos) {
    return Instant.ofEpochSecond(
        Math.floorDiv(nanos, NANOS_PER_SECOND), Math.floorMod(nanos, NANOS_PER_SECOND));
  }

  /** Like {@link #toInstant(long)}; null stays null. */
  public static @Nullable Instant toInstant(@Nullable Long nanos) {
    return nanos == null ? null : toInstant(nanos.longValue());
  }

  /** Returns the instant unchanged, or refuses one out of range by the name of its field. */
  static @Nullable Instant check(@Nullable Instant instant, String field) {
    if (instant != null && (instant.isBefore(MIN) || instant.isAfter(MAX))) {
      throw new InvalidSpanException(
          field, "is " + instant + ": times lie between " + MIN + " and " + MAX);
    }
    return instant;
  }
}
