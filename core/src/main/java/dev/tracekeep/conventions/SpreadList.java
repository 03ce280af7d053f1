package dev.tracekeep.conventions;

import dev.tracekeep.span.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Puts a list together again that a writer spread over attributes, because the attributes of the
 * first SDKs could hold no objects: {@code llm.input_messages.0.message.role} becomes {@code
 * [{"role": …}]}.
 *
 * <p>An object's only wrapper ({@code message}, {@code document} and so on) is left out. Indexes
 * order the elements; where one is missing, the list closes up, so that an index of a billion costs
 * nothing.
 */
final class SpreadList {
  /** What OpenInference puts between an index and the fields of the element. */
  private static final Set<String> WRAPPERS =
      Set.of("message", "message_content", "tool_call", "document", "embedding", "tool");

  private static final int MAX_INDEX_DIGITS = 9;

  /** Deeper names than this are no message; the rest of such a name stays in one piece. */
  private static final int MAX_DEPTH = 16;

  /** Either elements by index, or members by name, or a value. */
  private final TreeMap<Integer, SpreadList> elements = new TreeMap<>();

  private final Map<String, SpreadList> members = new LinkedHashMap<>();
  private @Nullable Json value;

  private SpreadList() {}

  /** The list under the prefix, which ends in a dot; null if there is none. */
  static @Nullable Json read(Attributes attributes, String prefix) {
    SpreadList list = new SpreadList();
    for (String name : attributes.names()) {
      if (name.startsWith(prefix) && isIndex(name, prefix.length())) {
        Json value = attributes.json(name);
        if (value != null) {
          list.put(name, prefix.length(), 0, value);
        }
      }
    }
    return list.elements.isEmpty() ? null : list.toJson();
  }

  private static boolean isIndex(String name, int from) {
    int end = end(name, from);
    if (end == from || end - from > MAX_INDEX_DIGITS) {
      return false;
    }
    for (int i = from; i < end; i++) {
      if (name.charAt(i) < '0' || name.charAt(i) > '9') {
        return false;
      }
    }
    return true;
  }

  private static int end(String name, int from) {
    int dot = name.indexOf('.', from);
    return dot < 0 ? name.length() : dot;
  }

  private void put(String name, int from, int depth, Json leaf) {
    if (from >= name.length()) {
      value = leaf;
      return;
    }
    int end = depth < MAX_DEPTH ? end(name, from) : name.length();
    SpreadList next;
    if (depth < MAX_DEPTH && isIndex(name, from)) {
      next =
          elements.computeIfAbsent(
              Integer.parseInt(name, from, end, 10), index -> new SpreadList());
      end = behindWrapper(name, end);
    } else {
      next = members.computeIfAbsent(name.substring(from, end), member -> new SpreadList());
    }
    next.put(name, end + 1, depth + 1, leaf);
  }

  private static int behindWrapper(String name, int end) {
    int wrapperEnd = end < name.length() ? end(name, end + 1) : end;
    return wrapperEnd < name.length() && WRAPPERS.contains(name.substring(end + 1, wrapperEnd))
        ? wrapperEnd
        : end;
  }

  /**
   * A name that is both a value and an object keeps its members, and the value as {@code value}.
   */
  private Json toJson() {
    if (elements.isEmpty() && members.isEmpty()) {
      return value == null ? Json.NULL : value;
    }
    if (members.isEmpty() && value == null) {
      return Json.array(
          new ArrayList<>(elements.values()).stream().map(SpreadList::toJson).toList());
    }
    Json.ObjectBuilder object = Json.objectBuilder().put("value", value);
    members.forEach((name, member) -> object.put(name, member.toJson()));
    elements.forEach((index, element) -> object.put(Integer.toString(index), element.toJson()));
    return object.build();
  }
}
