package dev.tracekeep.otlp;

import dev.tracekeep.span.Json;
import java.util.List;

/** Tags from an attribute. */
final class Tags {
  private Tags() {}

  /** Makes the value the span's tags if it is an array of strings; returns whether it was one. */
  static boolean take(AnyValue value, Draft draft) {
    Json list = value.toJson();
    if (list.kind() != Json.Kind.ARRAY) {
      return false;
    }
    List<Json> elements = list.elements();
    if (!elements.stream().allMatch(element -> element.kind() == Json.Kind.STRING)) {
      return false;
    }
    draft.tags = elements.stream().map(Json::asText).toList();
    return true;
  }
}
