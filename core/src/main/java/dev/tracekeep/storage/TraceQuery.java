package dev.tracekeep.storage;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.span.TraceKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A question for a list of traces. Everything that is asked must hold: a filter that is given again
 * is one more, and takes the place of none. Immutable and thread-safe.
 *
 * <p>A trace is listed by its {@linkplain Trace#head() head}: its first root by start and span id,
 * or, where no root is stored, its first span. A list can be of traces with a stored root alone, or
 * of those without ({@link Builder#roots}). Filters named {@code root} are on the head, {@code
 * anySpan} on some span of the trace, the head included, {@code noSpan} on all of them.
 *
 * @see ObservabilityStorage#listTraces
 */
public final class TraceQuery {
  /** How many traces a page has if nothing is said. */
  public static final int DEFAULT_LIMIT = 10;

  /** How many traces a page may have. */
  public static final int MAX_LIMIT = 1000;

  private static final SpanFilter FAILED = SpanFilter.builder().present(SpanColumn.ERROR).build();

  private final String tenantId;
  private final RootPresence roots;
  private final SpanFilter root;
  private final List<SpanFilter> anySpan;
  private final List<SpanFilter> noSpan;
  private final boolean statistics;
  private final TraceOrder order;
  private final int limit;
  private final @Nullable SpanPosition after;

  private TraceQuery(Builder builder) {
    this.tenantId = builder.tenantId;
    this.roots = builder.roots;
    this.root = builder.root.build();
    this.anySpan = List.copyOf(builder.anySpan);
    this.noSpan = List.copyOf(builder.noSpan);
    this.statistics = builder.statistics;
    this.order = builder.order;
    this.limit = builder.limit;
    this.after =
        builder.cursor == null ? null : ListCursor.spanPosition(builder.cursor, fingerprint());
  }

  /** Asks for all traces of a tenant, latest start first. */
  public static Builder builder(String tenantId) {
    return new Builder(tenantId);
  }

  /** Whose traces. */
  public String tenantId() {
    return tenantId;
  }

  /** Which traces, by whether their root is stored. */
  public RootPresence roots() {
    return roots;
  }

  /** What the head must be. */
  public SpanFilter root() {
    return root;
  }

  /** What some span must be: each of these is passed by one, the same or another; unmodifiable. */
  public List<SpanFilter> anySpan() {
    return anySpan;
  }

  /** What no span may be: none of these is passed by any; unmodifiable. */
  public List<SpanFilter> noSpan() {
    return noSpan;
  }

  /** Whether each summary comes with its {@link TraceStatistics}. */
  public boolean wantsStatistics() {
    return statistics;
  }

  /** The order of the list. */
  public TraceOrder order() {
    return order;
  }

  /** How many traces a page has at most. */
  public int limit() {
    return limit;
  }

  /** The last head of the page before; empty for the first page. */
  public Optional<SpanPosition> after() {
    return Optional.ofNullable(after);
  }

  /**
   * Whether a trace with this head may be listed, as far as the head can tell: all but {@link
   * #anySpan()}, {@link #noSpan()} and the page. In a light span heavy columns are absent.
   */
  public boolean matches(Span head) {
    return head.key().tenantId().equals(tenantId)
        && (roots == RootPresence.ANY || head.isRoot() == (roots == RootPresence.STORED))
        && root.matches(head);
  }

  /**
   * Whether a trace is listed, on whichever page: the contract, for stores and for tests.
   *
   * @param trace all stored spans of the trace, whole
   */
  public boolean matches(Trace trace) {
    return matches(trace.head())
        && anySpan.stream().allMatch(filter -> trace.spans().stream().anyMatch(filter::matches))
        && noSpan.stream().allMatch(filter -> trace.spans().stream().noneMatch(filter::matches));
  }

  /**
   * The cursor for the page behind the given head, for stores that fill their pages themselves.
   *
   * @param head the last head of the page
   */
  public String cursorBehind(Span head) {
    return ListCursor.encode(fingerprint(), ListCursor.of(order.positionOf(head)));
  }

  /** Everything that a cursor is bound to: all but the limit, the statistics and the position. */
  private List<String> fingerprint() {
    return List.of(
        "traces",
        tenantId,
        roots.name(),
        root.toString(),
        anySpan.toString(),
        noSpan.toString(),
        order.name());
  }

  /** Collects filters; all of them must hold. Not thread-safe. */
  public static final class Builder {
    private final String tenantId;
    private RootPresence roots = RootPresence.ANY;
    private final SpanFilter.Builder root = SpanFilter.builder();
    private final List<SpanFilter> anySpan = new ArrayList<>();
    private final List<SpanFilter> noSpan = new ArrayList<>();
    private boolean statistics;
    private TraceOrder order = TraceOrder.STARTED_AT_DESCENDING;
    private int limit = DEFAULT_LIMIT;
    private @Nullable String cursor;

    private Builder(String tenantId) {
      new TraceKey(tenantId, "any"); // refuses a bad tenant by name
      this.tenantId = tenantId;
    }

    /** Which traces, by whether their root is stored; {@link RootPresence#ANY} if never called. */
    public Builder roots(RootPresence value) {
      roots = Objects.requireNonNull(value, "roots");
      return this;
    }

    /** The head passes this filter, besides those given before. */
    public Builder root(SpanFilter filter) {
      filter.conditions().forEach(root::condition);
      return this;
    }

    /** Some span of the trace passes this filter, and some span each of those given before. */
    public Builder anySpan(SpanFilter filter) {
      anySpan.add(Objects.requireNonNull(filter, "filter"));
      return this;
    }

    /** No span of the trace passes this filter, nor any of those given before. */
    public Builder noSpan(SpanFilter filter) {
      noSpan.add(Objects.requireNonNull(filter, "filter"));
      return this;
    }

    /**
     * The head took so long.
     *
     * @param atLeast the lower bound, inclusive; null for none
     * @param atMost the upper bound, inclusive; null for none
     */
    public Builder duration(@Nullable Duration atLeast, @Nullable Duration atMost) {
      root.condition(new SpanCondition.DurationWithin(atLeast, atMost));
      return this;
    }

    /** The head started within the range. */
    public Builder startedAt(TimeRange range) {
      root.startedAt(range);
      return this;
    }

    /** The head ended within the range; {@link TimeRange#ALL} leaves running ones out. */
    public Builder endedAt(TimeRange range) {
      root.endedAt(range);
      return this;
    }

    /** The head stands like this. */
    public Builder status(SpanStatus value) {
      root.status(value);
      return this;
    }

    /** The head has exactly this text in that column: {@link SpanFilter.Builder#where}. */
    public Builder where(SpanColumn column, String value) {
      root.where(column, value);
      return this;
    }

    /** The head has this tag. */
    public Builder tag(String tag) {
      root.tag(tag);
      return this;
    }

    /** The head's metadata is an object that has this value under this key. */
    public Builder metadata(String key, Json value) {
      root.member(SpanColumn.METADATA, key, value);
      return this;
    }

    /** The head's scope is an object that has this value under this key. */
    public Builder scope(String key, Json value) {
      root.member(SpanColumn.SCOPE, key, value);
      return this;
    }

    /** Any span of the trace, the head included, has an error; or none has. */
    public Builder hasChildError(boolean value) {
      return value ? anySpan(FAILED) : noSpan(FAILED);
    }

    /** Each summary comes with its {@link TraceStatistics}; may change from page to page. */
    public Builder withStatistics() {
      statistics = true;
      return this;
    }

    /** The order; {@link TraceOrder#STARTED_AT_DESCENDING} if never called. */
    public Builder order(TraceOrder value) {
      order = Objects.requireNonNull(value, "order");
      return this;
    }

    /**
     * How many traces the page has at most; may change from page to page.
     *
     * @throws IllegalArgumentException if not between 1 and {@value TraceQuery#MAX_LIMIT}
     */
    public Builder limit(int value) {
      limit = Page.requireLimit(value, MAX_LIMIT, "traces");
      return this;
    }

    /**
     * Goes on behind a page: its {@link Page#cursor()}. Everything but the limit must be the same.
     */
    public Builder cursor(@Nullable String value) {
      cursor = value;
      return this;
    }

    /**
     * The immutable query.
     *
     * @throws IllegalArgumentException if the cursor is no cursor, or belongs to another query
     */
    public TraceQuery build() {
      return new TraceQuery(this);
    }
  }
}
