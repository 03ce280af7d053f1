package dev.tracekeep.span;

import java.math.BigDecimal;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The tokens and the cost of some spans together. A span's number does not count where a span below
 * it says that number too: frameworks repeat at an agent's run what its model calls used, and the
 * sum would be twice what was paid. Immutable.
 */
public final class UsageSum {
  private static final List<SpanColumn> NUMBERS =
      SpanColumn.all().stream().filter(column -> column.type() == SpanColumn.Type.NUMBER).toList();

  private final Map<SpanColumn, BigDecimal> sums;
  private final @Nullable BigDecimal tokens;

  private UsageSum(Map<SpanColumn, BigDecimal> sums, @Nullable BigDecimal tokens) {
    this.sums = sums;
    this.tokens = tokens;
  }

  /** The sum over spans of one trace, or of a part of it. */
  public static UsageSum of(Collection<Span> spans) {
    Map<String, Span> byId = new LinkedHashMap<>();
    spans.forEach(span -> byId.put(span.key().spanId(), span));
    Map<SpanColumn, BigDecimal> sums = new EnumMap<>(SpanColumn.class);
    for (SpanColumn column : NUMBERS) {
      BigDecimal sum = sum(byId, span -> (BigDecimal) column.read(span));
      if (sum != null) {
        sums.put(column, sum);
      }
    }
    return new UsageSum(Collections.unmodifiableMap(sums), sum(byId, UsageSum::tokens));
  }

  /** The sums of those numbers that any span says, in table order; unmodifiable. */
  public Map<SpanColumn, BigDecimal> numbers() {
    return sums;
  }

  /**
   * All tokens, in and out: of each span the total that it says, else its two counts together.
   *
   * @return empty if no span says any
   */
  public Optional<BigDecimal> tokens() {
    return Optional.ofNullable(tokens);
  }

  private static @Nullable BigDecimal tokens(Span span) {
    Usage usage = span.usage();
    if (usage.totalTokens() != null) {
      return BigDecimal.valueOf(usage.totalTokens());
    }
    if (usage.inputTokens() == null && usage.outputTokens() == null) {
      return null;
    }
    return count(usage.inputTokens()).add(count(usage.outputTokens()));
  }

  private static BigDecimal count(@Nullable Long tokens) {
    return tokens == null ? BigDecimal.ZERO : BigDecimal.valueOf(tokens);
  }

  private static @Nullable BigDecimal sum(
      Map<String, Span> byId, Function<Span, @Nullable BigDecimal> number) {
    Set<String> repeating = repeating(byId, number);
    BigDecimal sum = null;
    for (Span span : byId.values()) {
      BigDecimal one = number.apply(span);
      if (one != null && !repeating.contains(span.key().spanId())) {
        sum = sum == null ? one : sum.add(one);
      }
    }
    return sum;
  }

  /** The spans above those that say a number. Of spans in a circle the first one counts. */
  private static Set<String> repeating(
      Map<String, Span> byId, Function<Span, @Nullable BigDecimal> number) {
    Set<String> repeating = new HashSet<>();
    for (Span span : byId.values()) {
      String id = span.key().spanId();
      if (number.apply(span) == null || repeating.contains(id)) {
        continue;
      }
      Span above = parent(byId, span);
      while (above != null
          && !above.key().spanId().equals(id)
          && repeating.add(above.key().spanId())) {
        above = parent(byId, above);
      }
    }
    return repeating;
  }

  private static @Nullable Span parent(Map<String, Span> byId, Span span) {
    return span.parentSpanId() == null ? null : byId.get(span.parentSpanId());
  }
}
