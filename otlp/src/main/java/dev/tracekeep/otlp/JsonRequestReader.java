package dev.tracekeep.otlp;

import dev.tracekeep.conventions.OtelResource;
import dev.tracekeep.conventions.OtelScope;
import dev.tracekeep.span.InvalidSpanException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import tools.jackson.core.JsonParser;

/**
 * Reads the resource spans of OTLP/JSON span by span. Takes the names of its fields in camelCase
 * and in snake_case. Not thread-safe.
 */
final class JsonRequestReader {
  static final String NO_SPANS = "the request has no span in it";

  private static final Map<String, Integer> KINDS =
      Map.of(
          "UNSPECIFIED", 0, "INTERNAL", 1, "SERVER", 2, "CLIENT", 3, "PRODUCER", 4, "CONSUMER", 5);

  private static final Map<String, Integer> STATUS_CODES = Map.of("UNSET", 0, "OK", 1, "ERROR", 2);

  /** Names in a message are few, and of those that no version knows the first tell enough. */
  private static final int MAX_UNKNOWN_NAMES = 5;

  private final JsonParser parser;
  private final JsonValues values;
  private final RequestAssembler assembler;
  private final Delivery delivery;

  private final LongSupplier line;

  private long spans;
  private final Set<String> unknown = new TreeSet<>();

  /**
   * @param parser reads bytes, not characters
   * @param line the line of the token that the parser stands on
   */
  JsonRequestReader(
      JsonParser parser, RequestAssembler assembler, Delivery delivery, LongSupplier line) {
    this.parser = parser;
    this.values = new JsonValues(parser, delivery.maxSpanBytes());
    this.assembler = assembler;
    this.delivery = delivery;
    this.line = line;
  }

  /**
   * Reads an array of resource spans, which the parser stands on.
   *
   * @param line the line of the request
   */
  void resourceSpans(long line) {
    values.begin();
    values.array("resourceSpans", this::readResourceSpans);
    begin();
  }

  private void readResourceSpans() {
    assembler.beginResource();
    values.object("resourceSpans", this::resourceSpansField);
    assembler.endResource();
  }

  /** Whether it is the name of a field of resource spans. */
  boolean isResourceSpansField(String name) {
    return switch (name) {
      case "resource",
          "scopeSpans",
          "scope_spans",
          "instrumentationLibrarySpans",
          "instrumentation_library_spans" ->
          true;
      default -> false;
    };
  }

  /** Reads a field of resource spans; the parser stands on its value. */
  void resourceSpansField(String name) {
    switch (name) {
      case "resource" -> assembler.resource(readResource(), line());
      // The names of OTLP before 0.16 stand beside those of today.
      case "scopeSpans",
          "scope_spans",
          "instrumentationLibrarySpans",
          "instrumentation_library_spans" ->
          values.array("scopeSpans", this::readScopeSpans);
      default -> skipUnknown(name);
    }
  }

  /** Ends a request: one in which no span was found is worth a word. */
  void endRequest(long line) {
    if (spans == 0) {
      delivery.once(
          OtlpProblem.Severity.WARNING,
          line,
          NO_SPANS
              + (unknown.isEmpty() ? "" : ": unknown to OTLP are " + String.join(", ", unknown)));
    }
    spans = 0;
    unknown.clear();
  }

  private void readScopeSpans() {
    assembler.beginScope();
    values.object(
        "scopeSpans",
        name -> {
          switch (name) {
            case "scope", "instrumentationLibrary", "instrumentation_library" ->
                assembler.scope(readScope(), line());
            case "spans" -> values.array("spans", () -> assembler.span(readSpan()));
            default -> skipUnknown(name);
          }
        });
    assembler.endScope();
  }

  /** Starts on an object with a clean slate; reports what was wrong with the ones around it. */
  private void begin() {
    InvalidSpanException fault = values.fault();
    if (fault != null) {
      delivery.refused(line(), "the request is damaged: " + fault.getMessage());
    }
    values.begin();
  }

  /** What is wrong with a resource or scope is not the fault of its spans. */
  private void warnOfFault(String what, long line) {
    InvalidSpanException fault = values.fault();
    if (fault != null) {
      delivery.warning(line, "a " + what + " is not kept in full: " + fault.getMessage());
    }
    Remarks remarks = values.remarks();
    if (remarks != null) {
      remarks.all().forEach(remark -> delivery.warning(line, "a " + what + ": " + remark));
    }
    values.begin();
  }

  /** What comes with a later OTLP is passed over; where no span is found, it may be the cause. */
  private void skipUnknown(String name) {
    if (unknown.size() < MAX_UNKNOWN_NAMES && !name.equals("schemaUrl")) {
      unknown.add(Delivery.printable(name));
    }
    values.skip();
  }

  private OtelResource readResource() {
    long line = line();
    SpanFields resource = new SpanFields();
    begin();
    values.object(
        "resource",
        name -> {
          switch (name) {
            case "attributes" -> resource.attributes = values.keyValues("resource.attributes");
            case "droppedAttributesCount", "dropped_attributes_count" ->
                resource.droppedAttributesCount = values.int64("resource.droppedAttributesCount");
            default -> values.skip();
          }
        });
    warnOfFault("resource", line);
    return OtelResource.of(resource.attributes, resource.droppedAttributesCount);
  }

