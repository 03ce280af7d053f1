package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.adapter.clickhouse.EngineClauses.Clause;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A table as the server describes it, and the statements that make tables like it. */
final class TableShape {
  /** A column: its default's kind is empty, {@code DEFAULT}, {@code MATERIALIZED}, …. */
  record Column(
      String name,
      String type,
      String defaultKind,
      String defaultExpression,
      String codec,
      boolean inPartition) {
    /** Whether a row that is copied takes a value along. */
    boolean isCarried() {
      return defaultKind.isEmpty() || defaultKind.equals("DEFAULT");
    }

    /** The column as ADD COLUMN wants it. */
    String definition() {
      String value = defaultKind.isEmpty() ? "" : " " + defaultKind + " " + defaultExpression;
      String name = SqlText.name(this.name);
      return name + " " + type + value + (codec.isEmpty() ? "" : " " + codec);
    }
  }

  /**
   * A table in which nothing is merged, so that no row and no column of it goes before somebody has
   * counted: neither replaced nor by its TTL.
   */
  private static final Map<String, String> NO_MERGES =
      Map.of(
          "max_bytes_to_merge_at_max_space_in_pool", "1",
          "max_bytes_to_merge_at_min_space_in_pool", "1");

  private static final Pattern WITH_VERSION =
      Pattern.compile("\\w*ReplacingMergeTree\\((?:.*, )?(\\w+)\\)");

  private final String database;
  private final String name;
  private final String uuid;
  private final String createStatement;
  private final String engineFull;
  private final EngineClauses clauses;
  private final String sortingKey;
  private final String comment;
  private final List<Column> columns;

  private TableShape(String database, String name, RowBinaryReader row, List<Column> columns)
      throws java.io.IOException {
    this.database = database;
    this.name = name;
    this.uuid = row.text();
    this.engineFull = row.text();
    this.createStatement = row.text();
    this.sortingKey = row.text();
    this.comment = row.text();
    this.clauses = new EngineClauses(engineFull);
    this.columns = columns;
  }

  /** The table as it is now; empty if there is none. */
  static Optional<TableShape> read(ClickHouseClient client, String database, String name)
      throws Exception {
    String where = " WHERE database = " + SqlText.literal(database);
    List<Column> columns =
        client.list(
            "SELECT name, type, default_kind, default_expression, compression_codec,"
                + " is_in_partition_key FROM system.columns"
                + where
                + " AND table = "
                + SqlText.literal(name)
                + " ORDER BY position",
            row ->
                new Column(row.text(), row.text(), row.text(), row.text(), row.text(), row.flag()));
    return client
        .list(
            "SELECT toString(uuid), engine_full, create_table_query, sorting_key, comment"
                + " FROM system.tables"
                + where
                + " AND name = "
                + SqlText.literal(name),
            row -> new TableShape(database, name, row, columns))
        .stream()
        .findFirst();
  }

  String name() {
    return name;
  }

  String uuid() {
    return uuid;
  }

  String comment() {
    return comment;
  }

  /** The engine alone: {@code ReplacingMergeTree}. */
  String engine() {
    return clauses.engine().replaceFirst("\\(.*", "");
  }

  List<Column> columns() {
    return columns;
  }

  Set<String> columnNames() {
    return columns.stream().map(Column::name).collect(Collectors.toCollection(LinkedHashSet::new));
  }

  /** The columns that a copy of a row takes along. */
  List<String> carried() {
    return columns.stream().filter(Column::isCarried).map(Column::name).toList();
  }

  /** The types of the columns that a row takes along, by name. */
  Map<String, String> carriedTypes() {
    Map<String, String> types = new LinkedHashMap<>();
    columns.stream().filter(Column::isCarried).forEach(c -> types.put(c.name(), c.type()));
    return types;
  }

  Column column(String wanted) {
    return columns.stream()
        .filter(column -> column.name().equals(wanted))
        .findFirst()
        .orElseThrow();
  }

  /** A type without what says that it may be absent or is stored in few values. */
  static String baseType(String type) {
    String base = type;
    while (base.startsWith("Nullable(") || base.startsWith("LowCardinality(")) {
      base = base.substring(base.indexOf('(') + 1, base.length() - 1);
    }
    return base;
  }

  /** All that the table is beside its name and its rows: it changes when somebody alters it. */
  String definition() {
    return definitions() + " ENGINE = " + engineFull + " COMMENT " + SqlText.literal(comment);
  }

  /** The statement that makes an empty table like this one, in which nothing is merged yet. */
  String createAlike(String newName, String newComment) {
    Map<String, String> settings = new LinkedHashMap<>(clauses.settings());
    settings.putAll(NO_MERGES);
    return SqlText.fill(
        "CREATE TABLE <table> (<definitions>) ENGINE = <engine><clauses><settings><comment>",
        Map.of(
            "table", qualified(newName),
            "definitions", definitions(),
            "engine", clauses.engine(),
            "clauses",
                Stream.of(Clause.values())
                    .filter(clause -> clause != Clause.SETTINGS)
                    .map(clauses::clause)
                    .collect(Collectors.joining()),
            "settings", settings(settings),
            "comment", newComment.isEmpty() ? "" : " COMMENT " + SqlText.literal(newComment)));
  }

