package dev.tracekeep.storage;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.Times;
import dev.tracekeep.span.TraceKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A question for counts, durations and sums over the spans of a tenant, in groups: tokens and cost
 * by model and day, errors and the 95th percentile by name. Immutable and thread-safe.
 *
 * <p>A group is what has the same values in the columns that are grouped by, and started in the
 * same part of time. Parts of time are multiples of a width since 1970-01-01T00:00Z: days are days
 * of UTC.
 *
 * <p>A percentile is by nearest rank: the shortest duration such that at least so many hundredths
 * of the group's ended spans lasted no longer. It is the duration of a span, never something
 * between two, so that all engines agree.
 *
 * @see ObservabilityStorage#aggregate
 */
public final class SpanAggregation {
  /** How many columns may be grouped by. */
  public static final int MAX_COLUMNS = 2;

  /** How many groups an answer may have. */
  public static final int MAX_GROUPS = 10_000;

  /** The narrowest part of time. */
  public static final Duration MIN_WIDTH = Duration.ofSeconds(1);

  /** The order of an answer: by time, then by the columns; what is absent comes last. */
  public static final Comparator<SpanAggregate> ORDER =
      Comparator.comparing(SpanAggregate::from, Comparator.nullsLast(Comparator.naturalOrder()))
          .thenComparing(SpanAggregate::group, SpanAggregation::compareGroups);

  private final String tenantId;
  private final SpanFilter filter;
  private final List<SpanColumn> columns;
  private final @Nullable Duration width;
  private final List<Integer> percentiles;
  private final List<SpanColumn> sums;

  private SpanAggregation(Builder builder) {
    this.tenantId = builder.tenantId;
    this.filter = builder.filter;
    this.columns = List.copyOf(builder.columns);
    this.width = builder.width;
    this.percentiles = List.copyOf(builder.percentiles);
    this.sums = List.copyOf(builder.sums);
  }

  /** Counts all spans of a tenant in one group. */
  public static Builder builder(String tenantId) {
    return new Builder(tenantId);
  }

  private static int compareGroups(List<@Nullable String> a, List<@Nullable String> b) {
    Comparator<@Nullable String> values = Comparator.nullsLast(ValueQuery.ORDER);
    for (int i = 0; i < a.size(); i++) {
      int order = values.compare(a.get(i), b.get(i));
      if (order != 0) {
        return order;
      }
    }
    return 0;
  }

  /** Whose spans. */
  public String tenantId() {
    return tenantId;
  }

  /** What a span must be to be counted. */
  public SpanFilter filter() {
    return filter;
  }

  /** The text columns that are grouped by, in the order given; unmodifiable. */
  public List<SpanColumn> columns() {
    return columns;
  }

  /** How wide the parts of time are; empty where time is not divided. */
  public Optional<Duration> width() {
    return Optional.ofNullable(width);
  }

  /** The percentiles of the durations, from 1 to 100, each once, ascending; unmodifiable. */
  public List<Integer> percentiles() {
    return percentiles;
  }

  /** The number columns that are summed up, in table order; unmodifiable. */
  public List<SpanColumn> sums() {
    return sums;
  }

  /** The columns that {@link Collector#add} asks for, in table order. */
  public List<SpanColumn> columnsRead() {
    Set<SpanColumn> read = filter.columns();
    read.addAll(columns);
    read.addAll(sums);
    read.add(SpanColumn.STARTED_AT);
    read.add(SpanColumn.ENDED_AT);
    read.add(SpanColumn.ERROR);
    return List.copyOf(read);
  }

  /** Starts an answer to which spans are added one by one. */
  public Collector collector() {
    return new Collector(this);
  }

  /** The start of the part of time that an instant lies in; null where time is not divided. */
  public @Nullable Instant partOf(Instant startedAt) {
    if (width == null) {
      return null;
    }
    long nanos = EpochNanos.of(startedAt);
    return EpochNanos.toInstant(nanos - Math.floorMod(nanos, width.toNanos()));
  }

  /**
   * The answer over spans that are added one by one: the contract, for stores and for tests. It
   * keeps eight bytes for each span if percentiles are asked for, and nothing of a span otherwise.
   * Not thread-safe.
   */
  public static final class Collector {
    private final SpanAggregation question;
    private final Map<List<@Nullable Object>, Group> groups = new HashMap<>();

    private Collector(SpanAggregation question) {
      this.question = question;
    }

    /**
     * Adds a span of the question's tenant, if it passes the filter.
     *
     * @param row gives the values of {@link #columnsRead()}; of the error only its presence counts
     * @throws StorageException of kind {@link FailureKind#INVALID} if there are more than {@value
     *     SpanAggregation#MAX_GROUPS} groups
     */
    public void add(Function<SpanColumn, @Nullable Object> row) {
      if (question.filter.matches(row)) {
        addPassing(row);
      }
    }

    /**
     * Adds a span that passes the filter, as the engine has decided.
     *
     * @param row gives the values of {@link #columnsRead()} but for those of the filter
     * @throws StorageException of kind {@link FailureKind#INVALID} if there are more than {@value
     *     SpanAggregation#MAX_GROUPS} groups
     */
    public void addPassing(Function<SpanColumn, @Nullable Object> row) {
      Instant startedAt = (Instant) Objects.requireNonNull(row.apply(SpanColumn.STARTED_AT));
      List<@Nullable Object> key = new ArrayList<>();
      key.add(question.partOf(startedAt));
      question.columns.forEach(column -> key.add(row.apply(column)));
      Group group = groups.get(key);
      if (group == null) {
        if (groups.size() == MAX_GROUPS) {
          throw tooManyGroups();
        }
        group = new Group(question);
        groups.put(key, group);
      }
      group.add(row, startedAt);
    }

