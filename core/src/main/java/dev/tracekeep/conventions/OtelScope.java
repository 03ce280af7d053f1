package dev.tracekeep.conventions;

import dev.tracekeep.span.Json;
import org.jspecify.annotations.Nullable;

/**
 * The instrumentation that wrote a span.
 *
 * @param name its name; empty where unknown
 * @param json name, version, attributes and the number of dropped ones, each where present; null if
 *     nothing is known
 */
public record OtelScope(String name, @Nullable Json json) {
  public static final OtelScope NONE = new OtelScope("", null);

  public static OtelScope of(
      String name, String version, Attributes attributes, long droppedAttributesCount) {
    Json.ObjectBuilder scope = Json.objectBuilder();
    if (!name.isEmpty()) {
      scope.put("name", name);
    }
    if (!version.isEmpty()) {
      scope.put("version", version);
    }
    if (!attributes.isEmpty()) {
      scope.put("attributes", attributes.toJson());
    }
    if (droppedAttributesCount != 0) {
      scope.put("droppedAttributesCount", droppedAttributesCount);
    }
    return scope.isEmpty() ? NONE : new OtelScope(name, scope.build());
  }
}
