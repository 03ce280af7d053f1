package dev.tracekeep.adapter.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.Storages;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is done where Citus has spread the table over workers. */
@Tag("engine")
@EnabledIfEnvironmentVariable(
    named = CitusTestServer.URL,
    matches = ".+",
    disabledReason = "NOT RUN: " + CitusTestServer.NOT_THERE)
class CitusTest {
  private static final SpanTable OWN = new SpanTable(null, "tracekeep_spans", null);

  private CitusTestServer server;
  private String url;

  @BeforeEach
  void makeDatabase() throws SQLException {
    server = CitusTestServer.get().orElseThrow();
    url = server.newDatabase();
  }

  @AfterEach
  void dropDatabase() throws SQLException {
    server.drop(url);
  }

  private ObservabilityStorage open(String distribution) {
    return Storages.open(Map.of("url", url, "distribution", distribution));
  }

  private List<String> rows(String query) throws SQLException {
    List<String> rows = new ArrayList<>();
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery(query)) {
      while (found.next()) {
        rows.add(found.getString(1));
      }
    }
    return rows;
  }

  private static List<Span> spans(int count) {
    return IntStream.range(0, count)
        .mapToObj(
            i ->
                Span.builder(SpanKey.of("t" + i / 3, "s" + i))
                    .name("n")
                    .startedAt(Instant.ofEpochSecond(i))
                    .build())
        .toList();
  }

  private static Span ended(Span span) {
    return span.toBuilder().endedAt(span.times().startedAt().plusSeconds(1)).build();
  }

  @ParameterizedTest
  @ValueSource(strings = {"trace", "tenant"})
  void init_spreadsANewTableAndItsIndexes(String distribution) throws SQLException {
    try (ObservabilityStorage storage = open(distribution)) {
      storage.init();
      storage.init();
    }
    assertThat(rows("SELECT distribution_column FROM citus_tables"))
        .containsExactly(distribution + "_id");
    assertThat(
            rows(
                "SELECT result FROM run_command_on_shards('tracekeep_spans', 'SELECT count(*) FROM"
                    + " pg_index WHERE indrelid = ''%s''::regclass')"))
        .hasSizeGreaterThan(1)
        .hasSameElementsAs(
            rows("SELECT count(*) FROM pg_index WHERE indrelid = 'tracekeep_spans'::regclass"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"trace", "tenant"})
  void knownKeys_areMerged_inLargeBatchesAndSmall(String distribution) {
    List<Span> spans = spans(300);
    List<Span> better =
        IntStream.range(0, 300)
            .mapToObj(i -> i < 120 ? ended(spans.get(i)) : spans.get(i))
            .toList();
    try (ObservabilityStorage storage = open(distribution)) {
      storage.init();
      assertThat(storage.batchCreateSpans(spans.subList(0, 200)).counts().created()).isEqualTo(200);
      assertThat(storage.batchCreateSpans(better).counts().toString())
          .isEqualTo("Counts[created=100, replaced=120, unchanged=80]");
      assertThat(storage.batchCreateSpans(better.subList(0, 10)).counts().unchanged())
          .isEqualTo(10);
      assertThat(storage.batchCreateSpans(spans).counts().unchanged()).isEqualTo(300);
      assertThat(storage.statistics()).isEqualTo(new StorageStatistics(300, 100, 180, 0, 1));
    }
  }

  @Test
  void tableThatIsDistributed_isRecognized_andUpdatedAcrossItsShards() {
    try (ObservabilityStorage storage = open("trace")) {
      storage.init();
    }
    try (ObservabilityStorage storage = Storages.open(Map.of("url", url))) {
      storage.init();
      storage.batchCreateSpans(spans(90));
      storage.batchCreateSpans(spans(90));
      assertThat(
              storage
                  .batchUpdateSpans(
                      spans(90).stream()
                          .map(
                              span ->
                                  SpanUpdate.builder(span.key(), Instant.ofEpochSecond(1_000))
                                      .name("later")
                                      .build())
                          .toList())
                  .counts()
                  .replaced())
          .isEqualTo(90);
      assertThat(storage.getSpan(SpanKey.of("t29", "s89")).orElseThrow().name()).isEqualTo("later");
    }
  }

  @Test
  void migration_ofADistributedTable_isRefusedWithTheWayOut() throws SQLException {
    PgTestServer.execute(
        url,
        "CREATE TABLE mastra_ai_spans (\"traceId\" text NOT NULL, \"spanId\" text NOT NULL, name"
            + " text, \"startedAt\" timestamp NOT NULL, \"endedAt\" timestamp, \"createdAt\""
            + " timestamp NOT NULL, \"updatedAt\" timestamp)",
        "INSERT INTO mastra_ai_spans SELECT 't' || i / 4, 's' || i % 2, 'n', '2026-01-01', NULL,"
            + " '2026-01-01', NULL FROM generate_series(0, 39) i",
        "SELECT create_distributed_table('mastra_ai_spans', 'traceId')");
    SpanTable spans = new SpanTable(null, "mastra_ai_spans", null);
    try (ObservabilityStorage storage = Storages.open(Map.of("url", url))) {
      DedupeMigration migration = storage.migration(spans);
      assertThat(migration.plan().refusals())
          .singleElement()
          .asString()
          .contains("SELECT undistribute_table('\"public\".\"mastra_ai_spans\"')")
          .contains("SELECT create_distributed_table('\"public\".\"mastra_ai_spans\"', 'traceId')");
      assertThatThrownBy(() -> migration.apply(MigrationListener.NONE))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("undistribute_table");
    }
    PgTestServer.execute(url, "SELECT undistribute_table('\"mastra_ai_spans\"')");
    try (ObservabilityStorage storage = Storages.open(Map.of("url", url))) {
      assertThat(storage.migration(spans).apply(MigrationListener.NONE).rowsArchived())
          .isEqualTo(20);
    }
    PgTestServer.execute(url, "SELECT create_distributed_table('\"mastra_ai_spans\"', 'traceId')");
    try (ObservabilityStorage storage = Storages.open(Map.of("url", url))) {
      assertThat(storage.migration(spans).plan().constraint()).isEqualTo(ConstraintState.PRESENT);
      assertThat(storage.migration(spans).plan().isNeeded()).isFalse();
    }
    assertThat(rows("SELECT count(*) FROM mastra_ai_spans")).containsExactly("20");
  }

  @Test
  void plainTable_isMigrated_andDistributedAfterwards() throws SQLException {
    try (ObservabilityStorage storage = Storages.open(Map.of("url", url))) {
      storage.init();
      storage.batchCreateSpans(spans(60));
    }
    PgTestServer.execute(
        url,
        "ALTER TABLE tracekeep_spans DROP CONSTRAINT tracekeep_spans_key",
        "INSERT INTO tracekeep_spans SELECT * FROM tracekeep_spans");
    try (ObservabilityStorage storage = open("trace")) {
      assertThat(storage.migration(OWN).apply(MigrationListener.NONE).rowsArchived()).isEqualTo(60);
      storage.init();
    }
    PgTestServer.execute(url, "SELECT create_distributed_table('tracekeep_spans', 'trace_id')");
    try (ObservabilityStorage storage = open("trace")) {
      storage.init();
      assertThat(storage.batchCreateSpans(spans(90)).counts().toString())
          .isEqualTo("Counts[created=30, replaced=0, unchanged=60]");
    }
  }
}
