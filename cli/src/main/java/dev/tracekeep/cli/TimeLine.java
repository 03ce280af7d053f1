package dev.tracekeep.cli;

import dev.tracekeep.span.Span;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Draws spans as bars on a common line of time. */
final class TimeLine {
  private final Instant from;
  private final Duration length;
  private final int cells;
  private final Glyphs glyphs;

  /**
   * @param spans what must fit on the line; at least one
   * @param cells how wide the line is
   */
  TimeLine(List<Span> spans, int cells, Glyphs glyphs) {
    Instant first = spans.get(0).times().startedAt();
    Instant last = first;
    for (Span span : spans) {
      Instant start = span.times().startedAt();
      Instant end = span.times().endedAt();
      first = earlier(first, end == null ? start : earlier(start, end));
      last = later(last, end == null ? start : later(start, end));
    }
    this.from = first;
    this.length = Duration.between(first, last);
    this.cells = cells;
    this.glyphs = glyphs;
  }

  /** From the first start to the last end. */
  Duration length() {
    return length;
  }

  /** When the line begins. */
  Instant from() {
    return from;
  }

  /** The bar of a span: as wide as the line, blanks included. */
  String bar(Span span) {
    Instant start = span.times().startedAt();
    Instant end = span.times().endedAt();
    char[] line = new char[cells];
    java.util.Arrays.fill(line, ' ');
    if (end == null) {
      fill(line, cellOf(start), cells - 1, glyphs.block);
      line[cells - 1] = glyphs.open;
    } else if (end.isBefore(start)) {
      fill(line, cellOf(end), lastCellOf(start, cellOf(end)), glyphs.backwards);
    } else {
      int first = cellOf(start);
      fill(line, first, lastCellOf(end, first), glyphs.block);
    }
    return new String(line);
  }

  private static void fill(char[] line, int first, int last, char block) {
    for (int i = first; i <= last; i++) {
      line[i] = block;
    }
  }

  /** The cell in which an instant lies. */
  private int cellOf(Instant instant) {
    return (int) Math.min(cells - 1, scaled(instant));
  }

  /** The last cell of what ends at an instant: it is open there, but never narrower than a cell. */
  private int lastCellOf(Instant end, int first) {
    return (int) Math.min(cells - 1, Math.max(first, scaled(end.minusNanos(1))));
  }

  /** Exact: a span of three centuries times a few hundred cells overflows a long. */
  private long scaled(Instant instant) {
    Duration offset = Duration.between(from, instant);
    if (length.isZero() || offset.isNegative()) {
      return 0;
    }
    return BigInteger.valueOf(offset.toNanos())
        .multiply(BigInteger.valueOf(cells))
        .divide(BigInteger.valueOf(length.toNanos()))
        .longValueExact();
  }

  private static Instant earlier(Instant a, @Nullable Instant b) {
    return b == null || a.isBefore(b) ? a : b;
  }

  private static Instant later(Instant a, Instant b) {
    return a.isAfter(b) ? a : b;
  }
}