  private OtelScope readScope() {
    long line = line();
    SpanFields scope = new SpanFields();
    String[] version = {""};
    begin();
    values.object(
        "scope",
        name -> {
          switch (name) {
            case "name" -> scope.name = values.string("scope.name");
            case "version" -> version[0] = values.string("scope.version");
            case "attributes" -> scope.attributes = values.keyValues("scope.attributes");
            case "droppedAttributesCount", "dropped_attributes_count" ->
                scope.droppedAttributesCount = values.int64("scope.droppedAttributesCount");
            default -> values.skip();
          }
        });
    warnOfFault("scope", line);
    return OtelScope.of(scope.name, version[0], scope.attributes, scope.droppedAttributesCount);
  }

  private SpanFields readSpan() {
    spans++;
    SpanFields span = new SpanFields();
    span.line = line();
    long start = offset();
    begin();
    values.object("span", name -> readSpanField(span, name));
    span.fault = values.fault();
    span.remarks = values.remarks();
    span.size = offset() - start;
    values.begin();
    return span;
  }

  private void readSpanField(SpanFields span, String name) {
    switch (name) {
      case "traceId", "trace_id" ->
          span.traceId = SpanIds.fromJson(values.string("trace_id"), SpanIds.TRACE_ID_BYTES);
      case "spanId", "span_id" ->
          span.spanId = SpanIds.fromJson(values.string("span_id"), SpanIds.SPAN_ID_BYTES);
      case "parentSpanId", "parent_span_id" ->
          span.parentSpanId =
              SpanIds.fromJson(values.string("parent_span_id"), SpanIds.SPAN_ID_BYTES);
      case "traceState", "trace_state" -> span.traceState = values.string("traceState");
      case "flags" -> span.flags = values.int64("flags");
      case "name" -> span.name = values.string("name");
      case "kind" -> span.kind = values.enumeration("kind", "SPAN_KIND_", KINDS);
      case "startTimeUnixNano", "start_time_unix_nano" ->
          span.startTimeUnixNano = values.uint64("startTimeUnixNano");
      case "endTimeUnixNano", "end_time_unix_nano" ->
          span.endTimeUnixNano = values.uint64("endTimeUnixNano");
      case "attributes" -> span.attributes = values.keyValues("attributes");
      case "droppedAttributesCount", "dropped_attributes_count" ->
          span.droppedAttributesCount = values.int64("droppedAttributesCount");
      case "events" -> values.array("events", () -> readEvent(span.events));
      case "droppedEventsCount", "dropped_events_count" ->
          span.droppedEventsCount = values.int64("droppedEventsCount");
      case "links" -> values.array("links", () -> readLink(span.links));
      case "droppedLinksCount", "dropped_links_count" ->
          span.droppedLinksCount = values.int64("droppedLinksCount");
      case "status" -> values.object("status", field -> readStatusField(span, field));
      default -> values.skip();
    }
  }

  private void readStatusField(SpanFields span, String name) {
    switch (name) {
      case "code" ->
          span.statusCode = values.enumeration("status.code", "STATUS_CODE_", STATUS_CODES);
      case "message" -> span.statusMessage = values.string("status.message");
      default -> values.skip();
    }
  }

  private void readEvent(List<SpanFields.Event> events) {
    SpanFields.Event event = new SpanFields.Event();
    if (values.part("an event", () -> values.object("events", name -> readField(event, name)))) {
      events.add(event);
    }
  }

  private void readField(SpanFields.Event event, String name) {
    switch (name) {
      case "timeUnixNano", "time_unix_nano" ->
          event.timeUnixNano = values.uint64("events.timeUnixNano");
      case "name" -> event.name = values.string("events.name");
      case "attributes" -> event.attributes = values.keyValues("events.attributes");
      case "droppedAttributesCount", "dropped_attributes_count" ->
          event.droppedAttributesCount = values.int64("events.droppedAttributesCount");
      default -> values.skip();
    }
  }

  private void readLink(List<SpanFields.Link> links) {
    SpanFields.Link link = new SpanFields.Link();
    if (values.part("a link", () -> values.object("links", name -> readField(link, name)))) {
      links.add(link);
    }
  }

  private void readField(SpanFields.Link link, String name) {
    switch (name) {
      case "traceId", "trace_id" ->
          link.traceId = SpanIds.fromJson(values.string("links.traceId"), SpanIds.TRACE_ID_BYTES);
      case "spanId", "span_id" ->
          link.spanId = SpanIds.fromJson(values.string("links.spanId"), SpanIds.SPAN_ID_BYTES);
      case "traceState", "trace_state" -> link.traceState = values.string("links.traceState");
      case "attributes" -> link.attributes = values.keyValues("links.attributes");
      case "droppedAttributesCount", "dropped_attributes_count" ->
          link.droppedAttributesCount = values.int64("links.droppedAttributesCount");
      case "flags" -> link.flags = values.int64("links.flags");
      default -> values.skip();
    }
  }

  /** The line that the parser's token stands on. */
  long line() {
    return line.getAsLong();
  }

  private long offset() {
    return parser.currentLocation().getByteOffset();
  }
}
