package dev.tracekeep.conventions;

import dev.tracekeep.span.Json;
import org.jspecify.annotations.Nullable;

/**
 * What the spans of one resource share.
 *
 * @param attributes the resource's attributes
 * @param json the same as an object; null where there are none
 * @param droppedAttributesCount how many attributes the writer dropped
 */
public record OtelResource(
    Attributes attributes, @Nullable Json json, long droppedAttributesCount) {
  public static final OtelResource NONE = of(Attributes.none(), 0);

  public static OtelResource of(Attributes attributes, long droppedAttributesCount) {
    return new OtelResource(
        attributes, attributes.isEmpty() ? null : attributes.toJson(), droppedAttributesCount);
  }
}
