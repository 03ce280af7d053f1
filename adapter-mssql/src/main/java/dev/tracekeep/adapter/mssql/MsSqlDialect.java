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
import java.util.regex.Pattern;

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

  /** Text that JSON spells in one way only, unless it spells characters by their number. */
  private static final Pattern PLAIN = Pattern.compile("[^\\p{Cntrl}\\p{Cs}\"\\\\/]*");

  private static final Pattern ASCII = Pattern.compile("\\p{ASCII}*");

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

  /**
   * Looks for the text of the member: JSON_VALUE would cut what is longer than 4,000 characters,
   * and fail the whole query where the column holds no object.
   */
  @Override
  public void narrowByMember(String columnSql, String name, Json value, SqlStatement statement) {
    if (!isPlain(name)) {
      statement.append(columnSql + " IS NOT NULL");
      return;
    }
    String found = "CHARINDEX(?, " + columnSql + ") > 0";
    statement.append("((" + found, '"' + name + '"');
    boolean ascii = ASCII.matcher(name).matches();
    if (value.kind() == Json.Kind.STRING && isPlain(value.asText())) {
      statement.append(" AND " + found, '"' + value.asText() + '"');
      ascii &= ASCII.matcher(value.asText()).matches();
    }
    // A character may be spelled by its number, an ASCII one as \\u00XX.
    statement.append(") OR " + found + ")", ascii ? "\\u00" : "\\u");
  }

  private static boolean isPlain(String text) {
    return text.length() <= LONGEST_SEARCHED && PLAIN.matcher(text).matches();
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
