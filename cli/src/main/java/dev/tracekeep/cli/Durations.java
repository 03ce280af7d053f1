package dev.tracekeep.cli;

import java.time.Duration;
import java.util.Locale;

/** Durations for people: three digits and a unit. */
final class Durations {
  private Durations() {}

  static String format(Duration duration, Glyphs glyphs) {
    if (duration.isNegative()) {
      return "-" + format(duration.negated(), glyphs);
    }
    long seconds = duration.getSeconds();
    if (seconds >= 3600) {
      return String.format(Locale.ROOT, "%,d h %02d min", seconds / 3600, duration.toMinutesPart());
    }
    if (seconds >= 100) {
      return String.format(Locale.ROOT, "%d min %02d s", seconds / 60, duration.toSecondsPart());
    }
    long nanos = duration.toNanos();
    if (nanos >= 1_000_000_000L) {
      return digits(nanos / 1e9) + " s";
    }
    if (nanos >= 1_000_000L) {
      return digits(nanos / 1e6) + " ms";
    }
    if (nanos >= 1_000L) {
      return digits(nanos / 1e3) + " " + glyphs.micros;
    }
    return nanos == 0 ? "0 ms" : nanos + " ns";
  }

  private static String digits(double value) {
    // 9.996 would become 10.00: the number of digits follows the rounded value.
    String format = value >= 99.95 ? "%.0f" : value >= 9.995 ? "%.1f" : "%.2f";
    return String.format(Locale.ROOT, format, value);
  }
}
