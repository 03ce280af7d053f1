package dev.tracekeep.adapter.libsql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationProgress.Phase;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.Storages;
import dev.tracekeep.storage.WriteResult.Counts;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RemoteStorageTest {
  private static final String TOKEN = "eyJ.secret+token";
  private static final Instant START = Instant.parse("2026-01-02T03:04:05.123456789Z");

  @TempDir Path folder;
  private HranaStandIn server;
  private Sqlite database;

  @BeforeEach
  void startServer() throws Exception {
    database = new Sqlite(folder.resolve("server.db"));
    server = new HranaStandIn(database.file(), TOKEN);
  }

  @AfterEach
  void stopServer() throws SQLException {
    server.close();
  }

  private ObservabilityStorage open() {
    return Storages.open(Map.of("url", server.url(), "password", TOKEN));
  }

  private static Span span(int number) {
    return Span.builder(SpanKey.of("t" + number / 50, "s" + number))
        .name("Žluťoučký kůň 🐎")
        .startedAt(START)
        .createdAt(START)
        .tags(List.of("a"))
        .payload(
            Payload.builder()
                .input(Json.parse("{\"b\":1.0,\"big\":9007199254740993,\"nul\":\"\\u0000\"}"))
                .output(Json.of("x".repeat(5000)))
                .build())
        .build();
  }

  @Test
  void batches_countExactlyAndReadBack() {
    try (ObservabilityStorage storage = open()) {
      storage.init();
      List<Span> spans = new ArrayList<>();
      for (int i = 0; i < 500; i++) {
        spans.add(span(i)); // more than one request takes
      }
      assertThat(storage.batchCreateSpans(spans).counts()).isEqualTo(new Counts(500, 0, 0));
      assertThat(storage.batchCreateSpans(spans).counts()).isEqualTo(new Counts(0, 0, 500));
      spans.set(0, spans.get(0).toBuilder().endedAt(START.plusSeconds(1)).build());
      assertThat(storage.batchCreateSpans(spans).counts()).isEqualTo(new Counts(0, 1, 499));
      assertThat(storage.getSpan(spans.get(0).key())).contains(spans.get(0));
      SpanUpdate end = SpanUpdate.builder(spans.get(1).key(), START).endedAt(START).build();
      assertThat(storage.updateSpan(end).counts()).isEqualTo(new Counts(0, 1, 0));
      assertThat(storage.statistics()).isEqualTo(new StorageStatistics(500, 10, 498, 0, 1));
      assertThat(storage.capabilities()).contains(Capability.DURABLE, Capability.SHARED);
    }
    assertThat(server.openStreams()).isZero();
  }

  @Test
  void failedTransaction_leavesNothing() throws Exception {
    try (ObservabilityStorage storage = open()) {
      storage.init();
      database.execute(
          "CREATE TRIGGER refuse BEFORE INSERT ON tracekeep_spans WHEN NEW.span_id = 's7'"
              + " BEGIN SELECT raise(ABORT, 'not this one'); END");
      List<Span> spans = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        spans.add(span(i));
      }
      assertThatThrownBy(() -> storage.batchCreateSpans(spans))
          .isInstanceOfSatisfying(
              StorageException.class, e -> assertThat(e.kind()).isEqualTo(FailureKind.INVALID))
          .hasMessageContaining("not this one");
      assertThat(storage.statistics().spans()).isZero();
    }
  }

  @Test
  void forgottenStream_isReplacedUnnoticed() throws Exception {
    try (ObservabilityStorage storage = open()) {
      storage.init();
      storage.createSpan(span(1));
      server.forgetStreams();
      assertThat(storage.getSpan(span(1).key())).contains(span(1));
      server.forgetStreams();
      assertThat(storage.createSpan(span(2)).counts()).isEqualTo(new Counts(1, 0, 0));
    }
  }

  @Test
  void foreignTable_isMigratedVerifiedAndUndone() throws Exception {
    database.execute(
        "CREATE TABLE mastra_ai_spans (\"traceId\" TEXT, \"spanId\" TEXT, \"endedAt\" TEXT, output TEXT)",
        "INSERT INTO mastra_ai_spans VALUES ('t', 's', NULL, jsonb('{\"a\":1}')), ('t', 's', '2026', NULL)",
        "CREATE TRIGGER touch AFTER INSERT ON mastra_ai_spans BEGIN"
            + " UPDATE mastra_ai_spans SET \"endedAt\" = 'touched'; END");
    String all = "SELECT * FROM mastra_ai_spans ORDER BY \"endedAt\"";
    List<String> before = database.rows(all);
    SpanTable table = SpanTable.named("mastra_ai_spans");
    try (ObservabilityStorage storage = open()) {
      String id =
          Objects.requireNonNull(
              storage.migration(table).apply(MigrationListener.NONE).migrationId());
      assertThat(storage.migration(table).verify(id).faults()).isEmpty();
      assertThat(database.rows(all)).containsExactly("t|s|2026|null");
      storage.migration(table).undo(id, MigrationListener.NONE);
    }
    assertThat(database.rows(all)).isEqualTo(before);
    assertThat(database.rows("SELECT name FROM sqlite_schema WHERE type = 'trigger'"))
        .containsExactly("touch");
  }

  @Test
  void leaseOfAnotherMigrator_isTransientUntilItEnds() throws Exception {
    database.execute(
        "CREATE TABLE mastra_ai_spans (\"traceId\" TEXT, \"spanId\" TEXT, \"endedAt\" TEXT)",
        "CREATE TABLE tracekeep_migrator (one INTEGER PRIMARY KEY CHECK (one = 1), owner TEXT,"
            + " ends_at INTEGER)",
        "INSERT INTO tracekeep_migrator VALUES (1, 'another', unixepoch() + 1000)");
    SpanTable table = SpanTable.named("mastra_ai_spans");
    try (ObservabilityStorage storage =
        Storages.open(Map.of("url", server.url(), "password", TOKEN, "lock-timeout", "50ms"))) {
      assertThatThrownBy(() -> storage.migration(table).apply(MigrationListener.NONE))
          .isInstanceOfSatisfying(
              StorageException.class, e -> assertThat(e.kind()).isEqualTo(FailureKind.TRANSIENT))
          .hasMessageContaining("being migrated by another process");
      database.execute("UPDATE tracekeep_migrator SET ends_at = unixepoch()");
      storage.migration(table).apply(MigrationListener.NONE);
    }
    assertThat(database.rows("SELECT * FROM tracekeep_migrator")).isEmpty();
  }

  @Test
  void migratorThatLostItsLease_changesNothingMore() throws Exception {
    database.execute(
        "CREATE TABLE mastra_ai_spans (\"traceId\" TEXT, \"spanId\" TEXT, \"endedAt\" TEXT)",
        "INSERT INTO mastra_ai_spans VALUES ('t', 's', NULL), ('t', 's', '2026')");
    SpanTable table = SpanTable.named("mastra_ai_spans");
    try (ObservabilityStorage storage = open()) {
      assertThatThrownBy(
              () ->
                  storage
                      .migration(table)
                      .apply(
                          progress -> {
                            if (progress.step() == MigrationStep.ARCHIVE
                                && progress.phase() == Phase.BEFORE) {
                              steal();
                            }
                          }))
          .isInstanceOfSatisfying(
              StorageException.class, e -> assertThat(e.kind()).isEqualTo(FailureKind.TRANSIENT))
          .hasMessageContaining("another process may go on with it");
    }
    assertThat(database.rows("SELECT count(*) FROM mastra_ai_spans")).containsExactly("2");
  }

  private void steal() {
    try {
      database.execute(
          "UPDATE tracekeep_migrator SET owner = 'thief', ends_at = unixepoch() + 1000");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void wrongToken_isAConfigurationFaultAndNeverShown() {
    try (ObservabilityStorage storage =
        Storages.open(Map.of("url", server.url() + "?authToken=wrong-token"))) {
      assertThatThrownBy(storage::init)
          .isInstanceOfSatisfying(
              StorageException.class,
              e -> assertThat(e.kind()).isEqualTo(FailureKind.CONFIGURATION))
          .hasMessageContaining("Give a valid token")
          .hasMessageNotContaining("wrong-token");
    }
  }

  @Test
  void silentAddress_isTransient() throws Exception {
    String url = server.url();
    server.close();
    try (ObservabilityStorage storage = Storages.open(url)) {
      assertThatThrownBy(storage::init)
          .isInstanceOfSatisfying(
              StorageException.class, e -> assertThat(e.kind()).isEqualTo(FailureKind.TRANSIENT))
          .hasMessageContaining("Check that the server runs");
    }
  }
}
