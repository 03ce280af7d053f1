package dev.tracekeep.otlp;

import dev.tracekeep.conventions.Attributes;
import dev.tracekeep.conventions.OtelSpan;
import dev.tracekeep.span.InvalidSpanException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The fields of one OTLP span, whichever encoding they came in. Filled by one reader, then read by
 * the mapper; not thread-safe.
 */
final class SpanFields {
  /** The line that the span starts on; 0 where there are no lines. */
  long line;

  String traceId = "";
  String spanId = "";
  String parentSpanId = "";
  String traceState = "";
  String name = "";
  int kind;
  long flags;

  /** Unsigned nanoseconds since 1970. */
  long startTimeUnixNano;

  /** Unsigned nanoseconds since 1970; 0 while the span is running. */
  long endTimeUnixNano;

  Attributes attributes = Attributes.none();
  final List<Event> events = new ArrayList<>(0);
  final List<Link> links = new ArrayList<>(0);
  long droppedAttributesCount;
  long droppedEventsCount;
  long droppedLinksCount;
  int statusCode;
  String statusMessage = "";

  /** Why the span cannot be read; null if it can. The first reason is kept. */
  @Nullable InvalidSpanException fault;

  /** What was odd about parts of the span; null while nothing was. */
  @Nullable Remarks remarks;

  /** About how many bytes the span has in memory. */
  long size;

  void remark(String remark) {
    if (remarks == null) {
      remarks = new Remarks();
    }
    remarks.add(remark);
  }

  List<String> remarks() {
    return remarks == null ? List.of() : remarks.all();
  }

  /** An event within a span. */
  static final class Event implements OtelSpan.Event {
    long timeUnixNano;
    String name = "";
    Attributes attributes = Attributes.none();
    long droppedAttributesCount;

    @Override
    public String name() {
      return name;
    }

    @Override
    public Attributes attributes() {
      return attributes;
    }

    @Override
    public long timeUnixNano() {
      return timeUnixNano;
    }

    @Override
    public long droppedAttributesCount() {
      return droppedAttributesCount;
    }
  }

  /** A link to another span. */
  static final class Link implements OtelSpan.Link {
    String traceId = "";
    String spanId = "";
    String traceState = "";
    Attributes attributes = Attributes.none();
    long droppedAttributesCount;
    long flags;

    @Override
    public String traceId() {
      return traceId;
    }

    @Override
    public String spanId() {
      return spanId;
    }

    @Override
    public String traceState() {
      return traceState;
    }

    @Override
    public Attributes attributes() {
      return attributes;
    }

    @Override
    public long droppedAttributesCount() {
      return droppedAttributesCount;
    }

    @Override
    public long flags() {
      return flags;
    }
  }
}
