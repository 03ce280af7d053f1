package dev.tracekeep.otlp;

import dev.tracekeep.conventions.Attributes;
import dev.tracekeep.span.Json;
import java.util.function.BiConsumer;
import tools.jackson.core.io.JsonStringEncoder;

/** Writes attributes and their values as JSON. */
final class AttributeJson {
  private AttributeJson() {}

  /** The attributes as one object. */
  static Json of(Attributes attributes) {
    StringBuilder out = new StringBuilder(1024);
    appendObject(attributes, out);
    return Json.ofStored(out.toString());
  }

  /** Appends the attributes as one object. */
  static void appendObject(Attributes attributes, StringBuilder out) {
    out.append('{');
    attributes.forEach(new Members(out, out.length()));
    out.append('}');
  }

  /** Appends a value as JSON. */
  static void appendValue(Object value, StringBuilder out) {
    if (value instanceof String text) {
      appendQuoted(text, out);
    } else if (value instanceof Long number) {
      out.append(number.longValue());
    } else if (value instanceof Json json) {
      out.append(json.text());
    } else {
      out.append(value);
    }
  }

  private record Members(StringBuilder out, int start) implements BiConsumer<String, Object> {
    @Override
    public void accept(String name, Object value) {
      if (out.length() > start) {
        out.append(',');
      }
      appendQuoted(name, out);
      out.append(':');
      appendValue(value, out);
    }
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
