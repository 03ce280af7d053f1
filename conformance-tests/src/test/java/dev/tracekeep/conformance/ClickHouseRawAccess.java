package dev.tracekeep.conformance;

import dev.tracekeep.adapter.clickhouse.ClickHouseTestServer;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.storage.StorageConfig;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** {@link RawAccess} by plain HTTP; values stay escaped as in a tab-separated file. */
final class ClickHouseRawAccess implements RawAccess {
  private static final String TABLE = StorageConfig.DEFAULT_TABLE;
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSSSSSSS").withZone(ZoneOffset.UTC);
  private static final int REQUEST_CHARS = 4_000_000;

  private final String url;

  ClickHouseRawAccess(String url) {
    this.url = url;
  }

  @Override
  public void createLegacyTable(List<Span> rows) throws IOException {
    // No ReplacingMergeTree: that would merge some of the duplicates before anybody has seen them.
    ClickHouseTestServer.execute(
        url,
        "CREATE TABLE "
            + TABLE
            + " ("
            + SpanColumn.all().stream()
                .map(column -> column.columnName() + " " + type(column))
                .collect(Collectors.joining(", "))
            + ", "
            + USER_COLUMN
            + " String COMMENT 'the number of the row', INDEX "
            + TABLE
            + "_user_note_idx "
            + USER_COLUMN
            + " TYPE bloom_filter GRANULARITY 1) ENGINE = MergeTree ORDER BY (started_at,"
            + " trace_id)");
    StringBuilder request = new StringBuilder();
    int number = 0;
    for (Span row : rows) {
      request.append(json(row, number++)).append('\n');
      if (request.length() > REQUEST_CHARS) {
        insert(request);
      }
    }
    insert(request);
  }

  private static String type(SpanColumn column) {
    String type =
        switch (column.type()) {
          case TEXT, JSON -> "String";
          case TIME -> "DateTime64(9, 'UTC')";
          case NUMBER -> column == SpanColumn.COST ? "Decimal(18, 12)" : "Int64";
          case FLAG -> "Bool";
          case TEXT_LIST -> "Array(String)";
        };
    return column.isRequired() ? type : "Nullable(" + type + ")";
  }

  private void insert(StringBuilder rows) throws IOException {
    ClickHouseTestServer.insert(
        url,
        "INSERT INTO " + TABLE + " FORMAT JSONEachRow",
        rows.toString().getBytes(StandardCharsets.UTF_8));
    rows.setLength(0);
  }

  private static String json(Span row, int number) {
    Map<String, Json> fields = new TreeMap<>();
    for (SpanColumn column : SpanColumn.all()) {
      Object value = column.read(row);
      if (value != null) {
        fields.put(column.columnName(), json(value));
      }
    }
    fields.put(USER_COLUMN, Json.of(Integer.toString(number)));
    return Json.object(fields).text();
  }

  private static Json json(Object value) {
    if (value instanceof Instant time) {
      return Json.of(TIME.format(time));
    }
    if (value instanceof BigDecimal number) {
      return Json.of(number);
    }
    if (value instanceof Boolean flag) {
      return Json.of(flag);
    }
    if (value instanceof List<?> list) {
      return Json.array(list.stream().map(element -> Json.of((String) element)).toList());
    }
    return Json.of(value instanceof Json document ? document.text() : (String) value);
  }

  @Override
  public List<Map<String, @Nullable String>> rows() throws IOException {
    return rowsOf(TABLE);
  }

  @Override
  public List<Map<String, @Nullable String>> archivedRows() throws IOException {
    return rowsOf(TABLE + "_dedupe_archive");
  }

  @Override
  public boolean createForeignTable(
      String table, Map<String, ForeignType> columns, List<List<@Nullable Object>> rows)
      throws IOException {
    ClickHouseTestServer.execute(
        url,
        "CREATE TABLE "
            + table
            + " ("
            + columns.entrySet().stream()
                .map(column -> "`" + column.getKey() + "` " + foreignType(column.getValue()))
                .collect(Collectors.joining(", "))
            + ") ENGINE = MergeTree ORDER BY tuple()");
    List<String> names = List.copyOf(columns.keySet());
    StringBuilder lines = new StringBuilder();
    for (List<@Nullable Object> row : rows) {
      Map<String, Json> fields = new TreeMap<>();
      for (int i = 0; i < names.size(); i++) {
        Object value = row.get(i);
        if (value != null) {
          fields.put(
              names.get(i),
              value instanceof Number number
                  ? Json.of(number.toString().replace("Infinity", "inf").replace("NaN", "nan"))
                  : json(value));
        }
      }
      lines.append(Json.object(fields).text()).append('\n');
    }
    ClickHouseTestServer.insert(
        url,
        "INSERT INTO "
            + table
            + " SETTINGS input_format_json_read_numbers_as_strings = 1"
            + " FORMAT JSONEachRow",
        lines.toString().getBytes(StandardCharsets.UTF_8));
    return true;
  }

