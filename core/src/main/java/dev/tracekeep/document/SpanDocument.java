package dev.tracekeep.document;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.UsageSum;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * A span, light or whole, as a JSON object for readers: the members of {@link SpanLine}, with two
 * that are derived from them, {@code status} and {@code durationNanos}. All methods are
 * thread-safe.
 */
public final class SpanDocument {
  private SpanDocument() {}

  /** Every field that is there. */
  public static Json of(Span span) {
    return of(span, Map.of());
  }

  /** The same, and more members behind. */
  public static Json of(Span span, Map<String, Json> more) {
    Json.ObjectBuilder object = Json.objectBuilder();
    for (SpanColumn column : SpanColumn.all()) {
      Object value = column.read(span);
      if (value != null) {
        object.put(name(column), json(value));
      }
    }
    object.put("status", span.status().toString());
    Instant end = span.times().endedAt();
    if (end != null) {
      object.put("durationNanos", nanos(Duration.between(span.times().startedAt(), end)));
    }
    more.forEach(object::put);
    return object.build();
  }

  /** What spans used together: the sums that there are, under the names of their columns. */
  public static Json of(UsageSum sum) {
    Json.ObjectBuilder object = Json.objectBuilder();
    sum.numbers().forEach((column, number) -> object.put(name(column), Json.of(number)));
    return object.build();
  }

  /** What a column is called in documents: its name in camelCase. */
  public static String name(SpanColumn column) {
    return SpanLine.name(column);
  }

  private static Json json(Object value) {
    if (value instanceof Json json) {
      return json;
    }
    if (value instanceof BigDecimal number) {
      return Json.of(number);
    }
    if (value instanceof Boolean flag) {
      return Json.of(flag);
    }
    if (value instanceof List<?> list) {
      return Json.array(list.stream().map(element -> Json.of((String) element)).toList());
    }
    return Json.of(value.toString());
  }

  /** Three centuries of nanoseconds do not fit a long. */
  private static Json nanos(Duration duration) {
    BigInteger nanos =
        BigInteger.valueOf(duration.getSeconds())
            .multiply(BigInteger.valueOf(1_000_000_000L))
            .add(BigInteger.valueOf(duration.getNano()));
    return Json.of(new BigDecimal(nanos));
  }
}
