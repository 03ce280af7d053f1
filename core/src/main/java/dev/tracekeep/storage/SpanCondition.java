package dev.tracekeep.storage;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanColumn.Type;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.span.Times;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One condition on one span; a {@link SpanFilter} is a conjunction of them. {@link #holdsFor} is
 * the contract; an adapter says the same in the words of its engine, or narrows by it and asks core
 * to decide.
 *
 * <p>Text is compared literally, byte by byte of its UTF-8, without wildcards, and cleaned as that
 * of a span is, so that a writer finds what it wrote. Immutable and thread-safe, with value
 * equality.
 */
public sealed interface SpanCondition {
  /**
   * Whether it holds for a span with these values.
   *
   * @param row gives the value of each of {@link #columns()}, as {@link SpanColumn#read} does
   */
  boolean holdsFor(Function<SpanColumn, @Nullable Object> row);

  /** The columns that it looks at; unmodifiable. */
  List<SpanColumn> columns();

  /** Calls the method of this kind of condition. */
  <R> R accept(Visitor<R> visitor);

  /**
   * A method for each kind of condition, so that the compiler names the engine that forgot one. A
   * kind that a later release adds comes with a default method that refuses.
   *
   * @param <R> what is made of a condition
   */
  interface Visitor<R> {
    /** For {@link TextIs}. */
    R textIs(TextIs condition);

    /** For {@link TextStartsWith}. */
    R textStartsWith(TextStartsWith condition);

    /** For {@link Present}. */
    R present(Present condition);

    /** For {@link StatusIs}. */
    R statusIs(StatusIs condition);

    /** For {@link Root}. */
    R root(Root condition);

    /** For {@link HasTag}. */
    R hasTag(HasTag condition);

    /** For {@link TimeWithin}. */
    R timeWithin(TimeWithin condition);

    /** For {@link DurationWithin}. */
    R durationWithin(DurationWithin condition);

    /** For {@link NumberIs}. */
    R numberIs(NumberIs condition);

    /** For {@link Member}. */
    R member(Member condition);
  }

  /**
   * A text column has exactly one of some values.
   *
   * @param column any of {@link Type#TEXT} but the tenant
   * @param anyOf at least one, cleaned, each once, sorted; unmodifiable
   */
  record TextIs(SpanColumn column, List<String> anyOf) implements SpanCondition {
    /** Cleans and sorts the values. */
    public TextIs {
      requireText(column);
      TreeSet<String> values = new TreeSet<>();
      anyOf.forEach(value -> values.add((String) column.checked(value)));
      if (values.isEmpty()) {
        throw new IllegalArgumentException("No value of " + column.columnName() + " is given");
      }
      anyOf = List.copyOf(values);
    }

    @Override
    public boolean holdsFor(Function<SpanColumn, @Nullable Object> row) {
      Object value = row.apply(column);
      return value != null && anyOf.contains((String) value);
    }

    @Override
    public List<SpanColumn> columns() {
      return List.of(column);
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.textIs(this);
    }
  }

  /**
   * A text column starts with a text.
   *
   * @param column any of {@link Type#TEXT} but the tenant
   * @param prefix cleaned; empty for any value at all
   */
  record TextStartsWith(SpanColumn column, String prefix) implements SpanCondition {
    /** Cleans the text. */
    public TextStartsWith {
      requireText(column);
      prefix = (String) column.checked(prefix);
    }

    @Override
    public boolean holdsFor(Function<SpanColumn, @Nullable Object> row) {
      Object value = row.apply(column);
      return value != null && ((String) value).startsWith(prefix);
    }

    @Override
    public List<SpanColumn> columns() {
      return List.of(column);
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.textStartsWith(this);
    }
  }

  /**
   * A column has a value, or has none. A false flag and an empty list are none, as they are in a
   * span's version; JSON {@code null} is a value.
   *
   * @param column any column
   * @param wanted whether it must have one
   */
  record Present(SpanColumn column, boolean wanted) implements SpanCondition {
    /** Refuses null. */
    public Present {
      Objects.requireNonNull(column, "column");
    }

    @Override
    public boolean holdsFor(Function<SpanColumn, @Nullable Object> row) {
      Object value = row.apply(column);
      boolean isNothing =
          value == null
              || Boolean.FALSE.equals(value)
              || (value instanceof List<?> list && list.isEmpty());
      return isNothing != wanted;
    }

    @Override
    public List<SpanColumn> columns() {
      return List.of(column);
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.present(this);
    }
  }

  /**
   * How the span stands.
   *
   * @param status what {@link dev.tracekeep.span.Span#status()} must be
   */
  record StatusIs(SpanStatus status) implements SpanCondition {
    private static final List<SpanColumn> COLUMNS = List.of(SpanColumn.ERROR, SpanColumn.ENDED_AT);

    /** Refuses null. */
    public StatusIs {
      Objects.requireNonNull(status, "status");
    }

    @Override
    public boolean holdsFor(Function<SpanColumn, @Nullable Object> row) {
      boolean failed = row.apply(SpanColumn.ERROR) != null;
      boolean ended = row.apply(SpanColumn.ENDED_AT) != null;
      return switch (status) {
        case ERROR -> failed;
        case RUNNING -> !failed && !ended;
        case OK -> !failed && ended;
      };
    }

    @Override
    public List<SpanColumn> columns() {
      return COLUMNS;
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.statusIs(this);
    }
  }

  /**
   * The span has no parent, or has one.
   *
   * @param wanted what {@link dev.tracekeep.span.Span#isRoot()} must be
   */
  record Root(boolean wanted) implements SpanCondition {
    @Override
    public boolean holdsFor(Function<SpanColumn, @Nullable Object> row) {
      return (row.apply(SpanColumn.PARENT_SPAN_ID) == null) == wanted;
    }

    @Override
    public List<SpanColumn> columns() {
      return List.of(SpanColumn.PARENT_SPAN_ID);
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.root(this);
    }
  }

  /**
   * The span has a tag.
   *
   * @param tag cleaned
   */
  record HasTag(String tag) implements SpanCondition {
    /** Cleans the tag. */
    public HasTag {
      tag = (String) ((List<?>) SpanColumn.TAGS.checked(List.of(tag))).get(0);
    }

    @Override
    public boolean holdsFor(Function<SpanColumn, @Nullable Object> row) {
      Object tags = row.apply(SpanColumn.TAGS);
      return tags != null && ((List<?>) tags).contains(tag);
    }

    @Override
    public List<SpanColumn> columns() {
      return List.of(SpanColumn.TAGS);
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.hasTag(this);
    }
  }

  /**
   * A time lies within a range; an absent one lies in none.
   *
   * @param column any of {@link Type#TIME}
   * @param range the range
   */
  record TimeWithin(SpanColumn column, TimeRange range) implements SpanCondition {
    /** Refuses a column that has no times. */
    public TimeWithin {
      if (column.type() != Type.TIME) {
        throw new IllegalArgumentException(column.columnName() + " is no time");
      }
      Objects.requireNonNull(range, "range");
    }

    @Override
    public boolean holdsFor(Function<SpanColumn, @Nullable Object> row) {
      return range.contains((Instant) row.apply(column));
    }

    @Override
    public List<SpanColumn> columns() {
      return List.of(column);
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.timeWithin(this);
    }
  }

  /**
   * The span took so long; a running one has no duration and never passes.
   *
   * @param atLeast the lower bound, inclusive; null for none
   * @param atMost the upper bound, inclusive; null for none
   */
  record DurationWithin(@Nullable Duration atLeast, @Nullable Duration atMost)
      implements SpanCondition {
    private static final List<SpanColumn> COLUMNS =
        List.of(SpanColumn.STARTED_AT, SpanColumn.ENDED_AT);

    /** Refuses what no span can take: less than nothing, or more than {@link Times#LONGEST}. */
    public DurationWithin {
      check(atLeast);
      check(atMost);
    }

    private static void check(@Nullable Duration bound) {
      if (bound != null && (bound.isNegative() || bound.compareTo(Times.LONGEST) > 0)) {
        throw new IllegalArgumentException(
            "A duration is " + bound + ": spans take from 0 to " + Times.LONGEST);
      }
    }

    @Override
    public boolean holdsFor(Function<SpanColumn, @Nullable Object> row) {
      Duration duration =
          Times.duration(
              (Instant) row.apply(SpanColumn.STARTED_AT), (Instant) row.apply(SpanColumn.ENDED_AT));
      return duration != null
          && (atLeast == null || duration.compareTo(atLeast) >= 0)
          && (atMost == null || duration.compareTo(atMost) <= 0);
    }

    @Override
    public List<SpanColumn> columns() {
      return COLUMNS;
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.durationWithin(this);
    }
  }

  /**
   * A number column compares so with a number; an absent one with none.
   *
   * @param column any of {@link Type#NUMBER}
   * @param comparison how
   * @param number with what; any number, also one that the column cannot hold
   */
  record NumberIs(SpanColumn column, Comparison comparison, BigDecimal number)
      implements SpanCondition {
    /** Refuses a column that has no numbers. */
    public NumberIs {
      if (column.type() != Type.NUMBER) {
        throw new IllegalArgumentException(column.columnName() + " is no number");
      }
      Objects.requireNonNull(comparison, "comparison");
      MemberTest.Compares.requireComparable(number);
    }

    @Override
    public boolean holdsFor(Function<SpanColumn, @Nullable Object> row) {
      Object value = row.apply(column);
      return value != null && comparison.holdsFor(((BigDecimal) value).compareTo(number));
    }

    @Override
    public List<SpanColumn> columns() {
      return List.of(column);
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.numberIs(this);
    }
  }

  /**
   * A member of a JSON column passes a test.
   *
   * @param column any of {@link Type#JSON}
   * @param path the names of nested members from the column's value on; a name is taken as it is,
   *     so {@code a.b} is one name; empty for the value itself; unmodifiable
   * @param test what the member must be
   */
  record Member(SpanColumn column, List<String> path, MemberTest test) implements SpanCondition {
    /** Copies the path. */
    public Member {
      if (column.type() != Type.JSON) {
        throw new IllegalArgumentException(column.columnName() + " has no members");
      }
      path = List.copyOf(path);
      Objects.requireNonNull(test, "test");
    }

    @Override
    public boolean holdsFor(Function<SpanColumn, @Nullable Object> row) {
      Json value = (Json) row.apply(column);
      return value != null && test.passes(value.at(path));
    }

    @Override
    public List<SpanColumn> columns() {
      return List.of(column);
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.member(this);
    }
  }

  private static void requireText(SpanColumn column) {
    if (column.type() != Type.TEXT || column == SpanColumn.TENANT_ID) {
      throw new IllegalArgumentException(column.columnName() + " cannot be filtered by text");
    }
  }
}
