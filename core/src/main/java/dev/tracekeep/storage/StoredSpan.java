package dev.tracekeep.storage;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanVersion;

/**
 * A span as it lies in a store.
 *
 * @param span the whole span
 * @param version the version that is stored for it; that of its content, unless somebody else has
 *     changed the row
 */
public record StoredSpan(Span span, SpanVersion version) {}
