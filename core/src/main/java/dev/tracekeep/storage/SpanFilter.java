package dev.tracekeep.storage;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanStatus;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What one span must be: a conjunction of {@link SpanCondition}s, all on the same span. A condition
 * that is given twice must hold twice, and two that exclude each other find nothing; none takes
 * another's place. Immutable and thread-safe, with value equality.
 *
 * <p>A condition on members of JSON makes a store read that column of every span which passes the
 * other conditions and what the engine can narrow by. All others are decided by the engine alone.
 */
public final class SpanFilter {
  /** Every span. */
  public static final SpanFilter ANY = new SpanFilter(List.of());

  private final List<SpanCondition> conditions;

  private SpanFilter(List<SpanCondition> conditions) {
    this.conditions = List.copyOf(conditions);
  }

  /** Starts with every span. */
  public static Builder builder() {
    return new Builder();
  }

  /** The spans for which all of these hold. */
  public static SpanFilter of(List<SpanCondition> conditions) {
    return conditions.isEmpty() ? ANY : new SpanFilter(conditions);
  }

  /** The conditions in the order in which they were given; unmodifiable. */
  public List<SpanCondition> conditions() {
    return conditions;
  }

  /** Whether every span passes. */
  public boolean isAny() {
    return conditions.isEmpty();
  }

  /** The spans that pass both. */
  public SpanFilter and(SpanFilter other) {
    List<SpanCondition> both = new ArrayList<>(conditions);
    both.addAll(other.conditions);
    return of(both);
  }

  /** The columns that the conditions look at. */
  public Set<SpanColumn> columns() {
    Set<SpanColumn> columns = EnumSet.noneOf(SpanColumn.class);
    conditions.forEach(condition -> columns.addAll(condition.columns()));
    return columns;
  }

  /**
   * Whether the span passes. In a {@linkplain Span#isLight() light} span the heavy columns are
   * absent: what asks for one needs the whole span.
   */
  public boolean matches(Span span) {
    return matches(column -> column.read(span));
  }

  /**
   * Whether a span with these values passes.
   *
   * @param row gives the value of each of {@link #columns()}, as {@link SpanColumn#read} does
   */
  public boolean matches(Function<SpanColumn, @Nullable Object> row) {
    for (SpanCondition condition : conditions) {
      if (!condition.holdsFor(row)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof SpanFilter that && conditions.equals(that.conditions);
  }

  @Override
  public int hashCode() {
    return conditions.hashCode();
  }

  /** The conditions, for people; what a cursor is bound to. */
  @Override
  public String toString() {
    return conditions.toString();
  }

  /** Collects conditions; all of them must hold. Not thread-safe. */
  public static final class Builder {
    private final List<SpanCondition> conditions = new ArrayList<>();

    private Builder() {}

    /** This condition holds. */
    public Builder condition(SpanCondition condition) {
      conditions.add(condition);
      return this;
    }

    /**
     * The column has exactly this text.
     *
     * @throws IllegalArgumentException if the column is no text, or the tenant's, which a query
     *     names itself
     */
    public Builder where(SpanColumn column, String value) {
      return condition(new SpanCondition.TextIs(column, List.of(value)));
    }

    /** The column has exactly one of these texts; columns as in {@link #where}. */
    public Builder anyOf(SpanColumn column, List<String> values) {
      return condition(new SpanCondition.TextIs(column, values));
    }

    /** The column's text starts with this one; columns as in {@link #where}. */
    public Builder startsWith(SpanColumn column, String prefix) {
      return condition(new SpanCondition.TextStartsWith(column, prefix));
    }

    /** The column has a value; a false flag and an empty list are none. */
    public Builder present(SpanColumn column) {
      return condition(new SpanCondition.Present(column, true));
    }

    /** The column has no value. */
    public Builder absent(SpanColumn column) {
      return condition(new SpanCondition.Present(column, false));
    }

    /** The span stands like this. */
    public Builder status(SpanStatus status) {
      return condition(new SpanCondition.StatusIs(status));
    }

    /** The span is a root, or is none. */
    public Builder root(boolean wanted) {
      return condition(new SpanCondition.Root(wanted));
    }

    /** The span has this tag. */
    public Builder tag(String tag) {
      return condition(new SpanCondition.HasTag(tag));
    }

    /** The span started within the range. */
    public Builder startedAt(TimeRange range) {
      return within(SpanColumn.STARTED_AT, range);
    }

    /**
     * The span ended within the range; a running one never passes, {@link TimeRange#ALL} or not.
     */
    public Builder endedAt(TimeRange range) {
      return within(SpanColumn.ENDED_AT, range);
    }

    /** The span was last changed within the range; one without that time never passes. */
    public Builder updatedAt(TimeRange range) {
      return within(SpanColumn.UPDATED_AT, range);
    }

    /** A time of the span lies within the range. */
    public Builder within(SpanColumn column, TimeRange range) {
      return condition(new SpanCondition.TimeWithin(column, range));
    }

    /** The span took at least so long; a running one never passes. */
    public Builder durationAtLeast(Duration bound) {
      return condition(new SpanCondition.DurationWithin(bound, null));
    }

    /** The span took at most so long; a running one never passes. */
    public Builder durationAtMost(Duration bound) {
      return condition(new SpanCondition.DurationWithin(null, bound));
    }

    /**
     * The number column has a number that compares so.
     *
     * @throws IllegalArgumentException if the column holds no numbers
     */
    public Builder number(SpanColumn column, Comparison comparison, BigDecimal number) {
      return condition(new SpanCondition.NumberIs(column, comparison, number));
    }

    /** The member is there; JSON {@code null} is a value. */
    public Builder hasMember(SpanColumn column, List<String> path) {
      return member(column, path, new MemberTest.Present());
    }

    /** The member means the same as the value: {@link Json#sameValue}. */
    public Builder member(SpanColumn column, List<String> path, Json value) {
      return member(column, path, new MemberTest.EqualTo(value));
    }

    /** The top-level member of that name means the same as the value. */
    public Builder member(SpanColumn column, String name, Json value) {
      return member(column, List.of(name), value);
    }

    /** The member is a number and compares so. */
    public Builder member(
        SpanColumn column, List<String> path, Comparison comparison, BigDecimal number) {
      return member(column, path, new MemberTest.Compares(comparison, number));
    }

    /** A string contains the text: the member, or any string inside of it. */
    public Builder memberContains(SpanColumn column, List<String> path, String text) {
      return member(column, path, new MemberTest.Contains(text));
    }

    private Builder member(SpanColumn column, List<String> path, MemberTest test) {
      return condition(new SpanCondition.Member(column, path, test));
    }

    /** The immutable filter. */
    public SpanFilter build() {
      return of(conditions);
    }
  }
}
