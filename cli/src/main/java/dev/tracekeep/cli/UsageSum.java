package dev.tracekeep.cli;

import dev.tracekeep.document.SpanDocument;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The tokens and the cost of some spans together. A span's number does not count where a span below
 * it says that number too: frameworks repeat at an agent's run what its model calls used, and the
 * sum would be twice what was paid.
 */
final class UsageSum {
  private static final List<SpanColumn> NUMBERS =
      SpanColumn.all().stream().filter(column -> column.type() == SpanColumn.Type.NUMBER).toList();

  private final Map<SpanColumn, BigDecimal> sums = new EnumMap<>(SpanColumn.class);

  private UsageSum() {}

  /** The sum over spans of one trace, or of a part of it. */
  static UsageSum of(Collection<Span> spans) {
    Map<String, Span> byId = new LinkedHashMap<>();
    spans.forEach(span -> byId.put(span.key().spanId(), span));
    UsageSum sum = new UsageSum();
    for (SpanColumn column : NUMBERS) {
      Set<String> repeating = repeating(byId, column);
      for (Span span : spans) {
        BigDecimal number = (BigDecimal) column.read(span);
        if (number != null && !repeating.contains(span.key().spanId())) {
          sum.sums.merge(column, number, BigDecimal::add);
        }
      }
    }
    return sum;
  }

  /** The spans above those that say a number. Of spans in a circle the first one counts. */
  private static Set<String> repeating(Map<String, Span> byId, SpanColumn column) {
    Set<String> repeating = new HashSet<>();
    for (Span span : byId.values()) {
      String id = span.key().spanId();
      if (column.read(span) == null || repeating.contains(id)) {
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

  /** An object with the sums that there are, under their columns' names in camelCase. */
  Json json() {
    Json.ObjectBuilder object = Json.objectBuilder();
    sums.forEach((column, sum) -> object.put(SpanDocument.name(column), Json.of(sum)));
    return object.build();
  }

  /** The sums as facts to read, such as {@code 1,204 tokens in} and {@code cost 0.0123}. */
  List<String> facts() {
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

  private static String tokens(BigDecimal count) {
    return String.format(
        Locale.ROOT, "%,d %s", count.toBigInteger(), isOne(count) ? "token" : "tokens");
  }

  private static boolean isOne(BigDecimal count) {
    return count.compareTo(BigDecimal.ONE) == 0;
  }
}
