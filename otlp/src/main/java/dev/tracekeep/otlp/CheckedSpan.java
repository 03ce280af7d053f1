package dev.tracekeep.otlp;

import dev.tracekeep.conventions.Attributes;
import dev.tracekeep.conventions.OtelSpan;
import dev.tracekeep.span.SpanKey;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The fields of an OTLP span whose ids and times will do. */
record CheckedSpan(
    SpanKey key,
    @Nullable String parentSpanId,
    Instant startedAt,
    @Nullable Instant endedAt,
    SpanFields fields)
    implements OtelSpan {
  @Override
  public String traceState() {
    return fields.traceState;
  }

  @Override
  public long flags() {
    return fields.flags;
  }

  @Override
  public String name() {
    return fields.name;
  }

  @Override
  public int kind() {
    return fields.kind;
  }

  @Override
  public Attributes attributes() {
    return fields.attributes;
  }

  @Override
  public List<SpanFields.Event> events() {
    return fields.events;
  }

  @Override
  public List<SpanFields.Link> links() {
    return fields.links;
  }

  @Override
  public long droppedAttributesCount() {
    return fields.droppedAttributesCount;
  }

  @Override
  public long droppedEventsCount() {
    return fields.droppedEventsCount;
  }

  @Override
  public long droppedLinksCount() {
    return fields.droppedLinksCount;
  }

  @Override
  public int statusCode() {
    return fields.statusCode;
  }

  @Override
  public String statusMessage() {
    return fields.statusMessage;
  }
}
