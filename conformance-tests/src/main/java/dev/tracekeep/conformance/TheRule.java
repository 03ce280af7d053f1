package dev.tracekeep.conformance;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * The one rule once more, from its sentence and not from its bytes: completed before running, then
 * the later {@code updatedAt}, then the later {@code createdAt}, then the more columns, then the
 * more text, then the hash. An oracle that compared the bytes alone would share their faults.
 */
final class TheRule {
  private static final Comparator<Instant> ABSENT_IS_EARLIEST =
      Comparator.nullsFirst(Comparator.naturalOrder());

  private static final Comparator<Span> SPANS =
      Comparator.comparing((Span span) -> span.times().endedAt() != null)
          .thenComparing(span -> span.times().updatedAt(), ABSENT_IS_EARLIEST)
          .thenComparing(span -> span.times().createdAt(), ABSENT_IS_EARLIEST)
          .thenComparing(TheRule::columns)
          .thenComparing(TheRule::bytes)
          .thenComparing(Span::version);

  private TheRule() {}

  /** Greater is better; 0 only for the same content. */
  static int compare(Span left, Span right) {
    return SPANS.compare(left, right);
  }

  /** How many columns beside the key say something. */
  private static long columns(Span span) {
    return content(span).filter(value -> !value.equals(false) && !value.equals(List.of())).count();
  }

  /** How many bytes of text they hold, as far as the rule tells them apart. */
  private static long bytes(Span span) {
    long bytes =
        content(span)
            .flatMap(value -> value instanceof List<?> list ? list.stream() : Stream.of(value))
            .filter(value -> value instanceof String || value instanceof Json)
            .mapToLong(value -> value.toString().getBytes(StandardCharsets.UTF_8).length)
            .sum();
    return Math.min(bytes, (1 << 24) - 1);
  }

  private static Stream<Object> content(Span span) {
    return SpanColumn.all().stream()
        .filter(column -> !column.isKey())
        .map(column -> column.read(span))
        .filter(Objects::nonNull);
  }

  /** The better of two spans of one key. */
  static Span better(Span left, Span right) {
    return compare(left, right) >= 0 ? left : right;
  }
}
