package dev.tracekeep.conventions;

import dev.tracekeep.span.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The events and links of a span in the form that {@link dev.tracekeep.span.Span} describes. */
final class OtelLists {
  private OtelLists() {}

  static @Nullable Json events(List<? extends OtelSpan.Event> events) {
    if (events.isEmpty()) {
      return null;
    }
    return Json.array(
        events.stream()
            .map(
                event ->
                    Json.objectBuilder()
                        .put("timeUnixNano", Long.toUnsignedString(event.timeUnixNano()))
                        .put("name", event.name())
                        .put("attributes", attributes(event.attributes()))
                        .put("droppedAttributesCount", nonZero(event.droppedAttributesCount()))
                        .build())
            .toList());
  }

  static @Nullable Json links(List<? extends OtelSpan.Link> links) {
    if (links.isEmpty()) {
      return null;
    }
    return Json.array(
        links.stream()
            .map(
                link ->
                    Json.objectBuilder()
                        .put("traceId", link.traceId())
                        .put("spanId", link.spanId())
                        .put("traceState", link.traceState().isEmpty() ? null : link.traceState())
                        .put("attributes", attributes(link.attributes()))
                        .put("droppedAttributesCount", nonZero(link.droppedAttributesCount()))
                        .put("flags", nonZero(link.flags()))
                        .build())
            .toList());
  }

  private static @Nullable Json attributes(Attributes attributes) {
    return attributes.isEmpty() ? null : attributes.toJson();
  }

  private static @Nullable Json nonZero(long count) {
    return count == 0 ? null : Json.of(count);
  }
}
