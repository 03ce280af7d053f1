package dev.tracekeep.conformance;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * {@link RawAccess} over JDBC. A subclass says the types of the columns and how the values of the
 * two types that JDBC leaves open are bound; everything else is there, and may be overridden.
 */
public abstract class JdbcRawAccess implements RawAccess {
  private static final String APPLICATION_KEY = "application_key";

  private final String table;

  /**
   * @param table the table, in the case in which the engine keeps it; for example {@code
   *     tracekeep_spans}
   */
  protected JdbcRawAccess(String table) {
    this.table = table;
  }

  /** A new connection to the database, in auto-commit mode; the caller closes it. */
  protected abstract Connection connect() throws SQLException;

  /** The SQL type that the adapter gives the column, for example {@code VARCHAR}. */
  protected abstract String columnType(SpanColumn column);

  /**
   * What is bound for a value: called for {@link SpanColumn.Type#TIME} and {@link
   * SpanColumn.Type#TEXT_LIST} alone.
   *
   * @param connection for values that a connection makes, such as arrays
   * @param value an {@link java.time.Instant} or a list of strings
   */
  protected abstract Object bound(Connection connection, SpanColumn column, Object value)
      throws SQLException;

  /** What is bound for a number; by default a long for a count, and a decimal for a cost. */
  protected Object number(SpanColumn column, BigDecimal value) {
    return column.scale() == 0 ? (Object) value.longValueExact() : value;
  }

  /** The marker of a column in an INSERT; some engines want a cast here. */
  protected String parameter(SpanColumn column) {
    return "?";
  }

  /** What makes a text column of {@link #USER_COLUMN}. */
  protected String userColumnType() {
    return "VARCHAR(100)";
  }

  /** Quotes a name; by default as in standard SQL. */
  protected String quoted(String name) {
    return '"' + name + '"';
  }

  /** Whether the engine says that the key is there already; by default SQL state 23xxx. */
  protected boolean isUniquenessViolation(SQLException failure) {
    return failure.getSQLState() != null && failure.getSQLState().startsWith("23");
  }

  @Override
  public void createLegacyTable(List<Span> rows) throws SQLException {
    try (Connection connection = connect()) {
      try (Statement statement = connection.createStatement()) {
        statement.execute(
            "CREATE TABLE "
                + quoted(table)
                + " ("
                + SpanColumn.all().stream()
                    .map(column -> quoted(column.columnName()) + " " + columnType(column))
                    .collect(Collectors.joining(", "))
                + ", "
                + quoted(USER_COLUMN)
                + " "
                + userColumnType()
                + ")");
        statement.execute(
            "CREATE INDEX "
                + quoted(table + "_user_note_idx")
                + " ON "
                + quoted(table)
                + " ("
                + quoted(USER_COLUMN)
                + ")");
      }
      insert(connection, rows);
    }
  }

