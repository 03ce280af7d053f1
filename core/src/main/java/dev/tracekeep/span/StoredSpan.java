package dev.tracekeep.span;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A span and the version under which a store keeps it. Immutable and thread-safe.
 *
 * <p>The version is usually {@link Span#version()}, and then not worked out before somebody asks
 * for it. It is higher where a late update filled absent fields: see {@link SpanUpdate#applyTo}.
 */
public final class StoredSpan {
  private final Span span;
  private final @Nullable SpanVersion version;

  /**
   * @param span the span
   * @param version its rank among the descriptions of the same key
   */
  public StoredSpan(Span span, SpanVersion version) {
    this.span = Objects.requireNonNull(span, "span");
    this.version = Objects.requireNonNull(version, "version");
  }

  private StoredSpan(Span span) {
    this.span = Objects.requireNonNull(span, "span");
    this.version = null;
  }

  /** The span under the version of its content. */
  public static StoredSpan of(Span span) {
    return new StoredSpan(span);
  }

  /** The span. */
  public Span span() {
    return span;
  }

  /** Its rank among the descriptions of the same key. */
  public SpanVersion version() {
    return version == null ? span.version() : version;
  }

  /** The identity of the span. */
  public SpanKey key() {
    return span.key();
  }

  /** The better one of two descriptions of the same span; this one if they are equal. */
  public StoredSpan orBetter(StoredSpan other) {
    if (!key().equals(other.key())) {
      throw new IllegalArgumentException(key() + " and " + other.key() + " are two spans");
    }
    return other.version().compareTo(version()) > 0 ? other : this;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof StoredSpan that
        && span.equals(that.span)
        && version().equals(that.version());
  }

  @Override
  public int hashCode() {
    return span.hashCode();
  }

  /** The span and its version. */
  @Override
  public String toString() {
    return "StoredSpan[" + span + " " + version() + "]";
  }
}
