package dev.tracekeep.text;

import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.UsageSum;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Numbers, times and durations in words, the same in every locale. Thread-safe. */
public final class Wording {
  private static final DateTimeFormatter SECONDS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);

  private Wording() {}

  /** A number and what it counts, such as {@code 1,204 spans}. */
  public static String counted(long count, String one, String many) {
    return String.format(Locale.ROOT, "%,d %s", count, count == 1 ? one : many);
  }

  /** A time in UTC to the second, such as {@code 2026-11-20 10:32:25}. */
  public static String time(Instant instant) {
    return SECONDS.format(instant);
  }

  /** A duration in three digits and a unit, such as {@code 49.1 ms}. */
  public static String duration(Duration duration, Glyphs glyphs) {
    if (duration.isNegative()) {
      return "-" + duration(duration.negated(), glyphs);
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

  /**
   * What was used, as facts such as {@code 1,204 tokens in} and {@code cost 0.0123}; empty where
   * nothing was said.
   */
  public static List<String> usage(UsageSum usage) {
    Map<SpanColumn, BigDecimal> sums = usage.numbers();
    List<String> facts = new ArrayList<>();
    BigDecimal in = sums.get(SpanColumn.INPUT_TOKENS);
    BigDecimal out = sums.get(SpanColumn.OUTPUT_TOKENS);
    BigDecimal total = sums.get(SpanColumn.TOTAL_TOKENS);
    if (in != null) {
      facts.add(tokens(in) + " in");
    }
    if (out != null) {
      facts.add(tokens(out) + " out");
    }
    if (in == null && out == null && total != null) {
      facts.add(tokens(total));
    }
    BigDecimal cost = sums.get(SpanColumn.COST);
    if (cost != null) {
      facts.add("cost " + cost.toPlainString());
    }
    return facts;
  }

  /** A number of tokens, such as {@code 1,204 tokens}. */
  public static String tokens(BigDecimal count) {
    return String.format(
        Locale.ROOT,
        "%,d %s",
        count.toBigInteger(),
        count.compareTo(BigDecimal.ONE) == 0 ? "token" : "tokens");
  }
}
