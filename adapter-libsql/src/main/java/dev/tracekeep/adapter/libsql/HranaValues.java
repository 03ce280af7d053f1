package dev.tracekeep.adapter.libsql;

import java.io.InputStream;
import java.net.http.HttpTimeoutException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.exc.UnexpectedEndOfInputException;

/** What a libSQL server answers, as plain Java values. */
final class HranaValues {
  private HranaValues() {}

  /** Reads the one JSON value that the answer is. */
  static @Nullable Object read(InputStream answer) {
    try (JsonParser parser = parser(answer)) {
      return parser.nextToken() == null ? null : read(parser);
    }
  }

  static JsonParser parser(InputStream answer) {
    return HranaStream.JSON.createParser(ObjectReadContext.empty(), answer);
  }

  /** Reads the value that starts at the current token. */
  static @Nullable Object read(JsonParser parser) {
    switch (parser.currentToken()) {
      case START_OBJECT -> {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
          String name = parser.currentName();
          parser.nextToken();
          object.put(name, read(parser));
        }
        return object;
      }
      case START_ARRAY -> {
        List<@Nullable Object> array = new ArrayList<>();
        // The end of the input is an exception of the parser within an array.
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          array.add(read(parser));
        }
        return array;
      }
      case VALUE_STRING -> {
        return parser.getString();
      }
      case VALUE_NUMBER_INT -> {
        return parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
            ? parser.getNumberValue()
            : (Object) parser.getLongValue();
      }
      case VALUE_NUMBER_FLOAT -> {
        return parser.getDoubleValue();
      }
      case VALUE_TRUE -> {
        return Boolean.TRUE;
      }
      case VALUE_FALSE -> {
        return Boolean.FALSE;
      }
      default -> {
        return null;
      }
    }
  }

  /**
   * What is wrong with an answer that cannot be read.
   *
   * @param failure of the connection, or of the parser
   */
  static HranaException unreadable(Exception failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof HttpTimeoutException) {
        return new HranaException(String.valueOf(cause.getMessage()), "HTTP_TIMEOUT", failure);
      }
    }
    // The parser's own words quote the answer, and with it what the rows hold.
    return failure instanceof StreamReadException
            && !(failure instanceof UnexpectedEndOfInputException)
        ? malformed("it is not the JSON that one sends", failure)
        : brokenOff(failure);
  }

  static HranaException brokenOff(@Nullable Exception cause) {
    return new HranaException("the server's answer broke off", "HTTP_ANSWER", cause);
  }

  /** The answer is none of a libSQL server. */
  static HranaException malformed(String why, @Nullable Exception cause) {
    return new HranaException(
        "this is no answer of a libSQL server: " + why, "HTTP_MALFORMED", cause);
  }

  /** An object of an answer. */
  static Map<?, ?> object(@Nullable Object value) throws HranaException {
    if (value instanceof Map<?, ?> object) {
      return object;
    }
    throw malformed("an object is missing", null);
  }

  /** A list of an answer. */
  static List<?> list(@Nullable Object value) throws HranaException {
    if (value instanceof List<?> list) {
      return list;
    }
    throw malformed("a list is missing", null);
  }

  /** A text of an answer, or null. */
  static @Nullable String textOrNull(@Nullable Object value) throws HranaException {
    if (value == null || value instanceof String) {
      return (String) value;
    }
    throw malformed("a text is missing", null);
  }

  /** A whole number of an answer. */
  static long whole(@Nullable Object value) throws HranaException {
    if (value instanceof Long number) {
      return number;
    }
    throw malformed("a whole number is missing", null);
  }

  /** A value of a row: a {@link Long}, {@link Double}, {@link String}, {@code byte[]} or null. */
  static @Nullable Object decode(Map<?, ?> value) throws HranaException {
    Object content = value.get("value");
    String type = String.valueOf(value.get("type"));
    try {
      return switch (type) {
        case "integer" -> Long.valueOf(String.valueOf(content));
        case "float" -> Double.valueOf(String.valueOf(content));
        case "text" -> text(content);
        case "blob" -> Base64.getDecoder().decode(String.valueOf(value.get("base64")));
        case "null" -> null;
        default -> throw malformed("a value has no type", null);
      };
    } catch (IllegalArgumentException e) {
      throw malformed("a value is not of its type", e);
    }
  }

  private static String text(@Nullable Object value) throws HranaException {
    String text = textOrNull(value);
    if (text == null) {
      throw malformed("a text is missing", null);
    }
    return text;
  }

  static HranaException failure(Map<?, ?> error) {
    return new HranaException(
        String.valueOf(error.get("message")), String.valueOf(error.get("code")), null);
  }
}
