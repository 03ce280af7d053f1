package dev.tracekeep.adapter.duckdb;

import dev.tracekeep.jdbc.SqlDialect;
import dev.tracekeep.span.SpanColumn;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;

/** DuckDB's SQL. */
final class DuckDbDialect extends SqlDialect {
  @Override
  public String columnType(SpanColumn column) {
    return switch (column.type()) {
      case TEXT -> "VARCHAR";
      case TIME -> "TIMESTAMP_NS";
      case NUMBER -> column.scale() == 0 ? "BIGINT" : "DECIMAL(18, " + column.scale() + ")";
      case FLAG -> "BOOLEAN";
      case JSON -> "JSON";
      case TEXT_LIST -> "VARCHAR[]";
    };
  }

  @Override
  public String versionType() {
    return "BLOB";
  }

  @Override
  public String timeToNanos(String columnSql) {
    return "epoch_ns(" + columnSql + ")";
  }

  @Override
  public String nanosToTime(String parameterSql) {
    return "make_timestamp_ns(" + parameterSql + ")";
  }

  @Override
  public String hasTag(String columnSql) {
    return "list_contains(" + columnSql + ", ?)";
  }

  @Override
  public String hasTags(String columnSql) {
    return "len(" + columnSql + ") > 0";
  }

  @Override
  public String containsText(String columnSql) {
    return "contains(CAST(" + columnSql + " AS VARCHAR), ?)";
  }

  /** It has no type for a row of values that is compared with another. */
  @Override
  public boolean comparesRows() {
    return false;
  }

  @Override
  public void bindTags(PreparedStatement statement, int index, List<String> tags)
      throws SQLException {
    statement.setArray(
        index, statement.getConnection().createArrayOf("VARCHAR", tags.toArray(String[]::new)));
  }

  @Override
  public List<String> readTags(ResultSet row, int index) throws SQLException {
    Array array = row.getArray(index);
    return array == null
        ? List.of()
        : Arrays.stream((Object[]) array.getArray()).map(String.class::cast).toList();
  }
}
