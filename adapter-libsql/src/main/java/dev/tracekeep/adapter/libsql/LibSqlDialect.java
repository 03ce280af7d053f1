package dev.tracekeep.adapter.libsql;

import dev.tracekeep.jdbc.SqlDialect;
import dev.tracekeep.span.FixedPoint;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import java.math.BigDecimal;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * SQLite's SQL.
 *
 * <p>JSON is kept as TEXT, not as JSONB: JSONB forgets the digits of a number, and the name of a
 * type decides in SQLite what happens to a text that looks like a number: in a column of type JSON
 * the text {@code 1.0} would become the number 1. A cost is kept in millionths of millionths:
 * SQLite has no decimals.
 */
final class LibSqlDialect extends SqlDialect {
  @Override
  public String columnType(SpanColumn column) {
    return switch (column.type()) {
      case TEXT, JSON, TEXT_LIST -> "TEXT";
      case TIME, FLAG, NUMBER -> "INTEGER";
    };
  }

  @Override
  public String versionType() {
    return "BLOB";
  }

  @Override
  public String hasTag(String columnSql) {
    return "EXISTS (SELECT 1 FROM json_each(" + columnSql + ") e WHERE e.value = ?)";
  }

  @Override
  public String containsText(String columnSql) {
    return "instr(" + columnSql + ", ?) > 0";
  }

  @Override
  public String notByIndex(String columnSql) {
    return "+" + columnSql;
  }

  @Override
  public boolean hasLooseIndexScans() {
    return true;
  }

  @Override
  public Object storedNumber(SpanColumn column, BigDecimal number) {
    return FixedPoint.units(column, number);
  }

  @Override
  public @Nullable BigDecimal readNumber(ResultSet row, int index, SpanColumn column)
      throws SQLException {
    return readUnits(row, index, column);
  }

  @Override
  public void bindTags(PreparedStatement statement, int index, List<String> tags)
      throws SQLException {
    statement.setString(index, Json.array(tags.stream().map(Json::of).toList()).text());
  }

  @Override
  public List<String> readTags(ResultSet row, int index) throws SQLException {
    String text = row.getString(index);
    return text == null
        ? List.of()
        : Json.ofStored(text).elements().stream().map(Json::asText).toList();
  }
}
