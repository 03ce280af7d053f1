package dev.tracekeep.otel;

import dev.tracekeep.conventions.Attributes;
import dev.tracekeep.conventions.OtelSpan;
import dev.tracekeep.span.SpanKey;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanId;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.sdk.trace.data.EventData;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A span of the SDK as OTLP would have it. */
record SdkSpan(SpanKey key, SpanData data, Attributes attributes) implements OtelSpan {
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  /** OTLP's flags beside those of W3C: whether it is known where the parent is, and whether far. */
  private static final int HAS_IS_REMOTE = 0x100;

  private static final int IS_REMOTE = 0x200;

  static SdkSpan of(String tenant, SpanData data) {
    return new SdkSpan(
        new SpanKey(tenant, data.getTraceId(), data.getSpanId()),
        data,
        SdkAttributes.of(data.getAttributes()));
  }

  private static Instant instant(long epochNanos) {
    return Instant.ofEpochSecond(
        Math.floorDiv(epochNanos, NANOS_PER_SECOND), Math.floorMod(epochNanos, NANOS_PER_SECOND));
  }

  private static String text(TraceState state) {
    return state.asMap().entrySet().stream()
        .map(entry -> entry.getKey() + "=" + entry.getValue())
        .collect(Collectors.joining(","));
  }

  private static long flags(SpanContext own, SpanContext other) {
    return own.getTraceFlags().asByte() & 0xFF | HAS_IS_REMOTE | (other.isRemote() ? IS_REMOTE : 0);
  }

  @Override
  public @Nullable String parentSpanId() {
    return SpanId.isValid(data.getParentSpanId()) ? data.getParentSpanId() : null;
  }

  @Override
  public String traceState() {
    return text(data.getSpanContext().getTraceState());
  }

  @Override
  public long flags() {
    return flags(data.getSpanContext(), data.getParentSpanContext());
  }

  @Override
  public String name() {
    return data.getName();
  }

  @Override
  public int kind() {
    return switch (data.getKind()) {
      case INTERNAL -> 1;
      case SERVER -> 2;
      case CLIENT -> 3;
      case PRODUCER -> 4;
      case CONSUMER -> 5;
    };
  }

  @Override
  public Instant startedAt() {
    return instant(data.getStartEpochNanos());
  }

  @Override
  public @Nullable Instant endedAt() {
    return data.hasEnded() ? instant(data.getEndEpochNanos()) : null;
  }

  @Override
  public List<SdkEvent> events() {
    return data.getEvents().stream()
        .map(event -> new SdkEvent(event, SdkAttributes.of(event.getAttributes())))
        .toList();
  }

  @Override
  public List<SdkLink> links() {
    return data.getLinks().stream()
        .map(link -> new SdkLink(link, SdkAttributes.of(link.getAttributes())))
        .toList();
  }

  @Override
  public long droppedAttributesCount() {
    return data.getTotalAttributeCount() - data.getAttributes().size();
  }

  @Override
  public long droppedEventsCount() {
    return data.getTotalRecordedEvents() - data.getEvents().size();
  }

  @Override
  public long droppedLinksCount() {
    return data.getTotalRecordedLinks() - data.getLinks().size();
  }

  @Override
  public int statusCode() {
    StatusCode code = data.getStatus().getStatusCode();
    return code == StatusCode.OK ? 1 : code == StatusCode.ERROR ? STATUS_ERROR : 0;
  }

  @Override
  public String statusMessage() {
    return data.getStatus().getDescription();
  }

  record SdkEvent(EventData data, Attributes attributes) implements Event {
    @Override
    public String name() {
      return data.getName();
    }

    @Override
    public long timeUnixNano() {
      return data.getEpochNanos();
    }

    @Override
    public long droppedAttributesCount() {
      return data.getDroppedAttributesCount();
    }
  }

  record SdkLink(LinkData data, Attributes attributes) implements Link {
    @Override
    public String traceId() {
      return data.getSpanContext().getTraceId();
    }

    @Override
    public String spanId() {
      return data.getSpanContext().getSpanId();
    }

    @Override
    public String traceState() {
      return text(data.getSpanContext().getTraceState());
    }

    @Override
    public long droppedAttributesCount() {
      return data.getTotalAttributeCount() - data.getAttributes().size();
    }

    @Override
    public long flags() {
      return SdkSpan.flags(data.getSpanContext(), data.getSpanContext());
    }
  }
}
