package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.dedupe.ArchiveNames;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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

  /** By which a migration knows the tables that it may drop. */
  static final String WORK = "Work table of a dedupe migration, dropped at its end";

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

  private final Map<String, String> names = new HashMap<>();

  /**
   * @param row what is worked out of a row
   * @param table the name of the table, whatever the old one is called by now
   * @param archive the name of its archive
   */
  DuplicateRows(TableShape shape, RowExpressions row, String table, String archive) {
    this.shape = shape;
    this.row = row;
    this.snapshot = shape.qualified(snapshotName(table));
    this.fresh = shape.qualified(freshName(table));
    this.archive = shape.qualified(archive);
    this.ranks = shape.qualified(ranksName(table));
    this.versions = shape.qualified(table + "_dedupe_versions");
    names.putAll(
        Map.of(
            "snapshot",
            snapshot,
            "fresh",
            fresh,
            "archive",
            archive,
            "ranks",
            ranks,
            "versions",
            versions,
            "key",
            row.key(),
            "tuple",
            row.keyTuple(),
            "carried",
            row.carried(),
            "s_carried",
            row.carried("dedupe_s"),
            "hash",
            row.hash()));
    names.put("extras", String.join(", ", archiveExtras().keySet()));
    this.ranking = new RankStatements(this);
    this.moving = new MoveStatements(this);
  }

  static String freshName(String table) {
    return table + "_dedupe_new";
  }

  static String ranksName(String table) {
    return table + "_dedupe_rows";
  }

  static String snapshotName(String table) {
    return table + "_dedupe_snapshot";
  }

  /** The tables that hold nothing but what is worked out again, qualified. */
  List<String> workTables() {
    return List.of(snapshot, ranks, versions);
  }

  /**
   * A statement about these tables; beside the given values a template can name the tables, {@code
   * key}, {@code tuple}, {@code carried}, {@code hash} and {@code extras}, the columns that only
   * the archive has.
   */
  String sql(String template, Map<String, ?> values) {
    Map<String, Object> all = new HashMap<>(names);
    all.putAll(values);
    return SqlText.fill(template, all);
  }

  private static Map<String, String> archiveExtras() {
    Map<String, String> extras = new LinkedHashMap<>();
    extras.put(ArchiveNames.MIGRATION_ID, "String");
    extras.put(ArchiveNames.ARCHIVED_AT, "DateTime64(9, 'UTC')");
    extras.put(ArchiveNames.REASON, "LowCardinality(String)");
    extras.put(ArchiveNames.WINNER_ENDED_AT, "Nullable(String)");
    extras.put(ArchiveNames.WINNER_UPDATED_AT, "Nullable(String)");
    extras.put(ArchiveNames.WINNER_CREATED_AT, "Nullable(String)");
    extras.put(ArchiveNames.WINNER_VERSION, "UInt256");
    extras.put(HASH, "FixedString(16)");
    return extras;
  }

  /** The condition that an archived row is of a migration. */
  static String ofMigration(String migrationId) {
    return ArchiveNames.MIGRATION_ID + " = " + SqlText.literal(migrationId);
  }

  // ---- counting --------------------------------------------------------------------------------

  /**
   * Rows, keys, keys with more than one row, rows without a trace or span id, rows without a
   * tenant, keys with one running and one completed row, keys with rows of two kinds of event, and
   * the largest groups, each with its size below zero.
   *
   * @param kind the column that tells kinds of events apart; empty if there is none
   */
  String count(String source, String kind) {
    String tenant = row.columns().tenantId();
    return sql(
        """
        SELECT toUInt64(sum(n)), count(), countIf(n > 1), toUInt64(sumIf(n, without)),
          toUInt64(sumIf(n, without_tenant)), countIf(n = 2 AND completed = 1), countIf(kinds),
          groupArraySortedIf(5)((-toInt64(n), [<texts>]), n > 1)
        FROM (SELECT <key>, count() AS n, <without> AS without, <without_tenant> AS without_tenant,
            countIf(<ended>) AS completed, <kinds> AS kinds
          FROM <source> GROUP BY <key>)""",
        Map.of(
            "source",
            source,
            "texts",
            row.columns().key().stream()
                .map(column -> "ifNull(toString(" + SqlText.name(column) + "), '')")
                .collect(Collectors.joining(", ")),
            "without",
            SqlText.fill(
                "isNull(<trace>) OR isNull(<span>)",
                Map.of(
                    "trace", SqlText.name(row.columns().traceId()),
                    "span", SqlText.name(row.columns().spanId()))),
            "without_tenant",
            tenant == null ? "false" : "isNull(" + SqlText.name(tenant) + ")",
            "ended",
            row.ended(),
            "kinds",
            kind.isEmpty()
                ? "false"
                : SqlText.fill(
                    "min(toString(<k>)) != max(toString(<k>))", Map.of("k", SqlText.name(kind)))));
  }

  /** Selects a {@link Fingerprint}. */
  String fingerprint(String source, String condition) {
    return sql(
        """
        SELECT count(), sum(reinterpretAsUInt64(substring(h, 1, 8))),
          sum(reinterpretAsUInt64(substring(h, 9, 8)))
        FROM (SELECT <hash> AS h FROM <source> WHERE <condition>)""",
        Map.of("source", source, "condition", condition));
  }

  /** The fingerprint that the archive must have, as the ranks say. */
  String plannedFingerprint() {
    return sql(
        """
        SELECT sum(archived), sum(archived * reinterpretAsUInt64(substring(h, 1, 8))),
          sum(archived * reinterpretAsUInt64(substring(h, 9, 8))) FROM <ranks>""",
        Map.of());
  }

  /** What the new table must have beside the snapshot, as the ranks say; less than nothing. */
  String plannedNewTable() {
    return sql(
        """
        SELECT countIf(late_winner) - sumIf(archived, round = 0),
          sumIf(low, late_winner) - sumIf(archived * low, round = 0),
          sumIf(high, late_winner) - sumIf(archived * high, round = 0)
        FROM (SELECT round, archived, round > 0 AND kept AS late_winner,
          reinterpretAsUInt64(substring(h, 1, 8)) AS low,
          reinterpretAsUInt64(substring(h, 9, 8)) AS high FROM <ranks>)""",
        Map.of());
  }

  TableShape shape() {
    return shape;
  }

  // ---- work tables -----------------------------------------------------------------------------

  String createArchive() {
    List<String> definitions = new ArrayList<>(shape.plainDefinitions());
    archiveExtras().forEach((name, type) -> definitions.add(SqlText.name(name) + " " + type));
    return sql(
        """
        CREATE TABLE IF NOT EXISTS <archive> (<definitions>)
        ENGINE = MergeTree ORDER BY (dedupe_migration_id, <key>) SETTINGS allow_nullable_key = 1
        COMMENT 'Rows that a dedupe migration took out of the table, each with the reason'""",
        Map.of("definitions", String.join(", ", definitions)));
  }

  /** Gives an archive of an earlier migration the columns that the table has by now. */
  String completeArchive() {
    return sql(
        "ALTER TABLE <archive> <additions>",
        Map.of(
            "additions",
            shape.plainDefinitions().stream()
                .map(definition -> "ADD COLUMN IF NOT EXISTS " + definition)
                .collect(Collectors.joining(", "))));
  }

  String createRanks() {
    return sql(
        """
        CREATE TABLE <ranks> (<key_definitions>, h FixedString(16), round UInt32, upto UInt64,
          archived UInt64, kept Bool, late UInt64, version UInt256, reason LowCardinality(String),
          winner_ended_at Nullable(String), winner_updated_at Nullable(String),
          winner_created_at Nullable(String), winner_version UInt256)
        ENGINE = MergeTree PARTITION BY round ORDER BY <tuple> SETTINGS allow_nullable_key = 1
        COMMENT <work>""",
        Map.of("key_definitions", keyDefinitions(), "work", SqlText.literal(WORK)));
  }

  /** Where undo writes down which keys are still there. */
  String createKeys() {
    return sql(
        """
        CREATE TABLE <ranks> (<key_definitions>)
        ENGINE = MergeTree ORDER BY <tuple> SETTINGS allow_nullable_key = 1 COMMENT <work>""",
        Map.of("key_definitions", keyDefinitions(), "work", SqlText.literal(WORK)));
  }

  private String keyDefinitions() {
    return row.columns().key().stream()
        .map(column -> TableShape.plain(shape.column(column)))
        .collect(Collectors.joining(", "));
  }

  String createVersions() {
    return sql(
        """
        CREATE TABLE <versions> (h FixedString(16), version UInt256)
        ENGINE = MergeTree ORDER BY h COMMENT <work>""",
        Map.of("work", SqlText.literal(WORK)));
  }

  /** Selects the best row of each key with the given columns: how the table is read as it is. */
  String selectBest(String source, String select) {
    return sql(
        """
        SELECT <select> FROM <source>
        ORDER BY <version> DESC, <present> DESC, <bytes> DESC, <hash> DESC LIMIT 1 BY <key>""",
        Map.of(
            "source", source,
            "select", select,
            "version", row.version(),
            "present", row.columnsPresent(),
            "bytes", row.textBytes()));
  }
}
