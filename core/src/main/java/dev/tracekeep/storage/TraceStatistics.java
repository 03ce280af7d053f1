package dev.tracekeep.storage;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.span.UsageSum;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A trace over all of its stored spans. Immutable and thread-safe, with value equality.
 *
 * @param spans how many spans are stored; at least 1
 * @param errors how many of them have an error
 * @param running how many have neither an error nor an end
 * @param orphans how many name a parent that is not stored in the trace
 * @param startedAt the first start
 * @param lastEndedAt the last end of those that ended; null where none did
 * @param services the services that took part, each once, in {@link ValueQuery#ORDER}; unmodifiable
 * @param sums of each number column the sum over the spans that have one there, by the rule of
 *     {@link UsageSum}: what a span repeats of those below it counts once; without those columns
 *     that no span has; unmodifiable
 */
public record TraceStatistics(
    long spans,
    long errors,
    long running,
    long orphans,
    Instant startedAt,
    @Nullable Instant lastEndedAt,
    List<String> services,
    Map<SpanColumn, BigDecimal> sums) {
  /**
   * The columns that are looked at, in table order. Of the error only its presence counts, so a
   * store may give {@link dev.tracekeep.span.Json#NULL} for any.
   */
  public static final List<SpanColumn> COLUMNS =
      SpanColumn.all().stream()
          .filter(
              column ->
                  column.isRequired() && column != SpanColumn.TAGS
                      || column.type() == SpanColumn.Type.NUMBER
                      || EnumSet.of(
                              SpanColumn.PARENT_SPAN_ID,
                              SpanColumn.ENDED_AT,
                              SpanColumn.SERVICE_NAME,
                              SpanColumn.ERROR)
                          .contains(column))
          .toList();

  /** Copies what is mutable. */
  public TraceStatistics {
    services = List.copyOf(services);
    sums = Collections.unmodifiableMap(new EnumMap<>(withKeyType(sums)));
  }

  private static EnumMap<SpanColumn, BigDecimal> withKeyType(Map<SpanColumn, BigDecimal> sums) {
    EnumMap<SpanColumn, BigDecimal> copy = new EnumMap<>(SpanColumn.class);
    copy.putAll(sums);
    return copy;
  }

  /**
   * What these spans come to: the contract, for stores and for tests.
   *
   * @param trace all stored spans of one trace, each once, with at least {@link #COLUMNS}
   * @throws IllegalArgumentException if there is none
   */
  public static TraceStatistics of(Collection<Span> trace) {
    if (trace.isEmpty()) {
      throw new IllegalArgumentException("A trace has at least one span");
    }
    Set<String> ids = new HashSet<>();
    trace.forEach(span -> ids.add(span.key().spanId()));
    long errors = 0;
    long running = 0;
    long orphans = 0;
    Instant first = Instant.MAX;
    Instant last = null;
    Set<String> services = new TreeSet<>(ValueQuery.ORDER);
    NumberSums sums = new NumberSums();
    for (Span span : trace) {
      errors += span.status() == SpanStatus.ERROR ? 1 : 0;
      running += span.status() == SpanStatus.RUNNING ? 1 : 0;
      orphans += span.isRoot() || ids.contains(span.parentSpanId()) ? 0 : 1;
      Instant start = span.times().startedAt();
      first = start.isBefore(first) ? start : first;
      Instant end = span.times().endedAt();
      last = end != null && (last == null || end.isAfter(last)) ? end : last;
      String service = span.origin().serviceName();
      if (service != null) {
        services.add(service);
      }
    }
    sums.add(UsageSum.of(trace).numbers()::get);
    return new TraceStatistics(
        trace.size(),
        errors,
        running,
        orphans,
        first,
        last,
        new ArrayList<>(services),
        sums.toMap());
  }

  /** The last end; empty where no span ended. */
  public Optional<Instant> endedAt() {
    return Optional.ofNullable(lastEndedAt);
  }

  /** The sum of a number column; empty where no span has a number there. */
  public Optional<BigDecimal> sum(SpanColumn column) {
    return Optional.ofNullable(sums.get(column));
  }
}