  private void insert(Connection connection, List<Span> rows) throws SQLException {
    String sql =
        "INSERT INTO "
            + quoted(table)
            + " ("
            + SpanColumn.all().stream()
                .map(column -> quoted(column.columnName()))
                .collect(Collectors.joining(", "))
            + ", "
            + quoted(USER_COLUMN)
            + ") VALUES ("
            + SpanColumn.all().stream().map(this::parameter).collect(Collectors.joining(", "))
            + ", ?)";
    connection.setAutoCommit(false);
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      int number = 0;
      for (Span row : rows) {
        int index = 1;
        for (SpanColumn column : SpanColumn.all()) {
          statement.setObject(index++, bind(connection, column, column.read(row)));
        }
        statement.setString(index, Integer.toString(number++));
        statement.addBatch();
        if (number % 1000 == 0) {
          statement.executeBatch();
        }
      }
      statement.executeBatch();
    }
    connection.commit();
    connection.setAutoCommit(true);
  }

  private @Nullable Object bind(Connection connection, SpanColumn column, @Nullable Object value)
      throws SQLException {
    if (value == null) {
      return null;
    }
    return switch (column.type()) {
      case TEXT, FLAG -> value;
      case NUMBER -> number(column, (BigDecimal) value);
      case JSON -> ((Json) value).text();
      case TIME, TEXT_LIST -> bound(connection, column, value);
    };
  }

  @Override
  public List<Map<String, @Nullable String>> rows() throws SQLException {
    return rowsOf(table);
  }

  @Override
  public List<Map<String, @Nullable String>> archivedRows() throws SQLException {
    return rowsOf(table + "_dedupe_archive");
  }

  @Override
  public final List<Map<String, @Nullable String>> rowsOf(String name) throws SQLException {
    List<Map<String, @Nullable String>> rows = new ArrayList<>();
    if (!tableNames().contains(name)) {
      return rows;
    }
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("SELECT * FROM " + quoted(name))) {
      ResultSetMetaData meta = result.getMetaData();
      while (result.next()) {
        Map<String, @Nullable String> row = new TreeMap<>();
        for (int i = 1; i <= meta.getColumnCount(); i++) {
          row.put(meta.getColumnLabel(i).toLowerCase(Locale.ROOT), text(result, i));
        }
        rows.add(row);
      }
    }
    return rows;
  }

  /** The SQL type of a column in a table of another system. */
  protected String foreignType(ForeignType type) {
    return switch (type) {
      case TEXT -> columnType(SpanColumn.NAME);
      case INTEGER -> "BIGINT";
      case NUMBER -> "DOUBLE PRECISION";
      case TIME -> "TIMESTAMP";
    };
  }

  @Override
  public boolean createForeignTable(
      String name, Map<String, ForeignType> columns, List<List<@Nullable Object>> rows)
      throws SQLException {
    try (Connection connection = connect()) {
      try (Statement statement = connection.createStatement()) {
        statement.execute(
            "CREATE TABLE "
                + quoted(name)
                + " ("
                + columns.entrySet().stream()
                    .map(column -> quoted(column.getKey()) + " " + foreignType(column.getValue()))
                    .collect(Collectors.joining(", "))
                + ")");
      }
      String values =
          columns.values().stream()
              .map(type -> "CAST(? AS " + foreignType(type) + ")")
              .collect(Collectors.joining(", "));
      try (PreparedStatement statement =
          connection.prepareStatement("INSERT INTO " + quoted(name) + " VALUES (" + values + ")")) {
        for (List<@Nullable Object> row : rows) {
          for (int i = 0; i < row.size(); i++) {
            Object value = row.get(i);
            statement.setObject(i + 1, value instanceof Instant time ? foreignTime(time) : value);
          }
          statement.executeUpdate();
        }
      }
    }
    return true;
  }

  /** What is bound, and then cast, for a time in a table of another system. */
  protected Object foreignTime(Instant time) {
    return DateTimeFormatter.ISO_LOCAL_DATE_TIME.format(time.atOffset(ZoneOffset.UTC));
  }

  @Override
  public boolean referTo(String name, String column) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      makeReferable(statement, name, column);
      statement.execute(
          "CREATE TABLE "
              + quoted(name + "_scores")
              + " (score BIGINT, of_row BIGINT REFERENCES "
              + quoted(name)
              + " ("
              + quoted(column)
              + "))");
    }
    return true;
  }

  /** Keeps a column unique in the way in which the engine wants it for foreign keys. */
  protected void makeReferable(Statement statement, String name, String column)
      throws SQLException {
    statement.execute(
        "CREATE UNIQUE INDEX "
            + quoted(name + "_referred")
            + " ON "
            + quoted(name)
            + " ("
            + quoted(column)
            + ")");
  }

  @Override
  public void changeArchivedRow(String userNote) throws SQLException {
    one("UPDATE <archive> SET <note> = 'changed' WHERE <note> = ?", userNote);
  }

  @Override
  public void deleteArchivedRow(String userNote) throws SQLException {
    one("DELETE FROM <archive> WHERE <note> = ?", userNote);
  }

  @Override
  public void doubleArchivedRow(String userNote) throws SQLException {
    one("INSERT INTO <archive> SELECT * FROM <archive> WHERE <note> = ?", userNote);
  }

  @Override
  public void changeRow(String userNote) throws SQLException {
    one("UPDATE <table> SET <note> = 'changed' WHERE <note> = ?", userNote);
  }

  @Override
  public void deleteRow(String userNote) throws SQLException {
    one("DELETE FROM <table> WHERE <note> = ?", userNote);
  }

  /** {@link #leaveTransactionOpen}, for engines on which a migration waits for such a one. */
  protected final AutoCloseable openTransaction(String userNote) throws SQLException {
    Connection connection = connect();
    connection.setAutoCommit(false);
    String note = quoted(USER_COLUMN);
    try (PreparedStatement change =
        connection.prepareStatement(
            "UPDATE " + quoted(table) + " SET " + note + " = 'open' WHERE " + note + " = ?")) {
      change.setString(1, userNote);
      change.executeUpdate();
    }
    return () -> {
      connection.rollback();
      connection.close();
    };
  }

  private void one(String statement, String userNote) throws SQLException {
    String sql =
        statement
            .replace("<table>", quoted(table))
            .replace("<archive>", quoted(table + "_dedupe_archive"))
            .replace("<note>", quoted(USER_COLUMN));
    try (Connection connection = connect();
        PreparedStatement prepared = connection.prepareStatement(sql)) {
      prepared.setString(1, userNote);
      if (prepared.executeUpdate() != 1) {
        throw new IllegalStateException("There is not one row " + userNote);
      }
    }
  }

  /** By default drops every index but the one on {@link #USER_COLUMN}. */
  @Override
  public void dropConstraint() throws SQLException {
    Set<String> names = indexNames();
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      for (String name : names) {
        if (!name.contains(USER_COLUMN)) {
          statement.execute(dropIndexStatement(name));
        }
      }
    }
  }

  @Override
  public boolean dropColumns(List<String> columns) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      for (String column : columns) {
        statement.execute("ALTER TABLE " + quoted(table) + " DROP COLUMN " + quoted(column));
      }
    }
    return true;
  }

  /** The statement that drops an index of the table. */
  protected String dropIndexStatement(String name) {
    return "DROP INDEX " + quoted(name);
  }

  /** A value as text; bytes as hexadecimal digits. */
  protected @Nullable String text(ResultSet result, int index) throws SQLException {
    Object value = result.getObject(index);
    return value instanceof byte[] bytes
        ? HexFormat.of().formatHex(bytes)
        : result.getString(index);
  }

  @Override
  public byte[] storedVersion(SpanKey key) throws SQLException {
    try (Connection connection = connect();
        PreparedStatement statement =
            keyed(connection, "SELECT " + quoted(SpanColumn.VERSION_NAME) + fromRowOfKey(), key);
        ResultSet row = statement.executeQuery()) {
      if (!row.next()) {
        throw new IllegalStateException("There is no row of " + key);
      }
      return row.getBytes(1);
    }
  }

  @Override
  public void storeVersion(SpanKey key, byte[] version) throws SQLException {
    String sql =
        "UPDATE " + quoted(table) + " SET " + quoted(SpanColumn.VERSION_NAME) + " = ?" + whereKey();
    try (Connection connection = connect();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setBytes(1, version);
      statement.setString(2, key.tenantId());
      statement.setString(3, key.traceId());
      statement.setString(4, key.spanId());
      if (statement.executeUpdate() != 1) {
        throw new IllegalStateException("There is no row of " + key);
      }
    }
  }

  /**
   * A query for what the store keeps the number of its format in, which ends in the number; null,
   * as by default, if it keeps none.
   */
  protected @Nullable String selectFormat() {
    return null;
  }

  /** The statement that keeps another number there, or none. */
  protected String keepFormat(OptionalInt format) {
    throw new IllegalStateException("No number is kept");
  }

  @Override
  public OptionalInt storedFormat() throws SQLException {
    String select = selectFormat();
    if (select == null) {
      return OptionalInt.empty();
    }
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(select)) {
      String text = row.next() ? row.getString(1) : null;
      return text == null
          ? OptionalInt.empty()
          : OptionalInt.of(Integer.parseInt(text.replaceFirst("(?s).*?(\\d+)$", "$1")));
    }
  }

  @Override
  public boolean storeFormat(OptionalInt format) throws SQLException {
    if (selectFormat() == null) {
      return false;
    }
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(keepFormat(format));
      return true;
    }
  }

  /** A statement that makes a number, or nothing, the comment of the table. */
  protected static String commentStatement(String table, OptionalInt format) {
    return "COMMENT ON TABLE "
        + table
        + " IS "
        + (format.isPresent() ? "'tracekeep-format: " + format.getAsInt() + "'" : "NULL");
  }

  private String fromRowOfKey() {
    return " FROM " + quoted(table) + whereKey();
  }

  private String whereKey() {
    return " WHERE "
        + quoted("tenant_id")
        + " = ? AND "
        + quoted("trace_id")
        + " = ? AND "
        + quoted("span_id")
        + " = ?";
  }

  private static PreparedStatement keyed(Connection connection, String sql, SpanKey key)
      throws SQLException {
    PreparedStatement statement = connection.prepareStatement(sql);
    statement.setString(1, key.tenantId());
    statement.setString(2, key.traceId());
    statement.setString(3, key.spanId());
    return statement;
  }

  @Override
  public boolean insertCopy(SpanKey key) throws SQLException {
    String sql = "INSERT INTO " + quoted(table) + " SELECT *" + fromRowOfKey();
    try (Connection connection = connect();
        PreparedStatement statement = keyed(connection, sql, key)) {
      if (statement.executeUpdate() == 0) {
        throw new IllegalStateException("There is no row of " + key + " to copy");
      }
      return true;
    } catch (SQLException e) {
      if (isUniquenessViolation(e)) {
        return false;
      }
      throw e;
    }
  }

  /** Runs statements, on one connection for all. */
  protected final void execute(String... statements) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  /** How an index of the table is dropped; by default as in most engines. */
  protected String dropIndex(String name) {
    return "DROP INDEX " + quoted(name);
  }

  @Override
  public Optional<String> addUniqueKey() throws SQLException {
    String key =
        Stream.of("tenant_id", "trace_id", "span_id")
            .map(this::quoted)
            .collect(Collectors.joining(", "));
    execute(
        "CREATE UNIQUE INDEX "
            + (quoted(APPLICATION_KEY) + " ON " + quoted(table) + " (" + key + ")"));
    return Optional.of(APPLICATION_KEY);
  }

  @Override
  public void dropUniqueKey() throws SQLException {
    execute(dropIndex(APPLICATION_KEY));
  }

  @Override
  public boolean dropUserColumn() throws SQLException {
    execute(
        dropIndex(table + "_user_note_idx"),
        "ALTER TABLE " + quoted(table) + " DROP COLUMN " + quoted(USER_COLUMN));
    return true;
  }

  @Override
  public void dropArchive() throws SQLException {
    execute("DROP TABLE " + quoted(table + "_dedupe_archive"));
  }

  @Override
  public Set<String> tableNames() throws SQLException {
    try (Connection connection = connect();
        ResultSet tables =
            connection.getMetaData().getTables(connection.getCatalog(), null, "%", null)) {
      Set<String> names = new TreeSet<>();
      while (tables.next()) {
        String schema = String.valueOf(tables.getString("TABLE_SCHEM")).toLowerCase(Locale.ROOT);
        if (!schema.equals("information_schema") && !schema.startsWith("pg_")) {
          names.add(tables.getString("TABLE_NAME"));
        }
      }
      return names;
    }
  }

  @Override
  public Set<String> indexNames() throws SQLException {
    try (Connection connection = connect();
        ResultSet indexes =
            connection
                .getMetaData()
                .getIndexInfo(connection.getCatalog(), null, table, false, true)) {
      Set<String> names = new TreeSet<>();
      while (indexes.next()) {
        String name = indexes.getString("INDEX_NAME");
        if (name != null) {
          names.add(name);
        }
      }
      return names;
    }
  }
}
