package dev.tracekeep.adapter.libsql;

import java.io.InputStream;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;

/** What a libSQL server answers, as plain Java values. */
final class HranaValues {
  private HranaValues() {}

  /** Reads the one JSON value that the answer is. */
  static @Nullable Object read(InputStream answer) {
    try (JsonParser parser = parser(answer)) {
      parser.nextToken();
      return read(parser);
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
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          array.add(read(parser));
        }
        return array;
      }
      case VALUE_STRING -> {
        return parser.getString();
      }
      case VALUE_NUMBER_INT -> {
        return parser.getLongValue();
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

  /** A value of a row: a {@link Long}, {@link Double}, {@link String}, {@code byte[]} or null. */
  static @Nullable Object decode(Map<?, ?> value) {
    Object content = value.get("value");
    return switch (String.valueOf(value.get("type"))) {
      case "integer" -> Long.valueOf(String.valueOf(content));
      case "float" -> Double.valueOf(String.valueOf(content));
      case "text" -> content;
      case "blob" -> Base64.getDecoder().decode(String.valueOf(value.get("base64")));
      default -> null;
    };
  }

  static HranaException failure(Map<?, ?> error) {
    return new HranaException(
        String.valueOf(error.get("message")), String.valueOf(error.get("code")), null);
  }
}
