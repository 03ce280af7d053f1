package dev.tracekeep.document;

import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A span, or an update of one, as one line of JSON that loses nothing: the form of dead letters, of
 * an export, and of what an import takes.
 *
 * <p>The line is an object with one member for each column that has a value, in table order, under
 * the column's name in camelCase: {@code {"tenantId":"default","traceId":"…","spanId":"…"}}. Text
 * is a JSON string, a time is ISO 8601 in UTC to the nanosecond, a number is a JSON number, a flag
 * is a boolean, tags are an array of strings. A JSON value stands there as it is, letter by letter;
 * where that would break the line (its text has a line break, or is no JSON) the member is named
 * with {@code Text} behind it and holds the text as a string: {@code "inputText":"{\n}"}.
 *
 * <p>Reading refuses a member that it does not know, since it would be lost; {@code status} and
 * {@code durationNanos}, which other documents derive from the rest, are passed over. All methods
 * are thread-safe.
 */
public final class SpanLine {
  /** Far more than a number of a span has: arithmetic on many digits takes long. */
  private static final int LONGEST_NUMBER = 100;

  private static final String TEXT_SUFFIX = "Text";
  private static final Set<String> DERIVED = Set.of("status", "durationNanos");
  private static final Map<SpanColumn, String> NAMES = new EnumMap<>(SpanColumn.class);
  private static final Map<String, SpanColumn> COLUMNS = new HashMap<>();

  static {
    for (SpanColumn column : SpanColumn.all()) {
      String name = camelCase(column.columnName());
      NAMES.put(column, name);
      COLUMNS.put(name, column);
      if (column.type() == SpanColumn.Type.JSON) {
        COLUMNS.put(name + TEXT_SUFFIX, column);
      }
    }
  }

  private SpanLine() {}

  /** What a column is called in a line: its name in camelCase. */
  static String name(SpanColumn column) {
    return Objects.requireNonNull(NAMES.get(column));
  }

  /** The values of a line's columns. */
  @FunctionalInterface
  private interface Values {
    @Nullable Object of(SpanColumn column);
  }

  /**
   * The line of a span, without a line break.
   *
   * @throws IllegalArgumentException if the span is light: the line would lose what was left out
   */
  public static String of(Span span) {
    if (span.isLight()) {
      throw new IllegalArgumentException(
          "The span " + span.key() + " was read without its heavy fields: read it with getSpan");
    }
    return line(column -> column.read(span));
  }

  /** The line of an update, without a line break: its key, its time and the columns it sets. */
  public static String of(SpanUpdate update) {
    return line(
        column ->
            switch (column) {
              case TENANT_ID -> update.key().tenantId();
              case TRACE_ID -> update.key().traceId();
              case SPAN_ID -> update.key().spanId();
              case UPDATED_AT -> update.updatedAt();
              default -> update.value(column);
            });
  }

  /**
   * The span of a line.
   *
   * @throws InvalidSpanException if the line is no such object, or its values make no span
   */
  public static Span span(String line) {
    Map<SpanColumn, Object> values = values(line);
    return Span.fromColumns(SpanColumn.all(), values::get);
  }

  /**
   * The update of a line.
   *
   * @throws InvalidSpanException if the line is no such object, or its values make no update
   */
  public static SpanUpdate update(String line) {
    Map<SpanColumn, Object> values = values(line);
    Object updatedAt = values.remove(SpanColumn.UPDATED_AT);
    if (updatedAt == null) {
      throw new InvalidSpanException("updatedAt", "is missing: every update has a time");
    }
    SpanUpdate.Builder update =
        SpanUpdate.builder(
            new SpanKey(
                required(values, SpanColumn.TENANT_ID),
                required(values, SpanColumn.TRACE_ID),
                required(values, SpanColumn.SPAN_ID)),
            (Instant) updatedAt);
    try {
      values.forEach(update::set);
    } catch (IllegalArgumentException e) {
      throw new InvalidSpanException("line", "is no update: " + e.getMessage(), e);
    }
    return update.build();
  }

  private static String required(Map<SpanColumn, Object> values, SpanColumn column) {
    Object value = values.remove(column);
    if (value == null) {
      throw new InvalidSpanException(NAMES.get(column), "is missing");
    }
    return (String) value;
  }

