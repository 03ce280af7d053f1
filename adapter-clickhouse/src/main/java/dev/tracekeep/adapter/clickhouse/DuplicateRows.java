package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.migration.SpanTable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The tables of a migration and the statements that make them, count them and say how the rows of
 * one key are ranked and moved.
 */
final class DuplicateRows {
  /** The column of the content's hash. */
  static final String HASH = "dedupe_row";

  /** The version column that another system's table gets. */
  static final String VERSION = "dedupe_version";

  static final String MIGRATION_ID = "dedupe_migration_id";

  static final String REASON = "dedupe_reason";

  /** What the archive has beside the columns of the table. */
  private static final List<String> ARCHIVE_EXTRAS =
      List.of(
          "`" + MIGRATION_ID + "` String",
          "`dedupe_archived_at` DateTime64(3, 'UTC')",
          "`" + REASON + "` LowCardinality(String)",
          "`dedupe_winner_ended_at` Nullable(String)",
          "`dedupe_winner_updated_at` Nullable(String)",
          "`dedupe_winner_created_at` Nullable(String)",
          "`dedupe_winner_version` UInt256",
          "`" + HASH + "` FixedString(16)");

  /** What a winner hands down to the rows that lose against it. */
  private static final String WINNER =
      "winner_ended_at Nullable(String), winner_updated_at Nullable(String),"
          + " winner_created_at Nullable(String), winner_version UInt256";

  private final TableShape shape;

  /** What is worked out of a row. */
  final RowExpressions row;

  /** How rows are ranked. */
  final RankStatements ranking;

  /** How rows are moved. */
  final MoveStatements moving;

  /** The tables of a migration, qualified. */
  final String snapshot;

  final String fresh;
  final String archive;
  final String ranks;
  final String versions;

  /**
   * @param carried the columns that a row takes along
   * @param versionsAreWorkedOut as {@link RowExpressions}
   * @param table the name of the table, whatever the old one is called by now
   */
  DuplicateRows(
      TableShape shape,
      SpanTable.Columns columns,
      List<String> carried,
      boolean versionsAreWorkedOut,
      String table) {
    this.shape = shape;
    this.row = new RowExpressions(shape, columns, carried, versionsAreWorkedOut);
    this.snapshot = shape.qualified(snapshotName(table));
    this.fresh = shape.qualified(freshName(table));
    this.archive = shape.qualified(archiveName(table));
    this.ranks = shape.qualified(table + "_dedupe_rows");
    this.versions = shape.qualified(table + "_dedupe_versions");
    this.ranking = new RankStatements(row, snapshot, ranks, versions);
    this.moving = new MoveStatements(row, snapshot, fresh, archive, ranks, versions);
  }

  static String archiveName(String table) {
    return table + "_dedupe_archive";
  }

  static String freshName(String table) {
    return table + "_dedupe_new";
  }

  static String snapshotName(String table) {
    return table + "_dedupe_snapshot";
  }

  // ---- counting --------------------------------------------------------------------------------

  /** Rows, keys, keys with more than one row, and rows without a key. */
  String count(String source) {
    String withoutKey =
        row.columns().key().stream()
            .map(column -> "isNull(" + SqlText.name(column) + ")")
            .collect(Collectors.joining(" OR "));
    return "SELECT toUInt64(sum(n)), count(), countIf(n > 1), toUInt64(sumIf(n, without)) FROM (SELECT "
        + row.key()
        + ", count() AS n, "
        + withoutKey
        + " AS without FROM "
        + source
        + " GROUP BY "
        + row.key()
        + ")";
  }

  /**
   * How many rows there are and the sum of their hashes, in two halves: a multiset's fingerprint.
   */
  String fingerprint(String source, String condition) {
    return "SELECT count(), sum(reinterpretAsUInt64(substring(h, 1, 8))),"
        + " sum(reinterpretAsUInt64(substring(h, 9, 8))) FROM (SELECT "
        + row.hash()
        + " AS h FROM "
        + source
        + " WHERE "
        + condition
        + ")";
  }

  // ---- work tables -----------------------------------------------------------------------------

  String createArchive() {
    List<String> definitions = new ArrayList<>(shape.plainDefinitions());
    definitions.addAll(ARCHIVE_EXTRAS);
    return "CREATE TABLE IF NOT EXISTS "
        + archive
        + " ("
        + String.join(", ", definitions)
        + ") ENGINE = MergeTree ORDER BY (`"
        + MIGRATION_ID
        + "`, "
        + row.key()
        + ") SETTINGS allow_nullable_key = 1"
        + " COMMENT 'Rows that a dedupe migration took out of the table, each with the reason'";
  }

  /** Gives an archive of an earlier migration the columns that the table has by now. */
  String completeArchive() {
    return "ALTER TABLE "
        + archive
        + " "
        + shape.plainDefinitions().stream()
            .map(definition -> "ADD COLUMN IF NOT EXISTS " + definition)
            .collect(Collectors.joining(", "));
  }

  String createRanks() {
    return "CREATE TABLE IF NOT EXISTS "
        + ranks
        + " ("
        + row.columns().key().stream()
            .map(column -> TableShape.plain(shape.column(column)))
            .collect(Collectors.joining(", "))
        + ", h FixedString(16), round UInt32, upto UInt64, archived UInt64, kept Bool, late UInt64,"
        + " version UInt256, reason LowCardinality(String), "
        + WINNER
        + ") ENGINE = MergeTree PARTITION BY round ORDER BY "
        + row.keyTuple()
        + " SETTINGS allow_nullable_key = 1";
  }

  String createVersions() {
    return "CREATE TABLE IF NOT EXISTS "
        + versions
        + " (h FixedString(16), version UInt256) ENGINE = MergeTree ORDER BY h";
  }

  /** Selects the best row of each key with the given columns: how the table is read as it is. */
  String selectBest(String source, String select) {
    return "SELECT "
        + select
        + " FROM "
        + source
        + " ORDER BY "
        + row.version()
        + " DESC, "
        + row.hash()
        + " DESC LIMIT 1 BY "
        + row.key();
  }
}
