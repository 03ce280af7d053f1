package dev.tracekeep.conformance;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.StoredSpan;
import java.time.Instant;
import java.util.Comparator;

/**
 * The one rule once more, from its sentence and not from its bytes: completed before running, then
 * the later {@code updatedAt}, then the later {@code createdAt}, then the digest. An oracle that
 * compared the bytes alone would share their faults.
 */
final class TheRule {
  private static final Comparator<Instant> ABSENT_IS_EARLIEST =
      Comparator.nullsFirst(Comparator.naturalOrder());

  private static final Comparator<Span> SPANS =
      Comparator.comparing((Span span) -> span.times().endedAt() != null)
          .thenComparing(span -> span.times().updatedAt(), ABSENT_IS_EARLIEST)
          .thenComparing(span -> span.times().createdAt(), ABSENT_IS_EARLIEST)
          .thenComparing(Span::version);

  private TheRule() {}

  /** Greater is better; 0 only for the same content. */
  static int compare(Span left, Span right) {
    return SPANS.compare(left, right);
  }

  /**
   * The same between a row and another. A row that an update has filled ranks above its own
   * content, so there the stored version decides.
   */
  static int compare(StoredSpan left, StoredSpan right) {
    boolean raised =
        !left.version().equals(left.span().version())
            || !right.version().equals(right.span().version());
    return raised ? left.version().compareTo(right.version()) : compare(left.span(), right.span());
  }

  /** The better of two spans of one key. */
  static Span better(Span left, Span right) {
    return compare(left, right) >= 0 ? left : right;
  }
}
