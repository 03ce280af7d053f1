package dev.tracekeep.adapter.clickhouse;

/** The statements that copy rows into the archive, into the new table, and back. */
final class MoveStatements {
  private final RowExpressions row;
  private final String snapshot;
  private final String fresh;
  private final String archive;
  private final String ranks;
  private final String versions;

  MoveStatements(
      RowExpressions row,
      String snapshot,
      String fresh,
      String archive,
      String ranks,
      String versions) {
    this.row = row;
    this.snapshot = snapshot;
    this.fresh = fresh;
    this.archive = archive;
    this.ranks = ranks;
    this.versions = versions;
  }

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
            + DuplicateRows.HASH
            + "` AS h, count() AS there FROM "
            + archive
            + " WHERE `"
            + DuplicateRows.MIGRATION_ID
            + "` = "
            + SqlText.literal(migrationId)
            + " GROUP BY h) AS a ON n.h = a.h WHERE n.total > a.there";
    return "INSERT INTO "
        + archive
        + " ("
        + row.carried()
        + ", `"
        + DuplicateRows.MIGRATION_ID
        + "`, `dedupe_archived_at`, `"
        + DuplicateRows.REASON
        + "`, `dedupe_winner_ended_at`, `dedupe_winner_updated_at`, `dedupe_winner_created_at`,"
        + " `dedupe_winner_version`, `"
        + DuplicateRows.HASH
        + "`) SELECT "
        + row.carried("s")
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
        + row.carried()
        + ", "
        + row.hash()
        + " AS h FROM "
        + source
        + " WHERE "
        + row.keyTuple()
        + " IN (SELECT "
        + row.key()
        + ranked
        + ") AND h IN (SELECT h"
        + ranked
        + ") LIMIT 1 BY h)";
  }

  private String target(String table) {
    return "INSERT INTO "
        + table
        + " ("
        + row.carried()
        + (row.versionsAreWorkedOut() ? ", `version`" : "")
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
            + row.keyTuple()
            + " NOT IN (SELECT "
            + row.key()
            + " FROM "
            + ranks
            + " WHERE round = 0)";
    if (!row.versionsAreWorkedOut()) {
      return target(fresh) + "SELECT " + row.carried() + single;
    }
    String share = "reinterpretAsUInt8(substring(h, 1, 1)) % " + slices + " = " + slice;
    return target(fresh)
        + "SELECT "
        + row.carried("s")
        + ", w.version FROM (SELECT "
        + row.carried()
        + ", "
        + row.hash()
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
        + row.carried("s")
        + (row.versionsAreWorkedOut() ? ", w.version" : "")
        + " FROM "
        + one(source, winners)
        + " AS s INNER JOIN (SELECT h, any(version) AS version FROM "
        + ranks
        + " WHERE "
        + winners
        + " GROUP BY h) AS w ON s.h = w.h WHERE s.h NOT IN (SELECT "
        + row.hash()
        + " FROM "
        + into
        + " WHERE "
        + row.keyTuple()
        + " IN (SELECT "
        + row.key()
        + " FROM "
        + ranks
        + " WHERE "
        + winners
        + "))";
  }

  /** Copies the rows that one table got after a block and another has not. */
  String copyNewer(String source, long block, String into) {
    String keys = row.keysChangedSince(source, block);
    return "INSERT INTO "
        + into
        + " ("
        + row.carried()
        + ") SELECT "
        + row.carried()
        + " FROM "
        + source
        + " WHERE "
        + row.keyTuple()
        + " IN ("
        + keys
        + ") AND "
        + row.hash()
        + " NOT IN (SELECT "
        + row.hash()
        + " FROM "
        + into
        + " WHERE "
        + row.keyTuple()
        + " IN ("
        + keys
        + "))";
  }
}
