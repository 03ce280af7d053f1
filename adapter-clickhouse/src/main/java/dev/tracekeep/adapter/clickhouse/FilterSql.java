package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.span.FixedPoint;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.storage.MemberTest;
import dev.tracekeep.storage.SpanCondition;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.spi.NumberRange;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Filters as conditions on a row. They are exactly what the filter says, and never null, but for
 * those on members of JSON: these are narrowed by the text alone, since the engine's own JSON
 * functions give up on numbers that are too large for them, and core decides.
 */
final class FilterSql implements SpanCondition.Visitor<String> {
  private static final FilterSql VISITOR = new FilterSql();
  private static final String ERROR = name(SpanColumn.ERROR);
  private static final String ENDED = name(SpanColumn.ENDED_AT);

  /** The duration as core means it, as Int64; null of a running span. */
  static final String DURATION =
      // As integers: once they are compiled, comparisons of times before 1970 and of 128 bits come
      // out wrong. The difference may run out of 64 bits. Only a running span's may be null.
      SqlText.fill(
          "multiIf(isNull(<ended>), NULL, <end> <= <start>, toInt64(0), <end> - <start> < 0,"
              + " toInt64(<longest>), <end> - <start>)",
          Map.of(
              "ended",
              ENDED,
              "end",
              "toUnixTimestamp64Nano(assumeNotNull(" + ENDED + "))",
              "start",
              "toUnixTimestamp64Nano(" + name(SpanColumn.STARTED_AT) + ")",
              "longest",
              Long.MAX_VALUE));

  private FilterSql() {}

  private static String name(SpanColumn column) {
    return SqlText.name(column.columnName());
  }

  /** The condition of a filter; {@code true} of one that every span passes. */
  static String condition(SpanFilter filter) {
    return filter.isAny()
        ? "true"
        : filter.conditions().stream()
            .map(condition -> condition.accept(VISITOR))
            .collect(Collectors.joining(" AND ", "(", ")"));
  }

  /** Whether a row that meets the condition passes the filter. */
  static boolean isExact(SpanFilter filter) {
    return filter.conditions().stream().noneMatch(SpanCondition.Member.class::isInstance);
  }

  /** The condition that {@link dev.tracekeep.span.Span#status()} is. */
  static String hasStatus(SpanStatus status) {
    return switch (status) {
      case ERROR -> "isNotNull(" + ERROR + ")";
      case RUNNING -> "isNull(" + ERROR + ") AND isNull(" + ENDED + ")";
      case OK -> "isNull(" + ERROR + ") AND isNotNull(" + ENDED + ")";
    };
  }

  private static String known(SpanColumn column, String condition) {
    // A condition on a column that is never null stays bare, so that the sort key serves it.
    return column.isRequired() ? condition : "ifNull(" + condition + ", false)";
  }

  @Override
  public String textIs(SpanCondition.TextIs condition) {
    return known(
        condition.column(), name(condition.column()) + " IN " + SqlText.list(condition.anyOf()));
  }

  @Override
  public String textStartsWith(SpanCondition.TextStartsWith condition) {
    return known(
        condition.column(),
        "startsWith("
            + name(condition.column())
            + ", "
            + SqlText.literal(condition.prefix())
            + ")");
  }

  @Override
  public String present(SpanCondition.Present condition) {
    SpanColumn column = condition.column();
    String present =
        switch (column.type()) {
          case FLAG -> name(column) + " = true";
          case TEXT_LIST -> "notEmpty(" + name(column) + ")";
          default -> "isNotNull(" + name(column) + ")";
        };
    return condition.wanted() ? present : "NOT (" + present + ")";
  }

  @Override
  public String statusIs(SpanCondition.StatusIs condition) {
    return hasStatus(condition.status());
  }

  @Override
  public String root(SpanCondition.Root condition) {
    return (condition.wanted() ? "isNull(" : "isNotNull(") + name(SpanColumn.PARENT_SPAN_ID) + ")";
  }

  @Override
  public String hasTag(SpanCondition.HasTag condition) {
    return "has(" + name(SpanColumn.TAGS) + ", " + SqlText.literal(condition.tag()) + ")";
  }

  @Override
  public String timeWithin(SpanCondition.TimeWithin condition) {
    return within(condition.column(), condition.range());
  }

  static String within(SpanColumn column, TimeRange range) {
    StringBuilder sql = new StringBuilder("isNotNull(" + name(column) + ")");
    Instant from = range.from();
    if (from != null) {
      String bound = name(column) + (range.fromExclusive() ? " > " : " >= ");
      sql.append(" AND ").append(known(column, bound + SqlText.literal(from)));
    }
    Instant to = range.to();
    if (to != null) {
      String bound = name(column) + (range.toExclusive() ? " < " : " <= ");
      sql.append(" AND ").append(known(column, bound + SqlText.literal(to)));
    }
    return sql.toString();
  }

  @Override
  public String durationWithin(SpanCondition.DurationWithin condition) {
    StringBuilder sql = new StringBuilder("isNotNull(" + ENDED + ")");
    Duration atLeast = condition.atLeast();
    if (atLeast != null) {
      sql.append(" AND ifNull(" + DURATION + " >= " + atLeast.toNanos() + ", false)");
    }
    Duration atMost = condition.atMost();
    if (atMost != null) {
      sql.append(" AND ifNull(" + DURATION + " <= " + atMost.toNanos() + ", false)");
    }
    return sql.toString();
  }

  @Override
  public String numberIs(SpanCondition.NumberIs condition) {
    NumberRange range = NumberRange.of(condition);
    if (range.isEmpty()) {
      return "false";
    }
    SpanColumn column = condition.column();
    String sql = "isNotNull(" + name(column) + ")";
    sql += " AND ifNull(" + name(column) + " >= " + number(column, range.from()) + ", false)";
    return range.isOpen()
        ? sql
        : sql + " AND ifNull(" + name(column) + " <= " + number(column, range.to()) + ", false)";
  }

  private static String number(SpanColumn column, long units) {
    // Wider than the column, so that a number beyond it can be compared with it.
    return column.scale() == 0
        ? "toInt64(" + units + ")"
        : "toDecimal128('"
            + FixedPoint.ofUnits(column, units).toPlainString()
            + "', "
            + column.scale()
            + ")";
  }

  @Override
  public String member(SpanCondition.Member condition) {
    String column = name(condition.column());
    StringBuilder sql = new StringBuilder("isNotNull(" + column + ")");
    condition.path().forEach(name -> sql.append(spelled(column, Json.of(name).text())));
    if (condition.test() instanceof MemberTest.EqualTo equal
        && equal.value().kind() == Json.Kind.STRING) {
      sql.append(spelled(column, Json.of(equal.value().asText()).text()));
    } else if (condition.test() instanceof MemberTest.Contains contains) {
      String quoted = Json.of(contains.text()).text();
      sql.append(spelled(column, quoted.substring(1, quoted.length() - 1)));
    }
    return sql.toString();
  }

  /** Without a backslash a text spells each name and each string in one way. */
  private static String spelled(String column, String spelling) {
    String text = "assumeNotNull(" + column + ")";
    return " AND (position("
        + text
        + ", "
        + SqlText.literal(spelling)
        + ") > 0 OR position("
        + text
        + ", "
        + SqlText.literal("\\")
        + ") > 0)";
  }

  /** The columns of a filter that are not among some others. */
  static List<SpanColumn> beside(List<SpanColumn> others, SpanFilter filter) {
    return filter.columns().stream().filter(column -> !others.contains(column)).toList();
  }
}
