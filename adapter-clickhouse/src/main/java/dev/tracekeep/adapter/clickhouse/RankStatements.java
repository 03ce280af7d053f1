package dev.tracekeep.adapter.clickhouse;

/**
 * The statements that write down what is to be done with the rows of a key. What is sorted is the
 * key, the hash and the times; of the other columns nothing but the hash is worked out, and only
 * for keys with more than one row.
 */
final class RankStatements {
  private final RowExpressions row;
  private final String snapshot;
  private final String ranks;
  private final String versions;

  /**
   * @param ranks the table that is written
   * @param versions the table of the versions that are worked out on this side
   */
  RankStatements(RowExpressions row, String snapshot, String ranks, String versions) {
    this.row = row;
    this.snapshot = snapshot;
    this.ranks = ranks;
    this.versions = versions;
  }

  /** Selects the keys that have more than one row. */
  String duplicateKeys(String source) {
    return "SELECT "
        + row.key()
        + " FROM "
        + source
        + " GROUP BY "
        + row.key()
        + " HAVING count() > 1";
  }

  /** Selects the rows of the given keys, each content once, with how many copies there are. */
  private String contents(String source, String keys) {
    return "SELECT "
        + row.key()
        + ", h, count() AS copies, any(v) AS v, any(e) AS e, any(u) AS u, any(c) AS c,"
        + " any(et) AS et, any(ut) AS ut, any(ct) AS ct FROM (SELECT "
        + row.key()
        + ", "
        + row.hash()
        + " AS h, "
        + (row.versionsAreWorkedOut() ? "toUInt256(0)" : row.version())
        + " AS v, isNotNull("
        + SqlText.name(row.columns().endedAt())
        + ") AS e, "
        + row.nanos(row.columns().updatedAt())
        + " AS u, "
        + row.nanos(row.columns().createdAt())
        + " AS c, "
        + RowExpressions.text(row.columns().endedAt())
        + " AS et, "
        + RowExpressions.text(row.columns().updatedAt())
        + " AS ut, "
        + RowExpressions.text(row.columns().createdAt())
        + " AS ct FROM "
        + source
        + " WHERE "
        + row.keyTuple()
        + " IN ("
        + keys
        + ")) GROUP BY "
        + row.key()
        + ", h";
  }

  /** Replaces the stand-in for a version where versions are worked out on this side. */
  private String versioned(String contents) {
    return row.versionsAreWorkedOut()
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
    String keys = row.keysChangedSince(source, block);
    // Where both have a row, everything but the number of copies is the same.
    String merged =
        "SELECT "
            + row.key()
            + ", h, any(v) AS v, any(e) AS e, any(u) AS u, any(c) AS c, any(et) AS et, any(ut) AS ut,"
            + " any(ct) AS ct, sumIf(copies, side = 0) AS now, sumIf(copies, side = 1) AS known"
            + " FROM (SELECT *, 0 AS side FROM ("
            + contents(source, keys)
            + ") UNION ALL SELECT *, 1 AS side FROM ("
            + contents(snapshot, keys)
            + ")) GROUP BY "
            + row.key()
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
    String best = " OVER (PARTITION BY " + row.key() + " ORDER BY v DESC, h DESC)";
    String ranked =
        "SELECT *, row_number()"
            + best
            + " AS rank, row_number() OVER (PARTITION BY "
            + row.key()
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
        + row.key()
        + ", h, round, upto, archived, kept, late, version, reason, winner_ended_at,"
        + " winner_updated_at, winner_created_at, winner_version) SELECT "
        + row.key()
        + ", h, "
        + round
        // All rows of a key come to the same sum: a window without a frame takes in its peers.
        + ", sum(moved) OVER (ORDER BY "
        + row.key()
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
        + row.columns().updatedAt()
        + " than another copy', "
        + older("c", "w_c")
        + ", 'older "
        + row.columns().createdAt()
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
}
