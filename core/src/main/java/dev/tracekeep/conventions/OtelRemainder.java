package dev.tracekeep.conventions;

import dev.tracekeep.span.Json;
import org.jspecify.annotations.Nullable;

/**
 * What OTLP says about a span and no field of a span holds: {@code traceState}, {@code flags}, the
 * counts of what the writer dropped, a status that is set though it is no error, an unknown kind.
 */
final class OtelRemainder {
  private static final int LAST_KNOWN_KIND = 5;

  private OtelRemainder() {}

  /** An object with what is there and not zero; null if that is nothing. */
  static @Nullable Json of(OtelResource resource, OtelSpan span) {
    Json.ObjectBuilder rest = Json.objectBuilder();
    text(rest, "traceState", span.traceState());
    number(rest, "flags", span.flags());
    number(rest, "droppedAttributesCount", span.droppedAttributesCount());
    number(rest, "droppedEventsCount", span.droppedEventsCount());
    number(rest, "droppedLinksCount", span.droppedLinksCount());
    number(rest, "resourceDroppedAttributesCount", resource.droppedAttributesCount());
    if (span.statusCode() != OtelSpan.STATUS_ERROR) {
      number(rest, "statusCode", span.statusCode());
      text(rest, "statusMessage", span.statusMessage());
    }
    number(rest, "kind", span.kind() < 0 || span.kind() > LAST_KNOWN_KIND ? span.kind() : 0);
    return rest.isEmpty() ? null : rest.build();
  }

  private static void text(Json.ObjectBuilder out, String name, String value) {
    if (!value.isEmpty()) {
      out.put(name, value);
    }
  }

  private static void number(Json.ObjectBuilder out, String name, long value) {
    if (value != 0) {
      out.put(name, value);
    }
  }
}
