package dev.tracekeep.adapter.mssql;

import dev.tracekeep.jdbc.SqlDialect;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanVersion;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;

/**
 * SQL Server's SQL.
 *
 * <p>All text has a binary collation: the database's own usually takes {@code a} for {@code A}.
 * JSON and tags are text, and times nanoseconds in a bigint: datetime2 keeps 100 of them.
 */
final class MsSqlDialect extends SqlDialect {
  private static final String BYTE_ORDER = " COLLATE Latin1_General_BIN2";

  private static final int LONGEST_ID = 128;

  /** How many digits tell the length of an id that ends in a blank. */
  private static final int LENGTH_DIGITS = 3;

  /** Three of these fit the 900 bytes of a clustered key. */
  static final int LONGEST_STORED_ID = LONGEST_ID + LENGTH_DIGITS;

  private static final String ID_TYPE = "varchar(" + LONGEST_STORED_ID + ")";

  /** CHARINDEX looks for at most 4,000 characters. */
  private static final int LONGEST_SEARCHED = 1_000;

  @Override
  public String columnType(SpanColumn column) {
    if (isId(column)) {
      return ID_TYPE;
    }
    return switch (column.type()) {
      case TEXT, JSON, TEXT_LIST -> "nvarchar(max)";
      case TIME -> "bigint";
      case NUMBER -> column.scale() == 0 ? "bigint" : "decimal(18, " + column.scale() + ")";
      case FLAG -> "bit";
    };
  }

  static boolean isId(SpanColumn column) {
    return column.isKey() || column == SpanColumn.PARENT_SPAN_ID;
  }

  @Override
  public String collation(SpanColumn column) {
    return switch (column.type()) {
      case TEXT, JSON, TEXT_LIST -> BYTE_ORDER;
      case TIME, FLAG, NUMBER -> "";
    };
  }

  @Override
  public String versionType() {
    return "binary(" + SpanVersion.LENGTH + ")";
  }

  @Override
  public String quote(String identifier) {
    return '[' + identifier.replace("]", "]]") + ']';
  }

  // ---- ids -------------------------------------------------------------------------------------

  /**
   * An id that ends in a blank is stored filled with blanks to 128 characters, and followed by the
   * length that it has. SQL Server ignores blanks at the end of a text in every comparison, unique
   * indexes included; so stored, ids are told apart, and follow each other as their bytes do.
   */
  @Override
  public String storedId(String id) {
    return stored(id);
  }

  static String stored(String id) {
    return id.endsWith(" ")
        ? String.format("%-" + LONGEST_ID + "s%0" + LENGTH_DIGITS + "d", id, id.length())
        : id;
  }

  @Override
  public String readId(String stored) {
    return stored.length() > LONGEST_ID
        ? stored.substring(0, Integer.parseInt(stored.substring(LONGEST_ID)))
        : stored;
  }

  /** The driver sends text as nvarchar, and the server would convert the column to that. */
  @Override
  public String idParameter() {
    return "CAST(? AS " + ID_TYPE + ")";
  }

  // ---- clauses ---------------------------------------------------------------------------------

  @Override
  public String forUpdateHint() {
    return " WITH (UPDLOCK, ROWLOCK)";
  }

  @Override
  public String limit(int rows) {
    return " OFFSET 0 ROWS FETCH NEXT " + rows + " ROWS ONLY";
  }

  @Override
  public String limitUnordered(int rows) {
    return " ORDER BY (SELECT NULL)" + limit(rows);
  }

  // ---- tags and members ------------------------------------------------------------------------

  @Override
  public String hasTag(String columnSql) {
    return "CHARINDEX(?, " + columnSql + ") > 0";
  }

  /**
   * The tag as the list spells it, which is always the same way; OPENJSON would parse every list,
   * and Babelfish's leaves escapes as they are. Core looks again.
   */
  @Override
  public String soughtTag(String tag) {
    String spelled = Json.of(tag).text();
    int end = Math.min(spelled.length(), LONGEST_SEARCHED);
    return spelled.substring(0, Character.isHighSurrogate(spelled.charAt(end - 1)) ? end - 1 : end);
  }

  @Override
  public String containsText(String columnSql) {
    return "CHARINDEX(?, " + columnSql + ") > 0";
  }

  /**
   * LEFT counts UTF-16 units, or code points where a collation or a relative of the server says so:
   * of the prefix counts what is before its first surrogate, and core looks at the rest.
   */
  @Override
  public void startsWith(String columnSql, String prefix, SqlStatement statement) {
    int plain = 0;
    while (plain < prefix.length() && !Character.isSurrogate(prefix.charAt(plain))) {
      plain++;
    }
    statement.append("LEFT(" + columnSql + ", " + plain + ") = ?", prefix.substring(0, plain));
  }

  /** Texts that differ by blanks at their end are equal to the server, but not as long. */
  @Override
  public String groupedExactly(String textSql) {
    return textSql + ", DATALENGTH(" + textSql + ")";
  }

  /** Blanks at the end count for nothing in a comparison, and long tags are cut. */
  @Override
  public boolean comparesTextExactly() {
    return false;
  }

  /** A binary collation sorts by UTF-16 units. */
  @Override
  public boolean sortsByCodePoint() {
    return false;
  }

  @Override
  public boolean comparesRows() {
    return false;
  }

  @Override
  public void bindTags(PreparedStatement statement, int index, List<String> tags)
      throws SQLException {
    statement.setString(index, tagsText(tags));
  }

  /** Tags as they are stored: a JSON array. */
  static String tagsText(List<String> tags) {
    return Json.array(tags.stream().map(Json::of).toList()).text();
  }

  @Override
  public List<String> readTags(ResultSet row, int index) throws SQLException {
    String text = row.getString(index);
    return text == null
        ? List.of()
        : Json.ofStored(text).elements().stream().map(Json::asText).toList();
  }
}
