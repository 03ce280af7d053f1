package dev.tracekeep.otlp;

import dev.tracekeep.span.InvalidSpanException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The fields of one OTLP span, whichever encoding they came in. Filled by one reader, then read by
 * the mapper; not thread-safe.
 */
final class SpanFields {
  /** The line that the span starts on; 0 where there are no lines. */
  long line;

  String traceId = "";
  String spanId = "";
  String parentSpanId = "";
  String traceState = "";
  String name = "";
  int kind;
  long flags;

  /** Unsigned nanoseconds since 1970. */
  long startTimeUnixNano;

  /** Unsigned nanoseconds since 1970; 0 while the span is running. */
  long endTimeUnixNano;

  Map<String, AnyValue> attributes = new LinkedHashMap<>();
  final List<Event> events = new ArrayList<>(0);
  final List<Link> links = new ArrayList<>(0);
  long droppedAttributesCount;
  long droppedEventsCount;
  long droppedLinksCount;
  int statusCode;
  String statusMessage = "";

  /** Why the span cannot be read; null if it can. The first reason is kept. */
  @Nullable InvalidSpanException fault;

  /** About how many bytes the span has in memory. */
  long size;

  /** The attribute's string; null if it is absent or no string. */
  @Nullable String text(String attribute) {
    return attributes.get(attribute) instanceof AnyValue.Text text ? text.value() : null;
  }

  /** An event within a span. */
  static final class Event {
    long timeUnixNano;
    String name = "";
    Map<String, AnyValue> attributes = Map.of();
    long droppedAttributesCount;
  }

  /** A link to another span. */
  static final class Link {
    String traceId = "";
    String spanId = "";
    String traceState = "";
    Map<String, AnyValue> attributes = Map.of();
    long droppedAttributesCount;
    long flags;
  }
}
