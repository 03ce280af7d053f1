package com.example.tracekeep.h2;

import dev.tracekeep.jdbc.SqlDialect;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanVersion;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;

/** H2's SQL. Times are nanoseconds in a BIGINT, which no time zone can touch. */
final class H2Dialect extends SqlDialect {
  @Override
  public String columnType(SpanColumn column) {
    return switch (column.type()) {
      case TEXT -> "VARCHAR";
      case TIME -> "BIGINT";
      case NUMBER -> column.scale() == 0 ? "BIGINT" : "DECIMAL(18, " + column.scale() + ")";
      case FLAG -> "BOOLEAN";
      case JSON -> "CLOB";
      case TEXT_LIST -> "VARCHAR ARRAY";
    };
  }

  @Override
  public String versionType() {
    return "VARBINARY(" + SpanVersion.LENGTH + ")";
  }

  @Override
  public String hasTag(String columnSql) {
    return "ARRAY_CONTAINS(" + columnSql + ", ?)";
  }

  @Override
  public String hasTags(String columnSql) {
    return "CARDINALITY(" + columnSql + ") > 0";
  }

  @Override
  public String containsText(String columnSql) {
    return "LOCATE(?, " + columnSql + ") > 0";
  }

  /** H2 counts UTF-16 units, as Java does. */
  @Override
  public void startsWith(String columnSql, String prefix, SqlStatement statement) {
    statement.append("LEFT(" + columnSql + ", " + prefix.length() + ") = ?", prefix);
  }

  /** H2 sorts by UTF-16 units. */
  @Override
  public boolean sortsByCodePoint() {
    return false;
  }

  @Override
  public void bindTags(PreparedStatement statement, int index, List<String> tags)
      throws SQLException {
    statement.setArray(index, statement.getConnection().createArrayOf("VARCHAR", tags.toArray()));
  }

  @Override
  public List<String> readTags(ResultSet row, int index) throws SQLException {
    Array array = row.getArray(index);
    return array == null
        ? List.of()
        : Arrays.stream((Object[]) array.getArray()).map(String.class::cast).toList();
  }
}
