package dev.tracekeep.jdbc;

import dev.tracekeep.span.FixedPoint;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.MemberTest;
import dev.tracekeep.storage.SpanCondition;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.TimeRange;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Filters in SQL. Each condition becomes one that every span which passes meets. Most of them
 * decide; members of JSON are only narrowed by, because no two engines agree on JSON: there core
 * looks again. Immutable and thread-safe.
 *
 * <p>Members are looked for by their spelling in the text, on every engine: their JSON functions
 * fail the whole query at one row with a lone surrogate, U+0000 or a number of many digits, call
 * JSON malformed that others accept, and are slower than a search in text.
 */
final class SpanFilterSql {
  /** Text that JSON spells in one way only, unless it spells characters by their number. */
  private static final Pattern PLAIN = Pattern.compile("[^\\p{Cntrl}\\p{Cs}\"\\\\/]*");

  private static final Pattern ASCII = Pattern.compile("\\p{ASCII}*");

  /** Longer text is no filter that anybody types; SQL Server searches for 4,000 characters. */
  private static final int LONGEST_SEARCHED = 1_000;

  private final SqlDialect dialect;
  private final SpanTableSql table;

  SpanFilterSql(SqlDialect dialect, SpanTableSql table) {
    this.dialect = dialect;
    this.table = table;
  }

  /**
   * Appends the conditions of a filter, each behind AND.
   *
   * @param alias the table's alias
   */
  void append(SqlStatement statement, String alias, SpanFilter filter) {
    Appender appender = new Appender(statement, alias);
    filter.conditions().forEach(condition -> condition.accept(appender));
  }

  /** Whether the conditions that are appended decide, so that no row need be looked at again. */
  boolean decides(SpanFilter filter) {
    return filter.conditions().stream().allMatch(this::decides);
  }

  private boolean decides(SpanCondition condition) {
    if (condition instanceof SpanCondition.Member) {
      return false;
    }
    if (condition instanceof SpanCondition.TextIs text) {
      return SpanTableSql.isId(text.column()) || dialect.comparesTextExactly();
    }
    return !(condition instanceof SpanCondition.TextStartsWith)
            && !(condition instanceof SpanCondition.HasTag)
        || dialect.comparesTextExactly();
  }

  /**
   * The duration of a span in nanoseconds, as {@link dev.tracekeep.span.Times#duration} defines it:
   * arithmetic that can overflow nowhere, because one row in which it does would fail every query.
   */
  String duration(String alias) {
    String start = dialect.timeToNanos(alias + "." + table.name(SpanColumn.STARTED_AT));
    String end = dialect.timeToNanos(alias + "." + table.name(SpanColumn.ENDED_AT));
    return "(CASE WHEN "
        + end
        + " <= "
        + start
        + " THEN 0 WHEN "
        + start
        + " >= 0 THEN "
        + end
        + " - "
        + start
        + " WHEN "
        + end
        + " > "
        + start
        + " + "
        + Long.MAX_VALUE
        + " THEN "
        + Long.MAX_VALUE
        + " ELSE "
        + end
        + " - "
        + start
        + " END)";
  }

  private final class Appender implements SpanCondition.Visitor<SqlStatement> {
    private final SqlStatement statement;
    private final String alias;

    Appender(SqlStatement statement, String alias) {
      this.statement = statement;
      this.alias = alias;
    }

    private String column(SpanColumn column) {
      return alias + "." + table.name(column);
    }

    @Override
    public SqlStatement textIs(SpanCondition.TextIs condition) {
      boolean isId = SpanTableSql.isId(condition.column());
      String parameter = isId ? dialect.idParameter() : "?";
      Object[] values =
          condition.anyOf().stream().map(v -> isId ? dialect.storedId(v) : v).toArray();
      String text =
          isId ? column(condition.column()) : dialect.byteOrder(column(condition.column()));
      return statement.append(
          " AND "
              + text
              + (values.length == 1
                  ? " = " + parameter
                  : " IN ("
                      + String.join(", ", Collections.nCopies(values.length, parameter))
                      + ")")
              + dialect.shortTextCondition(
                  condition.column(), column(condition.column()), condition.anyOf()),
          values);
    }

    @Override
    public SqlStatement textStartsWith(SpanCondition.TextStartsWith condition) {
      String text = column(condition.column());
      String prefix = condition.prefix();
      if (prefix.isEmpty()) {
        return statement.append(" AND " + text + " IS NOT NULL");
      }
      if (SpanTableSql.isId(condition.column()) && ASCII.matcher(prefix).matches()) {
        // Says nothing new, but lets an index find the place.
        int last = prefix.length() - 1;
        String next = prefix.substring(0, last) + (char) (prefix.charAt(last) + 1);
        statement.append(" AND " + text + " >= " + dialect.idParameter(), prefix);
        statement.append(" AND " + text + " < " + dialect.idParameter(), next);
      }
      statement.append(" AND ");
      dialect.startsWith(text, prefix, statement);
      return statement;
    }

    @Override
    public SqlStatement present(SpanCondition.Present condition) {
      String value = column(condition.column());
      return switch (condition.column().type()) {
        case FLAG ->
            statement.append(
                condition.wanted()
                    ? " AND " + value + " = ?"
                    : " AND (" + value + " IS NULL OR " + value + " <> ?)",
                true);
        case TEXT_LIST ->
            statement.append(
                condition.wanted()
                    ? " AND " + dialect.hasTags(value)
                    : " AND (" + value + " IS NULL OR NOT (" + dialect.hasTags(value) + "))");
        default ->
            statement.append(" AND " + value + (condition.wanted() ? " IS NOT NULL" : " IS NULL"));
      };
    }