  /** Whether rows replace each other where the key is equal, and wherever it is. */
  boolean replacesBy(List<String> key) {
    List<String> sorted = List.of(sortingKey.replace("`", "").split(", "));
    return engine().endsWith("ReplacingMergeTree")
        && sorted.size() == key.size()
        && new HashSet<>(sorted).equals(new HashSet<>(key))
        && isPartitionedWithin(key);
  }

  /** The column whose greatest value stays; empty if it is the last row that was written. */
  String versionColumn() {
    var version = WITH_VERSION.matcher(clauses.engine().replace("`", ""));
    return version.matches() ? version.group(1) : "";
  }

  private boolean isPartitionedWithin(List<String> key) {
    return columns.stream()
        .allMatch(column -> !column.inPartition() || key.contains(column.name()));
  }

  boolean hasSamplingKey() {
    return !clauses.clause(Clause.SAMPLE_BY).isEmpty();
  }

  private String definitions() {
    // The text ends with the engine, and a column always starts with a backtick.
    int end = createStatement.lastIndexOf(") ENGINE = " + engineFull);
    return createStatement.substring(createStatement.indexOf("(`") + 1, end);
  }

  /**
   * The statement that makes a table for the same rows, each key once. All that does not decide
   * about the order of rows stays: codecs, comments, defaults, indexes, constraints, TTL, settings.
   * A partition by a column beyond the key goes, because rows of one key would not meet.
   *
   * @param extraDefinitions columns and projections that are added
   * @param extraSettings settings that the table shall have unless it says otherwise
   */
  String createReplacing(
      String newName,
      List<String> key,
      String version,
      List<String> extraDefinitions,
      Map<String, String> extraSettings) {
    List<String> definitions = new ArrayList<>(List.of(definitions()));
    definitions.addAll(extraDefinitions);
    Map<String, String> settings = new LinkedHashMap<>(extraSettings);
    settings.putAll(clauses.settings());
    settings.putAll(NO_MERGES);
    if (key.stream().anyMatch(part -> column(part).type().contains("Nullable("))) {
      settings.put("allow_nullable_key", "1");
    }
    return "CREATE TABLE IF NOT EXISTS "
        + qualified(newName)
        + " ("
        + String.join(", ", definitions)
        + ") ENGINE = ReplacingMergeTree("
        + SqlText.name(version)
        + ")"
        + (isPartitionedWithin(key) ? clauses.clause(Clause.PARTITION_BY) : "")
        + " ORDER BY ("
        + names(key)
        + ")"
        + clauses.clause(Clause.TTL)
        + settings(settings)
        + (comment.isEmpty() ? "" : " COMMENT " + SqlText.literal(comment));
  }

  /** The statements that let merges happen again in a table that {@link #createReplacing} made. */
  List<String> allowMerges(String newName) {
    Map<String, String> own = clauses.settings();
    return NO_MERGES.keySet().stream()
        .map(
            setting ->
                "ALTER TABLE "
                    + qualified(newName)
                    + (own.containsKey(setting)
                        ? " MODIFY SETTING " + setting + " = " + own.get(setting)
                        : " RESET SETTING " + setting))
        .toList();
  }

  /** The statement that makes a table into which partitions of this one can be attached. */
  String createSnapshot(String newName, String newComment) {
    Map<String, String> settings = new LinkedHashMap<>(clauses.settings());
    settings.putAll(NO_MERGES);
    return "CREATE TABLE "
        + qualified(newName)
        + " AS "
        + qualified(name)
        + " ENGINE = MergeTree"
        + clauses.clause(Clause.PARTITION_BY)
        + clauses.clause(Clause.PRIMARY_KEY)
        + clauses.clause(Clause.ORDER_BY)
        + clauses.clause(Clause.SAMPLE_BY)
        + settings(settings)
        + " COMMENT "
        + SqlText.literal(newComment);
  }

  /**
   * The carried columns as CREATE TABLE wants them, with their types and codecs alone: what else a
   * column has would change what is written into it.
   */
  List<String> plainDefinitions() {
    return columns.stream().filter(Column::isCarried).map(TableShape::plain).toList();
  }

  static String plain(Column column) {
    return SqlText.name(column.name())
        + " "
        + column.type()
        + (column.codec().isEmpty() ? "" : " " + column.codec());
  }

  String qualified(String table) {
    return SqlText.name(database) + "." + SqlText.name(table);
  }

  static String names(List<String> columns) {
    return columns.stream().map(SqlText::name).collect(Collectors.joining(", "));
  }

  private static String settings(Map<String, String> settings) {
    return settings.entrySet().stream()
        .map(setting -> setting.getKey() + " = " + setting.getValue())
        .collect(Collectors.joining(", ", " SETTINGS ", ""));
  }
}
