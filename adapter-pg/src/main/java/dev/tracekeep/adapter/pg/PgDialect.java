package dev.tracekeep.adapter.pg;

import dev.tracekeep.jdbc.SqlDialect;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * PostgreSQL's SQL.
 *
 * <p>JSON is text: jsonb forgets the digits of numbers and the order of keys, refuses U+0000, and
 * costs 40 % of the speed of COPY. Times are nanoseconds in a bigint: a timestamp keeps
 * microseconds.
 */
final class PgDialect extends SqlDialect {
  static final String BYTE_ORDER = " COLLATE \"C\"";

  /** Text that JSON spells in one way only, unless it spells characters by their number. */
  private static final Pattern PLAIN = Pattern.compile("[^\\p{Cntrl}\\p{Cs}\"\\\\/]*");

  private static final Pattern ASCII = Pattern.compile("\\p{ASCII}*");
  private static final Pattern NUMBER = Pattern.compile("-?([0-9]+)(?:\\.([0-9]+))?(?:[eE].*)?");

  /** Longer ones are no filter that anybody types, and regular expressions have a limit. */
  private static final int LONGEST_IN_EXPRESSION = 200;

  @Override
  public String columnType(SpanColumn column) {
    return switch (column.type()) {
      case TEXT, JSON -> "text";
      case TIME -> "bigint";
      case NUMBER -> column.scale() == 0 ? "bigint" : "numeric(18, " + column.scale() + ")";
      case FLAG -> "boolean";
      case TEXT_LIST -> "text[]";
    };
  }

  /** Ids compare byte by byte, whatever the collation of the database says. */
  @Override
  public String collation(SpanColumn column) {
    return column.isKey() || column == SpanColumn.PARENT_SPAN_ID ? BYTE_ORDER : "";
  }

  @Override
  public String versionType() {
    return "bytea";
  }

  @Override
  public String hasTag(String columnSql) {
    return "? = ANY(" + columnSql + ")";
  }

  @Override
  public String forUpdate() {
    return " FOR UPDATE";
  }

  @Override
  public String nullsLatest(String timeSql, String direction) {
    // PostgreSQL's own order, which an index serves; CockroachDB's own is the other one.
    return timeSql + direction + (direction.equals(" DESC") ? " NULLS FIRST" : " NULLS LAST");
  }

  /**
   * Looks for the text of the member. Every conversion to json or jsonb fails the whole query at
   * one row with a lone surrogate, U+0000 or a number of many digits; a search in text never does,
   * and is faster than parsing.
   */
  @Override
  public void narrowByMember(String columnSql, String name, Json value, SqlStatement statement) {
    if (!isPlain(name)) {
      statement.append(columnSql + " IS NOT NULL");
      return;
    }
    String key = '"' + name + '"';
    boolean ascii = ASCII.matcher(name).matches();
    statement.append("((strpos(" + columnSql + ", ?) > 0", key);
    if (value.kind() == Json.Kind.STRING && isPlain(value.asText())) {
      statement.append(" AND strpos(" + columnSql + ", ?) > 0", '"' + value.asText() + '"');
      ascii &= ASCII.matcher(value.asText()).matches();
    } else if (name.length() <= LONGEST_IN_EXPRESSION) {
      String scalar = expression(value);
      if (!scalar.isEmpty()) {
        statement.append(
            " AND " + columnSql + " ~ ?", quoted(key) + "[ \\t\\n\\r]*:[ \\t\\n\\r]*" + scalar);
      }
    }
    // A character may be spelled by its number, an ASCII one as \\u00XX.
    statement.append(") OR strpos(" + columnSql + ", ?) > 0)", ascii ? "\\u00" : "\\u");
  }

  private static boolean isPlain(String text) {
    return PLAIN.matcher(text).matches();
  }

  /** A regular expression for every spelling of a scalar; empty where there is none. */
  private static String expression(Json value) {
    return switch (value.kind()) {
      case NULL, BOOLEAN -> value.text();
      case NUMBER -> digits(value.text());
      default -> "";
    };
  }

  /** The significant digits with a point anywhere: 12.5 is 1.25e1 and 0.125E+2. */
  private static String digits(String number) {
    Matcher parts = NUMBER.matcher(number);
    if (!parts.matches() || number.length() > LONGEST_IN_EXPRESSION) {
      return "";
    }
    String all = parts.group(1) + (parts.group(2) == null ? "" : parts.group(2));
    String significant = all.replaceAll("^0+|0+$", "");
    return "-?[0.]*" + String.join("\\.?", significant.split(""));
  }

  private static String quoted(String text) {
    return text.replaceAll("([^\\p{Alnum}\\p{L}])", "\\\\$1");
  }

  @Override
  public void bindTags(PreparedStatement statement, int index, List<String> tags)
      throws SQLException {
    statement.setArray(
        index, statement.getConnection().createArrayOf("text", tags.toArray(String[]::new)));
  }

  @Override
  public List<String> readTags(ResultSet row, int index) throws SQLException {
    Array array = row.getArray(index);
    return array == null ? List.of() : List.of((String[]) array.getArray());
  }

  /** A subquery with an OFFSET is never pulled up into a join, which took seconds for a page. */
  @Override
  public String askedRowByRow() {
    return " OFFSET 0";
  }
}
