package dev.tracekeep.conventions;

import dev.tracekeep.span.Origin;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKind;
import org.jspecify.annotations.Nullable;

/**
 * Makes a span of one of OpenTelemetry's. What reads OTLP and what exports from an SDK both end
 * here, so they cannot disagree. What attributes mean is up to the {@link Conventions}; what has no
 * other place goes into {@code metadata.otel}: trace state, flags, counts of what the writer
 * dropped, a status that is no error. Immutable and thread-safe.
 */
public final class OtelSpanMapper {
  private static final @Nullable SpanKind[] KINDS = {
    null, SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER
  };

  private final Conventions conventions;

  /** A mapper by these conventions. */
  public OtelSpanMapper(Conventions conventions) {
    this.conventions = conventions;
  }

  /**
   * The span as Tracekeep keeps it. It was created when it started, and updated when it ended.
   *
   * @throws dev.tracekeep.span.InvalidSpanException if the span cannot be kept; the message names
   *     the field
   */
  public Span map(OtelSpan span, OtelResource resource, OtelScope scope) {
    SpanKind kind = span.kind() > 0 && span.kind() < KINDS.length ? KINDS[span.kind()] : null;
    SpanDescription description =
        conventions.describe(
            new TelemetrySpan(
                span.name(),
                kind,
                span.attributes(),
                span.events(),
                resource.attributes(),
                scope.name()));
    Span.Builder builder =
        Span.builder(span.key())
            .parentSpanId(span.parentSpanId())
            .name(span.name())
            .kind(kind)
            .startedAt(span.startedAt())
            .endedAt(span.endedAt())
            .createdAt(span.startedAt())
            .updatedAt(span.endedAt() == null ? span.startedAt() : span.endedAt())
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
                    OtelErrors.of(span, description),
                    description.metadata(OtelRemainder.of(resource, span)),
                    span.attributes().isEmpty() ? null : span.attributes().toJson(),
                    null))
            .links(OtelLists.links(span.links()))
            .events(OtelLists.events(span.events()));
    description.applyTo(builder);
    return builder.build();
  }
}
