package dev.tracekeep.conventions;

import dev.tracekeep.span.Json;
import java.util.function.BiConsumer;

/** Writes attributes and their values as JSON. Thread-safe. */
public final class AttributeJson {
  private AttributeJson() {}

  /** The attributes as one object. */
  public static Json of(Attributes attributes) {
    StringBuilder out = new StringBuilder(1024);
    appendObject(attributes, out);
    return Json.ofStored(out.toString());
  }

  /** Appends the attributes as one object. */
  public static void appendObject(Attributes attributes, StringBuilder out) {
    out.append('{');
    attributes.forEach(new Members(out, out.length()));
    out.append('}');
  }

  /** Appends a value as JSON. */
  public static void appendValue(Object value, StringBuilder out) {
    if (value instanceof String text) {
      Json.appendString(text, out);
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
      Json.appendString(name, out);
      out.append(':');
      appendValue(value, out);
    }
  }

  /**
   * An attribute's name with lone surrogates replaced by U+FFFD. Inside of a JSON string they could
   * stay as escapes, but parsers refuse them in the names of members.
   */
  public static String cleanName(String name) {
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