  private static String line(Values values) {
    StringBuilder out = new StringBuilder(512).append('{');
    for (SpanColumn column : SpanColumn.all()) {
      Object value = values.of(column);
      if (value == null) {
        continue;
      }
      if (out.length() > 1) {
        out.append(',');
      }
      out.append('"').append(NAMES.get(column));
      if (value instanceof Json json && !isOneValidLine(json)) {
        out.append(TEXT_SUFFIX).append("\":").append(Json.of(json.text()).text());
      } else {
        out.append("\":").append(text(value));
      }
    }
    return out.append('}').toString();
  }

  private static String text(Object value) {
    if (value instanceof Json json) {
      return json.text();
    }
    if (value instanceof BigDecimal number) {
      return number.toPlainString();
    }
    if (value instanceof List<?> list) {
      return Json.array(list.stream().map(element -> Json.of((String) element)).toList()).text();
    }
    return value instanceof Boolean flag ? flag.toString() : Json.of(value.toString()).text();
  }

  /** Whether the text can stand in a line and comes back as it is. */
  private static boolean isOneValidLine(Json json) {
    String text = json.text();
    if (text.indexOf('\n') >= 0 || text.indexOf('\r') >= 0) {
      return false;
    }
    try {
      // What a store gives back was never looked at.
      return Json.parse(text).text().equals(text);
    } catch (InvalidSpanException malformed) {
      return false;
    }
  }

  private static Map<SpanColumn, Object> values(String line) {
    Map<SpanColumn, Object> values = new EnumMap<>(SpanColumn.class);
    MemberScanner.members(line, "line")
        .forEach(
            (name, text) -> {
              SpanColumn column = COLUMNS.get(name);
              if (column != null) {
                if (values.put(column, value(name, column, text)) != null) {
                  throw new InvalidSpanException(name, "stands there in two forms");
                }
              } else if (!DERIVED.contains(name)) {
                throw new InvalidSpanException(
                    name, "is no field of a span that this release of Tracekeep knows");
              }
            });
    return values;
  }

  private static Object value(String name, SpanColumn column, String text) {
    return switch (column.type()) {
      case TEXT -> string(name, text);
      case TIME -> time(name, string(name, text));
      case NUMBER -> number(name, text);
      case FLAG -> flag(name, text);
      case TEXT_LIST -> strings(name, text);
      case JSON -> name.endsWith(TEXT_SUFFIX) ? stored(string(name, text)) : Json.parse(text);
    };
  }

  /** Text that was kept although it is no JSON stays as it is; all else is looked at. */
  private static Json stored(String text) {
    try {
      return Json.parse(text);
    } catch (InvalidSpanException malformed) {
      return Json.ofStored(text);
    }
  }

  private static String string(String name, String text) {
    Json value = Json.parse(text);
    if (value.kind() != Json.Kind.STRING) {
      throw new InvalidSpanException(name, "is no string");
    }
    return value.asText();
  }

  private static Instant time(String name, String text) {
    try {
      return Instant.parse(text);
    } catch (DateTimeException e) {
      throw new InvalidSpanException(name, "is no time such as 2026-01-31T12:00:00.000000001Z", e);
    }
  }

  private static BigDecimal number(String name, String text) {
    if (Json.parse(text).kind() != Json.Kind.NUMBER || text.length() > LONGEST_NUMBER) {
      throw new InvalidSpanException(name, "is no number of a span");
    }
    try {
      return new BigDecimal(text);
    } catch (NumberFormatException e) {
      throw new InvalidSpanException(name, "is no number of a span", e); // by its exponent
    }
  }

  private static Boolean flag(String name, String text) {
    return switch (text) {
      case "true" -> Boolean.TRUE;
      case "false" -> Boolean.FALSE;
      default -> throw new InvalidSpanException(name, "is neither true nor false");
    };
  }

  private static List<String> strings(String name, String text) {
    Json array = Json.parse(text);
    if (array.kind() != Json.Kind.ARRAY) {
      throw new InvalidSpanException(name, "is no array of strings");
    }
    List<String> strings = new ArrayList<>();
    for (Json element : array.elements()) {
      strings.add(string(name, element.text()));
    }
    return strings;
  }

  private static String camelCase(String snakeCase) {
    StringBuilder out = new StringBuilder();
    for (String word : snakeCase.split("_")) {
      out.append(out.isEmpty() ? word : Character.toUpperCase(word.charAt(0)) + word.substring(1));
    }
    return out.toString();
  }
}
