package dev.tracekeep.span;

import org.jspecify.annotations.Nullable;

/**
 * Where a span comes from. Text is cleaned: U+0000 and lone surrogates become U+FFFD.
 *
 * @param environment the deployment environment, for example {@code production}
 * @param serviceName the service that wrote the span
 * @param source what started the work, for example {@code cloud} or {@code playground}
 * @param scope the instrumentation scope: an object with {@code name}, {@code version} and {@code
 *     attributes} where the span came through OpenTelemetry, the framework's own otherwise
 * @param resource the OpenTelemetry resource's attributes, as an object
 */
public record Origin(
    @Nullable String environment,
    @Nullable String serviceName,
    @Nullable String source,
    @Nullable Json scope,
    @Nullable Json resource) {
  /** An unknown origin. */
  public static final Origin UNKNOWN = new Origin(null, null, null, null, null);

  /** Cleans the text of all parts. */
  public Origin {
    environment = Text.clean(environment);
    serviceName = Text.clean(serviceName);
    source = Text.clean(source);
  }
}
