package dev.tracekeep.text;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.Trace;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Spans of one trace, at milliseconds behind a fixed start. */
final class TestSpans {
  static final Instant START = Instant.parse("2026-11-20T10:00:00Z");
  static final TraceKey TRACE = TraceKey.of("t1");

  private TestSpans() {}

  static Span.Builder span(String id, @Nullable String parent, long from, @Nullable Long to) {
    return Span.builder(TRACE.span(id))
        .parentSpanId(parent)
        .name("span " + id)
        .startedAt(START.plusMillis(from))
        .endedAt(to == null ? null : START.plusMillis(to));
  }

  static Span ended(String id, @Nullable String parent, long from, long to) {
    return span(id, parent, from, to).build();
  }

  static Span running(String id, @Nullable String parent, long from) {
    return span(id, parent, from, null).build();
  }

  static Span failed(String id, @Nullable String parent, long from, long to, String message) {
    Json error = Json.objectBuilder().put("message", message).build();
    return span(id, parent, from, to).payload(Payload.builder().error(error).build()).build();
  }

  static Trace trace(Span... spans) {
    return new Trace(TRACE, List.of(spans));
  }

  static SpanKey key(String id) {
    return TRACE.span(id);
  }
}
