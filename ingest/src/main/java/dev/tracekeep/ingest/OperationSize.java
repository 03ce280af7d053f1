package dev.tracekeep.ingest;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanUpdate;
import org.jspecify.annotations.Nullable;

/**
 * About how much memory an operation holds. Every operation pays for this on the caller's thread,
 * so it looks at the fields that can be large, and takes a constant for the others.
 */
final class OperationSize {
  /** The objects of a span with ids and the usual short texts. */
  private static final int OVERHEAD = 512;

  private OperationSize() {}

  static long of(Span span) {
    Payload payload = span.payload();
    return OVERHEAD
        + span.name().length()
        + size(payload.input())
        + size(payload.output())
        + size(payload.error())
        + size(payload.metadata())
        + size(payload.attributes())
        + size(payload.requestContext())
        + size(span.events())
        + size(span.links());
  }

  static long of(SpanUpdate update) {
    long size = OVERHEAD;
    for (SpanColumn column : update.columns()) {
      Object value = update.value(column);
      size += value instanceof Json json ? size(json) : 32;
    }
    return size;
  }

  /** Text of JSON is nearly always Latin-1, one byte a character. */
  private static int size(@Nullable Json json) {
    return json == null ? 0 : json.text().length();
  }
}
