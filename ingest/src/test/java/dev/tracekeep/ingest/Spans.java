package dev.tracekeep.ingest;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import java.time.Instant;
import java.util.List;

/** Spans of the tests. */
final class Spans {
  static final Instant START = Instant.parse("2026-01-31T12:00:00Z");

  private Spans() {}

  static SpanKey key(String id) {
    return SpanKey.of("trace", id);
  }

  static Span started(String id) {
    return Span.builder(key(id))
        .name("work")
        .startedAt(START)
        .createdAt(START)
        .updatedAt(START)
        .payload(Payload.builder().input(Json.of("in")).build())
        .build();
  }

  static Span ended(String id) {
    return started(id).toBuilder()
        .endedAt(START.plusSeconds(2))
        .updatedAt(START.plusSeconds(2))
        .payload(Payload.builder().input(Json.of("in")).output(Json.of("out")).build())
        .build();
  }

  static Span event(String id) {
    return ended(id).toBuilder().event(true).build();
  }

  static SpanUpdate update(String id) {
    return SpanUpdate.builder(key(id), START.plusSeconds(1)).metadata(Json.of("meta")).build();
  }

  static <T> List<T> cast(Object list, Class<T> type) {
    return ((List<?>) list).stream().map(type::cast).toList();
  }
}
