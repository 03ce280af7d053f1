package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.span.EpochNanos;
import java.time.Instant;
import java.util.Map;

/** The statements that copy rows into the archive, into the new table, and back. */
final class MoveStatements {
  private final DuplicateRows tables;
  private final RowExpressions row;

  MoveStatements(DuplicateRows tables) {
    this.tables = tables;
    this.row = tables.row;
  }

  /** Selects where a batch ends that starts behind {@code from}: after whole keys, at least one. */
  String endOfBatch(int round, long from, long rows) {
    return tables.sql(
        """
        SELECT if(maxIf(upto, upto <= <end>) > <from>, maxIf(upto, upto <= <end>),
          minIf(upto, upto > <from>))
        FROM <ranks> WHERE round = <round>\
        """,
        Map.of("round", round, "from", from, "end", from + rows));
  }

  /** Selects how many rows a round moves. */
  String movedIn(int round) {
    return tables.sql(
        "SELECT max(upto) FROM <ranks> WHERE round = <round>", Map.of("round", round));
  }

  /**
   * Copies the losers of a batch into the archive, as many of each as are not there yet: so it can
   * be repeated. One copy of each content is read and multiplied.
   *
   * @param now what the archive is to say of when, by the migrator's clock
   */
  String archive(String source, String migrationId, Instant now, int round, long from, long end) {
    String batch = "round = " + round + " AND upto > " + from + " AND upto <= " + end;
    return tables.sql(
        """
        INSERT INTO <archive> (<carried>, <extras>)
        SELECT <s_carried>, <id>, <now>, dedupe_n.reason, dedupe_n.w_et, dedupe_n.w_ut,
          dedupe_n.w_ct, dedupe_n.w_v, dedupe_n.h
        FROM <one> AS dedupe_s
        INNER JOIN (
          SELECT dedupe_m.*, arrayJoin(range(dedupe_m.total - dedupe_a.there)) AS copy
          FROM (SELECT h, sum(archived) AS total, argMax(reason, round) AS reason,
              argMax(tuple(winner_ended_at), round).1 AS w_et,
              argMax(tuple(winner_updated_at), round).1 AS w_ut,
              argMax(tuple(winner_created_at), round).1 AS w_ct,
              argMax(winner_version, round) AS w_v
            FROM <ranks>
            WHERE h IN (SELECT h FROM <ranks> WHERE <batch>) AND round <= <round> GROUP BY h)
            AS dedupe_m
          LEFT JOIN (SELECT dedupe_row, count() AS there FROM <archive>
            WHERE dedupe_migration_id = <id> GROUP BY dedupe_row) AS dedupe_a
            ON dedupe_m.h = dedupe_a.dedupe_row
          WHERE dedupe_m.total > dedupe_a.there) AS dedupe_n
        ON dedupe_s.dedupe_h = dedupe_n.h\
        """,
        Map.of(
            "id",
            SqlText.literal(migrationId),
            "now",
            "fromUnixTimestamp64Nano(" + EpochNanos.of(now) + ", 'UTC')",
            "one",
            one(source, batch),
            "batch",
            batch,
            "round",
            round));
  }

  /** One row of each content that the given ranks name. */
  private String one(String source, String condition) {
    return tables.sql(
        """
        (SELECT <carried>, <hash> AS dedupe_h FROM <source>
          WHERE <tuple> IN (SELECT <key> FROM <ranks> WHERE <condition>)
            AND dedupe_h IN (SELECT h FROM <ranks> WHERE <condition>) LIMIT 1 BY dedupe_h)\
        """,
        Map.of("source", source, "condition", condition));
  }

  /**
   * Copies the rows of all keys that the snapshot has once.
   *
   * @param slice which share of the rows, of how many; versions are looked up in memory
   */
  String copySingles(int slice, int slices) {
    if (!row.versionsAreWorkedOut()) {
      return tables.sql(
          """
          INSERT INTO <fresh> (<carried>) SELECT <carried> FROM <snapshot>
          WHERE <tuple> NOT IN (SELECT <key> FROM <ranks> WHERE round = 0)\
          """,
          Map.of());
    }
    String share = "reinterpretAsUInt8(substring(%s, 1, 1)) %% " + slices + " = " + slice;
    return tables.sql(
        """
        INSERT INTO <fresh> (<carried>, version)
        SELECT <s_carried>, dedupe_w.version
        FROM (SELECT <carried>, <hash> AS dedupe_h FROM <snapshot>
          WHERE <tuple> NOT IN (SELECT <key> FROM <ranks> WHERE round = 0) AND <s_share>)
          AS dedupe_s
        INNER JOIN (SELECT h, any(version) AS version FROM <versions> WHERE <share> GROUP BY h)
          AS dedupe_w ON dedupe_s.dedupe_h = dedupe_w.h\
        """,
        Map.of("share", share.formatted("h"), "s_share", share.formatted("dedupe_h")));
  }

  /** Copies the winners of a round into a table, unless they are there. */
  String copyWinners(String source, String into, int round) {
    String winners = "round = " + round + " AND kept";
    boolean version = row.versionsAreWorkedOut();
    return tables.sql(
        """
        INSERT INTO <into> (<carried><version>)
        SELECT <s_carried><w_version> FROM <one> AS dedupe_s
        INNER JOIN (SELECT h, any(version) AS version FROM <ranks> WHERE <winners> GROUP BY h)
          AS dedupe_w ON dedupe_s.dedupe_h = dedupe_w.h
        WHERE dedupe_s.dedupe_h NOT IN (SELECT <hash> FROM <into>
          WHERE <tuple> IN (SELECT <key> FROM <ranks> WHERE <winners>))\
        """,
        Map.of(
            "into",
            into,
            "one",
            one(source, winners),
            "winners",
            winners,
            "version",
            version ? ", version" : "",
            "w_version",
            version ? ", dedupe_w.version" : ""));
  }

  /** Copies the rows that one table got after a block and another has not. */
  String copyNewer(String source, long block, String into, String columns) {
    return tables.sql(
        """
        INSERT INTO <into> (<columns>)
        SELECT <columns> FROM <source>
        WHERE <tuple> IN (<keys>)
          AND <hash> NOT IN (SELECT <hash> FROM <into> WHERE <tuple> IN (<keys>))\
        """,
        Map.of(
            "source", source,
            "into", into,
            "columns", columns,
            "keys", row.keysChangedSince(source, block)));
  }
}
