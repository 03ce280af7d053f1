package dev.tracekeep.storage;

import dev.tracekeep.span.FixedPoint;
import dev.tracekeep.span.SpanColumn;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One group of a {@link SpanAggregation}. Immutable and thread-safe, with value equality.
 *
 * @param group the group's value in each of the columns that the question groups by, null where its
 *     spans have none; unmodifiable
 * @param from the start of the group's part of time; null where the question does not divide time
 * @param spans how many spans are in the group; at least 1
 * @param errors how many of them have an error
 * @param percentiles each percentile that the question asks for and its duration; empty where no
 *     span of the group ended; unmodifiable, ascending
 * @param sums of each column that the question sums up, exact, without those that no span of the
 *     group has a number in; unmodifiable
 */
public record SpanAggregate(
    List<@Nullable String> group,
    @Nullable Instant from,
    long spans,
    long errors,
    Map<Integer, Duration> percentiles,
    Map<SpanColumn, BigDecimal> sums) {
  /** Copies what is mutable; a sum has one spelling. */
  public SpanAggregate {
    group = Collections.unmodifiableList(new ArrayList<>(group));
    percentiles = Collections.unmodifiableMap(new TreeMap<>(percentiles));
    Map<SpanColumn, BigDecimal> copy = new LinkedHashMap<>();
    new TreeMap<>(sums).forEach((column, sum) -> copy.put(column, FixedPoint.canonical(sum)));
    sums = Collections.unmodifiableMap(copy);
  }
}
