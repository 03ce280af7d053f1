package dev.tracekeep.storage;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.span.TraceKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A question for a list of traces. All filters must hold; all are on the root span unless they say
 * otherwise. Text is compared literally and byte by byte: there are no wildcards. It is cleaned as
 * that of a span is, so that a writer finds what it wrote. Immutable and thread-safe.
 */
public final class TraceQuery {
  /** How many traces a page has if nothing is said. */
  public static final int DEFAULT_LIMIT = 10;

  /** How many traces a page may have. */
  public static final int MAX_LIMIT = 1000;

  private final String tenantId;
  private final TimeRange startedAt;
  private final TimeRange endedAt;
  private final @Nullable SpanStatus status;
  private final Map<SpanColumn, String> equal;
  private final List<String> tags;
  private final Map<String, Json> metadata;
  private final Map<String, Json> scope;
  private final @Nullable Boolean hasChildError;
  private final TraceOrder order;
  private final int limit;
  private final @Nullable Position after;

  private TraceQuery(Builder builder) {
    this.tenantId = builder.tenantId;
    this.startedAt = builder.startedAt;
    this.endedAt = builder.endedAt;
    this.status = builder.status;
    this.equal = Collections.unmodifiableMap(new EnumMap<>(builder.equal));
    this.tags = List.copyOf(builder.tags);
    this.metadata = Collections.unmodifiableMap(new TreeMap<>(builder.metadata));
    this.scope = Collections.unmodifiableMap(new TreeMap<>(builder.scope));
    this.hasChildError = builder.hasChildError;
    this.order = builder.order;
    this.limit = builder.limit;
    this.after = builder.cursor == null ? null : TraceCursor.decode(builder.cursor, this);
  }

  /** Asks for all traces of a tenant, latest start first. */
  public static Builder builder(String tenantId) {
    return new Builder(tenantId);
  }

  /** Whose traces. */
  public String tenantId() {
    return tenantId;
  }

  /** When the root started. */
  public TimeRange startedAt() {
    return startedAt;
  }

  /** When the root ended; anything but {@link TimeRange#ALL} leaves running roots out. */
  public TimeRange endedAt() {
    return endedAt;
  }

  /** How the root stands; empty for any. */
  public Optional<SpanStatus> status() {
    return Optional.ofNullable(status);
  }

  /** The text columns that must have exactly this value; unmodifiable. */
  public Map<SpanColumn, String> equal() {
    return equal;
  }

  /** The tags that must all be there; unmodifiable. */
  public List<String> tags() {
    return tags;
  }

  /** The top-level keys of the metadata and the values they must have; unmodifiable, sorted. */
  public Map<String, Json> metadata() {
    return metadata;
  }

  /** The top-level keys of the scope and the values they must have; unmodifiable, sorted. */
  public Map<String, Json> scope() {
    return scope;
  }

  /** Whether any span of the trace must (or must not) have an error; empty for either. */
  public Optional<Boolean> hasChildError() {
    return Optional.ofNullable(hasChildError);
  }

  /** The order of the list. */
  public TraceOrder order() {
    return order;
  }

  /** How many traces a page has at most. */
  public int limit() {
    return limit;
  }

  /** The last root of the page before; empty for the first page. */
  public Optional<Position> after() {
    return Optional.ofNullable(after);
  }

  /**
   * Whether a root span passes all filters but {@link #hasChildError()}, which needs the whole
   * trace, and {@link #after()}. The contract of each filter in one place, for stores and for
   * tests.
   */
  public boolean matches(Span root) {
    return root.isRoot()
        && root.key().tenantId().equals(tenantId)
        && (startedAt.equals(TimeRange.ALL) || startedAt.contains(root.times().startedAt()))
        && (endedAt.equals(TimeRange.ALL) || endedAt.contains(root.times().endedAt()))
        && (status == null || root.status() == status)
        && equal.entrySet().stream().allMatch(e -> e.getValue().equals(e.getKey().read(root)))
        && root.tags().containsAll(tags)
        && matches(root.payload().metadata(), metadata)
        && matches(root.origin().scope(), scope);
  }

  private static boolean matches(@Nullable Json object, Map<String, Json> wanted) {
    if (wanted.isEmpty()) {
      return true;
    }
    if (object == null) {
      return false;
    }
    Map<String, Json> members = object.members();
    return wanted.entrySet().stream()
        .allMatch(
            e -> {
              Json member = members.get(e.getKey());
              return member != null && e.getValue().sameValue(member);
            });
  }

