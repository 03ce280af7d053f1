package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.dedupe.ArchiveNames;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The statements that write down what is to be done with the rows of a key. What is sorted is the
 * key, the hash and what the rule compares; of the other columns nothing but the hash is worked
 * out, and only for keys with more than one row.
 */
final class RankStatements {
  private final DuplicateRows tables;
  private final RowExpressions row;

  RankStatements(DuplicateRows tables) {
    this.tables = tables;
    this.row = tables.row;
  }

  /** Selects the rows of the given keys, each content once, with how many copies there are. */
  private String contents(String source, String keys) {
    return tables.sql(
        """
        SELECT <key>, h, count() AS copies, any(v) AS v, any(p) AS p, any(b) AS b, any(e) AS e,
          any(u) AS u, any(c) AS c, any(et) AS et, any(ut) AS ut, any(ct) AS ct
        FROM (SELECT <key>, <hash> AS h, <version> AS v, <present> AS p, <bytes> AS b, <ended> AS e,
            <updated> AS u, <created> AS c, <et> AS et, <ut> AS ut, <ct> AS ct
          FROM <source> WHERE <tuple> IN (<keys>))
        GROUP BY <key>, h""",
        Map.ofEntries(
            Map.entry("source", source),
            Map.entry("keys", keys),
            Map.entry("version", row.versionsAreWorkedOut() ? "toUInt256(0)" : row.version()),
            Map.entry("present", row.columnsPresent()),
            Map.entry("bytes", row.textBytes()),
            Map.entry("ended", row.ended()),
            Map.entry("updated", row.time(row.columns().updatedAt())),
            Map.entry("created", row.time(row.columns().createdAt())),
            Map.entry("et", RowExpressions.text(row.columns().endedAt())),
            Map.entry("ut", RowExpressions.text(row.columns().updatedAt())),
            Map.entry("ct", RowExpressions.text(row.columns().createdAt()))));
  }

  /** Replaces the stand-in for a version where versions are worked out on this side. */
  private String versioned(String contents) {
    return row.versionsAreWorkedOut()
        ? tables.sql(
            """
            SELECT r.* REPLACE (w.version AS v) FROM (<contents>) AS r
            INNER JOIN (SELECT h, any(version) AS version FROM <versions> GROUP BY h) AS w
              ON r.h = w.h""",
            Map.of("contents", contents))
        : contents;
  }

  /** Writes down what is to be done with the rows of keys that the snapshot has more than once. */
  String rank() {
    String keys =
        tables.sql("SELECT <key> FROM <snapshot> GROUP BY <key> HAVING count() > 1", Map.of());
    return rank(
        "SELECT *, copies AS before, toUInt64(0) AS late FROM ("
            + versioned(contents(tables.snapshot, keys))
            + ")",
        0);
  }

  /**
   * Writes down what is to be done with rows that came after the snapshot: those that the source
   * has more often than the snapshot and the rounds before together.
   */
  String rankLate(String source, long block, int round) {
    String keys = row.keysChangedSince(source, block);
    // Where both have a row, everything but the number of copies is the same.
    String merged =
        tables.sql(
            """
            SELECT <key>, h, any(v) AS v, any(p) AS p, any(b) AS b, any(e) AS e, any(u) AS u,
              any(c) AS c, any(et) AS et, any(ut) AS ut, any(ct) AS ct,
              sumIf(copies, side = 0) AS now, sumIf(copies, side = 1) AS known
            FROM (SELECT *, 0 AS side FROM (<now>) UNION ALL SELECT *, 1 AS side FROM (<known>))
            GROUP BY <key>, h""",
            Map.of("now", contents(source, keys), "known", contents(tables.snapshot, keys)));
    return rank(
        tables.sql(
            """
            SELECT m.* EXCEPT (now, known), m.known + l.late AS before,
              toUInt64(greatest(toInt64(m.now) - toInt64(m.known) - toInt64(l.late), 0)) AS late
            FROM (<merged>) AS m
            LEFT JOIN (SELECT h, sum(late) AS late FROM <ranks> WHERE round < <round> GROUP BY h) AS l
              ON m.h = l.h""",
            Map.of("merged", versioned(merged), "round", round)),
        round);
  }

  /**
   * @param contents rows with what their key has: {@code before} says how many copies were dealt
   *     with or, in round 0, are to be; {@code late} how many have come since
   */
  private String rank(String contents, int round) {
    boolean first = round == 0;
    // In later rounds the best of the rows before stands in the new table already; if a late one
    // is better, the former goes to the archive, too.
    String moved =
        first
            ? "copies - (rank = 1)"
            : "late + (before > 0 AND old_rank = 1 AND rank != 1) - (rank = 1 AND before = 0)";
    return tables.sql(
        """
        INSERT INTO <ranks> (<key>, h, round, upto, archived, kept, late, version, reason,
          winner_ended_at, winner_updated_at, winner_created_at, winner_version)
        WITH
          ranked AS (SELECT *, row_number() OVER best AS rank,
              row_number() OVER (PARTITION BY <key>, before > 0
                ORDER BY v DESC, p DESC, b DESC, h DESC) AS old_rank,
              first_value(et) OVER best AS w_et, first_value(ut) OVER best AS w_ut,
              first_value(ct) OVER best AS w_ct, first_value(v) OVER best AS w_v,
              first_value(e) OVER best AS w_e, first_value(u) OVER best AS w_u,
              first_value(c) OVER best AS w_c, first_value(p) OVER best AS w_p,
              first_value(b) OVER best AS w_b
            FROM (<contents>)
            WINDOW best AS (PARTITION BY <key> ORDER BY v DESC, p DESC, b DESC, h DESC)),
          planned AS (SELECT *, toUInt64(<moved>) AS moved, <stays> AS stays FROM ranked)
        -- All rows of a key come to the same sum: a window without a frame takes in its peers.
        SELECT <key>, h, <round>, sum(moved) OVER (ORDER BY <key>), moved, stays, late, v,
          multiIf(NOT e AND w_e, <running>, <older_update>, <updated_reason>,
            <older_create>, <created_reason>, (p, b) < (w_p, w_b), <says_less>, <as_new>),
          w_et, w_ut, w_ct, w_v
        FROM planned <condition>""",
        Map.ofEntries(
            Map.entry("round", round),
            Map.entry("contents", contents),
            Map.entry("moved", moved),
            Map.entry("stays", first ? "rank = 1" : "rank = 1 AND before = 0"),
            Map.entry("running", SqlText.literal(ArchiveNames.RUNNING)),
            Map.entry("older_update", older("u")),
            Map.entry("updated_reason", olderReason(row.columns().updatedAt())),
            Map.entry("older_create", older("c")),
            Map.entry("created_reason", olderReason(row.columns().createdAt())),
            Map.entry("says_less", SqlText.literal(ArchiveNames.SAYS_LESS)),
            Map.entry("as_new", SqlText.literal(ArchiveNames.AS_NEW)),
            Map.entry("condition", first ? "" : "WHERE moved > 0 OR stays")));
  }

  private static String olderReason(@Nullable String column) {
    return column == null ? "''" : SqlText.literal(ArchiveNames.older(column));
  }

  private static String older(String mine) {
    return SqlText.fill(
        "ifNull(<mine> < w_<mine>, 0) OR (isNull(<mine>) AND isNotNull(w_<mine>))",
        Map.of("mine", mine));
  }
}
