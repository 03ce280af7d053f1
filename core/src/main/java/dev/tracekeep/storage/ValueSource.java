package dev.tracekeep.storage;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanColumn.Type;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Where the values of a {@link ValueQuery} come from. {@link #valuesOf} is the contract. Immutable
 * and thread-safe, with value equality.
 */
public sealed interface ValueSource {
  /**
   * The values that a span has, each once.
   *
   * @param row gives the value of {@link #column()}, as {@link SpanColumn#read} does
   */
  Set<String> valuesOf(Function<SpanColumn, @Nullable Object> row);

  /** The column that is read. */
  SpanColumn column();

  /**
   * The text of a column.
   *
   * @param column any of {@link Type#TEXT} but the tenant
   */
  record Column(SpanColumn column) implements ValueSource {
    /** Refuses a column that has no text. */
    public Column {
      if (column.type() != Type.TEXT || column == SpanColumn.TENANT_ID) {
        throw new IllegalArgumentException(column.columnName() + " has no values to list");
      }
    }

    @Override
    public Set<String> valuesOf(Function<SpanColumn, @Nullable Object> row) {
      Object value = row.apply(column);
      return value == null ? Set.of() : Set.of((String) value);
    }
  }

  /** The tags. */
  record Tags() implements ValueSource {
    @Override
    public Set<String> valuesOf(Function<SpanColumn, @Nullable Object> row) {
      Set<String> tags = new LinkedHashSet<>();
      Object value = row.apply(SpanColumn.TAGS);
      if (value != null) {
        ((List<?>) value).forEach(tag -> tags.add((String) tag));
      }
      return tags;
    }

    @Override
    public SpanColumn column() {
      return SpanColumn.TAGS;
    }
  }

  /**
   * The value of a member where it is a string, a number or a boolean: a string's characters, the
   * others as they are spelled. It is cleaned as text columns are.
   *
   * @param column any of {@link Type#JSON}
   * @param path the names of nested members, as in {@link SpanCondition.Member}; unmodifiable
   */
  record MemberValues(SpanColumn column, List<String> path) implements ValueSource {
    /** Copies the path. */
    public MemberValues {
      requireJson(column);
      path = List.copyOf(path);
    }

    @Override
    public Set<String> valuesOf(Function<SpanColumn, @Nullable Object> row) {
      Json value = (Json) row.apply(column);
      Json member = value == null ? null : value.at(path);
      if (member == null) {
        return Set.of();
      }
      return switch (member.kind()) {
        case STRING, NUMBER, BOOLEAN -> Set.of(clean(member.asText()));
        case OBJECT, ARRAY, NULL -> Set.of();
      };
    }
  }

  /**
   * The names of the members of an object, cleaned as text columns are.
   *
   * @param column any of {@link Type#JSON}
   * @param path the names of nested members down to the object; empty for the column's own value;
   *     unmodifiable
   */
  record MemberNames(SpanColumn column, List<String> path) implements ValueSource {
    /** Copies the path. */
    public MemberNames {
      requireJson(column);
      path = List.copyOf(path);
    }

    @Override
    public Set<String> valuesOf(Function<SpanColumn, @Nullable Object> row) {
      Json value = (Json) row.apply(column);
      Json object = value == null ? null : value.at(path);
      return object == null
          ? Set.of()
          : object.memberNames().stream().map(ValueSource::clean).collect(Collectors.toSet());
    }
  }

  /** U+0000 and lone surrogates, which JSON can spell and no cursor can carry, become U+FFFD. */
  private static String clean(String text) {
    return (String) SpanColumn.NAME.checked(text);
  }

  private static void requireJson(SpanColumn column) {
    if (column.type() != Type.JSON) {
      throw new IllegalArgumentException(column.columnName() + " has no members");
    }
  }
}
