package dev.tracekeep.adapter.duckdb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Storages;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DuckDbMigrationTest {
  @TempDir Path folder;

  private String url() {
    return "jdbc:duckdb:" + folder.resolve("spans.duckdb");
  }

  private void execute(String... statements) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url());
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private List<String> rows(String query) throws SQLException {
    List<String> rows = new ArrayList<>();
    try (Connection connection = DriverManager.getConnection(url());
        Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery(query)) {
      while (found.next()) {
        StringBuilder row = new StringBuilder();
        for (int i = 1; i <= found.getMetaData().getColumnCount(); i++) {
          row.append(i == 1 ? "" : "|").append(found.getString(i));
        }
        rows.add(row.toString());
      }
    }
    return rows;
  }

  @Test
  void plan_namesWhatHangsOnTheTable_andMeasuresTheArchive() throws SQLException {
    execute(
        "CREATE TABLE runs (id VARCHAR PRIMARY KEY)",
        "CREATE TABLE s (trace_id VARCHAR, span_id VARCHAR, ended_at VARCHAR, run VARCHAR REFERENCES"
            + " runs (id))",
        "CREATE INDEX by_end ON s (ended_at)",
        "CREATE VIEW open_spans AS SELECT span_id FROM s WHERE ended_at IS NULL",
        "INSERT INTO s VALUES ('t', '1', NULL, NULL), ('t', '1', '2026-01-01', NULL)");
    try (ObservabilityStorage storage = Storages.open(url())) {
      MigrationPlan.Details details = storage.migration(SpanTable.named("s")).plan().details();
      assertThat(details.dependents())
          .containsExactly("index by_end", "view open_spans", "foreign key to runs");
      assertThat(details.archiveBytes()).isEqualTo(7);
    }
  }

  @Test
  void foreignTable_isMigratedVerifiedAndUndone() throws SQLException {
    execute(
        "CREATE TABLE mastra_ai_spans (\"traceId\" VARCHAR, \"spanId\" VARCHAR, name VARCHAR, \"endedAt\" TIMESTAMP,"
            + " \"createdAt\" TIMESTAMP, \"updatedAt\" TIMESTAMP, extra INTEGER)",
        "CREATE INDEX by_name ON mastra_ai_spans (name)",
        "INSERT INTO mastra_ai_spans VALUES"
            + " ('t', 'a', 'running', NULL, '2026-01-01', '2026-01-09', 1),"
            + " ('t', 'a', 'completed', '2026-01-02', '2026-01-01', '2026-01-03', 2),"
            + " ('t', 'b', 'older', '2026-01-08', '2026-01-01', '2026-01-03', 3),"
            + " ('t', 'b', 'newer', '2026-01-02', '2026-01-01', '2026-01-04', 4),"
            + " ('t', 'c', 'null update', NULL, '2026-01-01', NULL, 5),"
            + " ('t', 'c', 'first', NULL, '2026-01-01', '2026-01-02', 6),"
            + " ('t', 'c', 'second', NULL, '2026-01-02', '2026-01-02', 7),"
            + " ('t', 'd', 'same', NULL, NULL, NULL, 8),"
            + " ('t', 'd', 'same', NULL, NULL, NULL, 8),"
            + " ('u', 'a', 'single', NULL, NULL, NULL, 9)");
    List<String> before = rows("SELECT * FROM mastra_ai_spans ORDER BY ALL");
    String id;
    try (ObservabilityStorage storage = Storages.open(url())) {
      DedupeMigration migration = storage.migration(SpanTable.named("mastra_ai_spans"));
      MigrationPlan plan = migration.plan();
      assertThat(plan)
          .extracting(
              MigrationPlan::rows,
              MigrationPlan::keys,
              MigrationPlan::duplicateGroups,
              MigrationPlan::surplusRows,
              MigrationPlan::constraint,
              MigrationPlan::refusals)
          .containsExactly(10L, 5L, 4L, 5L, ConstraintState.ABSENT, List.of());
      MigrationReport report =
          migration.apply(MigrationOptions.DEFAULT.withBatchRows(2), MigrationListener.NONE);
      assertThat(report)
          .extracting(
              MigrationReport::rowsBefore,
              MigrationReport::rowsAfter,
              MigrationReport::rowsArchived,
              MigrationReport::duplicateGroups)
          .containsExactly(10L, 5L, 5L, 4L);
      id = report.migrationId();
      assertThat(migration.verify(id).faults()).isEmpty();
      assertThat(migration.plan().isNeeded()).isFalse();
    }
    assertThat(rows("SELECT name, extra FROM mastra_ai_spans ORDER BY extra"))
        .containsExactly("completed|2", "newer|4", "second|7", "same|8", "single|9");
    assertThat(
            rows("SELECT name, dedupe_reason FROM mastra_ai_spans_dedupe_archive ORDER BY extra"))
        .containsExactly(
            "running|running, and another copy is completed",
            "older|older updatedAt than another copy",
            "null update|older updatedAt than another copy",
            "first|older createdAt than another copy",
            "same|as new as another copy that was kept");
    try (ObservabilityStorage again = Storages.open(url())) {
      again.migration(SpanTable.named("mastra_ai_spans")).undo(id, MigrationListener.NONE);
    }
    assertThat(rows("SELECT * FROM mastra_ai_spans ORDER BY ALL")).isEqualTo(before);
    assertThat(rows("SELECT index_name FROM duckdb_indexes()")).containsExactly("by_name");
  }
}
