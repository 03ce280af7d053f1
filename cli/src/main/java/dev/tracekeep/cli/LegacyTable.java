package dev.tracekeep.cli;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A table as Mastra made it before it had a primary key, with the duplicates that such tables
 * collect. Only for the demo, and only for DuckDB.
 */
final class LegacyTable {
  static final String NAME = "mastra_ai_spans";

  /** How many rows are one too many: 20, 15, and twice 10. */
  static final long SURPLUS_ROWS = 55;

  private static final String CREATE =
      """
      CREATE TABLE mastra_ai_spans (
        "traceId" VARCHAR NOT NULL, "spanId" VARCHAR NOT NULL, "parentSpanId" VARCHAR,
        "name" VARCHAR NOT NULL, "scope" JSON, "spanType" VARCHAR NOT NULL, "attributes" JSON,
        "metadata" JSON, "links" JSON, "input" JSON, "output" JSON, "error" JSON,
        "startedAt" TIMESTAMP NOT NULL, "endedAt" TIMESTAMP, "createdAt" TIMESTAMP NOT NULL,
        "updatedAt" TIMESTAMP, "isEvent" BOOLEAN NOT NULL)""";

  /** 200 completed spans in 40 traces. */
  private static final String SPANS =
      """
      INSERT INTO mastra_ai_spans
      SELECT format('{:032x}', n // 5), format('{:016x}', n),
        CASE WHEN n % 5 = 0 THEN NULL ELSE format('{:016x}', n - n % 5) END,
        CASE WHEN n % 5 = 0 THEN 'agent run' ELSE 'tool call' END, NULL,
        CASE WHEN n % 5 = 0 THEN 'agent_run' ELSE 'tool_call' END, NULL, NULL, NULL,
        '{"city":"Lisbon"}', '{"degrees":19}', NULL,
        started, started + INTERVAL 2 SECOND, started, started + INTERVAL 2 SECOND, false
      FROM (SELECT n, TIMESTAMP '2026-11-20 09:00:00' + to_seconds(n - 1000) AS started
            FROM range(1000, 1200) AS numbers(n))""";

  /** The start of 20 of them, written a second time behind the end by a retry. */
  private static final String STILL_RUNNING =
      """
      INSERT INTO mastra_ai_spans
      SELECT * REPLACE (NULL AS "output", NULL AS "endedAt", "startedAt" AS "updatedAt")
      FROM mastra_ai_spans WHERE "spanId" < format('{:016x}', 1020)""";

  /** An earlier state of 15 others, from an exporter that lost a race. */
  private static final String OUTDATED =
      """
      INSERT INTO mastra_ai_spans
      SELECT * REPLACE ('{"degrees":null}' AS "output", "updatedAt" - INTERVAL 1 SECOND AS "updatedAt")
      FROM mastra_ai_spans
      WHERE "spanId" BETWEEN format('{:016x}', 1100) AND format('{:016x}', 1114)""";

  /** Ten others twice more, exactly as they were: a batch sent again and again. */
  private static final String REPEATED =
      """
      INSERT INTO mastra_ai_spans
      SELECT spans.* FROM mastra_ai_spans AS spans, range(2)
      WHERE "spanId" BETWEEN format('{:016x}', 1150) AND format('{:016x}', 1159)""";

  private static final String ARCHIVED =
      """
      SELECT dedupe_reason, count(*) FROM mastra_ai_spans_dedupe_archive
      GROUP BY dedupe_reason ORDER BY count(*) DESC, dedupe_reason""";

  private final String url;

  LegacyTable(String url) {
    this.url = url;
  }

  void create() throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement()) {
      statement.execute(CREATE);
      statement.execute(SPANS);
      statement.execute(STILL_RUNNING);
      statement.execute(OUTDATED);
      statement.execute(REPEATED);
    }
  }

  /** How many rows went into the archive for which reason, most first. */
  Map<String, Long> archivedByReason() throws SQLException {
    Map<String, Long> reasons = new LinkedHashMap<>();
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(ARCHIVED)) {
      while (rows.next()) {
        reasons.put(rows.getString(1), rows.getLong(2));
      }
    }
    return reasons;
  }
}