  /**
   * The cursor for the page behind the given root, for stores that fill their pages themselves.
   *
   * @param root the last root of the page
   */
  public String cursorBehind(Span root) {
    return TraceCursor.encode(this, Position.of(root, order));
  }

  /** Everything that a cursor is bound to: all but the limit and the position. */
  String fingerprint() {
    return Json.array(
            List.of(
                Json.of(tenantId),
                Json.of(startedAt.toString()),
                Json.of(endedAt.toString()),
                Json.of(String.valueOf(status)),
                Json.of(equal.keySet().toString()),
                Json.array(equal.values().stream().map(Json::of).toList()),
                Json.array(tags.stream().map(Json::of).toList()),
                Json.object(metadata),
                Json.object(scope),
                Json.of(String.valueOf(hasChildError)),
                Json.of(order.name())))
        .text();
  }

  /**
   * A place in a list: what the last root of a page is sorted by.
   *
   * @param time the sorted time in nanoseconds since the epoch; null where the root has none
   * @param traceId the first tie-break
   * @param spanId the second tie-break
   */
  public record Position(@Nullable Long time, String traceId, String spanId) {
    /** Refuses what no root can have. */
    public Position {
      new SpanKey(SpanKey.DEFAULT_TENANT, traceId, spanId);
    }

    /** Where a root stands in a list of that order. */
    public static Position of(Span root, TraceOrder order) {
      Instant time = (Instant) order.column().read(root);
      return new Position(
          time == null ? null : EpochNanos.of(time), root.key().traceId(), root.key().spanId());
    }
  }

  /** Collects filters. Not thread-safe. */
  public static final class Builder {
    private final String tenantId;
    private TimeRange startedAt = TimeRange.ALL;
    private TimeRange endedAt = TimeRange.ALL;
    private @Nullable SpanStatus status;
    private final Map<SpanColumn, String> equal = new EnumMap<>(SpanColumn.class);
    private final List<String> tags = new ArrayList<>();
    private final Map<String, Json> metadata = new TreeMap<>();
    private final Map<String, Json> scope = new TreeMap<>();
    private @Nullable Boolean hasChildError;
    private TraceOrder order = TraceOrder.STARTED_AT_DESCENDING;
    private int limit = DEFAULT_LIMIT;
    private @Nullable String cursor;

    private Builder(String tenantId) {
      new TraceKey(tenantId, "any"); // refuses a bad tenant by name
      this.tenantId = tenantId;
    }

    /** The root started within the range. */
    public Builder startedAt(TimeRange range) {
      startedAt = Objects.requireNonNull(range, "range");
      return this;
    }

    /** The root ended within the range. */
    public Builder endedAt(TimeRange range) {
      endedAt = Objects.requireNonNull(range, "range");
      return this;
    }

    /** The root stands like this. */
    public Builder status(SpanStatus value) {
      status = Objects.requireNonNull(value, "status");
      return this;
    }

    /**
     * The root has exactly this text in that column: any of {@link SpanColumn.Type#TEXT} but the
     * tenant, which is given at the start, and the parent, which a root has not.
     *
     * @throws IllegalArgumentException if the column is not one of those
     */
    public Builder where(SpanColumn column, String value) {
      if (column.type() != SpanColumn.Type.TEXT
          || column == SpanColumn.TENANT_ID
          || column == SpanColumn.PARENT_SPAN_ID) {
        throw new IllegalArgumentException(column.columnName() + " cannot be filtered by text");
      }
      equal.put(column, (String) column.checked(value));
      return this;
    }

    /** The root has this tag, besides those asked for before. */
    public Builder tag(String tag) {
      List<?> cleaned = (List<?>) SpanColumn.TAGS.checked(List.of(tag));
      cleaned.forEach(element -> tags.add((String) element));
      return this;
    }

    /** The root's metadata is an object that has this value under this key. */
    public Builder metadata(String key, Json value) {
      metadata.put(key, Objects.requireNonNull(value, "value"));
      return this;
    }

    /** The root's scope is an object that has this value under this key. */
    public Builder scope(String key, Json value) {
      scope.put(key, Objects.requireNonNull(value, "value"));
      return this;
    }

    /** Any span of the trace, the root included, has an error; or none has. */
    public Builder hasChildError(boolean value) {
      hasChildError = value;
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
      if (value < 1 || value > MAX_LIMIT) {
        throw new IllegalArgumentException(
            "limit is " + value + ": a page has 1 to " + MAX_LIMIT + " traces");
      }
      limit = value;
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
