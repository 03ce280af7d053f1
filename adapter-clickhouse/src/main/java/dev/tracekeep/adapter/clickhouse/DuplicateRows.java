package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.migration.SpanTable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The statements about rows that share their key with a better row. ClickHouse has no row
 * addresses, so a row is named by the hash of its content: rows of the same content are as good as
 * one another, and only how many there are of them matters.
 *
 * <p>What is ranked and sorted is always the key, the hash and the times; of the other columns
 * nothing but the hash is worked out, and only for keys with more than one row.
 */
final class DuplicateRows {
  /** The column of the content's hash. */
  static final String HASH = "dedupe_row";

  /** The version column that another system's table gets. */
  static final String VERSION = "dedupe_version";

  static final String MIGRATION_ID = "dedupe_migration_id";

  private static final String REASON = "dedupe_reason";

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
  private final SpanTable.Columns columns;
  private final List<String> carried;
  private final boolean versionsAreWorkedOut;

  /** The tables of a migration, qualified. */
  final String snapshot;

  final String fresh;
  final String archive;
  final String ranks;
  final String versions;

  /**
   * @param carried the columns that a row takes along
   * @param versionsAreWorkedOut whether the versions are in {@link #versions}, worked out on this
   *     side, rather than an expression
   */
  DuplicateRows(
      TableShape shape,
      SpanTable.Columns columns,
      List<String> carried,
      boolean versionsAreWorkedOut,
      String table) {
    this.shape = shape;
    this.columns = columns;
    this.carried = carried;
    this.versionsAreWorkedOut = versionsAreWorkedOut;
    this.snapshot = shape.qualified(snapshotName(table));
    this.fresh = shape.qualified(freshName(table));
    this.archive = shape.qualified(archiveName(table));
    this.ranks = shape.qualified(table + "_dedupe_rows");
    this.versions = shape.qualified(table + "_dedupe_versions");
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

  // ---- expressions -----------------------------------------------------------------------------

  private String key() {
    return TableShape.names(columns.key());
  }

  private String keyTuple() {
    return "(" + key() + ")";
  }

  /** The hash of a row's content. RowBinary tells NULL from nothing, and knows every type. */
  String hash() {
    return "sipHash128(" + content() + ")";
  }

  private String content() {
    return "formatRow('RowBinary', " + TableShape.names(carried) + ")";
  }

  /**
   * The one rule as a number, in the layout of {@link dev.tracekeep.span.SpanVersion}: completed,
   * then updatedAt, then createdAt, then a hash of the content.
   */
  String version() {
    if (columns.version() != null) {
      return SqlText.name(columns.version());
    }
    return "bitShiftLeft(toUInt256(isNotNull("
        + SqlText.name(columns.endedAt())
        + ")), 192) + bitShiftLeft("
        + packed(columns.updatedAt())
        + ", 128) + bitShiftLeft("
        + packed(columns.createdAt())
        + ", 64) + toUInt256(sipHash64("
        + content()
        + "))";
  }

  /** A time as an unsigned number that is greater the later it is, and 0 if it is absent. */
  private String packed(@Nullable String column) {
    return column == null
        ? "toUInt256(0)"
        : "toUInt256(ifNull(toInt128(" + nanos(column) + ") + 9223372036854775808, 0))";
  }

  private String nanos(@Nullable String column) {
    if (column == null) {
      return "CAST(NULL, 'Nullable(Int64)')";
    }
    String name = SqlText.name(column);
    String type = shape.column(column).type().replaceAll("Nullable\\(|LowCardinality\\(", "");
    if (type.startsWith("Date")) {
      return "toUnixTimestamp64Nano(toDateTime64(" + name + ", 9, 'UTC'))";
    }
    if (type.startsWith("String")) {
      return "toUnixTimestamp64Nano(parseDateTime64BestEffortOrNull(" + name + ", 9, 'UTC'))";
    }
    return "toInt64(" + name + ")";
  }

  /** What was last changed after the given block: new parts, and older ones merged with them. */
  static String changedSince(long block) {
    return "toInt64OrZero(extract(_part, '^[^_]+_[0-9]+_([0-9]+)_')) > " + block;
  }

  // ---- counting --------------------------------------------------------------------------------

  /** Rows, keys, keys with more than one row, and rows without a key. */
  String count(String source) {
    String withoutKey =
        columns.key().stream()
            .map(column -> "isNull(" + SqlText.name(column) + ")")
            .collect(Collectors.joining(" OR "));
    return "SELECT toUInt64(sum(n)), count(), countIf(n > 1), toUInt64(sumIf(n, without)) FROM (SELECT "
        + key()
        + ", count() AS n, "
        + withoutKey
        + " AS without FROM "
        + source
        + " GROUP BY "
        + key()
        + ")";
  }

  /**
   * How many rows there are and the sum of their hashes, in two halves: a multiset's fingerprint.
   */
  String fingerprint(String source, String condition) {
    return "SELECT count(), sum(reinterpretAsUInt64(substring(h, 1, 8))),"
        + " sum(reinterpretAsUInt64(substring(h, 9, 8))) FROM (SELECT "
        + hash()
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
        + key()
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
        + columns.key().stream()
            .map(column -> TableShape.plain(shape.column(column)))
            .collect(Collectors.joining(", "))
        + ", h FixedString(16), round UInt32, upto UInt64, archived UInt64, kept Bool, late UInt64,"
        + " version UInt256, reason LowCardinality(String), "
        + WINNER
        + ") ENGINE = MergeTree PARTITION BY round ORDER BY "
        + keyTuple()
        + " SETTINGS allow_nullable_key = 1";
  }

  String createVersions() {
    return "CREATE TABLE IF NOT EXISTS "
        + versions
        + " (h FixedString(16), version UInt256) ENGINE = MergeTree ORDER BY h";
  }

  // ---- ranking ---------------------------------------------------------------------------------

  /** Selects the keys that have more than one row. */
  String duplicateKeys(String source) {
    return "SELECT " + key() + " FROM " + source + " GROUP BY " + key() + " HAVING count() > 1";
  }

  /** Selects the keys of which rows came after the snapshot, or might have. */
  private String keysChangedSince(String source, long block) {
    return "SELECT DISTINCT " + key() + " FROM " + source + " WHERE " + changedSince(block);
  }

  /** The condition that a row's key is one of those. */
  String ofKeysChangedSince(String source, long block) {
    return keyTuple() + " IN (" + keysChangedSince(source, block) + ")";
  }

  /** Selects the rows of the given keys, each content once, with how many copies there are. */
  private String contents(String source, String keys) {
    return "SELECT "
        + key()
        + ", h, count() AS copies, any(v) AS v, any(e) AS e, any(u) AS u, any(c) AS c,"
        + " any(et) AS et, any(ut) AS ut, any(ct) AS ct FROM (SELECT "
        + key()
        + ", "
        + hash()
        + " AS h, "
        + (versionsAreWorkedOut ? "toUInt256(0)" : version())
        + " AS v, isNotNull("
        + SqlText.name(columns.endedAt())
        + ") AS e, "
        + nanos(columns.updatedAt())
        + " AS u, "
        + nanos(columns.createdAt())
        + " AS c, "
        + text(columns.endedAt())
        + " AS et, "
        + text(columns.updatedAt())
        + " AS ut, "
        + text(columns.createdAt())
        + " AS ct FROM "
        + source
        + " WHERE "
        + keyTuple()
        + " IN ("
        + keys
        + ")) GROUP BY "
        + key()
        + ", h";
  }

  private static String text(@Nullable String column) {
    return column == null
        ? "CAST(NULL, 'Nullable(String)')"
        : "CAST(toString(" + SqlText.name(column) + "), 'Nullable(String)')";
  }

  /** Replaces the stand-in for a version where versions are worked out on this side. */
  private String versioned(String contents) {
    return versionsAreWorkedOut
        ? "SELECT r.* REPLACE (w.version AS v) FROM ("
            + contents
            + ") AS r INNER JOIN (SELECT h, any(version) AS version FROM "
            + versions
            + " GROUP BY h) AS w ON r.h = w.h"
        : contents;
  }

  /** Writes down what is to be done with the rows of keys that the snapshot has more than once. */
  String rank() {
    String contents =
        "SELECT *, copies AS before, toUInt64(0) AS late FROM ("
            + versioned(contents(snapshot, duplicateKeys(snapshot)))
            + ")";
    return rank(contents, 0);
  }

  /**
   * Writes down what is to be done with rows that came after the snapshot: those that the source
   * has more often than the snapshot and the rounds before together.
   */
  String rankLate(String source, long block, int round) {
    String keys = keysChangedSince(source, block);
    // Where both have a row, everything but the number of copies is the same.
    String merged =
        "SELECT "
            + key()
            + ", h, any(v) AS v, any(e) AS e, any(u) AS u, any(c) AS c, any(et) AS et, any(ut) AS ut,"
            + " any(ct) AS ct, sumIf(copies, side = 0) AS now, sumIf(copies, side = 1) AS known"
            + " FROM (SELECT *, 0 AS side FROM ("
            + contents(source, keys)
            + ") UNION ALL SELECT *, 1 AS side FROM ("
            + contents(snapshot, keys)
            + ")) GROUP BY "
            + key()
            + ", h";
    String withRounds =
        "SELECT m.* EXCEPT (now, known), m.known + l.late AS before,"
            + " toUInt64(greatest(toInt64(m.now) - toInt64(m.known) - toInt64(l.late), 0)) AS late"
            + " FROM ("
            + versioned(merged)
            + ") AS m LEFT JOIN (SELECT h, sum(late) AS late FROM "
            + ranks
            + " WHERE round < "
            + round
            + " GROUP BY h) AS l ON m.h = l.h";
    return rank(withRounds, round);
  }

  /**
   * @param contents rows with what their key has: {@code before} says how many copies were dealt
   *     with or, in round 0, are to be; {@code late} how many have come since
   */
  private String rank(String contents, int round) {
    boolean first = round == 0;
    String best = " OVER (PARTITION BY " + key() + " ORDER BY v DESC, h DESC)";
    String ranked =
        "SELECT *, row_number()"
            + best
            + " AS rank, row_number() OVER (PARTITION BY "
            + key()
            + ", before > 0 ORDER BY v DESC, h DESC) AS old_rank, first_value(et)"
            + best
            + " AS w_et, first_value(ut)"
            + best
            + " AS w_ut, first_value(ct)"
            + best
            + " AS w_ct, first_value(v)"
            + best
            + " AS w_v, first_value(e)"
            + best
            + " AS w_e, first_value(u)"
            + best
            + " AS w_u, first_value(c)"
            + best
            + " AS w_c FROM ("
            + contents
            + ")";
    // In later rounds the best of the rows before stands in the new table already; if a late one
    // is better, the former goes to the archive, too.
    String moves =
        first
            ? "toUInt64(copies - (rank = 1)) AS moved, rank = 1 AS stays"
            : "toUInt64(late + (before > 0 AND old_rank = 1 AND rank != 1)"
                + " - (rank = 1 AND before = 0)) AS moved, rank = 1 AND before = 0 AS stays";
    String all = "SELECT *, " + moves + " FROM (" + ranked + ")";
    return "INSERT INTO "
        + ranks
        + " ("
        + key()
        + ", h, round, upto, archived, kept, late, version, reason, winner_ended_at,"
        + " winner_updated_at, winner_created_at, winner_version) SELECT "
        + key()
        + ", h, "
        + round
        // All rows of a key come to the same sum: a window without a frame takes in its peers.
        + ", sum(moved) OVER (ORDER BY "
        + key()
        + "), moved, stays, late, v, "
        + reason()
        + ", w_et, w_ut, w_ct, w_v FROM ("
        + all
        + ")"
        + (first ? "" : " WHERE moved > 0 OR stays");
  }

  private String reason() {
    return "multiIf(NOT e AND w_e, 'running, and another copy is completed', "
        + older("u", "w_u")
        + ", 'older "
        + columns.updatedAt()
        + " than another copy', "
        + older("c", "w_c")
        + ", 'older "
        + columns.createdAt()
        + " than another copy', 'as new as another copy that was kept')";
  }

  private static String older(String mine, String winners) {
    return "ifNull("
        + mine
        + " < "
        + winners
        + ", 0) OR (isNull("
        + mine
        + ") AND isNotNull("
        + winners
        + "))";
  }

  // ---- moving ----------------------------------------------------------------------------------

  /** Selects where a batch ends that starts behind {@code from}: after whole keys, at least one. */
  String endOfBatch(int round, long from, long rows) {
    return "SELECT if(maxIf(upto, upto <= "
        + (from + rows)
        + ") > "
        + from
        + ", maxIf(upto, upto <= "
        + (from + rows)
        + "), minIf(upto, upto > "
        + from
        + ")) FROM "
        + ranks
        + " WHERE round = "
        + round;
  }

  /** Selects how many rows a round moves. */
  String movedIn(int round) {
    return "SELECT max(upto) FROM " + ranks + " WHERE round = " + round;
  }

  /**
   * Copies the losers of a batch into the archive, as many of each as are not there yet: so it can
   * be repeated. One copy of each content is read and multiplied.
   */
  String archive(String source, String migrationId, int round, long from, long end) {
    String batch = "round = " + round + " AND upto > " + from + " AND upto <= " + end;
    String need =
        "SELECT n.*, arrayJoin(range(n.total - a.there)) AS copy FROM (SELECT h, sum(archived) AS total,"
            + " argMax(reason, round) AS reason, argMax(tuple(winner_ended_at), round).1 AS w_et,"
            + " argMax(tuple(winner_updated_at), round).1 AS w_ut,"
            + " argMax(tuple(winner_created_at), round).1 AS w_ct,"
            + " argMax(winner_version, round) AS w_v FROM "
            + ranks
            + " WHERE h IN (SELECT h FROM "
            + ranks
            + " WHERE "
            + batch
            + ") AND round <= "
            + round
            + " GROUP BY h) AS n LEFT JOIN (SELECT `"
            + HASH
            + "` AS h, count() AS there FROM "
            + archive
            + " WHERE `"
            + MIGRATION_ID
            + "` = "
            + SqlText.literal(migrationId)
            + " GROUP BY h) AS a ON n.h = a.h WHERE n.total > a.there";
    return "INSERT INTO "
        + archive
        + " ("
        + TableShape.names(carried)
        + ", `"
        + MIGRATION_ID
        + "`, `dedupe_archived_at`, `"
        + REASON
        + "`, `dedupe_winner_ended_at`, `dedupe_winner_updated_at`, `dedupe_winner_created_at`,"
        + " `dedupe_winner_version`, `"
        + HASH
        + "`) SELECT "
        + names("s")
        + ", "
        + SqlText.literal(migrationId)
        + ", now64(3, 'UTC'), n.reason, n.w_et, n.w_ut, n.w_ct, n.w_v, n.h FROM "
        + one(source, "round = " + round + " AND upto > " + from + " AND upto <= " + end)
        + " AS s INNER JOIN ("
        + need
        + ") AS n ON s.h = n.h";
  }

  /** One row of each content that the given ranks name. */
  private String one(String source, String condition) {
    String ranked = " FROM " + ranks + " WHERE " + condition;
    return "(SELECT "
        + TableShape.names(carried)
        + ", "
        + hash()
        + " AS h FROM "
        + source
        + " WHERE "
        + keyTuple()
        + " IN (SELECT "
        + key()
        + ranked
        + ") AND h IN (SELECT h"
        + ranked
        + ") LIMIT 1 BY h)";
  }

  private String names(String alias) {
    return carried.stream()
        .map(column -> alias + "." + SqlText.name(column))
        .collect(Collectors.joining(", "));
  }

  private String target(String table) {
    return "INSERT INTO "
        + table
        + " ("
        + TableShape.names(carried)
        + (versionsAreWorkedOut ? ", `version`" : "")
        + ") ";
  }

  /**
   * Copies the rows of all keys that the snapshot has once.
   *
   * @param slice which share of the rows, of how many; versions are looked up in memory
   */
  String copySingles(int slice, int slices) {
    String single =
        " FROM "
            + snapshot
            + " WHERE "
            + keyTuple()
            + " NOT IN (SELECT "
            + key()
            + " FROM "
            + ranks
            + " WHERE round = 0)";
    if (!versionsAreWorkedOut) {
      return target(fresh) + "SELECT " + TableShape.names(carried) + single;
    }
    String share = "reinterpretAsUInt8(substring(h, 1, 1)) % " + slices + " = " + slice;
    return target(fresh)
        + "SELECT "
        + names("s")
        + ", w.version FROM (SELECT "
        + TableShape.names(carried)
        + ", "
        + hash()
        + " AS h"
        + single
        + " AND "
        + share
        + ") AS s INNER JOIN (SELECT h, any(version) AS version FROM "
        + versions
        + " WHERE "
        + share
        + " GROUP BY h) AS w ON s.h = w.h";
  }

  /** Copies the winners of a round into a table, unless they are there. */
  String copyWinners(String source, String into, int round) {
    String winners = "round = " + round + " AND kept";
    return target(into)
        + "SELECT "
        + names("s")
        + (versionsAreWorkedOut ? ", w.version" : "")
        + " FROM "
        + one(source, winners)
        + " AS s INNER JOIN (SELECT h, any(version) AS version FROM "
        + ranks
        + " WHERE "
        + winners
        + " GROUP BY h) AS w ON s.h = w.h WHERE s.h NOT IN (SELECT "
        + hash()
        + " FROM "
        + into
        + " WHERE "
        + keyTuple()
        + " IN (SELECT "
        + key()
        + " FROM "
        + ranks
        + " WHERE "
        + winners
        + "))";
  }

  /** Copies the rows that one table got after a block and another has not. */
  String copyNewer(String source, long block, String into) {
    String keys = keysChangedSince(source, block);
    return "INSERT INTO "
        + into
        + " ("
        + TableShape.names(carried)
        + ") SELECT "
        + TableShape.names(carried)
        + " FROM "
        + source
        + " WHERE "
        + keyTuple()
        + " IN ("
        + keys
        + ") AND "
        + hash()
        + " NOT IN (SELECT "
        + hash()
        + " FROM "
        + into
        + " WHERE "
        + keyTuple()
        + " IN ("
        + keys
        + "))";
  }

  /** Selects the best row of each key with the given columns: how the table is read as it is. */
  String selectBest(String source, String select) {
    return "SELECT "
        + select
        + " FROM "
        + source
        + " ORDER BY "
        + version()
        + " DESC, "
        + hash()
        + " DESC LIMIT 1 BY "
        + key();
  }
}
