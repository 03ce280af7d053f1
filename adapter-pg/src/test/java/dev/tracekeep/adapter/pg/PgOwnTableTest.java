package dev.tracekeep.adapter.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.Health.SchemaState;
import dev.tracekeep.storage.InitReport;
import dev.tracekeep.storage.MigrationRequiredException;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageStatistics;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The migration of a table that an older release of ours made: no version, no tenant, no key. */
@Tag("engine")
class PgOwnTableTest {
  @RegisterExtension static final PgDatabase DATABASE = new PgDatabase();

  private static final String ALL_ROWS = "SELECT t::text FROM tracekeep_spans t ORDER BY 1";
  private static final String INDEXES =
      "SELECT indexname FROM pg_indexes WHERE tablename = 'tracekeep_spans' ORDER BY 1";

  @BeforeEach
  void layDownLegacyTable() throws SQLException {
    DATABASE.execute(
        "CREATE TABLE tracekeep_spans (trace_id text, span_id text, parent_span_id text, name text, span_type text,"
            + " started_at bigint, ended_at bigint, created_at bigint, updated_at bigint, input text,"
            + " owner text DEFAULT 'nobody')",
        "CREATE INDEX by_owner ON tracekeep_spans (owner)",
        "INSERT INTO tracekeep_spans VALUES"
            + " ('t', 'a', NULL, 'running', 'generic', 1, NULL, 1, 9, '{\"a\":1}', 'me'),"
            + " ('t', 'a', NULL, 'completed', 'generic', 1, 2, 1, 2, NULL, 'me'),"
            + " ('t', 'b', 'a', 'tie one', 'generic', 1, NULL, NULL, NULL, '1.0', 'you'),"
            + " ('t', 'b', 'a', 'tie two', 'generic', 1, NULL, NULL, NULL, '2', 'you'),"
            + " ('u', 'a', NULL, 'single', 'generic', 1, NULL, NULL, NULL, NULL, 'you')");
  }

  @Test
  void check_refusesAndChangesNothing() throws SQLException {
    List<String> before = DATABASE.rows(ALL_ROWS);
    try (ObservabilityStorage storage = DATABASE.open("migration", "check")) {
      assertThat(storage.check().schema()).isEqualTo(SchemaState.MIGRATION_REQUIRED);
      assertThatThrownBy(storage::init)
          .isInstanceOf(MigrationRequiredException.class)
          .hasMessageContaining("tracekeep migrate apply");
    }
    assertThat(DATABASE.rows(ALL_ROWS)).isEqualTo(before);
    assertThat(DATABASE.rows(INDEXES)).containsExactly("by_owner");
  }

  @Test
  void off_readsEachSpanOnce() {
    try (ObservabilityStorage storage = DATABASE.open("migration", "off")) {
      assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.READ_ONLY);
      assertThat(storage.statistics()).isEqualTo(new StorageStatistics(3, 2, 2, 0, 1));
      assertThat(storage.getSpan(SpanKey.of("t", "a")).map(Span::name))
          .isEqualTo(Optional.of("completed"));
    }
  }

  @Test
  void auto_migratesMakesIndexesAndUndoes() throws SQLException {
    List<String> before = DATABASE.rows(ALL_ROWS);
    MigrationReport report;
    try (ObservabilityStorage storage = DATABASE.open()) {
      InitReport init = storage.init();
      assertThat(init.outcome()).isEqualTo(InitReport.Outcome.MIGRATED);
      report = init.migration();
      assertThat(report.rowsArchived()).isEqualTo(2);
      assertThat(storage.getSpan(SpanKey.of("t", "a")).orElseThrow().name()).isEqualTo("completed");
      assertThat(
              storage
                  .createSpan(storage.getSpan(SpanKey.of("u", "a")).orElseThrow())
                  .counts()
                  .unchanged())
          .isEqualTo(1);
      assertThat(storage.migration().verify(report.migrationId()).faults()).isEmpty();
    }
    assertThat(DATABASE.rows("SELECT trace_id, span_id, owner FROM tracekeep_spans ORDER BY 1, 2"))
        .containsExactly("t|a|me", "t|b|you", "u|a|you");
    assertThat(DATABASE.rows(INDEXES))
        .containsExactly(
            "by_owner",
            "tracekeep_spans_ended",
            "tracekeep_spans_error",
            "tracekeep_spans_failed",
            "tracekeep_spans_key",
            "tracekeep_spans_root",
            "tracekeep_spans_run",
            "tracekeep_spans_service",
            "tracekeep_spans_session",
            "tracekeep_spans_span",
            "tracekeep_spans_started",
            "tracekeep_spans_thread",
            "tracekeep_spans_user");
    try (ObservabilityStorage storage = DATABASE.open("migration", "check")) {
      storage.migration().undo(report.migrationId(), MigrationListener.NONE);
    }
    assertThat(DATABASE.rows(ALL_ROWS)).isEqualTo(before);
  }

  /** A snapshot that is kept would let CREATE INDEX CONCURRENTLY wait for its own migration. */
  @Test
  void lock_ofAMigrator_keepsNoSnapshot() throws Exception {
    SpanTable table = SpanTable.named("tracekeep_spans");
    StorageConfig config = StorageConfig.of(DATABASE.url());
    try (PgConnections connections = new PgConnections(config)) {
      PgMigration migration = new PgMigration(new PgDialect(), connections, config);
      try (var lock = migration.lockMigrators(table)) {
        assertThat(lock).isNotNull();
        assertThat(
                DATABASE.rows(
                    "SELECT state, backend_xmin FROM pg_stat_activity WHERE pid IN"
                        + " (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
                        + " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"))
            .containsExactly("idle in transaction|null");
        assertThat(migration.tryLock(table)).isEmpty();
      }
      migration.lockMigrators(table).close();
    }
  }
}
