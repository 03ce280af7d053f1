package dev.tracekeep.conventions;

import dev.tracekeep.span.SpanKey;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A span of OpenTelemetry's <a
 * href="https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto">data
 * model</a>, whichever encoding or SDK it comes from. What is called unset there is empty or 0
 * here.
 */
public interface OtelSpan {
  /** {@code STATUS_CODE_ERROR}. */
  int STATUS_ERROR = 2;

  /** The trace and the span, within a tenant. */
  SpanKey key();

  /** The parent's span id; null for a root. */
  @Nullable String parentSpanId();

  /** The W3C trace state. */
  String traceState();

  /** The trace flags, and behind them OTLP's own. */
  long flags();

  /** The name. */
  String name();

  /**
   * {@code SpanKind} by its number in OTLP: 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
   */
  int kind();

  /** The start. */
  Instant startedAt();

  /** The end; null while it is running. */
  @Nullable Instant endedAt();

  /** The attributes. */
  Attributes attributes();

  /** The events, in their order. */
  List<? extends Event> events();

  /** The links, in their order. */
  List<? extends Link> links();

  /** How many attributes the writer dropped. */
  long droppedAttributesCount();

  /** How many events the writer dropped. */
  long droppedEventsCount();

  /** How many links the writer dropped. */
  long droppedLinksCount();

  /** {@code StatusCode} by its number in OTLP: 1 ok, 2 error. */
  int statusCode();

  /** The message of the status. */
  String statusMessage();

  /** Something that happened within a span. */
  interface Event extends TelemetrySpan.Event {
    /** When, in unsigned nanoseconds since 1970. */
    long timeUnixNano();

    /** How many attributes the writer dropped. */
    long droppedAttributesCount();
  }

  /** A link to another span. */
  interface Link {
    /** The other span's trace, in hexadecimal digits. */
    String traceId();

    /** The other span, in hexadecimal digits. */
    String spanId();

    /** The other span's W3C trace state. */
    String traceState();

    /** The link's own attributes. */
    Attributes attributes();

    /** How many attributes the writer dropped. */
    long droppedAttributesCount();

    /** The trace flags, and behind them OTLP's own. */
    long flags();
  }
}
