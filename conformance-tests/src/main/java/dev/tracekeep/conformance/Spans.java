package dev.tracekeep.conformance;

import dev.tracekeep.span.Correlation;
import dev.tracekeep.span.Entity;
import dev.tracekeep.span.FixedPoint;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Origin;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanKind;
import dev.tracekeep.span.SpanType;
import dev.tracekeep.span.Usage;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;

/** The spans of the example checks; all times hang on one fixed instant. */
final class Spans {
  /** Has a digit at every place of its nanoseconds, so that none can be lost unseen. */
  static final Instant T0 = Instant.parse("2026-03-01T10:20:30.123456789Z");

  static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  static final String SPAN = "00f067aa0ba902b7";

  private Spans() {}

  /** {@link #T0} and so many milliseconds. */
  static Instant at(long millis) {
    return T0.plusMillis(millis);
  }

  /** A small running root span. */
  static Span.Builder root(String traceId) {
    return span(SpanKey.of(traceId, SPAN));
  }

  /** A small running span without a parent, created and updated at its start. */
  static Span.Builder span(SpanKey key) {
    return Span.builder(key).name("work").startedAt(T0).createdAt(T0).updatedAt(T0);
  }

  /** The same span in another trace. */
  static Span inTrace(Span span, String traceId) {
    return with(span, SpanColumn.TRACE_ID, traceId);
  }

  /** The same span with another value in one column. */
  static Span with(Span span, SpanColumn changed, Object value) {
    return Span.fromColumns(
        SpanColumn.all(), column -> column == changed ? value : column.read(span));
  }

  /** A span in which every field has a value, no two of the same type the same one. */
  static Span full(SpanKey key) {
    return Span.builder(key)
        .parentSpanId("b7ad6b7169203331")
        .name("plan the trip")
        .type(SpanType.AGENT_RUN)
        .kind(SpanKind.SERVER)
        .event(true)
        .startedAt(T0)
        .endedAt(T0.plusNanos(1_000_000_007))
        .createdAt(T0.plusNanos(3))
        .updatedAt(T0.plusNanos(2_000_000_011))
        .entity(new Entity("agent", "agent-7", "Traveller", "v3"))
        .parentEntity(new Entity("workflow", "workflow-2", "Holiday", "v9"))
        .rootEntity(new Entity("service", "service-1", "Desk", "v12"))
        .correlation(
            new Correlation(
                "user-1",
                "organization-2",
                "resource-3",
                "run-4",
                "session-5",
                "thread-6",
                "request-7",
                "experiment-8"))
        .origin(
            new Origin(
                "production",
                "travel-desk",
                "cloud",
                Json.parse("{\"name\":\"agents\",\"version\":\"1.2\",\"attributes\":{\"a\":1}}"),
                Json.parse("{\"host.name\":\"h-17\",\"cpus\":2}")))
        .usage(
            new Usage(
                "glimmer-2",
                "lumen",
                1_000_000_000_007L,
                4_096L,
                FixedPoint.MAX_COUNT,
                new BigDecimal("999999.000000000001")))
        .payload(
            new Payload(
                Json.parse("{\"messages\":[{\"role\":\"user\",\"content\":\"Lisbon?\"}]}"),
                Json.parse("\"Yes.\""),
                Json.parse("{\"message\":\"half of it failed\",\"code\":7}"),
                Json.parse("{\"team\":\"blue\",\"attempt\":2,\"dry\":false,\"none\":null}"),
                Json.parse("{\"gen_ai.usage.input_tokens\":12,\"list\":[1,[2,{}]]}"),
                Json.parse("[]")))
        .tags(List.of("first", "second", "first"))
        .links(Json.parse("[{\"traceId\":\"0af7651916cd43dd8448eb211c80319c\",\"spanId\":\"1\"}]"))
        .events(Json.parse("[{\"timeUnixNano\":\"1772360430123456789\",\"name\":\"retry\"}]"))
        .build();
  }
}
