package dev.tracekeep.conventions;

import dev.tracekeep.span.FixedPoint;
import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import java.math.BigDecimal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the values of {@link Attributes} in the forms in which writers put them there. */
final class Values {
  private static final int MAX_DIGITS = 40;

  private Values() {}

  static Json json(Object value) {
    if (value instanceof String text) {
      return Json.of(text);
    }
    if (value instanceof Long number) {
      return Json.of(number);
    }
    if (value instanceof BigDecimal number) {
      return Json.of(number);
    }
    return value instanceof Boolean bool ? Json.of(bool) : (Json) value;
  }

  /** The text; null where it is empty. */
  static @Nullable String text(Object value) {
    String text = value instanceof Json json ? json.asText() : value.toString();
    return text.isEmpty() ? null : text;
  }

  /** What a string of JSON means; a string that is no JSON stays one. */
  static Json structured(Object value) {
    if (value instanceof String text && mayBeJson(text)) {
      try {
        return Json.parse(text);
      } catch (InvalidSpanException plainText) {
        return Json.of(text);
      }
    }
    return json(value);
  }

  /** An array of strings of JSON, each for itself; any other value as {@link #structured}. */
  static Json structuredList(Object value) {
    Json list = structured(value);
    return list.kind() == Json.Kind.ARRAY
        ? Json.array(
            list.elements().stream()
                .map(
                    element ->
                        element.kind() == Json.Kind.STRING ? structured(element.asText()) : element)
                .toList())
        : list;
  }

  /** A whole number from 0 on; null where it is none. A double without a fraction is one. */
  static @Nullable Long count(Object value) {
    if (value instanceof Long number) {
      return number >= 0 && number <= FixedPoint.MAX_COUNT ? number : null;
    }
    BigDecimal number = number(value);
    // An exponent could ask for more digits than there is memory for.
    if (number == null || number.signum() < 0 || number.precision() - (long) number.scale() > 17) {
      return null;
    }
    try {
      long count = number.longValueExact();
      return count <= FixedPoint.MAX_COUNT ? count : null;
    } catch (ArithmeticException fraction) {
      return null;
    }
  }

  /** A number that the cost of a span can be; null where it is none. */
  static @Nullable BigDecimal amount(Object value) {
    BigDecimal number = number(value);
    if (number == null) {
      return null;
    }
    try {
      return FixedPoint.checked(SpanColumn.COST, number);
    } catch (InvalidSpanException outOfRange) {
      return null;
    }
  }

  private static @Nullable BigDecimal number(Object value) {
    if (value instanceof Boolean) {
      return null;
    }
    String digits = value instanceof Json json ? json.asText() : value.toString();
    if (digits.isEmpty() || digits.length() > MAX_DIGITS || !mayBeNumber(digits.charAt(0))) {
      return null;
    }
    try {
      return new BigDecimal(digits);
    } catch (NumberFormatException text) {
      return null;
    }
  }

  private static boolean mayBeNumber(char first) {
    return first >= '0' && first <= '9' || first == '.';
  }

  /** Strings alone, of an array or of a string of JSON that is one; null where it is none. */
  static @Nullable List<String> texts(Object value) {
    Json list = structured(value);
    if (list.kind() != Json.Kind.ARRAY) {
      return null;
    }
    List<Json> elements = list.elements();
    return elements.stream().allMatch(element -> element.kind() == Json.Kind.STRING)
        ? elements.stream().map(Json::asText).toList()
        : null;
  }

  /** Most prose fails here, which is much cheaper than a parser's exception. */
  private static boolean mayBeJson(String text) {
    String stripped = text.strip();
    return switch (stripped.isEmpty() ? ' ' : stripped.charAt(0)) {
      case '{' -> stripped.endsWith("}");
      case '[' -> stripped.endsWith("]");
      case '"' -> stripped.endsWith("\"");
      case 't' -> stripped.equals("true");
      case 'f' -> stripped.equals("false");
      case 'n' -> stripped.equals("null");
      case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' -> stripped.indexOf(' ') < 0;
      default -> false;
    };
  }
}
