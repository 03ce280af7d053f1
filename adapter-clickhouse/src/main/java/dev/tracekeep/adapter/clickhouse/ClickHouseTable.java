package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.spi.TableFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What the span table is made of.
 *
 * <p>It is sorted by the identity alone: rows replace each other only where all of the sort key is
 * equal, so nothing that may change can be part of it. What lists need in another order is a
 * projection: a second copy of the light columns within the same parts, which appears, merges and
 * vanishes together with the rows. A second table fed by a materialized view would not: a crash
 * between the two inserts leaves a trace that no list shows, and each delete would have to reach
 * both.
 */
final class ClickHouseTable {
  /** The name of the projection that lists read. */
  static final String ROOTS = "roots_by_start";

  /** Whether a row is a root's, for the projection to be sorted by. */
  static final String IS_ROOT = "is_root";

  /** What makes each row replace the older ones of its key. */
  static final String ENGINE = "ReplacingMergeTree(" + SqlText.name(SpanColumn.VERSION_NAME) + ")";

  static final String VERSION_TYPE = "UInt256";

  /**
   * The projection follows merges and deletes, which by default refuse to run beside one. New parts
   * stay compact, which takes a third off what an insert costs: as wide ones they would be a
   * hundred small files each.
   */
  static final String SETTINGS =
      "deduplicate_merge_projection_mode = 'rebuild',"
          + " lightweight_mutation_projection_mode = 'rebuild',"
          + " min_bytes_for_wide_part = 134217728";

  private ClickHouseTable() {}

  /** The type of a column. */
  static String type(SpanColumn column) {
    String type =
        switch (column.type()) {
          case TEXT, JSON -> "String";
          case TIME -> "DateTime64(9, 'UTC')";
          case NUMBER -> column.scale() == 0 ? "Int64" : "Decimal(18, " + column.scale() + ")";
          case FLAG -> "Bool";
          case TEXT_LIST -> "Array(String)";
        };
    return column.isRequired() ? type : "Nullable(" + type + ")";
  }

  /** A column as CREATE TABLE and ADD COLUMN want it. */
  static String definition(SpanColumn column) {
    // Payloads are most of the table and are read by key: the stronger codec is worth its time.
    String codec = column.type() == SpanColumn.Type.JSON ? " CODEC(ZSTD(1))" : "";
    return SqlText.name(column.columnName()) + " " + type(column) + codec;
  }

  /** The columns that the engine or this store fills, beside those of a span. */
  static List<String> ownDefinitions() {
    return List.of(SqlText.name(SpanColumn.VERSION_NAME) + " " + VERSION_TYPE, isRootDefinition());
  }

  private static String isRootDefinition() {
    return SqlText.name(IS_ROOT)
        + " Bool MATERIALIZED isNull("
        + SqlText.name(SpanColumn.PARENT_SPAN_ID.columnName())
        + ")";
  }

  /** The projection as CREATE TABLE and ADD PROJECTION want it. */
  static String projection() {
    return SqlText.name(ROOTS)
        + " (SELECT "
        + SpanRows.select(SpanColumn.light())
        + ", "
        + SqlText.name(SpanColumn.VERSION_NAME)
        + ", "
        + SqlText.name(IS_ROOT)
        + " ORDER BY "
        + SqlText.name(SpanColumn.TENANT_ID.columnName())
        + ", "
        + SqlText.name(IS_ROOT)
        + ", "
        + SpanRows.select(List.of(SpanColumn.STARTED_AT, SpanColumn.TRACE_ID, SpanColumn.SPAN_ID))
        + ")";
  }

  /** The sort key. */
  static String key() {
    return SpanRows.select(SpanColumn.all().stream().filter(SpanColumn::isKey).toList());
  }

  /** All columns and the projection, as CREATE TABLE wants them. */
  static String body() {
    List<String> parts =
        SpanColumn.all().stream()
            .map(ClickHouseTable::definition)
            .collect(Collectors.toCollection(ArrayList::new));
    parts.addAll(ownDefinitions());
    parts.add("PROJECTION " + projection());
    return String.join(", ", parts);
  }

  /**
   * The statements that add what a later release has more, each safe to repeat; none for a table of
   * this release. A projection that lacks a column is of no use to lists, so it is made anew, in
   * the background.
   *
   * @param table its name, quoted
   * @param present the columns that it has
   */
  static List<String> additions(String table, Set<String> present) {
    List<SpanColumn> missing =
        SpanColumn.all().stream().filter(column -> !present.contains(column.columnName())).toList();
    List<String> statements = new ArrayList<>();
    String alter = "ALTER TABLE " + table;
    missing.forEach(
        column -> statements.add(alter + " ADD COLUMN IF NOT EXISTS " + definition(column)));
    if (!present.contains(IS_ROOT)) {
      statements.add(alter + " ADD COLUMN IF NOT EXISTS " + isRootDefinition());
    }
    if (!present.contains(IS_ROOT) || missing.stream().anyMatch(column -> !column.isHeavy())) {
      String roots = SqlText.name(ROOTS);
      statements.add(alter + " DROP PROJECTION IF EXISTS " + roots);
      statements.add(alter + " ADD PROJECTION IF NOT EXISTS " + projection());
      statements.add(
          alter + " MATERIALIZE PROJECTION IF EXISTS " + roots + " SETTINGS mutations_sync = 0");
    }
    return statements;
  }

  /**
   * The statement that makes the span table, safe to repeat.
   *
   * @param table its name, quoted
   */
  static String createStatement(String table) {
    return "CREATE TABLE IF NOT EXISTS "
        + table
        + " ("
        + body()
        + ") ENGINE = "
        + ENGINE
        + " ORDER BY ("
        + key()
        + ") SETTINGS "
        + SETTINGS
        + " COMMENT "
        + SqlText.literal(
            TableFormat.commentWith(
                "Spans, each once: read the row of the greatest version of a key"));
  }
}
