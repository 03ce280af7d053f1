package dev.tracekeep.conventions;

import dev.tracekeep.span.Json;
import org.jspecify.annotations.Nullable;

/** The error of a span: its status, its {@code error.type}, and the exception it recorded. */
final class OtelErrors {
  private OtelErrors() {}

  /**
   * An object with {@code message} and {@code type} where they are known, and {@code exception}
   * with {@code type}, {@code message} and {@code stacktrace} of the last exception event. It may
   * be empty: the status alone says that the span failed. Null if neither the status nor a
   * convention says so.
   */
  static @Nullable Json of(OtelSpan span, SpanDescription description) {
    if (span.statusCode() != OtelSpan.STATUS_ERROR && !description.hasFailed()) {
      return null;
    }
    OtelSpan.@Nullable Event exception = lastException(span);
    Json exceptionType = attribute(exception, "exception.type");
    Json exceptionMessage = attribute(exception, "exception.message");
    Json details =
        Json.objectBuilder()
            .put("type", exceptionType)
            .put("message", exceptionMessage)
            .put("stacktrace", attribute(exception, "exception.stacktrace"))
            .build();
    return Json.objectBuilder()
        .put(
            "message",
            first(
                span.statusMessage().isEmpty() ? null : Json.of(span.statusMessage()),
                first(description.json(Meaning.ERROR_MESSAGE), exceptionMessage)))
        .put("type", first(span.attributes().json("error.type"), exceptionType))
        .put("exception", details.text().equals("{}") ? null : details)
        .build();
  }

  private static OtelSpan.@Nullable Event lastException(OtelSpan span) {
    OtelSpan.Event last = null;
    for (OtelSpan.Event event : span.events()) {
      if (event.name().equals("exception")) {
        last = event;
      }
    }
    return last;
  }

  private static @Nullable Json attribute(OtelSpan.@Nullable Event event, String name) {
    return event == null ? null : event.attributes().json(name);
  }

  private static @Nullable Json first(@Nullable Json one, @Nullable Json other) {
    return one == null ? other : one;
  }
}
