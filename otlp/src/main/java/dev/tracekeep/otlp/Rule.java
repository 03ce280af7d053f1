package dev.tracekeep.otlp;

import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Json;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One line of a convention's table: the attribute that says something about a span. Of the rules
 * with one target the first whose attribute is there counts.
 *
 * @param target what it says
 * @param attribute the attribute's name
 * @param form how the value is written
 */
record Rule(Target target, String attribute, Form form) {
  /** How an attribute holds its value. */
  enum Form {
    /** As it is. */
    PLAIN,
    /** As a string of JSON; a string that is no JSON counts as itself. */
    JSON,
    /** As an array of such strings. */
    JSON_LIST,
    /** As an integer, or a string of its digits; anything else counts as absent. */
    COUNT
  }

  static Rule plain(Target target, String attribute) {
    return new Rule(target, attribute, Form.PLAIN);
  }

  static Rule json(Target target, String attribute) {
    return new Rule(target, attribute, Form.JSON);
  }

  static Rule jsonList(Target target, String attribute) {
    return new Rule(target, attribute, Form.JSON_LIST);
  }

  static Rule count(Target target, String attribute) {
    return new Rule(target, attribute, Form.COUNT);
  }

  /** The value that the attribute gives; null where it is absent. */
  @Nullable AnyValue read(Map<String, AnyValue> attributes) {
    AnyValue value = attributes.get(attribute);
    if (value == null || value == AnyValue.ABSENT) {
      return null;
    }
    return switch (form) {
      case PLAIN -> value;
      case JSON -> new AnyValue.Literal(structured(value));
      case JSON_LIST -> new AnyValue.Literal(structuredList(value.toJson()));
      case COUNT -> count(value.asText());
    };
  }

  /** What a string of JSON means; a string that is no JSON stays one. */
  static Json structured(AnyValue value) {
    return value instanceof AnyValue.Text text ? structured(text.value()) : value.toJson();
  }

  private static Json structured(String text) {
    if (mayBeJson(text)) {
      try {
        return Json.parse(text);
      } catch (InvalidSpanException plainText) {
        return Json.of(text);
      }
    }
    return Json.of(text);
  }

  private static Json structuredList(Json list) {
    return list.kind() == Json.Kind.ARRAY
        ? Json.array(
            list.elements().stream()
                .map(
                    element ->
                        element.kind() == Json.Kind.STRING ? structured(element.asText()) : element)
                .toList())
        : list;
  }

  private static @Nullable AnyValue count(String digits) {
    try {
      return new AnyValue.Literal(Json.of(Long.parseLong(digits)));
    } catch (NumberFormatException notCounted) {
      return null;
    }
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
