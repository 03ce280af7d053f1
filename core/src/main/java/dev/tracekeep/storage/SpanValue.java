package dev.tracekeep.storage;

import org.jspecify.annotations.Nullable;

/**
 * One of the values that {@link ObservabilityStorage#listValues} finds.
 *
 * @param text the value
 * @param spans how many spans have it; null unless the query asked for counts
 */
public record SpanValue(String text, @Nullable Long spans) {}
