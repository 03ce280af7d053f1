package dev.tracekeep.conventions;

import dev.tracekeep.span.SpanKind;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What conventions look at in a span, whichever encoding or SDK it comes from.
 *
 * @param name the span's name
 * @param kind its role in a call; null where unspecified
 * @param attributes its attributes
 * @param events its events, in their order
 * @param resource the attributes of the resource that wrote it
 * @param scopeName the name of the instrumentation that wrote it; empty where unknown
 */
public record TelemetrySpan(
    String name,
    @Nullable SpanKind kind,
    Attributes attributes,
    List<? extends Event> events,
    Attributes resource,
    String scopeName) {

  /** An event within a span. */
  public interface Event {
    /** The event's name. */
    String name();

    /** The event's attributes. */
    Attributes attributes();
  }

  /**
   * The same span as if these were its attributes; for attributes that older SDKs put in events.
   */
  TelemetrySpan withAttributesOf(Event event) {
    return new TelemetrySpan(name, kind, event.attributes(), List.of(), resource, scopeName);
  }
}
