package dev.tracekeep.otlp;

import dev.tracekeep.span.Json;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the spans of one resource share.
 *
 * @param attributes the resource's attributes
 * @param json the same as an object; null where there are none
 * @param droppedAttributesCount how many attributes the writer dropped
 */
record ResourceFields(
    Map<String, AnyValue> attributes, @Nullable Json json, long droppedAttributesCount) {
  static final ResourceFields NONE = of(Map.of(), 0);

  static ResourceFields of(Map<String, AnyValue> attributes, long droppedAttributesCount) {
    return new ResourceFields(
        attributes,
        attributes.isEmpty() ? null : AnyValue.object(attributes),
        droppedAttributesCount);
  }
}
