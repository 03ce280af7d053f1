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

  /** A builder in which nothing is set. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects the parts by name. Not thread-safe. */
  public static final class Builder {
    private @Nullable String environment;
    private @Nullable String serviceName;
    private @Nullable String source;
    private @Nullable Json scope;
    private @Nullable Json resource;

    private Builder() {}

    /** The deployment environment. */
    public Builder environment(@Nullable String value) {
      environment = value;
      return this;
    }

    /** The service that wrote the span. */
    public Builder serviceName(@Nullable String value) {
      serviceName = value;
      return this;
    }

    /** What started the work. */
    public Builder source(@Nullable String value) {
      source = value;
      return this;
    }

    /** The instrumentation scope, as an object. */
    public Builder scope(@Nullable Json value) {
      scope = value;
      return this;
    }

    /** The attributes of the resource, as an object. */
    public Builder resource(@Nullable Json value) {
      resource = value;
      return this;
    }

    /** The immutable origin. */
    public Origin build() {
      return new Origin(environment, serviceName, source, scope, resource);
    }
  }
}
