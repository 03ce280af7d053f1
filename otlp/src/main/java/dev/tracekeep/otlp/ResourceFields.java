package dev.tracekeep.otlp;

import dev.tracekeep.conventions.Attributes;
import dev.tracekeep.span.Json;
import org.jspecify.annotations.Nullable;

/**
 * What the spans of one resource share.
 *
 * @param attributes the resource's attributes
 * @param json the same as an object; null where there are none
 * @param droppedAttributesCount how many attributes the writer dropped
 */
record ResourceFields(Attributes attributes, @Nullable Json json, long droppedAttributesCount) {
  static final ResourceFields NONE = of(Attributes.none(), 0);

  static ResourceFields of(Attributes attributes, long droppedAttributesCount) {
    return new ResourceFields(
        attributes,
        attributes.isEmpty() ? null : AttributeJson.of(attributes),
        droppedAttributesCount);
  }
}
