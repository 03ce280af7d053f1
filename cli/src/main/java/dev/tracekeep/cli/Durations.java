package dev.tracekeep.cli;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people write them. */
final class Durations {
  private static final Pattern NUMBER_AND_UNIT =
      Pattern.compile("(\\d{1,9}(?:\\.\\d{1,6})?) ?(ms|s|m|h|d)");

  private Durations() {}

  /** Reads {@code 500ms}, {@code 2s}, {@code 1.5m}, or ISO-8601. */
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
}
