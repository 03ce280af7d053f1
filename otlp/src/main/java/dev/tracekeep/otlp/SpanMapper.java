package dev.tracekeep.otlp;

import dev.tracekeep.conventions.Conventions;
import dev.tracekeep.conventions.Meaning;
import dev.tracekeep.conventions.SpanDescription;
import dev.tracekeep.conventions.TelemetrySpan;
import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Origin;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanKind;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Makes a span of the fields of an OTLP span. Both encodings end here, so they cannot disagree.
 * What attributes mean is up to the {@link Conventions}; what has no other place goes into {@code
 * metadata.otel} (see {@link OtelRemainder}). Thread-safe.
 */
final class SpanMapper {
  private static final @Nullable SpanKind[] KINDS = {
    null, SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER
  };

  private final String tenant;
  private final Conventions conventions;

  SpanMapper(String tenant, Conventions conventions) {
    this.tenant = tenant;
    this.conventions = conventions;
  }

  /**
   * @throws InvalidSpanException if the span cannot be kept; the message names the field
   */
  Span map(ResourceFields resource, ScopeFields scope, SpanFields fields) {
    String traceId = SpanIds.required(fields.traceId, SpanIds.TRACE_ID_BYTES, "trace_id");
    String spanId = SpanIds.required(fields.spanId, SpanIds.SPAN_ID_BYTES, "span_id");
    if (fields.fault != null) {
      throw fields.fault;
    }
    SpanKind kind = fields.kind > 0 && fields.kind < KINDS.length ? KINDS[fields.kind] : null;
    SpanDescription description =
        conventions.describe(
            new TelemetrySpan(
                fields.name,
                kind,
                fields.attributes,
                fields.events,
                resource.attributes(),
                scope.name()));
    Instant start = SpanTimes.start(fields);
    Instant end = SpanTimes.end(fields);
    Span.Builder span =
        Span.builder(new SpanKey(tenant, traceId, spanId))
            .parentSpanId(SpanIds.parent(fields.parentSpanId))
            .name(fields.name)
            .kind(kind)
            .startedAt(start)
            .endedAt(end)
            .createdAt(start)
            .updatedAt(end == null ? start : end)
            .origin(
                new Origin(
                    description.text(Meaning.ENVIRONMENT),
                    description.serviceName(),
                    null,
                    scope.json(),
                    resource.json()))
            .payload(
                new Payload(
                    description.json(Meaning.INPUT),
                    description.json(Meaning.OUTPUT),
                    SpanErrors.of(fields, description),
                    description.metadata(OtelRemainder.of(resource, fields)),
                    fields.attributes.isEmpty() ? null : AttributeJson.of(fields.attributes),
                    null))
            .links(SpanLists.links(fields.links))
            .events(SpanLists.events(fields.events));
    description.applyTo(span);
    return span.build();
  }
}
