package dev.tracekeep.cli;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations for people: three digits and a unit. */
final class Durations {
  private static final Pattern NUMBER_AND_UNIT =
      Pattern.compile("(\\d{1,9}(?:\\.\\d{1,6})?) ?(ms|s|m|h|d)");

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

  /** A duration as people write it: {@code 500ms}, {@code 2s}, {@code 1.5m}, or ISO-8601. */
  static Optional<Duration> parse(String text) {
    String small = text.strip().toLowerCase(Locale.ROOT);
    try {
      if (small.startsWith("p")) {
        return Optional.of(Duration.parse(text.strip())).filter(value -> !value.isNegative());
      }
      Matcher matcher = NUMBER_AND_UNIT.matcher(small);
      return matcher.matches()
          ? Optional.of(
              Duration.ofNanos(
                  new BigDecimal(matcher.group(1))
                      .multiply(BigDecimal.valueOf(nanos(matcher.group(2))))
                      .longValueExact()))
          : Optional.empty();
    } catch (DateTimeParseException | ArithmeticException e) {
      return Optional.empty();
    }
  }

  private static long nanos(String unit) {
    return switch (unit) {
      case "ms" -> 1_000_000L;
      case "s" -> 1_000_000_000L;
      case "m" -> 60_000_000_000L;
      case "h" -> 3_600_000_000_000L;
      default -> 86_400_000_000_000L;
    };
  }

  private static String digits(double value) {
    // 9.996 would become 10.00: the number of digits follows the rounded value.
    String format = value >= 99.95 ? "%.0f" : value >= 9.995 ? "%.1f" : "%.2f";
    return String.format(Locale.ROOT, format, value);
  }
}
