package dev.tracekeep.jdbc;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.FixedPoint;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import java.math.BigDecimal;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How one engine spells what the shared statements need. Stateless and thread-safe.
 *
 * <p>Times cross the driver as nanoseconds since the epoch, JSON as text, numbers as {@link
 * #storedNumber} says, tags as whatever {@link #bindTags} and {@link #readTags} agree on: drivers
 * lose digits, zones and zeros on anything else.
 */
public abstract class SqlDialect {
  /** Made by adapters. */
  protected SqlDialect() {}

  /** The engine's type for a column of the span table, without {@code NOT NULL}. */
  public abstract String columnType(SpanColumn column);

  /**
   * What follows the type where a column is defined, such as a collation, and has no place in a
   * cast; starts with a space. Empty by default.
   */
  public String collation(SpanColumn column) {
    return "";
  }

  /** The engine's type for the {@link dev.tracekeep.span.SpanVersion#LENGTH} bytes of a version. */
  public abstract String versionType();

  /** The name, quoted so that the engine takes it as it is; standard SQL by default. */
  public String quote(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  /**
   * How an id is stored: itself by default. For engines that ignore blanks at the end of a text
   * where they compare it.
   */
  public String storedId(String id) {
    return id;
  }

  /** The id that {@link #storedId} stored. */
  public String readId(String stored) {
    return stored;
  }

  /**
   * A parameter that is compared with an id column; {@code ?} by default. For engines that convert
   * the column, and not the parameter, where the two are of different types.
   */
  public String idParameter() {
    return "?";
  }

  /** An expression for the nanoseconds since the epoch of a time column; the column by default. */
  public String timeToNanos(String columnSql) {
    return columnSql;
  }

  /** An expression for the time of a parameter in nanoseconds; the parameter by default. */
  public String nanosToTime(String parameterSql) {
    return parameterSql;
  }

  /** An expression that selects tags so that {@link #readTags} can read them. */
  public String selectTags(String columnSql) {
    return columnSql;
  }

  /** A condition with one text parameter, {@link #soughtTag}: the tags contain it. */
  public abstract String hasTag(String columnSql);

  /** What is bound to look for a tag: the tag itself by default. */
  public String soughtTag(String tag) {
    return tag;
  }

  /** A condition: the list of tags, which is not null, has any; of JSON text by default. */
  public String hasTags(String columnSql) {
    return columnSql + " <> '[]'";
  }

  /**
   * A condition with one text parameter: the text of a JSON column contains it, letter by letter.
   * It must not fail on any text.
   */
  public abstract String containsText(String columnSql);

  /**
   * Appends a condition: a text column starts with a text. By default it compares so many
   * characters from the start, where a character is a code point.
   *
   * @param prefix not empty
   */
  public void startsWith(String columnSql, String prefix, SqlStatement statement) {
    statement.append(
        "substr(" + columnSql + ", 1, " + prefix.codePointCount(0, prefix.length()) + ") = ?",
        prefix);
  }

  /**
   * Whether comparisons of text ({@code =}, {@link #startsWith}, {@link #hasTag}) decide; if not,
   * they let everything through that core lets through, and core looks again. True by default.
   */
  public boolean comparesTextExactly() {
    return true;
  }

  /**
   * What puts only equal texts into one group; the text itself by default.
   *
   * @param textSql the text, by {@link #byteOrder}
   */
  public String groupedExactly(String textSql) {
    return textSql;
  }

  /** A text column as it is compared and sorted byte by byte; itself by default. */
  public String byteOrder(String columnSql) {
    return columnSql;
  }

  /**
   * What else must hold where a text column has one of these values, so that the engine uses an
   * index that leaves out long texts; nothing by default. Starts with {@code " AND "}.
   *
   * @param columnSql the column as the statement names it
   */
  public String shortTextCondition(SpanColumn column, String columnSql, Collection<String> values) {
    return "";
  }

  /**
   * Whether {@link #byteOrder} sorts by code point, as {@link
   * dev.tracekeep.storage.ValueQuery#ORDER} does. True by default; if not, core sorts.
   */
  public boolean sortsByCodePoint() {
    return true;
  }

  /**
   * Whether distinct values are found faster by going from one to the next in an index (a recursive
   * query) than by reading all of them. False by default, as on engines that store by column.
   */
  public boolean hasLooseIndexScans() {
    return false;
  }

  /** A column that no index is to be searched by; itself by default, where planners know best. */
  public String notByIndex(String columnSql) {
    return columnSql;
  }

  /** Whether rows of values compare: {@code (a, b) > (?, ?)}. True by default. */
  public boolean comparesRows() {
    return true;
  }

  /** Whether the driver reads large results bit by bit within a transaction alone. */
  public boolean streamsInTransactionsAlone() {
    return false;
  }

  /**
   * What follows a SELECT to lock its rows until the transaction ends; empty where one lock has
   * all.
   */
  public String forUpdate() {
    return "";
  }

  /**
   * What follows a table's alias in a SELECT to lock its rows until the transaction ends, where
   * that has its place there and not at the end; starts with a space. Empty by default.
   */
  public String forUpdateHint() {
    return "";
  }

  /**
   * A sort term by a time, in which null is later than any time. Spelled out by default: no two
   * engines agree on where nulls go by themselves.
   *
   * @param direction {@code " ASC"} or {@code " DESC"}
   */
  public String nullsLatest(String timeSql, String direction) {
    return "CASE WHEN "
        + timeSql
        + " IS NULL THEN 1 ELSE 0 END"
        + direction
        + ", "
        + timeSql
        + direction;
  }

  /**
   * What ends a subquery behind EXISTS so that it is asked row by row, by an index, instead of
   * being turned into a join of whole tables; empty where planners need no such hint.
   */
  public String askedRowByRow() {
    return "";
  }

  /**
   * A LIMIT clause to stand behind ORDER BY. The number is spelled out: a planner that does not
   * know it prepares for a tenth of the table, which on PostgreSQL made a page of ten take seconds.
   */
  public String limit(int rows) {
    return " LIMIT " + rows;
  }

  /** The same for a SELECT without ORDER BY; {@link #limit} by default. */
  public String limitUnordered(int rows) {
    return limit(rows);
  }

  /** Binds a tag list; must fit {@link #columnType}. */
  public abstract void bindTags(PreparedStatement statement, int index, List<String> tags)
      throws SQLException;

  /** Reads what {@link #selectTags} selects. */
  public abstract List<String> readTags(ResultSet row, int index) throws SQLException;

  /**
   * What a number is bound as: a {@link Long} for a count and a {@link BigDecimal} of the column's
   * scale by default. For engines that have no decimals: its {@linkplain FixedPoint units}.
   */
  public Object storedNumber(SpanColumn column, BigDecimal number) {
    return column.scale() == 0
        ? (Object) FixedPoint.units(column, number)
        : number.setScale(column.scale());
  }

  /** Reads what {@link #storedNumber} stored; null where there is none. */
  public @Nullable BigDecimal readNumber(ResultSet row, int index, SpanColumn column)
      throws SQLException {
    if (column.scale() > 0) {
      BigDecimal number = row.getBigDecimal(index);
      return number == null ? null : FixedPoint.checked(column, number);
    }
    return readUnits(row, index, column);
  }

  /** Reads a number that is stored as its units. */
  protected static @Nullable BigDecimal readUnits(ResultSet row, int index, SpanColumn column)
      throws SQLException {
    long units = row.getLong(index);
    return row.wasNull() ? null : FixedPoint.ofUnits(column, units);
  }

  /** Binds a value of a span column, null included. */
  public final void bind(
      PreparedStatement statement, int index, SpanColumn column, @Nullable Object value)
      throws SQLException {
    if (value == null) {
      statement.setObject(index, null);
    } else if (value instanceof List<?> tags) {
      bindTags(statement, index, tags.stream().map(String.class::cast).toList());
    } else if (value instanceof BigDecimal number) {
      SqlStatement.bind(statement, index, storedNumber(column, number));
    } else {
      SqlStatement.bind(statement, index, value);
    }
  }

  /** The expression that selects a column in the form that crosses the driver. */
  public final String select(SpanColumn column, String columnSql) {
    return switch (column.type()) {
      case TIME -> timeToNanos(columnSql);
      case TEXT_LIST -> selectTags(columnSql);
      default -> columnSql;
    };
  }

  /** Reads what {@link #select} selects. */
  public @Nullable Object read(ResultSet row, int index, SpanColumn column) throws SQLException {
    return switch (column.type()) {
      case TEXT -> {
        String text = row.getString(index);
        yield text != null && SpanTableSql.isId(column) ? readId(text) : text;
      }
      case NUMBER -> readNumber(row, index, column);
      case FLAG -> row.getBoolean(index);
      case TEXT_LIST -> readTags(row, index);
      case TIME -> {
        long nanos = row.getLong(index);
        yield row.wasNull() ? null : EpochNanos.toInstant(nanos);
      }
      case JSON -> {
        String text = row.getString(index);
        yield text == null ? null : Json.ofStored(text);
      }
    };
  }

  /** Sort terms that put nulls last on every engine, whatever its default. */
  static String descendingNullsLast(String expression) {
    return "CASE WHEN " + expression + " IS NULL THEN 1 ELSE 0 END, " + expression + " DESC";
  }

  /** A constraint or index name for a table: the table's name, a suffix, lower case. */
  public static String derivedName(String table, String suffix) {
    return (table + "_" + suffix).toLowerCase(Locale.ROOT);
  }
}
