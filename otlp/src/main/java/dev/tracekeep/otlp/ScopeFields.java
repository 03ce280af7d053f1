package dev.tracekeep.otlp;

import dev.tracekeep.conventions.Attributes;
import dev.tracekeep.span.Json;
import org.jspecify.annotations.Nullable;

/**
 * The instrumentation that wrote a span.
 *
 * @param name its name; empty where unknown
 * @param json name, version, attributes and the number of dropped ones, each where present; null if
 *     nothing is known
 */
record ScopeFields(String name, @Nullable Json json) {
  static final ScopeFields NONE = new ScopeFields("", null);

  static ScopeFields of(
      String name, String version, Attributes attributes, long droppedAttributesCount) {
    Json.ObjectBuilder scope = Json.objectBuilder();
    if (!name.isEmpty()) {
      scope.put("name", name);
    }
    if (!version.isEmpty()) {
      scope.put("version", version);
    }
    if (!attributes.isEmpty()) {
      scope.put("attributes", AttributeJson.of(attributes));
    }
    if (droppedAttributesCount != 0) {
      scope.put("droppedAttributesCount", droppedAttributesCount);
    }
    return scope.isEmpty() ? NONE : new ScopeFields(name, scope.build());
  }
}
