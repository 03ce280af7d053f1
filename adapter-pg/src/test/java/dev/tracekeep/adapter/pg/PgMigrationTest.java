package dev.tracekeep.adapter.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationLayout;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationProgress.Phase;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The migration of another system's table, whose every column, index and trigger must stay. */
@Timeout(1200)
@Tag("engine")
class PgMigrationTest {
  @RegisterExtension static final PgDatabase DATABASE = new PgDatabase();

  private static final SpanTable SPANS = SpanTable.named("mastra_ai_spans");
  private static final String ALL_ROWS = "SELECT t::text FROM mastra_ai_spans t ORDER BY 1";
  private static final String DDL =
      "SELECT indexdef FROM pg_indexes WHERE tablename = 'mastra_ai_spans' UNION ALL SELECT"
          + " pg_get_triggerdef(oid) || tgenabled::text FROM pg_trigger WHERE tgrelid ="
          + " 'mastra_ai_spans'::regclass UNION ALL SELECT relname FROM pg_class WHERE relnamespace"
          + " = 'public'::regnamespace AND relkind IN ('r', 'v') AND relname NOT LIKE"
          + " '%dedupe_archive' AND relname <> 'tracekeep_migrations' ORDER BY 1";

  private static String resource(String name) throws IOException {
    try (InputStream in = PgMigrationTest.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** The table as @mastra/pg 1.0.0-beta.8 left it. */
  private static void layDownFixture() throws SQLException, IOException {
    DATABASE.execute(resource("mastra-pg-beta8.sql"));
  }

  /** A small table of that kind, without its trigger: copies of a key, with a running number. */
  private static void layDownCopies(int keys, int copies) throws SQLException {
    DATABASE.execute(
        "CREATE TABLE mastra_ai_spans (\"traceId\" text NOT NULL, \"spanId\" text NOT NULL, name"
            + " text, \"endedAt\" timestamp, \"createdAt\" timestamp NOT NULL, \"updatedAt\""
            + " timestamp)",
        "INSERT INTO mastra_ai_spans SELECT 't' || k / 10, 's' || k, 'copy ' || c, NULL,"
            + " '2026-01-01', timestamp '2026-01-01' + c * interval '1 s' FROM generate_series(1, "
            + keys
            + ") k, generate_series(1, "
            + copies
            + ") c");
  }

  @Test
  void fixture_isMigratedVerifiedAndUndone() throws Exception {
    layDownFixture();
    DATABASE.execute(
        "CREATE VIEW winners AS SELECT \"traceId\", output FROM mastra_ai_spans",
        "ALTER TABLE mastra_ai_spans ADD note text",
        "CREATE TRIGGER quiet BEFORE INSERT ON mastra_ai_spans FOR EACH ROW EXECUTE FUNCTION"
            + " trigger_set_timestamps()",
        "ALTER TABLE mastra_ai_spans DISABLE TRIGGER quiet",
        "CREATE TRIGGER always BEFORE INSERT ON mastra_ai_spans FOR EACH ROW EXECUTE FUNCTION"
            + " trigger_set_timestamps()",
        "ALTER TABLE mastra_ai_spans ENABLE ALWAYS TRIGGER always");
    List<String> rows = DATABASE.rows(ALL_ROWS);
    List<String> ddl = DATABASE.rows(DDL);
    try (ObservabilityStorage storage = DATABASE.open()) {
      DedupeMigration migration = storage.migration(SPANS);
      assertThat(migration.plan())
          .extracting(
              MigrationPlan::rows,
              MigrationPlan::keys,
              MigrationPlan::duplicateGroups,
              MigrationPlan::surplusRows,
              MigrationPlan::constraint,
              MigrationPlan::refusals)
          .containsExactly(650L, 490L, 120L, 160L, ConstraintState.ABSENT, List.of());
      MigrationReport report =
          migration.apply(MigrationOptions.DEFAULT.withBatchRows(50), MigrationListener.NONE);
      assertThat(report)
          .extracting(
              MigrationReport::rowsBefore,
              MigrationReport::rowsAfter,
              MigrationReport::rowsArchived,
              MigrationReport::duplicateGroups)
          .containsExactly(650L, 490L, 160L, 120L);
      assertThat(migration.verify(report.migrationId()).faults()).isEmpty();
      assertThat(migration.plan().constraint()).isEqualTo(ConstraintState.PRESENT);
      assertThat(migration.plan().isNeeded()).isFalse();

      // Of every group but the full ties the row that must survive says so.
      List<String> expected =
          DATABASE.rows(
              "SELECT m->>'traceId', m->>'spanId' FROM jsonb_array_elements('"
                  + resource("mastra-pg-beta8.manifest.json")
                  + "'::jsonb) m WHERE m->>'cls' NOT LIKE 'F%' AND m->>'cls' NOT LIKE 'J%' ORDER BY"
                  + " 1, 2");
      assertThat(expected).hasSizeGreaterThan(80);
      assertThat(
              DATABASE.rows(
                  "SELECT \"traceId\", \"spanId\" FROM mastra_ai_spans WHERE output ? 'win' OR"
                      + " output IS NULL OR output ? 'lose' ORDER BY 1, 2"))
          .containsAll(expected);
      assertThat(DATABASE.rows("SELECT count(*) FROM mastra_ai_spans WHERE output ? 'lose'"))
          .containsExactly("0");
      assertThat(DATABASE.rows("SELECT count(*) FROM winners")).containsExactly("490");

      migration.undo(report.migrationId(), MigrationListener.NONE);
    }
    assertThat(DATABASE.rows(ALL_ROWS)).isEqualTo(rows);
    assertThat(DATABASE.rows(DDL)).isEqualTo(ddl);
  }

  /**
   * Rows that others insert, change and delete during the batches are all accounted for: what is in
   * the table or the archive afterwards is what was written and never deleted.
   */
  @Test
  void writersDuringTheMigration_loseNoRow() throws Exception {
    layDownCopies(400, 4);
    AtomicBoolean done = new AtomicBoolean();
    AtomicInteger inserted = new AtomicInteger();
    ExecutorService threads = Executors.newFixedThreadPool(2);
    String id;
    try (ObservabilityStorage storage = DATABASE.open()) {
      List<Future<Object>> writers = new ArrayList<>();
      for (int w = 0; w < 2; w++) {
        int writer = w;
        writers.add(
            threads.submit(
                () -> {
                  insertAndTouch(writer, done, inserted);
                  return done;
                }));
      }
      DedupeMigration migration = storage.migration(SPANS);
      id =
          migration
              .apply(
                  MigrationOptions.DEFAULT.withBatchRows(25),
                  progress -> {
                    if (progress.step() == MigrationStep.CONSTRAIN
                        && progress.phase() == Phase.AFTER) {
                      done.set(true);
                    }
                  })
              .migrationId();
      for (Future<Object> writer : writers) {
        writer.get();
      }
      assertThat(migration.plan().surplusRows()).isZero();
    } finally {
      done.set(true);
      threads.shutdownNow();
    }
    assertThat(inserted.get()).isPositive();
    assertThat(id).isNotNull();
    assertThat(DATABASE.rows("SELECT count(DISTINCT \"spanId\"), count(*) FROM mastra_ai_spans"))
        .containsExactly("400|400");
    assertThat(
            DATABASE.rows(
                "SELECT (SELECT count(*) FROM mastra_ai_spans) + (SELECT count(*) FROM"
                    + " mastra_ai_spans_dedupe_archive)"))
        .containsExactly(Integer.toString(1600 + inserted.get()));
  }

  /** Writes like a release that knows no constraint: more copies, and changes of all copies. */
  private static void insertAndTouch(int writer, AtomicBoolean done, AtomicInteger inserted)
      throws SQLException {
    try (Connection connection = DATABASE.connect();
        PreparedStatement insert =
            connection.prepareStatement(
                "INSERT INTO mastra_ai_spans SELECT 't' || ? / 10, 's' || ?, 'late', NULL,"
                    + " '2026-01-01', '2026-01-01'");
        PreparedStatement touch =
            connection.prepareStatement(
                "UPDATE mastra_ai_spans SET name = name || '+', \"updatedAt\" = \"updatedAt\" +"
                    + " interval '1 h' WHERE \"spanId\" = 's' || ?")) {
      for (int i = 0; !done.get(); i++) {
        int key = 1 + (i * 7 + writer * 200) % 400;
        touch.setInt(1, key);
        insert.setInt(1, key);
        insert.setInt(2, key);
        try {
          touch.executeUpdate();
          inserted.addAndGet(insert.executeUpdate());
        } catch (SQLException e) {
          // The constraint stands by now; or a writer that takes its locks in no order met the
          // migration halfway and was the one to lose.
          assertThat(e.getSQLState()).isIn("23505", "40P01");
        }
      }
    }
  }

  /** However many batches there are, the table is looked through as often as for one. */
  @Test
  void batches_findTheirRowsWithoutScanningTheTable() throws SQLException {
    layDownCopies(200, 3);
    // So large that to look through it costs more than to find a row by its address.
    DATABASE.execute(
        "UPDATE mastra_ai_spans SET name = name || repeat('x', 1500)", "ANALYZE mastra_ai_spans");
    long before = scans();
    applyAndUndo(10_000);
    long withOneBatch = scans();
    applyAndUndo(10);
    assertThat(scans() - withOneBatch)
        .as("scans with 40 batches; with one: %s", withOneBatch - before)
        .isEqualTo(withOneBatch - before);
  }

  private static void applyAndUndo(int batchRows) {
    try (ObservabilityStorage storage = DATABASE.open()) {
      DedupeMigration migration = storage.migration(SPANS);
      MigrationReport report =
          migration.apply(
              MigrationOptions.DEFAULT.withBatchRows(batchRows), MigrationListener.NONE);
      assertThat(report.rowsArchived()).isEqualTo(400);
      migration.undo(report.migrationId(), MigrationListener.NONE);
    }
  }

  /** The server counts a session's scans when the session ends. */
  private static long scans() throws SQLException {
    while (!DATABASE
        .rows(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <>"
                + " pg_backend_pid()")
        .isEmpty()) {
      Thread.onSpinWait();
    }
    return Long.parseLong(
        DATABASE
            .rows("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'mastra_ai_spans'")
            .get(0));
  }

  /** The statement itself, raced: the row that loses is changed before it is deleted, and stays. */
  @Test
  void loser_thatIsChangedMeanwhile_isNotArchivedAsItWas() throws Exception {
    layDownCopies(1, 2);
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try (ObservabilityStorage storage = DATABASE.open();
        Connection other = DATABASE.connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      // The loser becomes the winner, in a transaction that ends while the migration waits for it.
      statement.executeUpdate(
          "UPDATE mastra_ai_spans SET \"endedAt\" = '2026-02-01' WHERE name = 'copy 1'");
      Future<MigrationReport> report =
          thread.submit(() -> storage.migration(SPANS).apply(MigrationListener.NONE));
      while (DATABASE.rows("SELECT 1 FROM pg_locks WHERE NOT granted").isEmpty()) {
        Thread.onSpinWait();
      }
      other.commit();
      assertThat(report.get().rowsArchived()).isEqualTo(1);
    } finally {
      thread.shutdownNow();
    }
    assertThat(DATABASE.rows("SELECT name, \"endedAt\" FROM mastra_ai_spans"))
        .containsExactly("copy 1|2026-02-01 00:00:00");
    assertThat(DATABASE.rows("SELECT name, \"endedAt\" FROM mastra_ai_spans_dedupe_archive"))
        .containsExactly("copy 2|null");
  }

  /** The index fails because of rows that a trigger keeps: that is said, and not a time-out. */
  @Test
  void triggerThatKeepsSomeRows_isNamedWhereTheIndexFails() throws SQLException {
    layDownCopies(3, 2);
    DATABASE.execute(
        "CREATE FUNCTION keep_one() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN CASE WHEN"
            + " OLD.\"spanId\" <> ''s1'' THEN OLD END; END'",
        "CREATE TRIGGER keeps_one BEFORE DELETE ON mastra_ai_spans FOR EACH ROW EXECUTE FUNCTION"
            + " keep_one()");
    try (ObservabilityStorage storage = DATABASE.open()) {
      DedupeMigration migration = storage.migration(SPANS);
      assertThatThrownBy(() -> migration.apply(MigrationListener.NONE))
          .isInstanceOfSatisfying(
              StorageException.class,
              e -> assertThat(e.kind()).isEqualTo(FailureKind.CONFIGURATION))
          .hasMessageContaining("keeps_one");
      assertThat(DATABASE.rows("SELECT count(*) FROM mastra_ai_spans")).containsExactly("4");
      DATABASE.execute("DROP FUNCTION keep_one() CASCADE");
      migration.apply(MigrationListener.NONE);
      assertThat(DATABASE.rows("SELECT count(*) FROM mastra_ai_spans")).containsExactly("3");
    }
  }

  @Test
  void invalidIndex_ofAKilledAttempt_isFoundAndReplaced() throws SQLException {
    layDownCopies(3, 2);
    assertThatThrownBy(
            () ->
                DATABASE.execute(
                    "CREATE UNIQUE INDEX CONCURRENTLY mastra_ai_spans_key ON mastra_ai_spans"
                        + " (\"traceId\", \"spanId\")"))
        .hasMessageContaining("could not create unique index");
    try (ObservabilityStorage storage = DATABASE.open()) {
      DedupeMigration migration = storage.migration(SPANS);
      assertThat(migration.plan().constraint()).isEqualTo(ConstraintState.INVALID);
      migration.apply(MigrationListener.NONE);
      assertThat(migration.plan().constraint()).isEqualTo(ConstraintState.PRESENT);
    }
    assertThat(
            DATABASE.rows(
                "SELECT indexrelid::regclass, indisvalid, indisunique FROM pg_index WHERE indrelid"
                    + " = 'mastra_ai_spans'::regclass"))
        .containsExactly("mastra_ai_spans_traceid_spanid_pk|t|t");
  }

  /** A reader keeps CONCURRENTLY waiting, but not the lock that keeps writers out. */
  @Test
  void oldTransaction_ofAReader_doesNotKeepTheConstraintOff() throws SQLException {
    layDownCopies(3, 2);
    try (ObservabilityStorage storage = DATABASE.open();
        Connection reader = DATABASE.connect();
        Statement statement = reader.createStatement()) {
      reader.setAutoCommit(false);
      reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      statement.execute("SELECT count(*) FROM mastra_ai_spans");
      DedupeMigration migration = storage.migration(SPANS);
      migration.apply(
          new MigrationOptions(100, Duration.ofMillis(300), 10)
              .withLayout(MigrationLayout.TRACEKEEP),
          MigrationListener.NONE);
      assertThat(migration.plan().constraint()).isEqualTo(ConstraintState.PRESENT);
      reader.rollback();
    }
  }

  @Test
  void writer_thatNeverCommits_endsInAnErrorThatNamesIt() throws SQLException {
    layDownCopies(3, 2);
    try (ObservabilityStorage storage = DATABASE.open();
        Connection writer = DATABASE.connect();
        Statement statement = writer.createStatement()) {
      writer.setAutoCommit(false);
      statement.execute(
          "INSERT INTO mastra_ai_spans VALUES ('t', 'other', 'x', NULL, '2026-01-01')");
      DedupeMigration migration = storage.migration(SPANS);
      MigrationOptions hasty = new MigrationOptions(100, Duration.ofMillis(300), 10);
      assertThatThrownBy(() -> migration.apply(hasty, MigrationListener.NONE))
          .isInstanceOfSatisfying(
              StorageException.class, e -> assertThat(e.kind()).isEqualTo(FailureKind.TRANSIENT))
          .hasMessageContainingAll(
              "mastra_ai_spans",
              "tries of 300 ms, because of process ",
              "end the old transaction",
              "run 'tracekeep migrate apply'");
      assertThat(migration.plan().constraint()).isEqualTo(ConstraintState.INVALID);
      assertThat(migration.plan().surplusRows()).isZero();
      writer.rollback();
      assertThat(migration.apply(hasty, MigrationListener.NONE).outcome())
          .isEqualTo(MigrationReport.Outcome.RESUMED);
    }
  }

  /** Mastra's newest release looks for this key, and adds it where it is not there. */
  @Test
  void mastrasTable_getsMastrasPrimaryKey_andUndoTakesItBack() throws SQLException {
    layDownCopies(3, 2);
    String key =
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            + " WHERE conrelid = 'mastra_ai_spans'::regclass AND contype IN ('p', 'c')";
    String nullable =
        "SELECT attname, attnotnull FROM pg_attribute WHERE attrelid = 'mastra_ai_spans'::regclass"
            + " AND attname IN ('traceId', 'spanId') ORDER BY attname";
    List<String> before = DATABASE.rows(nullable);
    try (ObservabilityStorage storage = DATABASE.open()) {
      DedupeMigration migration = storage.migration(SPANS);
      String id = String.valueOf(migration.apply(MigrationListener.NONE).migrationId());
      assertThat(DATABASE.rows(key))
          .containsExactly(
              "mastra_ai_spans_traceid_spanid_pk|PRIMARY KEY (\"traceId\", \"spanId\")");
      assertThat(migration.plan().isNeeded()).isFalse();
      migration.undo(id, MigrationListener.NONE);
      assertThat(DATABASE.rows(key)).isEmpty();
      assertThat(DATABASE.rows(nullable)).isEqualTo(before);
    }
  }

  @Test
  void secondMigrator_isToldSo() throws SQLException {
    layDownCopies(3, 2);
    try (ObservabilityStorage first = DATABASE.open();
        ObservabilityStorage second = DATABASE.open("lock-timeout", "300ms")) {
      List<FailureKind> refused = new ArrayList<>();
      first
          .migration(SPANS)
          .apply(
              progress -> {
                if (refused.isEmpty()) {
                  assertThatThrownBy(() -> second.migration(SPANS).apply(MigrationListener.NONE))
                      .isInstanceOfSatisfying(StorageException.class, e -> refused.add(e.kind()))
                      .hasMessageContaining("being migrated");
                }
              });
      assertThat(refused).containsExactly(FailureKind.TRANSIENT);
    }
  }

  @Test
  void secondMigrator_waitsForTheFirst() throws Exception {
    layDownCopies(3, 2);
    List<CompletableFuture<MigrationReport>> others = new ArrayList<>();
    try (ObservabilityStorage first = DATABASE.open();
        ObservabilityStorage second = DATABASE.open("lock-timeout", "10m")) {
      first
          .migration(SPANS)
          .apply(
              progress -> {
                if (others.isEmpty()) {
                  others.add(
                      CompletableFuture.supplyAsync(
                          () -> second.migration(SPANS).apply(MigrationListener.NONE)));
                }
              });
      assertThat(others.get(0).get().outcome()).isEqualTo(MigrationReport.Outcome.NOTHING_TO_DO);
    }
  }

  @Test
  void quotedNamesIdentityAndGeneratedColumns_survive() throws SQLException {
    DATABASE.execute(
        "CREATE SCHEMA \"My Schema\"",
        "CREATE TABLE \"My Schema\".\"Spans \"\"x\"\"\" (id bigint GENERATED ALWAYS AS IDENTITY"
            + " PRIMARY KEY, \"traceId\" text, \"spanId\" text, \"endedAt\" timestamptz, doc json,"
            + " size int GENERATED ALWAYS AS (length(\"spanId\")) STORED)",
        "INSERT INTO \"My Schema\".\"Spans \"\"x\"\"\" (\"traceId\", \"spanId\", doc)"
            + " SELECT 't', 's' || i / 2, '{}' FROM generate_series(0, 9) i");
    String all = "SELECT t::text FROM \"My Schema\".\"Spans \"\"x\"\"\" t ORDER BY 1";
    List<String> rows = DATABASE.rows(all);
    try (ObservabilityStorage storage = DATABASE.open()) {
      DedupeMigration migration =
          storage.migration(new SpanTable("My Schema", "Spans \"x\"", null));
      MigrationReport report = migration.apply(MigrationListener.NONE);
      assertThat(report.rowsArchived()).isEqualTo(5);
      assertThat(migration.verify(report.migrationId()).faults()).isEmpty();
      assertThat(DATABASE.rows(all)).hasSize(5);
      migration.undo(report.migrationId(), MigrationListener.NONE);
    } finally {
      assertThat(DATABASE.rows(all)).isEqualTo(rows);
      assertThat(
              DATABASE.rows(
                  "SELECT attidentity FROM pg_attribute WHERE attname = 'id' AND attrelid = '\"My"
                      + " Schema\".\"Spans \"\"x\"\"\"'::regclass"))
          .containsExactly("a");
      DATABASE.execute("DROP SCHEMA \"My Schema\" CASCADE");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          CREATE TABLE s (%s) PARTITION BY LIST ("traceId") | partitioned
          CREATE TABLE b (%s); CREATE VIEW s AS SELECT * FROM b | a view
          CREATE TABLE s (%s); CREATE TABLE kid () INHERITS (s) | kid
          CREATE TABLE s (%s, id int PRIMARY KEY); CREATE TABLE r (id int CONSTRAINT fk_r REFERENCES s) | r.fk_r
          CREATE TABLE s (%s); CREATE RULE keep AS ON DELETE TO s DO INSTEAD NOTHING | keep
          CREATE TABLE s (%s); CREATE TABLE s_key (i int) | s_key
          CREATE TABLE s (%s); CREATE INDEX s_key ON s ("spanId") | s_key
          CREATE TABLE s (%s); INSERT INTO s VALUES (NULL, 'a'), ('t', 'a'), ('t', 'a') | have no trace id
          CREATE TABLE s (%s); CREATE PUBLICATION news FOR TABLE s | news
          """)
  void table_thatCannotBeMigratedRightly_isRefusedBeforeAnyChange(String ddl, String reason)
      throws SQLException {
    DATABASE.execute(ddl.replace("%s", "\"traceId\" text, \"spanId\" text, \"endedAt\" timestamp"));
    String relations =
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1";
    List<String> before = DATABASE.rows(relations);
    try (ObservabilityStorage storage = DATABASE.open()) {
      DedupeMigration migration = storage.migration(SpanTable.named("s"));
      assertThat(migration.plan().refusals()).singleElement().asString().contains(reason);
      assertThatThrownBy(() -> migration.apply(MigrationListener.NONE))
          .isInstanceOfSatisfying(
              StorageException.class,
              e -> assertThat(e.kind()).isEqualTo(FailureKind.CONFIGURATION))
          .hasMessageContaining(reason);
      assertThat(DATABASE.rows(relations)).isEqualTo(before);
    } finally {
      DATABASE.execute("DROP PUBLICATION IF EXISTS news");
    }
  }
}
