package dev.tracekeep.conformance;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanUpdate;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Spans in full for the message of a failed random check: {@code toString} hides payloads. */
final class Described {
  private Described() {}

  static String spans(Collection<Span> spans) {
    return spans.stream().map(Described::span).collect(Collectors.joining("\n  ", "  ", ""));
  }

  static String span(Span span) {
    return span.key()
        + SpanColumn.all().stream()
            .filter(column -> !column.isKey() && !isNothing(column.read(span)))
            .map(column -> column.columnName() + "=" + text(column.read(span)))
            .collect(Collectors.joining(", ", " {", "}"));
  }

  static String update(SpanUpdate update) {
    return update.key()
        + " at "
        + update.updatedAt()
        + update.columns().stream()
            .map(column -> column.columnName() + "=" + text(update.value(column)))
            .collect(Collectors.joining(", ", " {", "}"));
  }

  private static boolean isNothing(@Nullable Object value) {
    return value == null
        || value.equals(Boolean.FALSE)
        || (value instanceof List<?> list && list.isEmpty());
  }

  /** Control characters and surrogates would not survive a terminal. */
  private static String text(@Nullable Object value) {
    StringBuilder out = new StringBuilder();
    String.valueOf(value)
        .chars()
        .forEach(
            c -> {
              if (c < 0x20 || c > 0x7E) {
                out.append(String.format("\\u%04x", c));
              } else {
                out.append((char) c);
              }
            });
    return out.toString();
  }
}
