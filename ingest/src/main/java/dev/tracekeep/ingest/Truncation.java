package dev.tracekeep.ingest;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Cuts what is too long, too deep or too many, and says at each cut what is gone: {@code …[900 more
 * characters]} at the end of a text, {@code …[7 more elements]} as the last element of an array,
 * {@code "…":"7 more members"} as the last member of an object, and {@code …[object]} or {@code
 * …[array]} in the place of what is nested too deeply. Immutable and thread-safe.
 */
public final class Truncation {
  private static final String CUT = "…";

  private final int maxCharacters;
  private final int maxDepth;
  private final int maxItems;

  private Truncation(int maxCharacters, int maxDepth, int maxItems) {
    this.maxCharacters = maxCharacters;
    this.maxDepth = maxDepth;
    this.maxItems = maxItems;
  }

  /**
   * A transformer that cuts.
   *
   * @param maxCharacters how long a text may be, in UTF-16 units: a text column, or a string in a
   *     JSON value
   * @param maxDepth how many levels of arrays and objects a JSON value may have
   * @param maxItems how many elements an array, and members an object, may have; and how many tags
   *     a span
   * @throws IllegalArgumentException if a bound is not positive
   */
  public static SpanTransformer of(int maxCharacters, int maxDepth, int maxItems) {
    if (maxCharacters < 1 || maxDepth < 1 || maxItems < 1) {
      throw new IllegalArgumentException(
          "A truncation leaves at least 1 character, level and item: "
              + maxCharacters
              + ", "
              + maxDepth
              + ", "
              + maxItems);
    }
    Truncation truncation = new Truncation(maxCharacters, maxDepth, maxItems);
    return SpanTransformer.ofValues("truncation", truncation::cut);
  }

  private Object cut(SpanColumn column, Object value) {
    if (value instanceof Json json) {
      return cut(json, 0);
    }
    if (value instanceof List<?> list) {
      return list.size() <= maxItems ? list : List.copyOf(list.subList(0, maxItems));
    }
    return cut((String) value);
  }

  private String cut(String text) {
    if (text.length() <= maxCharacters) {
      return text;
    }
    int end = maxCharacters;
    if (Character.isHighSurrogate(text.charAt(end - 1))) {
      end--; // no half of a character
    }
    return text.substring(0, end) + CUT + "[" + (text.length() - end) + " more characters]";
  }

  private Json cut(Json value, int depth) {
    int length = value.text().length();
    // An item, and a level, take two characters at least.
    if (length <= maxCharacters && length / 2 <= maxItems && length / 2 <= maxDepth - depth) {
      return value;
    }
    return switch (value.kind()) {
      case STRING -> cutString(value);
      case ARRAY -> depth >= maxDepth ? Json.of(CUT + "[array]") : cutArray(value, depth);
      case OBJECT -> depth >= maxDepth ? Json.of(CUT + "[object]") : cutObject(value, depth);
      default -> value;
    };
  }

  private Json cutString(Json value) {
    String text = value.asText();
    String cut = cut(text);
    return cut.equals(text) ? value : Json.of(cut);
  }

  private Json cutArray(Json value, int depth) {
    List<Json> elements = value.elements();
    List<Json> kept = new ArrayList<>();
    boolean changed = false;
    for (Json element : elements.subList(0, Math.min(maxItems, elements.size()))) {
      Json cut = cut(element, depth + 1);
      changed |= cut != element;
      kept.add(cut);
    }
    int gone = elements.size() - kept.size();
    if (gone > 0) {
      kept.add(Json.of(CUT + "[" + gone + " more elements]"));
    }
    return changed || gone > 0 ? Json.array(kept) : value;
  }

  private Json cutObject(Json value, int depth) {
    Map<String, Json> members = value.members();
    Map<String, Json> kept = new LinkedHashMap<>();
    boolean changed = false;
    for (Map.Entry<String, Json> member : members.entrySet()) {
      if (kept.size() == maxItems) {
        break;
      }
      Json cut = cut(member.getValue(), depth + 1);
      changed |= cut != member.getValue();
      kept.put(member.getKey(), cut);
    }
    int gone = members.size() - kept.size();
    if (gone > 0) {
      kept.put(CUT, Json.of(gone + " more members"));
    }
    return changed || gone > 0 ? Json.object(kept) : value;
  }
}