  private static String foreignType(ForeignType type) {
    return switch (type) {
      case TEXT -> "Nullable(String)";
      case INTEGER -> "Nullable(Int64)";
      case NUMBER -> "Nullable(Float64)";
      case TIME -> "Nullable(DateTime64(9, 'UTC'))";
    };
  }

  @Override
  public List<Map<String, @Nullable String>> rowsOf(String table) throws IOException {
    List<Map<String, @Nullable String>> rows = new ArrayList<>();
    if (!tableNames().contains(table)) {
      return rows;
    }
    String answer =
        ClickHouseTestServer.query(
            url, "SELECT * FROM " + table + " FORMAT TabSeparatedWithNames", Map.of());
    List<String> lines = answer.lines().toList();
    String[] names = lines.get(0).split("\t", -1);
    for (String line : lines.subList(1, lines.size())) {
      String[] values = line.split("\t", -1);
      Map<String, @Nullable String> row = new TreeMap<>();
      for (int i = 0; i < names.length; i++) {
        row.put(names[i].toLowerCase(Locale.ROOT), values[i].equals("\\N") ? null : values[i]);
      }
      rows.add(row);
    }
    return rows;
  }

  private static final String ROWS_OF_KEY =
      " FROM "
          + TABLE
          + " WHERE tenant_id = {tenant:String} AND trace_id = {trace:String}"
          + " AND span_id = {span:String}";

  private static Map<String, String> parameters(SpanKey key) {
    return Map.of(
        "param_tenant", key.tenantId(),
        "param_trace", key.traceId(),
        "param_span", key.spanId());
  }

  /** The version orders the parts, so no update can change it: the row is written anew. */
  @Override
  public void storeVersion(SpanKey key, byte[] version) throws IOException {
    String older = TABLE + "_older";
    ClickHouseTestServer.execute(url, "CREATE TABLE " + older + " AS " + TABLE);
    ClickHouseTestServer.execute(
        url,
        "INSERT INTO "
            + older
            + " SELECT * REPLACE (toUInt256('"
            + new BigInteger(1, version)
            + "') AS version) FROM "
            + TABLE);
    ClickHouseTestServer.execute(url, "EXCHANGE TABLES " + TABLE + " AND " + older);
    ClickHouseTestServer.execute(url, "DROP TABLE " + older + " SYNC");
  }

  @Override
  public OptionalInt storedFormat() throws IOException {
    String comment =
        ClickHouseTestServer.query(
            url,
            "SELECT extract(comment, '[0-9]+$') FROM system.tables WHERE database ="
                + " currentDatabase() AND name = '"
                + TABLE
                + "'",
            Map.of());
    return comment.isBlank()
        ? OptionalInt.empty()
        : OptionalInt.of(Integer.parseInt(comment.strip()));
  }

  @Override
  public boolean storeFormat(OptionalInt format) throws IOException {
    ClickHouseTestServer.execute(
        url,
        "ALTER TABLE "
            + TABLE
            + " MODIFY COMMENT 'Our spans"
            + (format.isPresent() ? "; tracekeep-format: " + format.getAsInt() : "")
            + "'");
    return true;
  }

  /** Of the rows that no merge has dropped yet the greatest one counts. */
  @Override
  public byte[] storedVersion(SpanKey key) throws IOException {
    String number =
        ClickHouseTestServer.query(
            url, "SELECT toString(max(version))" + ROWS_OF_KEY, parameters(key));
    byte[] digits = new BigInteger(number.strip()).toByteArray();
    byte[] version = new byte[SpanVersion.LENGTH];
    int zeros = version.length - digits.length;
    System.arraycopy(digits, 0, version, zeros, digits.length);
    return version;
  }

  @Override
  public boolean insertCopy(SpanKey key) throws IOException {
    Map<String, String> parameters = parameters(key);
    if (ClickHouseTestServer.query(url, "SELECT count()" + ROWS_OF_KEY, parameters).equals("0\n")) {
      throw new IllegalStateException("There is no row of " + key + " to copy");
    }
    ClickHouseTestServer.query(
        url, "INSERT INTO " + TABLE + " SELECT *" + ROWS_OF_KEY + " LIMIT 1", parameters);
    return true;
  }

