package dev.tracekeep.otlp;

import dev.tracekeep.span.Correlation;
import dev.tracekeep.span.Entity;
import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Origin;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanKind;
import dev.tracekeep.span.SpanType;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes a span of the fields of an OTLP span. Both encodings end here, so they cannot disagree.
 *
 * <p>The metadata are the user's own. Beside them stand {@code model}, {@code provider} and {@code
 * usage} in one form for all conventions, and {@code otel} with what has no other place (see {@link
 * OtelRemainder}). Where the user has a key of that name, the user's stays and ours becomes {@code
 * otel.model} and so on, so that nothing is lost.
 *
 * <p>Thread-safe.
 */
final class SpanMapper {
  /** The more specific ones first: the first to say something is believed. */
  private static final List<Convention> CONVENTIONS =
      List.of(
          new VercelAiConvention(),
          new OpenInferenceConvention(),
          new GenAiConvention(),
          new GeneralConvention());

  private static final @Nullable SpanKind[] KINDS = {
    null, SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER
  };

  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private final String tenant;

  SpanMapper(String tenant) {
    this.tenant = tenant;
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
    Draft draft = new Draft();
    for (Convention convention : CONVENTIONS) {
      if (convention.isSpokenBy(fields)) {
        convention.describe(fields, draft);
      }
    }
    draft.apply(GeneralConvention.RULES, resource.attributes());

    Instant start = start(fields);
    Instant end = fields.endTimeUnixNano == 0 ? null : instant(fields.endTimeUnixNano);
    Span.Builder span =
        Span.builder(new SpanKey(tenant, traceId, spanId))
            .parentSpanId(SpanIds.parent(fields.parentSpanId))
            .name(fields.name)
            .type(draft.type())
            .kind(fields.kind > 0 && fields.kind < KINDS.length ? KINDS[fields.kind] : null)
            .startedAt(start)
            .endedAt(end)
            .createdAt(start)
            .updatedAt(end == null ? start : end)
            .correlation(correlation(draft))
            .origin(
                new Origin(
                    draft.text(Target.ENVIRONMENT),
                    draft.text(Target.SERVICE_NAME),
                    null,
                    scope.json(),
                    resource.json()))
            .payload(
                new Payload(
                    draft.json(Target.INPUT),
                    draft.json(Target.OUTPUT),
                    fields.statusCode == SpanErrors.STATUS_ERROR ? SpanErrors.of(fields) : null,
                    metadata(resource, fields, draft),
                    fields.attributes.isEmpty() ? null : AnyValue.object(fields.attributes),
                    null))
            .tags(draft.tags)
            .links(SpanLists.links(fields.links))
            .events(SpanLists.events(fields.events));
    entities(draft, span);
    return span.build();
  }

  private static Instant start(SpanFields fields) {
    if (fields.startTimeUnixNano == 0) {
      throw new InvalidSpanException("started_at", "is missing: startTimeUnixNano is absent or 0");
    }
    return instant(fields.startTimeUnixNano);
  }

  /** The number is unsigned; what is too late for a store is refused by the span itself. */
  private static Instant instant(long unixNano) {
    return Instant.ofEpochSecond(
        Long.divideUnsigned(unixNano, NANOS_PER_SECOND),
        Long.remainderUnsigned(unixNano, NANOS_PER_SECOND));
  }

  private static Correlation correlation(Draft draft) {
    return new Correlation(
        draft.text(Target.USER_ID),
        draft.text(Target.ORGANIZATION_ID),
        draft.text(Target.RESOURCE_ID),
        draft.text(Target.RUN_ID),
        draft.text(Target.SESSION_ID),
        draft.text(Target.THREAD_ID),
        draft.text(Target.REQUEST_ID),
        draft.text(Target.EXPERIMENT_ID));
  }

  /** A tool that is called is what the span is about; the agent that calls it is its parent. */
  private static void entities(Draft draft, Span.Builder span) {
    Entity tool = entity("tool", null, draft.text(Target.TOOL_NAME), null);
    Entity agent =
        entity(
            "agent",
            draft.text(Target.AGENT_ID),
            draft.text(Target.AGENT_NAME),
            draft.text(Target.AGENT_VERSION));
    Entity workflow = entity("workflow_run", null, draft.text(Target.WORKFLOW_NAME), null);
    if (tool != Entity.NONE) {
      span.entity(tool).parentEntity(agent);
    } else if (workflow != Entity.NONE && draft.type().equals(SpanType.WORKFLOW_RUN)) {
      span.entity(workflow).parentEntity(agent);
    } else {
      span.entity(agent);
    }
  }

  private static Entity entity(
      String type, @Nullable String id, @Nullable String name, @Nullable String version) {
    return id == null && name == null ? Entity.NONE : new Entity(type, id, name, version);
  }

  private static @Nullable Json metadata(ResourceFields resource, SpanFields fields, Draft draft) {
    Json.ObjectBuilder metadata = Json.objectBuilder();
    Map<String, Json> own = draft.metadata;
    own.forEach(metadata::put);
    metadata.put(free("model", own), draft.json(Target.MODEL));
    metadata.put(free("provider", own), draft.json(Target.PROVIDER));
    Json.ObjectBuilder usage =
        Json.objectBuilder()
            .put("inputTokens", draft.json(Target.INPUT_TOKENS))
            .put("outputTokens", draft.json(Target.OUTPUT_TOKENS))
            .put("totalTokens", draft.json(Target.TOTAL_TOKENS));
    metadata.put(free("usage", own), usage.isEmpty() ? null : usage.build());
    metadata.put(free("otel", own), OtelRemainder.of(resource, fields));
    return metadata.isEmpty() ? null : metadata.build();
  }

  private static String free(String name, Map<String, Json> taken) {
    String free = name;
    while (taken.containsKey(free)) {
      free = "otel." + free;
    }
    return free;
  }
}