    @Override
    public SqlStatement statusIs(SpanCondition.StatusIs condition) {
      return statement.append(" AND " + table.hasStatus(alias, condition.status()));
    }

    @Override
    public SqlStatement root(SpanCondition.Root condition) {
      return statement.append(
          " AND "
              + column(SpanColumn.PARENT_SPAN_ID)
              + (condition.wanted() ? " IS NULL" : " IS NOT NULL"));
    }

    @Override
    public SqlStatement hasTag(SpanCondition.HasTag condition) {
      return statement.append(
          " AND " + dialect.hasTag(column(SpanColumn.TAGS)), dialect.soughtTag(condition.tag()));
    }

    @Override
    public SqlStatement timeWithin(SpanCondition.TimeWithin condition) {
      TimeRange range = condition.range();
      String time = column(condition.column());
      Instant from = range.from();
      Instant to = range.to();
      if (from == null && to == null) {
        return statement.append(" AND " + time + " IS NOT NULL");
      }
      String bound = dialect.nanosToTime("?");
      if (from != null) {
        statement.append(" AND " + time + (range.fromExclusive() ? " > " : " >= ") + bound, from);
      }
      if (to != null) {
        statement.append(" AND " + time + (range.toExclusive() ? " < " : " <= ") + bound, to);
      }
      return statement;
    }

    @Override
    public SqlStatement durationWithin(SpanCondition.DurationWithin condition) {
      statement.append(" AND " + column(SpanColumn.ENDED_AT) + " IS NOT NULL");
      if (condition.atLeast() != null) {
        statement.append(" AND " + duration(alias) + " >= ?", condition.atLeast().toNanos());
      }
      if (condition.atMost() != null) {
        statement.append(" AND " + duration(alias) + " <= ?", condition.atMost().toNanos());
      }
      return statement;
    }

    @Override
    public SqlStatement numberIs(SpanCondition.NumberIs condition) {
      String value = column(condition.column());
      BigDecimal number = condition.number();
      boolean isBelow = number.signum() < 0;
      int scale = condition.column().scale();
      long most = scale == 0 ? FixedPoint.MAX_COUNT : FixedPoint.COST_LIMIT;
      if (isBelow || number.compareTo(BigDecimal.valueOf(most)) > 0) {
        // No engine need hold such a number to know how those that it holds compare with it.
        boolean holds = condition.comparison().holdsFor(isBelow ? 1 : -1);
        return statement.append(" AND " + value + (holds ? " IS NOT NULL" : " IS NULL AND 1 = 0"));
      }
      Object down =
          dialect.storedNumber(condition.column(), number.setScale(scale, RoundingMode.FLOOR));
      Object up =
          dialect.storedNumber(condition.column(), number.setScale(scale, RoundingMode.CEILING));
      return switch (condition.comparison()) {
        case LESS_THAN -> statement.append(" AND " + value + " < ?", up);
        case AT_MOST -> statement.append(" AND " + value + " <= ?", down);
        case EQUAL_TO ->
            statement.append(" AND " + value + " >= ? AND " + value + " <= ?", up, down);
        case AT_LEAST -> statement.append(" AND " + value + " >= ?", up);
        case MORE_THAN -> statement.append(" AND " + value + " > ?", down);
      };
    }

    @Override
    public SqlStatement member(SpanCondition.Member condition) {
      String text = column(condition.column());
      List<String> spellings = new ArrayList<>();
      condition.path().forEach(name -> spellings.add('"' + name + '"'));
      if (condition.test() instanceof MemberTest.EqualTo equal) {
        switch (equal.value().kind()) {
          case STRING -> spellings.add('"' + equal.value().asText() + '"');
          case BOOLEAN, NULL -> spellings.add(equal.value().text());
          default -> {} // a number has many spellings, and so has what is nested
        }
      } else if (condition.test() instanceof MemberTest.Contains contains) {
        spellings.add(contains.text());
      }
      spellings.removeIf(spelling -> !isPlain(spelling));
      statement.append(" AND " + text + " IS NOT NULL");
      if (!spellings.isEmpty()) {
        boolean ascii = spellings.stream().allMatch(spelling -> ASCII.matcher(spelling).matches());
        String found = dialect.containsText(text);
        statement.append(
            " AND ((" + String.join(" AND ", Collections.nCopies(spellings.size(), found)),
            spellings.toArray());
        // A character may be spelled by its number, an ASCII one as \\u00XX.
        statement.append(") OR " + found + ")", ascii ? "\\u00" : "\\u");
      }
      return statement;
    }

    private static boolean isPlain(String spelling) {
      String inner =
          spelling.length() > 1 && spelling.startsWith("\"") && spelling.endsWith("\"")
              ? spelling.substring(1, spelling.length() - 1)
              : spelling;
      return spelling.length() <= LONGEST_SEARCHED && PLAIN.matcher(inner).matches();
    }
  }

  /** The columns of a filter that a list of spans does not read anyway. */
  List<SpanColumn> columnsToTest(SpanFilter filter) {
    return decides(filter) ? List.of() : List.copyOf(filter.columns());
  }
}
