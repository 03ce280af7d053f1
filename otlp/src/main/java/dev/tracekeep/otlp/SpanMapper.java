package dev.tracekeep.otlp;

import dev.tracekeep.conventions.Conventions;
import dev.tracekeep.conventions.OtelResource;
import dev.tracekeep.conventions.OtelScope;
import dev.tracekeep.conventions.OtelSpanMapper;
import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;

/**
 * Makes a span of the fields of an OTLP span: looks at its ids and times, which an SDK has checked
 * and a file has not, and leaves the rest to the {@link OtelSpanMapper}. Thread-safe.
 */
final class SpanMapper {
  private final String tenant;
  private final OtelSpanMapper mapper;

  SpanMapper(String tenant, Conventions conventions) {
    this.tenant = tenant;
    this.mapper = new OtelSpanMapper(conventions);
  }

  /**
   * @throws InvalidSpanException if the span cannot be kept; the message names the field
   */
  Span map(OtelResource resource, OtelScope scope, SpanFields fields) {
    String traceId = SpanIds.required(fields.traceId, SpanIds.TRACE_ID_BYTES, "trace_id");
    String spanId = SpanIds.required(fields.spanId, SpanIds.SPAN_ID_BYTES, "span_id");
    if (fields.fault != null) {
      throw fields.fault;
    }
    return mapper.map(
        new CheckedSpan(
            new SpanKey(tenant, traceId, spanId),
            SpanIds.parent(fields.parentSpanId),
            SpanTimes.start(fields),
            SpanTimes.end(fields),
            fields),
        resource,
        scope);
  }
}
