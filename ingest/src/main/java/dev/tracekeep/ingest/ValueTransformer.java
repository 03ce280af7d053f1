package dev.tracekeep.ingest;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanUpdate;
import java.util.EnumMap;
import java.util.Map;

/** Changes values one by one. What identifies and orders a span is not shown to it. */
final class ValueTransformer implements SpanTransformer {
  private final String name;
  private final ValueChange change;

  ValueTransformer(String name, ValueChange change) {
    this.name = name;
    this.change = change;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Span transform(Span span) {
    Map<SpanColumn, Object> changed = new EnumMap<>(SpanColumn.class);
    for (SpanColumn column : SpanColumn.all()) {
      Object value = column.read(span);
      if (value != null && mayChange(column)) {
        Object after = change.apply(column, value);
        if (after != value) {
          changed.put(column, after);
        }
      }
    }
    return changed.isEmpty()
        ? span
        : Span.fromColumns(
            SpanColumn.all(),
            column -> changed.containsKey(column) ? changed.get(column) : column.read(span));
  }

  @Override
  public SpanUpdate transform(SpanUpdate update) {
    SpanUpdate.Builder changed = SpanUpdate.builder(update.key(), update.updatedAt());
    for (SpanColumn column : update.columns()) {
      Object value = update.value(column);
      if (value != null) {
        changed.set(column, mayChange(column) ? change.apply(column, value) : value);
      }
    }
    return changed.build();
  }

  private static boolean mayChange(SpanColumn column) {
    return !column.isKey()
        && column != SpanColumn.PARENT_SPAN_ID
        && column != SpanColumn.SPAN_KIND
        && column.type() != SpanColumn.Type.TIME
        && column.type() != SpanColumn.Type.NUMBER
        && column.type() != SpanColumn.Type.FLAG;
  }
}
