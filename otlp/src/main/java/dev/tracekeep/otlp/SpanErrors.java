package dev.tracekeep.otlp;

import dev.tracekeep.span.Json;
import org.jspecify.annotations.Nullable;

/** The error of a span: its status, its {@code error.type}, and the exception it recorded. */
final class SpanErrors {
  /** OTLP's {@code STATUS_CODE_ERROR}. */
  static final int STATUS_ERROR = 2;

  private SpanErrors() {}

  /**
   * An object with {@code message} and {@code type} where they are known, and {@code exception}
   * with {@code type}, {@code message} and {@code stacktrace} of the last exception event. It may
   * be empty: the status alone says that the span failed.
   */
  static Json of(SpanFields span) {
    SpanFields.@Nullable Event exception = lastException(span);
    AnyValue type = span.attributes.get("error.type");
    AnyValue message =
        span.statusMessage.isEmpty()
            ? attribute(exception, "exception.message")
            : new AnyValue.Text(span.statusMessage);
    Json.ObjectBuilder details =
        Json.objectBuilder()
            .put("type", json(attribute(exception, "exception.type")))
            .put("message", json(attribute(exception, "exception.message")))
            .put("stacktrace", json(attribute(exception, "exception.stacktrace")));
    return Json.objectBuilder()
        .put("message", json(message))
        .put("type", json(type == null ? attribute(exception, "exception.type") : type))
        .put("exception", details.isEmpty() ? null : details.build())
        .build();
  }

  private static SpanFields.@Nullable Event lastException(SpanFields span) {
    SpanFields.Event last = null;
    for (SpanFields.Event event : span.events) {
      if (event.name.equals("exception")) {
        last = event;
      }
    }
    return last;
  }

  private static @Nullable AnyValue attribute(SpanFields.@Nullable Event event, String name) {
    return event == null ? null : event.attributes.get(name);
  }

  private static @Nullable Json json(@Nullable AnyValue value) {
    return value == null ? null : value.toJson();
  }
}
