package dev.tracekeep.text;

import dev.tracekeep.span.Span;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Draws spans as bars on a common line of time. The line follows the root: a span with a clock or
 * unit of its own would stretch it over decades, and no other bar could be seen. Such an outlier is
 * marked at the edge that it lies beyond.
 */
final class TimeLine {
  /** How many lengths of the root a span may lie away from it. */
  private static final int NEAR = 10;

  /** Of a short root more than its length is near: what it started may come later. */
  private static final Duration LEAST_LENGTH = Duration.ofMinutes(1);

  /** How long a root that still runs may take. */
  private static final Duration RUNNING = Duration.ofDays(30);

  /** No span was written before: such a start is a clock's or a unit's fault. */
  private static final Instant EARLIEST = Instant.parse("2000-01-01T00:00:00Z");

  private final Instant from;
  private final Duration length;
  private final Instant nearFrom;
  private final Instant nearTo;
  private final int outliers;
  private final int cells;
  private final Glyphs glyphs;

  /**
   * @param spans what must fit on the line, in the order of their starts; at least one
   * @param cells how wide the line is
   */
  TimeLine(List<Span> spans, int cells, Glyphs glyphs) {
    Span root = spans.stream().filter(Span::isRoot).findFirst().orElse(null);
    boolean hasRoot = root != null && !root.times().startedAt().isBefore(EARLIEST);
    Instant earliest = hasRoot ? nearFrom(root) : EARLIEST;
    Instant latest = hasRoot ? nearTo(root) : Instant.MAX;
    boolean isAnyNear = spans.stream().anyMatch(span -> !isOutlier(span, earliest, latest));
    this.nearFrom = isAnyNear ? earliest : Instant.MIN;
    this.nearTo = isAnyNear ? latest : Instant.MAX;
    List<Span> near = spans.stream().filter(span -> !isOutlier(span)).toList();
    Instant first = near.get(0).times().startedAt();
    Instant last = first;
    for (Span span : near) {
      Instant start = span.times().startedAt();
      Instant end = span.times().endedAt();
      first = earlier(first, end == null ? start : earlier(start, end));
      last = later(last, end == null ? start : later(start, end));
    }
    this.from = first;
    this.length = Duration.between(first, last);
    this.outliers = spans.size() - near.size();
    this.cells = cells;
    this.glyphs = glyphs;
  }

  private static Instant nearFrom(Span root) {
    return root.times().startedAt().minus(reach(root));
  }

  private static Instant nearTo(Span root) {
    Instant end = root.times().endedAt();
    return end == null
        ? root.times().startedAt().plus(RUNNING)
        : later(root.times().startedAt(), end).plus(reach(root));
  }

  private static Duration reach(Span root) {
    Instant end = root.times().endedAt();
    Duration length =
        end == null ? LEAST_LENGTH : Duration.between(root.times().startedAt(), end).abs();
    return (length.compareTo(LEAST_LENGTH) < 0 ? LEAST_LENGTH : length).multipliedBy(NEAR);
  }

  /** Whether the span lies so far from the root that its times cannot be meant. */
  boolean isOutlier(Span span) {
    return isOutlier(span, nearFrom, nearTo);
  }

  private static boolean isOutlier(Span span, Instant from, Instant to) {
    Instant start = span.times().startedAt();
    Instant end = span.times().endedAt();
    return earlier(start, end).isBefore(from)
        || (end == null ? start : later(start, end)).isAfter(to);
  }

  /** How many spans are not on the line. */
  int outliers() {
    return outliers;
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
    Arrays.fill(line, ' ');
    if (isOutlier(span)) {
      boolean isBefore = earlier(start, end).isBefore(nearFrom);
      line[isBefore ? 0 : cells - 1] = isBefore ? glyphs.before : glyphs.after;
    } else if (end == null) {
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
