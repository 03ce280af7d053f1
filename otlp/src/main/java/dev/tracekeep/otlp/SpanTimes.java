package dev.tracekeep.otlp;

import dev.tracekeep.span.InvalidSpanException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The times of a span. What a writer's clock said is kept as it is; where it cannot be meant, there
 * is a remark, with the unit that the writer probably used.
 */
final class SpanTimes {
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  /** 2000-01-01: no program wrote OTLP before, so an earlier time is no time of a right clock. */
  private static final long EARLIEST_SECOND =
      Instant.parse("2000-01-01T00:00:00Z").getEpochSecond();

  private static final long LATEST_SECOND = Instant.parse("2100-01-01T00:00:00Z").getEpochSecond();

  private SpanTimes() {}

  /** The start. Where it is missing but the span has ended, it is the end. */
  static Instant start(SpanFields fields) {
    if (fields.startTimeUnixNano != 0) {
      Instant start = instant(fields.startTimeUnixNano);
      if (start.getEpochSecond() < EARLIEST_SECOND) {
        fields.remark(
            "started_at "
                + start
                + " is before 2000: startTimeUnixNano "
                + likelyUnit(fields.startTimeUnixNano)
                + "; it was kept as it is");
      }
      return start;
    }
    if (fields.endTimeUnixNano == 0) {
      throw new InvalidSpanException("started_at", "is missing: startTimeUnixNano is absent or 0");
    }
    Instant end = instant(fields.endTimeUnixNano);
    fields.remark(
        "started_at is missing: startTimeUnixNano is absent or 0; its end " + end + " was taken");
    return end;
  }

  /** The end; null while the span is running. */
  static @Nullable Instant end(SpanFields fields) {
    return fields.endTimeUnixNano == 0 ? null : instant(fields.endTimeUnixNano);
  }

  /** The number is unsigned; what is too late for a store is refused by the span itself. */
  private static Instant instant(long unixNano) {
    return Instant.ofEpochSecond(
        Long.divideUnsigned(unixNano, NANOS_PER_SECOND),
        Long.remainderUnsigned(unixNano, NANOS_PER_SECOND));
  }

  private static String likelyUnit(long time) {
    if (isPlausible(time)) {
      return "looks like seconds, not nanoseconds";
    }
    if (isPlausible(time / 1_000)) {
      return "looks like milliseconds, not nanoseconds";
    }
    if (isPlausible(time / 1_000_000)) {
      return "looks like microseconds, not nanoseconds";
    }
    return "is no time of a right clock in any unit";
  }

  private static boolean isPlausible(long seconds) {
    return seconds >= EARLIEST_SECOND && seconds < LATEST_SECOND;
  }
}