    /** The groups in {@link #ORDER}. */
    public List<SpanAggregate> groups() {
      List<SpanAggregate> answer = new ArrayList<>();
      groups.forEach(
          (key, group) -> {
            List<@Nullable String> values = new ArrayList<>();
            key.subList(1, key.size()).forEach(value -> values.add((String) value));
            answer.add(group.toAggregate(values, (Instant) key.get(0)));
          });
      answer.sort(ORDER);
      return answer;
    }
  }

  /** Says that an answer has more groups than one may have. */
  public static StorageException tooManyGroups() {
    return new StorageException(
        FailureKind.INVALID,
        "The question has more than "
            + MAX_GROUPS
            + " groups: group by fewer columns, by wider parts of time, or filter.",
        null);
  }

  private static final class Group {
    private final List<Integer> wanted;
    private final NumberSums sums;
    private long spans;
    private long errors;
    private long[] durations = new long[8];
    private int ended;

    Group(SpanAggregation question) {
      this.wanted = question.percentiles;
      this.sums = new NumberSums(question.sums);
    }

    void add(Function<SpanColumn, @Nullable Object> row, Instant startedAt) {
      spans++;
      errors += row.apply(SpanColumn.ERROR) == null ? 0 : 1;
      sums.add(row);
      Duration duration = Times.duration(startedAt, (Instant) row.apply(SpanColumn.ENDED_AT));
      if (duration != null && !wanted.isEmpty()) {
        if (ended == durations.length) {
          durations = Arrays.copyOf(durations, 2 * ended);
        }
        durations[ended++] = duration.toNanos();
      }
    }

    SpanAggregate toAggregate(List<@Nullable String> values, @Nullable Instant from) {
      Map<Integer, Duration> percentiles = new TreeMap<>();
      if (ended > 0) {
        Arrays.sort(durations, 0, ended);
        for (int percentile : wanted) {
          percentiles.put(percentile, Duration.ofNanos(durations[rank(percentile, ended) - 1]));
        }
      }
      return new SpanAggregate(values, from, spans, errors, percentiles, sums.toMap());
    }
  }

  /** The nearest rank, from 1: in whole numbers, because 0.07 × 100 is more than 7. */
  private static int rank(int percentile, int count) {
    return (int) (((long) percentile * count + 99) / 100);
  }

  /** Collects what is asked. Not thread-safe. */
  public static final class Builder {
    private final String tenantId;
    private SpanFilter filter = SpanFilter.ANY;
    private final Set<SpanColumn> columns = new LinkedHashSet<>();
    private @Nullable Duration width;
    private final Set<Integer> percentiles = new TreeSet<>();
    private final Set<SpanColumn> sums = EnumSet.noneOf(SpanColumn.class);

    private Builder(String tenantId) {
      new TraceKey(tenantId, "any"); // refuses a bad tenant by name
      this.tenantId = tenantId;
    }

    /** The spans pass this filter, besides those given before. */
    public Builder filter(SpanFilter value) {
      filter = filter.and(value);
      return this;
    }

    /**
     * Groups by a text column, besides those given before.
     *
     * @throws IllegalArgumentException if it is no text, or one more than {@value
     *     SpanAggregation#MAX_COLUMNS}
     */
    public Builder by(SpanColumn column) {
      if (column.type() != SpanColumn.Type.TEXT) {
        throw new IllegalArgumentException(column.columnName() + " cannot be grouped by");
      }
      columns.add(column);
      if (columns.size() > MAX_COLUMNS) {
        columns.remove(column);
        throw new IllegalArgumentException("At most " + MAX_COLUMNS + " columns can be grouped by");
      }
      return this;
    }

    /**
     * Divides time into parts of that width.
     *
     * @throws IllegalArgumentException if it is less than {@link SpanAggregation#MIN_WIDTH} or more
     *     than {@link Times#LONGEST}
     */
    public Builder every(Duration value) {
      if (value.compareTo(MIN_WIDTH) < 0 || value.compareTo(Times.LONGEST) > 0) {
        throw new IllegalArgumentException(
            "A part of time is " + value + ": at least " + MIN_WIDTH + " is needed");
      }
      width = value;
      return this;
    }

    /**
     * Asks for a percentile of the durations, besides those given before.
     *
     * @throws IllegalArgumentException if it is not from 1 to 100
     */
    public Builder percentile(int value) {
      if (value < 1 || value > 100) {
        throw new IllegalArgumentException("percentile is " + value + ": it is from 1 to 100");
      }
      percentiles.add(value);
      return this;
    }

    /**
     * Sums up a number column, besides those given before.
     *
     * @throws IllegalArgumentException if it holds no numbers
     */
    public Builder sum(SpanColumn column) {
      if (column.type() != SpanColumn.Type.NUMBER) {
        throw new IllegalArgumentException(column.columnName() + " is no number");
      }
      sums.add(column);
      return this;
    }

    /** The immutable question. */
    public SpanAggregation build() {
      return new SpanAggregation(this);
    }
  }
}
