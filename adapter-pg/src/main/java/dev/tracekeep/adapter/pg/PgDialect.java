package dev.tracekeep.adapter.pg;

import dev.tracekeep.jdbc.SqlDialect;
import dev.tracekeep.span.SpanColumn;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;

/**
 * PostgreSQL's SQL.
 *
 * <p>JSON is text: jsonb forgets the digits of numbers and the order of keys, refuses U+0000, and
 * costs 40 % of the speed of COPY. Times are nanoseconds in a bigint: a timestamp keeps
 * microseconds.
 */
final class PgDialect extends SqlDialect {
  private volatile boolean comparesByBytesAnyway;

  static final String BYTE_ORDER = " COLLATE \"C\"";

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

  @Override
  public String hasTags(String columnSql) {
    return "cardinality(" + columnSql + ") > 0";
  }

  @Override
  public String containsText(String columnSql) {
    return "strpos(" + columnSql + ", ?) > 0";
  }

  /** The text columns that have an index; see {@link #isShort}. */
  static final List<SpanColumn> INDEXED_TEXTS =
      List.of(
          SpanColumn.SERVICE_NAME,
          SpanColumn.SESSION_ID,
          SpanColumn.USER_ID,
          SpanColumn.THREAD_ID,
          SpanColumn.RUN_ID);

  /** A third of a page is what an entry of an index may have; beyond that an insert fails. */
  private static final int MAX_INDEXED_BYTES = 1_000;

  /** The condition of an index on a text column: what is longer is found without it. */
  static String isShort(String columnSql) {
    return "octet_length(" + columnSql + ") <= " + MAX_INDEXED_BYTES;
  }

  @Override
  public String shortTextCondition(SpanColumn column, String columnSql, Collection<String> values) {
    boolean allShort =
        values.stream()
            .allMatch(text -> text.getBytes(StandardCharsets.UTF_8).length <= MAX_INDEXED_BYTES);
    return INDEXED_TEXTS.contains(column) && allShort ? " AND " + isShort(columnSql) : "";
  }

  /** The database's own collation sorts as a language does, and serves no search by bytes. */
  @Override
  public String byteOrder(String columnSql) {
    return comparesByBytesAnyway ? columnSql : columnSql + BYTE_ORDER;
  }

  /** Is told whether the server compares all text byte by byte, and refuses to be told so. */
  void comparesByBytesAnyway(boolean value) {
    comparesByBytesAnyway = value;
  }

  @Override
  public boolean hasLooseIndexScans() {
    return true;
  }

  @Override
  public boolean streamsInTransactionsAlone() {
    return true;
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
