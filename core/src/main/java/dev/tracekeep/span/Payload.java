package dev.tracekeep.span;

import org.jspecify.annotations.Nullable;

/**
 * The JSON values of a span. Null means absent, which is not the same as JSON {@code null}, {@code
 * ""}, {@code {}}, {@code []} or a bare scalar: all of them come back as they went in.
 *
 * @param input what the work was given
 * @param output what it gave back
 * @param error what went wrong; a span with an error, even JSON {@code null}, has failed
 * @param metadata the user's own keys, searchable
 * @param attributes the instrumentation's attributes
 * @param requestContext the request's context
 */
public record Payload(
    @Nullable Json input,
    @Nullable Json output,
    @Nullable Json error,
    @Nullable Json metadata,
    @Nullable Json attributes,
    @Nullable Json requestContext) {
  /** A payload in which everything is absent. */
  public static final Payload NONE = builder().build();

  /** A builder in which nothing is set. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects the values by name. Not thread-safe. */
  public static final class Builder {
    private @Nullable Json input;
    private @Nullable Json output;
    private @Nullable Json error;
    private @Nullable Json metadata;
    private @Nullable Json attributes;
    private @Nullable Json requestContext;

    private Builder() {}

    /** Sets what the work was given. */
    public Builder input(@Nullable Json value) {
      input = value;
      return this;
    }

    /** Sets what it gave back. */
    public Builder output(@Nullable Json value) {
      output = value;
      return this;
    }

    /** Sets what went wrong. */
    public Builder error(@Nullable Json value) {
      error = value;
      return this;
    }

    /** Sets the user's own keys, searchable. */
    public Builder metadata(@Nullable Json value) {
      metadata = value;
      return this;
    }

    /** Sets the instrumentation's attributes. */
    public Builder attributes(@Nullable Json value) {
      attributes = value;
      return this;
    }

    /** Sets the request's context. */
    public Builder requestContext(@Nullable Json value) {
      requestContext = value;
      return this;
    }

    /** The immutable result. */
    public Payload build() {
      return new Payload(input, output, error, metadata, attributes, requestContext);
    }
  }
}
