package dev.tracekeep.storage;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.TraceKey;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A question for a list of spans across the traces of a tenant. Immutable and thread-safe.
 *
 * @see ObservabilityStorage#listSpans
 */
public final class SpanQuery {
  /** How many spans a page has if nothing is said. */
  public static final int DEFAULT_LIMIT = 10;

  /** How many spans a page may have. */
  public static final int MAX_LIMIT = 1000;

  private final String tenantId;
  private final SpanFilter filter;
  private final SpanOrder order;
  private final int limit;
  private final @Nullable SpanPosition after;

  private SpanQuery(Builder builder) {
    this.tenantId = builder.tenantId;
    this.filter = builder.filter;
    this.order = builder.order;
    this.limit = builder.limit;
    this.after =
        builder.cursor == null ? null : ListCursor.spanPosition(builder.cursor, fingerprint());
  }

  /** Asks for all spans of a tenant, latest start first. */
  public static Builder builder(String tenantId) {
    return new Builder(tenantId);
  }

  /** Whose spans. */
  public String tenantId() {
    return tenantId;
  }

  /** What each span must be. */
  public SpanFilter filter() {
    return filter;
  }

  /** The order of the list. */
  public SpanOrder order() {
    return order;
  }

  /** How many spans a page has at most. */
  public int limit() {
    return limit;
  }

  /** The last span of the page before; empty for the first page. */
  public Optional<SpanPosition> after() {
    return Optional.ofNullable(after);
  }

  /** Whether a span is listed, on whichever page: the contract, for stores and for tests. */
  public boolean matches(Span span) {
    return span.key().tenantId().equals(tenantId) && filter.matches(span);
  }

  /**
   * The cursor for the page behind the given span, for stores that fill their pages themselves.
   *
   * @param span the last span of the page
   */
  public String cursorBehind(Span span) {
    return ListCursor.encode(fingerprint(), ListCursor.of(order.positionOf(span)));
  }

  private List<String> fingerprint() {
    return List.of("spans", tenantId, filter.toString(), order.name());
  }

  /** Collects what is asked. Not thread-safe. */
  public static final class Builder {
    private final String tenantId;
    private SpanFilter filter = SpanFilter.ANY;
    private SpanOrder order = SpanOrder.STARTED_AT_DESCENDING;
    private int limit = DEFAULT_LIMIT;
    private @Nullable String cursor;

    private Builder(String tenantId) {
      new TraceKey(tenantId, "any"); // refuses a bad tenant by name
      this.tenantId = tenantId;
    }

    /** The spans pass this filter, besides those given before. */
    public Builder filter(SpanFilter value) {
      filter = filter.and(value);
      return this;
    }

    /** The order; {@link SpanOrder#STARTED_AT_DESCENDING} if never called. */
    public Builder order(SpanOrder value) {
      order = Objects.requireNonNull(value, "order");
      return this;
    }

    /**
     * How many spans the page has at most; may change from page to page.
     *
     * @throws IllegalArgumentException if not between 1 and {@value SpanQuery#MAX_LIMIT}
     */
    public Builder limit(int value) {
      limit = Page.requireLimit(value, MAX_LIMIT, "spans");
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
    public SpanQuery build() {
      return new SpanQuery(this);
    }
  }
}
