package dev.tracekeep.otlp;

import dev.tracekeep.span.Json;
import java.util.Map;
import tools.jackson.core.io.JsonStringEncoder;

/** The value of an attribute. Strings stay plain, because conventions look into them. */
sealed interface AnyValue {
  /** An {@code AnyValue} in which nothing is set. */
  AnyValue ABSENT = new Literal(Json.NULL);

  /** Appends the value as JSON. */
  void appendTo(StringBuilder out);

  /** The value as JSON. */
  Json toJson();

  /** A value of JSON text that was written here, and so is well-formed. */
  static AnyValue literal(String json) {
    return new Literal(Json.ofStored(json));
  }

  /** The string itself, or the JSON text of any other value. */
  String asText();

  /** A string; of bytes their base64 form. */
  record Text(String value) implements AnyValue {
    @Override
    public void appendTo(StringBuilder out) {
      appendQuoted(value, out);
    }

    @Override
    public Json toJson() {
      return Json.of(value);
    }

    @Override
    public String asText() {
      return value;
    }
  }

  /** Any other value. */
  record Literal(Json json) implements AnyValue {
    @Override
    public void appendTo(StringBuilder out) {
      out.append(json.text());
    }

    @Override
    public Json toJson() {
      return json;
    }

    @Override
    public String asText() {
      return json.text();
    }
  }

  /** Appends the attributes as one object. */
  static void appendObject(Map<String, AnyValue> attributes, StringBuilder out) {
    char separator = '{';
    for (Map.Entry<String, AnyValue> attribute : attributes.entrySet()) {
      out.append(separator);
      separator = ',';
      appendQuoted(attribute.getKey(), out);
      out.append(':');
      attribute.getValue().appendTo(out);
    }
    out.append(separator == '{' ? "{}" : "}");
  }

  /** The attributes as one object. */
  static Json object(Map<String, AnyValue> attributes) {
    StringBuilder out = new StringBuilder(1024);
    appendObject(attributes, out);
    return Json.ofStored(out.toString());
  }

  /** Appends a JSON string. */
  static void appendQuoted(String value, StringBuilder out) {
    if (isPlain(value)) {
      out.append('"').append(value).append('"'); // Most text; Jackson copies char by char.
    } else if (hasLoneSurrogate(value)) {
      out.append(Json.of(value).text()); // Jackson would let it through, and no encoding has it.
    } else {
      out.append('"');
      JsonStringEncoder.getInstance().quoteAsString(value, out);
      out.append('"');
    }
  }

  /** Whether the text is its own spelling in JSON. */
  private static boolean isPlain(String value) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c < 0x20 || c == '"' || c == '\\' || Character.isSurrogate(c)) {
        return false;
      }
    }
    return true;
  }

  /**
   * An attribute's name with lone surrogates replaced by U+FFFD. Inside of a JSON string they could
   * stay as escapes, but parsers refuse them in the names of members.
   */
  static String cleanName(String name) {
    return hasLoneSurrogate(name) ? name.replaceAll("\\p{Cs}", "\uFFFD") : name;
  }

  private static boolean hasLoneSurrogate(String value) {
    for (int i = 0; i < value.length(); i++) {
      if (Character.isSurrogate(value.charAt(i))) {
        if (i + 1 == value.length()
            || !Character.isSurrogatePair(value.charAt(i), value.charAt(i + 1))) {
          return true;
        }
        i++;
      }
    }
    return false;
  }
}
