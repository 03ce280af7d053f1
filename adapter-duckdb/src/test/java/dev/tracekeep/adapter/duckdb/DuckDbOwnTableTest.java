package dev.tracekeep.adapter.duckdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationProgress.Phase;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.Health.SchemaState;
import dev.tracekeep.storage.InitReport;
import dev.tracekeep.storage.MigrationRequiredException;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.Storages;
import dev.tracekeep.storage.TraceQuery;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The migration of a table that an older release of ours made: no version, no tenant, no key. */
class DuckDbOwnTableTest {
  @TempDir Path folder;
  private String url;

  @BeforeEach
  void layDownLegacyTable() throws SQLException {
    url = "jdbc:duckdb:" + folder.resolve("spans.duckdb");
    execute(
        "CREATE TABLE tracekeep_spans (trace_id VARCHAR, span_id VARCHAR, parent_span_id VARCHAR,"
            + " name VARCHAR, span_type VARCHAR, started_at TIMESTAMP_NS, ended_at TIMESTAMP_NS,"
            + " created_at TIMESTAMP_NS, updated_at TIMESTAMP_NS, input JSON, owner VARCHAR DEFAULT"
            + " 'nobody')",
        "CREATE INDEX by_owner ON tracekeep_spans (owner)",
        "INSERT INTO tracekeep_spans VALUES ('t', 'a', NULL, 'running', 'generic', '2026-01-01',"
            + " NULL, '2026-01-01', '2026-01-09', '{\"a\":1}', 'me'), ('t', 'a', NULL, 'completed',"
            + " 'generic', '2026-01-01', '2026-01-02', '2026-01-01', '2026-01-02', NULL, 'me'),"
            + " ('t', 'b', 'a', 'tie one', 'generic', '2026-01-01', NULL, NULL, NULL, '1.0',"
            + " 'you'), ('t', 'b', 'a', 'tie two', 'generic', '2026-01-01', NULL, NULL, NULL, '2',"
            + " 'you'), ('u', 'a', NULL, 'single', 'generic', '2026-01-01', NULL, NULL, NULL, NULL,"
            + " 'you')");
  }

  private void execute(String... statements) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private List<String> rows(String query) throws SQLException {
    List<String> rows = new ArrayList<>();
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery(query)) {
      while (found.next()) {
        List<String> row = new ArrayList<>();
        for (int i = 1; i <= found.getMetaData().getColumnCount(); i++) {
          row.add(found.getString(i));
        }
        rows.add(String.join("|", row.stream().map(String::valueOf).toList()));
      }
    }
    return rows;
  }

  private ObservabilityStorage open(String policy) {
    return Storages.open(Map.of("url", url, "migration", policy));
  }

  @Test
  void check_refusesAndChangesNothing() throws SQLException {
    List<String> before = rows("SELECT * FROM tracekeep_spans ORDER BY ALL");
    try (ObservabilityStorage storage = open("check")) {
      assertThat(storage.check().schema()).isEqualTo(SchemaState.MIGRATION_REQUIRED);
      assertThatThrownBy(storage::init)
          .isInstanceOfSatisfying(
              MigrationRequiredException.class,
              e -> {
                assertThat(e.plan().duplicateGroups()).isEqualTo(2);
                assertThat(e.plan().surplusRows()).isEqualTo(2);
              })
          .hasMessageContaining("tracekeep migrate apply");
    }
    assertThat(rows("SELECT * FROM tracekeep_spans ORDER BY ALL")).isEqualTo(before);
    assertThat(rows("SELECT table_name FROM duckdb_tables()")).containsExactly("tracekeep_spans");
  }

  @Test
  void off_readsTheBestOfEachAndRefusesWrites() {
    try (ObservabilityStorage storage = open("off")) {
      assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.READ_ONLY);
      Span best = storage.getSpan(SpanKey.of("t", "a")).orElseThrow();
      assertThat(best.name()).isEqualTo("completed");
      assertThat(storage.getTrace(TraceKey.of("t")).orElseThrow().spans())
          .hasSize(2)
          .contains(best);
      assertThat(storage.listTraces(TraceQuery.builder("default").build()).items())
          .extracting(trace -> trace.head().name())
          .containsExactly("completed", "single");
      assertThat(storage.statistics()).isEqualTo(new StorageStatistics(3, 2, 2, 0, 1));
      assertThatThrownBy(() -> storage.createSpan(best))
          .isInstanceOfSatisfying(
              StorageException.class,
              e -> assertThat(e.kind()).isEqualTo(FailureKind.MIGRATION_REQUIRED));
    }
  }

  @Test
  void auto_migratesKeepsForeignColumnsAndUndoes() throws SQLException {
    List<String> before = rows("SELECT * FROM tracekeep_spans ORDER BY ALL");
    MigrationReport report;
    try (ObservabilityStorage storage = open("auto")) {
      InitReport init = storage.init();
      assertThat(init.outcome()).isEqualTo(InitReport.Outcome.MIGRATED);
      report = init.migration();
      assertThat(report.rowsBefore()).isEqualTo(5);
      assertThat(report.rowsAfter()).isEqualTo(3);
      assertThat(report.rowsArchived()).isEqualTo(2);
      assertThat(storage.getSpan(SpanKey.of("t", "a")).orElseThrow().name()).isEqualTo("completed");
      assertThat(storage.migration().verify(report.migrationId()).faults()).isEmpty();
      assertThat(storage.check().schema()).isEqualTo(SchemaState.CURRENT);
    }
    assertThat(rows("SELECT trace_id, span_id, owner FROM tracekeep_spans ORDER BY ALL"))
        .containsExactly("t|a|me", "t|b|you", "u|a|you");
    try (ObservabilityStorage storage = open("check")) {
      storage.migration().undo(report.migrationId(), MigrationListener.NONE);
    }
    assertThat(rows("SELECT * FROM tracekeep_spans ORDER BY ALL")).isEqualTo(before);
    assertThat(rows("SELECT index_name FROM duckdb_indexes()")).containsExactly("by_owner");
  }

  @Test
  void apply_metWhileRunning_isRefusedForOthers() {
    try (ObservabilityStorage storage = open("check");
        ObservabilityStorage other = open("check")) {
      List<FailureKind> refused = new ArrayList<>();
      storage
          .migration()
          .apply(
              progress -> {
                if (progress.phase() == Phase.BEFORE && refused.isEmpty()) {
                  assertThatThrownBy(() -> other.migration().apply(MigrationListener.NONE))
                      .isInstanceOfSatisfying(StorageException.class, e -> refused.add(e.kind()))
                      .hasMessageContaining("being migrated");
                }
              });
      assertThat(refused).containsExactly(FailureKind.TRANSIENT);
    }
  }
}
