package dev.tracekeep.storage;

import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.TraceKey;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A question for the values that stand in the spans of a tenant: the services, the span names of a
 * service, models, tags, names of attributes. Each is listed once, in {@link #ORDER}. Immutable and
 * thread-safe.
 *
 * @see ObservabilityStorage#listValues
 */
public final class ValueQuery {
  /**
   * The order of values: by code point, which is the byte order of UTF-8. {@link String#compareTo}
   * differs where characters beyond U+FFFF meet those from U+E000 on.
   */
  public static final Comparator<String> ORDER = ValueQuery::compare;

  /** How many values a page has if nothing is said. */
  public static final int DEFAULT_LIMIT = 100;

  /** How many values a page may have. */
  public static final int MAX_LIMIT = 1000;

  private final String tenantId;
  private final ValueSource source;
  private final SpanFilter filter;
  private final String prefix;
  private final boolean counts;
  private final int limit;
  private final @Nullable String after;

  private ValueQuery(Builder builder) {
    this.tenantId = builder.tenantId;
    this.source = builder.source;
    this.filter = builder.filter;
    this.prefix = builder.prefix;
    this.counts = builder.counts;
    this.limit = builder.limit;
    this.after =
        builder.cursor == null ? null : ListCursor.decode(builder.cursor, fingerprint(), 1).get(0);
  }

  /**
   * Asks for the values of a text column.
   *
   * @throws IllegalArgumentException if the column is no text, or the tenant's
   */
  public static Builder ofColumn(String tenantId, SpanColumn column) {
    return new Builder(tenantId, new ValueSource.Column(column));
  }

  /** Asks for the tags. */
  public static Builder ofTags(String tenantId) {
    return new Builder(tenantId, new ValueSource.Tags());
  }

  /** Asks for the values of a member: see {@link ValueSource.MemberValues}. */
  public static Builder ofMember(String tenantId, SpanColumn column, List<String> path) {
    return new Builder(tenantId, new ValueSource.MemberValues(column, path));
  }

  /** Asks for the names of members: see {@link ValueSource.MemberNames}. */
  public static Builder ofMemberNames(String tenantId, SpanColumn column, List<String> path) {
    return new Builder(tenantId, new ValueSource.MemberNames(column, path));
  }

  private static int compare(String a, String b) {
    int length = Math.min(a.length(), b.length());
    for (int i = 0; i < length; i++) {
      char left = a.charAt(i);
      char right = b.charAt(i);
      if (left != right) {
        boolean leftBeyond = Character.isSurrogate(left);
        return leftBeyond == Character.isSurrogate(right)
            ? Character.compare(left, right)
            : leftBeyond ? 1 : -1;
      }
    }
    return Integer.compare(a.length(), b.length());
  }

  /** Whose spans. */
  public String tenantId() {
    return tenantId;
  }

  /** Where the values come from. */
  public ValueSource source() {
    return source;
  }

  /** What a span must be for its values to count. */
  public SpanFilter filter() {
    return filter;
  }

  /** What each value starts with; empty for any. */
  public String prefix() {
    return prefix;
  }

  /** Whether each value comes with the number of spans that have it. */
  public boolean wantsCounts() {
    return counts;
  }

  /** How many values a page has at most. */
  public int limit() {
    return limit;
  }

  /** The last value of the page before; empty for the first page. */
  public Optional<String> after() {
    return Optional.ofNullable(after);
  }

  /**
   * The cursor for the page behind the given value, for stores that fill their pages themselves.
   */
  public String cursorBehind(SpanValue value) {
    return ListCursor.encode(fingerprint(), List.of(value.text()));
  }

  /** Collects the next values from spans one by one, in memory that the limit bounds. */
  public Collector collector(int values) {
    return new Collector(this, values);
  }

  private List<String> fingerprint() {
    return List.of(
        "values", tenantId, source.toString(), filter.toString(), prefix, String.valueOf(counts));
  }

  /**
   * The values of spans that are added one by one: the contract of a page, for stores and for
   * tests. It never holds more values than it was told. Not thread-safe.
   */
  public static final class Collector {
    private final ValueQuery query;
    private final int size;
    private final TreeMap<String, Long> found = new TreeMap<>(ORDER);

    private Collector(ValueQuery query, int size) {
      this.query = query;
      this.size = size;
    }

    /**
     * Adds a span of the query's tenant, if it passes the filter.
     *
     * @param row gives the values of the filter's columns and of the source's
     */
    public void add(Function<SpanColumn, @Nullable Object> row) {
      if (query.filter.matches(row)) {
        query.source.valuesOf(row).forEach(this::add);
      }
    }

    private void add(String value) {
      if (!value.startsWith(query.prefix)
          || (query.after != null && ORDER.compare(value, query.after) <= 0)
          || (found.size() == size && ORDER.compare(value, found.lastKey()) > 0)) {
        return;
      }
      found.merge(value, 1L, Long::sum);
      if (found.size() > size) {
        found.pollLastEntry(); // so many come before it: it is on no page that is filled here
      }
    }

    /** The first values behind the query's position, in order. */
    public List<SpanValue> values() {
      List<SpanValue> values = new ArrayList<>();
      for (Map.Entry<String, Long> entry : found.entrySet()) {
        values.add(new SpanValue(entry.getKey(), query.counts ? entry.getValue() : null));
      }
      return values;
    }
  }

  /** Collects what is asked. Not thread-safe. */
  public static final class Builder {
    private final String tenantId;
    private final ValueSource source;
    private SpanFilter filter = SpanFilter.ANY;
    private String prefix = "";
    private boolean counts;
    private int limit = DEFAULT_LIMIT;
    private @Nullable String cursor;

    private Builder(String tenantId, ValueSource source) {
      new TraceKey(tenantId, "any"); // refuses a bad tenant by name
      this.tenantId = tenantId;
      this.source = source;
    }

    /** The spans pass this filter, besides those given before. */
    public Builder filter(SpanFilter value) {
      filter = filter.and(value);
      return this;
    }

    /** The values start with this text, compared literally. */
    public Builder prefix(String value) {
      // Cleaned like the text of a column, which is what it is compared with in most questions.
      prefix = (String) SpanColumn.NAME.checked(value);
      return this;
    }

    /**
     * Each value comes with the number of spans that have it. Without, a store may find the values
     * by an index and read no span at all.
     */
    public Builder counts() {
      counts = true;
      return this;
    }

    /**
     * How many values the page has at most; may change from page to page.
     *
     * @throws IllegalArgumentException if not between 1 and {@value ValueQuery#MAX_LIMIT}
     */
    public Builder limit(int value) {
      limit = Page.requireLimit(value, MAX_LIMIT, "values");
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
    public ValueQuery build() {
      return new ValueQuery(this);
    }
  }
}
