package dev.tracekeep.storage;

import dev.tracekeep.span.FixedPoint;
import dev.tracekeep.span.SpanColumn;
import java.math.BigDecimal;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Sums of number columns, exact, without zeros behind the last digit of a fraction. */
final class NumberSums {
  private static final List<SpanColumn> NUMBERS =
      SpanColumn.all().stream().filter(column -> column.type() == SpanColumn.Type.NUMBER).toList();

  private final Collection<SpanColumn> columns;
  private final Map<SpanColumn, BigDecimal> sums = new EnumMap<>(SpanColumn.class);

  /** Of all number columns. */
  NumberSums() {
    this(NUMBERS);
  }

  NumberSums(Collection<SpanColumn> columns) {
    this.columns = columns;
  }

  void add(Function<SpanColumn, @Nullable Object> row) {
    for (SpanColumn column : columns) {
      Object value = row.apply(column);
      if (value != null) {
        sums.merge(column, (BigDecimal) value, BigDecimal::add);
      }
    }
  }

  Map<SpanColumn, BigDecimal> toMap() {
    Map<SpanColumn, BigDecimal> canonical = new EnumMap<>(SpanColumn.class);
    sums.forEach((column, sum) -> canonical.put(column, FixedPoint.canonical(sum)));
    return canonical;
  }
}