  @Override
  public void endClaims() throws IOException {
    ClickHouseTestServer.execute(
        url,
        "INSERT INTO tracekeep_migrator SELECT table_name, owner, max(number) + 1, now64(3, 'UTC')"
            + " FROM tracekeep_migrator GROUP BY table_name, owner");
  }

  /** Makes the table anew, by its own statement without the columns. */
  @Override
  public boolean dropColumns(List<String> columns) throws IOException {
    String statement =
        ClickHouseTestServer.query(
            url,
            "SELECT create_table_query FROM system.tables WHERE database = currentDatabase() AND"
                + " name = '"
                + TABLE
                + "' FORMAT TSVRaw",
            Map.of());
    String kept =
        ClickHouseTestServer.query(
                url,
                "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = '"
                    + TABLE
                    + "' AND default_kind = '' FORMAT TSVRaw",
                Map.of())
            .lines()
            .filter(column -> !columns.contains(column))
            .collect(Collectors.joining(", "));
    for (String column : columns) {
      statement =
          statement
              .replaceAll("`" + column + "` Nullable\\((String|Int64|Decimal\\(18, 12\\))\\), ", "")
              .replaceAll("([ (\n])`?" + column + "`?,\\s*", "$1");
    }
    String newer = TABLE + "_newer";
    ClickHouseTestServer.execute(url, "RENAME TABLE " + TABLE + " TO " + newer, statement);
    ClickHouseTestServer.execute(
        url,
        "INSERT INTO " + TABLE + " (" + kept + ") SELECT " + kept + " FROM " + newer,
        "DROP TABLE " + newer + " SYNC");
    return true;
  }

  @Override
  public boolean dropUserColumn() throws IOException {
    ClickHouseTestServer.execute(
        url,
        "ALTER TABLE " + TABLE + " DROP INDEX " + TABLE + "_user_note_idx",
        "ALTER TABLE " + TABLE + " DROP COLUMN " + USER_COLUMN);
    return true;
  }

  @Override
  public void dropArchive() throws IOException {
    ClickHouseTestServer.query(url, "DROP TABLE " + TABLE + "_dedupe_archive SYNC", Map.of());
  }

  @Override
  public void changeArchivedRow(String userNote) throws IOException {
    archive("ALTER TABLE %s UPDATE user_note = 'changed' WHERE user_note = {n:String}", userNote);
  }

  @Override
  public void deleteArchivedRow(String userNote) throws IOException {
    archive("ALTER TABLE %s DELETE WHERE user_note = {n:String}", userNote);
  }

  @Override
  public void doubleArchivedRow(String userNote) throws IOException {
    archive("INSERT INTO %1$s SELECT * FROM %1$s WHERE user_note = {n:String}", userNote);
  }

  private void archive(String statement, String userNote) throws IOException {
    change(statement.formatted(TABLE + "_dedupe_archive"), userNote);
  }

  private void change(String statement, String userNote) throws IOException {
    ClickHouseTestServer.query(url, statement, Map.of("param_n", userNote, "mutations_sync", "2"));
  }

  @Override
  public void changeRow(String userNote) throws IOException {
    change(
        "ALTER TABLE " + TABLE + " UPDATE user_note = 'changed' WHERE user_note = {n:String}",
        userNote);
  }

  @Override
  public void deleteRow(String userNote) throws IOException {
    change("ALTER TABLE " + TABLE + " DELETE WHERE user_note = {n:String}", userNote);
  }

  /** The constraint is the engine, which no statement changes: another table takes its place. */
  @Override
  public void dropConstraint() throws IOException {
    ClickHouseTestServer.execute(
        url,
        "CREATE TABLE rebuilt AS " + TABLE + " ENGINE = MergeTree ORDER BY tuple()",
        "INSERT INTO rebuilt SELECT * FROM " + TABLE,
        "EXCHANGE TABLES rebuilt AND " + TABLE,
        "DROP TABLE rebuilt");
  }

  @Override
  public Set<String> tableNames() throws IOException {
    return names("SELECT name FROM system.tables WHERE database = currentDatabase()");
  }

  @Override
  public Set<String> indexNames() throws IOException {
    return names(
        "SELECT name FROM system.data_skipping_indices WHERE database = currentDatabase()"
            + " AND table = '"
            + TABLE
            + "'");
  }

  private Set<String> names(String query) throws IOException {
    return new TreeSet<>(ClickHouseTestServer.query(url, query, Map.of()).lines().toList());
  }
}
