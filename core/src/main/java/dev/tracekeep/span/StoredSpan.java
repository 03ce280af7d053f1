package dev.tracekeep.span;

import java.util.Objects;

/**
 * A span and the version under which a store keeps it.
 *
 * <p>The version is usually {@link Span#version()}. It is higher where a late update filled absent
 * fields: see {@link SpanUpdate#applyTo}.
 *
 * @param span the span
 * @param version its rank among the descriptions of the same key
 */
public record StoredSpan(Span span, SpanVersion version) {
  /** Neither part is null. */
  public StoredSpan {
    Objects.requireNonNull(span, "span");
    Objects.requireNonNull(version, "version");
  }

  /** The span under the version of its content. */
  public static StoredSpan of(Span span) {
    return new StoredSpan(span, span.version());
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
    return other.version.compareTo(version) > 0 ? other : this;
  }
}
