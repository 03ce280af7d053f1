package dev.tracekeep.adapter.mssql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.migration.DedupeMigration;
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
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The migration of a table like Mastra's, which is in the database's own collation. */
@Timeout(1200)
class MsSqlMigrationTest {
  @RegisterExtension static final MsSqlDatabase DATABASE = new MsSqlDatabase();

  private static final SpanTable SPANS = SpanTable.named("mastra_ai_spans");

  private static final String ALL_ROWS =
      "SELECT seq_id, traceId, DATALENGTH(traceId), spanId, name, isEvent, input, startedAt, endedAt, createdAt,"
          + " updatedAt FROM mastra_ai_spans ORDER BY seq_id";

  private static final String SHAPE =
      "SELECT 'column ' + LOWER(c.name) AS a FROM sys.columns c WHERE c.object_id = OBJECT_ID('mastra_ai_spans')"
          + " UNION ALL SELECT 'index ' + i.name FROM sys.indexes i WHERE i.object_id = OBJECT_ID('mastra_ai_spans')"
          + " AND i.name IS NOT NULL ORDER BY a";

  private static final String TRIGGERS =
      "SELECT g.name, g.is_disabled FROM sys.triggers g WHERE g.parent_id = OBJECT_ID('mastra_ai_spans')";

  /** More of them would keep a slow server from ever seeing the end of a batch. */
  private static final int WRITES = 100;

  /** As the release of Mastra before its primary key made it; ids are compared without case. */
  private static void createTable() throws SQLException {
    DATABASE.execute(
        "CREATE TABLE mastra_ai_spans (traceId NVARCHAR(400) NOT NULL, spanId NVARCHAR(400) NOT NULL,"
            + " name NVARCHAR(400), isEvent BIT, input NVARCHAR(MAX), startedAt DATETIME2(7) NOT NULL,"
            + " endedAt DATETIME2(7), createdAt DATETIME2(7) NOT NULL, updatedAt DATETIME2(7),"
            + " seq_id BIGINT IDENTITY(1,1) NOT NULL)",
        "CREATE INDEX ix_trace ON mastra_ai_spans (traceId, startedAt DESC)");
  }

  private static void insert(
      String trace, String span, String name, String endedAt, String updatedAt)
      throws SQLException {
    try (Connection connection = DATABASE.connect();
        PreparedStatement statement =
            connection.prepareStatement(
                "INSERT INTO mastra_ai_spans (traceId, spanId, name, isEvent, input, startedAt, endedAt, createdAt,"
                    + " updatedAt) VALUES (?, ?, ?, 0, N'{\"ü\":\"😀\"}', '2026-01-01', CAST(? AS datetime2(7)),"
                    + " '2026-01-01', CAST(? AS datetime2(7)))")) {
      statement.setString(1, trace);
      statement.setString(2, span);
      statement.setString(3, name);
      statement.setString(4, endedAt);
      statement.setString(5, updatedAt);
      statement.executeUpdate();
    }
  }

  /** Copies of keys, with a running number. */
  private static void layDownCopies(int keys, int copies) throws SQLException {
    createTable();
    try (Connection connection = DATABASE.connect();
        PreparedStatement statement =
            connection.prepareStatement(
                "INSERT INTO mastra_ai_spans (traceId, spanId, name, startedAt, createdAt, updatedAt)"
                    + " VALUES (?, ?, ?, '2026-01-01', '2026-01-01', DATEADD(SECOND, ?, '2026-01-01'))")) {
      for (int key = 1; key <= keys; key++) {
        for (int copy = 1; copy <= copies; copy++) {
          statement.setString(1, "t" + key / 10);
          statement.setString(2, "s" + key);
          statement.setString(3, "copy " + copy);
          statement.setInt(4, copy);
          statement.addBatch();
        }
      }
      statement.executeBatch();
    }
  }

  /**
   * Only where ids are compared byte by byte: else ids that differ by case alone would break it.
   */
  @ParameterizedTest
  @CsvSource({
    "'', mastra_ai_spans_key, false",
    "COLLATE Latin1_General_BIN2, mastra_ai_spans_traceid_spanid_pk, true"
  })
  void mastrasTable_getsMastrasPrimaryKey_whereIdsAreComparedByteByByte(
      String collation, String key, boolean isPrimary) throws SQLException {
    DATABASE.execute(
        "CREATE TABLE mastra_ai_spans (traceId NVARCHAR(128) %1$s NOT NULL, spanId NVARCHAR(128) %1$s NOT NULL, name NVARCHAR(400), endedAt DATETIME2(7))"
            .formatted(collation),
        "INSERT INTO mastra_ai_spans VALUES ('t', 's', 'a', NULL), ('t', 's', 'b', '2026-01-01')");
    try (ObservabilityStorage storage = DATABASE.open()) {
      DedupeMigration migration = storage.migration(SPANS);
      migration.apply(MigrationListener.NONE);
      assertThat(migration.plan().isNeeded()).isFalse();
    }
    assertThat(
            DATABASE.rows(
                "SELECT LOWER(i.name), i.is_primary_key FROM sys.indexes i WHERE i.object_id ="
                    + " OBJECT_ID('mastra_ai_spans') AND i.is_unique = 1"))
        .singleElement()
        .asString()
        // Babelfish adds a digest to the name.
        .startsWith(key)
        .endsWith(isPrimary ? "|1" : "|0");
  }

  @Test
  void keys_thatDifferByCaseOrBlanks_areNotMerged_andUndoPutsEverythingBack() throws Exception {
    createTable();
    insert("t", "s", "running", null, "2026-01-09");
    insert("t", "s", "completed", "2026-01-02T00:00:00.1234567", "2026-01-02");
    insert("T", "s", "other case", null, null);
    insert("t ", "s", "blank behind", null, null);
    insert("t", "S", "other case of the span", null, null);
    insert("ü😀", "s", "older", "2026-01-02", "2026-01-02");
    insert("ü😀", "s", "newer", "2026-01-02", "2026-01-03T00:00:00.0000001");
    insert("same", "s", "tie", null, null);
    insert("same", "s", "tie", null, null);
    insert("same", "s", "tie", null, null);
    DATABASE.execute(
        "CREATE TRIGGER late ON mastra_ai_spans AFTER INSERT AS UPDATE mastra_ai_spans SET name = N'spoilt'"
            + " WHERE 1 = 1");
    List<String> rows = DATABASE.rows(ALL_ROWS);
    List<String> shape = DATABASE.rows(SHAPE);
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
          .containsExactly(10L, 6L, 3L, 4L, ConstraintState.ABSENT, List.of());
      MigrationReport report =
          migration.apply(MigrationOptions.DEFAULT.withBatchRows(1), MigrationListener.NONE);
      assertThat(report)
          .extracting(
              MigrationReport::rowsBefore,
              MigrationReport::rowsAfter,
              MigrationReport::rowsArchived,
              MigrationReport::duplicateGroups)
          .containsExactly(10L, 6L, 4L, 3L);
      assertThat(migration.verify(report.migrationId()).faults()).isEmpty();
      assertThat(migration.plan().constraint()).isEqualTo(ConstraintState.PRESENT);
      assertThat(migration.plan().isNeeded()).isFalse();
      assertThat(DATABASE.rows("SELECT name FROM mastra_ai_spans ORDER BY seq_id"))
          .containsExactly(
              "completed", "other case", "blank behind", "other case of the span", "newer", "tie");
      assertThat(
              DATABASE.rows(
                  "SELECT name, dedupe_reason FROM mastra_ai_spans_dedupe_archive ORDER BY seq_id"))
          .containsExactly(
              "running|running, and another copy is completed",
              "older|older updatedAt than another copy",
              "tie|as new as another copy that was kept",
              "tie|as new as another copy that was kept");
      assertThatThrownBy(() -> insert("t", "s", "again", null, null))
          .isInstanceOf(SQLException.class);
      migration.undo(report.migrationId(), MigrationListener.NONE);
    }
    assertThat(DATABASE.rows(ALL_ROWS)).isEqualTo(rows);
    assertThat(DATABASE.rows(SHAPE)).isEqualTo(shape);
    // Babelfish drops a table's triggers with any of its columns.
    assertThat(DATABASE.rows(TRIGGERS))
        .isEqualTo(
            MsSqlTestServer.get().orElseThrow().isSqlServer() ? List.of("late|0") : List.of());
  }

  /**
   * Rows that others insert and change during the batches are all accounted for: what is in the
   * table or the archive afterwards is what was written.
   */
  @Test
  void writersDuringTheMigration_loseNoRow() throws Exception {
    layDownCopies(100, 4);
    AtomicBoolean done = new AtomicBoolean();
    AtomicInteger inserted = new AtomicInteger();
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try (ObservabilityStorage storage = DATABASE.open()) {
      List<Future<Object>> writers =
          List.of(
              threads.submit(() -> insertAndTouch(0, done, inserted)),
              threads.submit(() -> insertAndTouch(50, done, inserted)));
      DedupeMigration migration = storage.migration(SPANS);
      migration.apply(
          MigrationOptions.DEFAULT.withBatchRows(50),
          progress -> {
            if (progress.step() == MigrationStep.CONSTRAIN && progress.phase() == Phase.AFTER) {
              done.set(true);
            }
          });
      for (Future<Object> writer : writers) {
        writer.get();
      }
      assertThat(migration.plan().surplusRows()).isZero();
    } finally {
      done.set(true);
      threads.shutdownNow();
    }
    assertThat(inserted.get()).isPositive();
    assertThat(DATABASE.rows("SELECT count(DISTINCT spanId), count(*) FROM mastra_ai_spans"))
        .containsExactly("100|100");
    assertThat(DATABASE.rows("SELECT count(*) FROM mastra_ai_spans_dedupe_archive"))
        .containsExactly(Integer.toString(300 + inserted.get()));
  }

  /** Writes like a release that knows no constraint: more copies, and changes of all copies. */
  private static Object insertAndTouch(int first, AtomicBoolean done, AtomicInteger inserted)
      throws SQLException {
    try (Connection connection = DATABASE.connect();
        PreparedStatement insert =
            connection.prepareStatement(
                "INSERT INTO mastra_ai_spans (traceId, spanId, name, startedAt, createdAt, updatedAt)"
                    + " VALUES (?, ?, 'late', '2026-01-01', '2026-01-01', '2026-01-01')");
        PreparedStatement touch =
            connection.prepareStatement(
                "UPDATE mastra_ai_spans SET updatedAt = DATEADD(HOUR, 1, updatedAt) WHERE spanId = ?")) {
      for (int i = 0; i < WRITES && !done.get(); i++) {
        int key = 1 + (i * 7 + first) % 100;
        try {
          touch.setString(1, "s" + key);
          touch.executeUpdate();
          insert.setString(1, "t" + key / 10);
          insert.setString(2, "s" + key);
          inserted.addAndGet(insert.executeUpdate());
        } catch (SQLException e) {
          // The constraint stands by now, or the migration was first with a lock.
          assertThat(MsSqlFailures.isDuplicateKey(e) || MsSqlFailures.isLostRace(e))
              .as("%s %s", e.getErrorCode(), e.getMessage())
              .isTrue();
        }
      }
    }
    return done;
  }

  /** The row that loses is changed before it is deleted, and stays. */
  @Test
  void loser_thatIsChangedMeanwhile_isNotArchivedAsItWas() throws Exception {
    layDownCopies(1, 2);
    ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    try (ObservabilityStorage storage = DATABASE.open();
        Connection other = DATABASE.connect();
        Statement statement = other.createStatement()) {
      AtomicInteger batches = new AtomicInteger();
      MigrationReport report =
          storage
              .migration(SPANS)
              .apply(
                  progress -> {
                    // From here on a transaction is open that ends while the batch is
                    // moved.
                    if (progress.step() == MigrationStep.ARCHIVE
                        && progress.phase() == Phase.BEFORE
                        && batches.getAndIncrement() == 0) {
                      change(other, statement);
                      clock.schedule(
                          () -> {
                            other.commit();
                            return other;
                          },
                          2,
                          TimeUnit.SECONDS);
                    }
                  });
      assertThat(report.rowsArchived()).isEqualTo(1);
    } finally {
      clock.shutdownNow();
    }
    assertThat(DATABASE.rows("SELECT name FROM mastra_ai_spans")).containsExactly("copy 1");
    assertThat(DATABASE.rows("SELECT name, endedAt FROM mastra_ai_spans_dedupe_archive"))
        .containsExactly("copy 2|null");
  }

  private static void change(Connection other, Statement statement) {
    try {
      other.setAutoCommit(false);
      statement.executeUpdate(
          "UPDATE mastra_ai_spans SET endedAt = '2026-02-01' WHERE name = N'copy 1'");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void writer_thatNeverCommits_endsInAnErrorThatNamesTheTimeout() throws SQLException {
    layDownCopies(3, 2);
    try (ObservabilityStorage storage = DATABASE.open("lock-timeout", "500ms");
        Connection writer = DATABASE.connect();
        Statement statement = writer.createStatement()) {
      writer.setAutoCommit(false);
      DedupeMigration migration = storage.migration(SPANS);
      MigrationOptions hasty = new MigrationOptions(100, Duration.ofMillis(300), 10);
      assertThatThrownBy(
              () ->
                  migration.apply(
                      hasty,
                      progress -> {
                        if (progress.step() == MigrationStep.CONSTRAIN
                            && progress.phase() == Phase.BEFORE) {
                          insertOther(statement);
                        }
                      }))
          .isInstanceOfSatisfying(
              StorageException.class, e -> assertThat(e.kind()).isEqualTo(FailureKind.TRANSIENT))
          .hasMessageContaining("mastra_ai_spans");
      writer.rollback();
      assertThat(migration.apply(hasty, MigrationListener.NONE).outcome())
          .isEqualTo(MigrationReport.Outcome.RESUMED);
      assertThat(migration.plan().constraint()).isEqualTo(ConstraintState.PRESENT);
    }
  }

  private static void insertOther(Statement statement) {
    try {
      statement.execute(
          "INSERT INTO mastra_ai_spans (traceId, spanId, startedAt, createdAt)"
              + " VALUES ('t', 'other', '2026-01-01', '2026-01-01')");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A table without an identity gets a column for the time of the migration, and no longer. */
  @Test
  void quotedNamesAndComputedColumns_survive_withoutAnIdentity() throws SQLException {
    DATABASE.execute("CREATE SCHEMA my_schema");
    DATABASE.execute(
        "CREATE TABLE my_schema.[Spans of x] (traceId varchar(50), spanId varchar(50), endedAt datetime2,"
            + " raw varbinary(20), ratio float, size AS (1 + 1))",
        "INSERT INTO my_schema.[Spans of x] (traceId, spanId, raw, ratio) VALUES ('t', 's1', 0x0102, 0.1),"
            + " ('t', 's1', 0x0102, 0.1), ('t', 's1', 0x010200, 0.30000000000000004), ('t', 's2', NULL, NULL)");
    String all =
        "SELECT traceId, spanId, endedAt, raw, ratio, size FROM my_schema.[Spans of x] ORDER BY spanId, raw, ratio";
    List<String> rows = DATABASE.rows(all);
    try (ObservabilityStorage storage = DATABASE.open()) {
      DedupeMigration migration = storage.migration(new SpanTable("my_schema", "Spans of x", null));
      MigrationReport report = migration.apply(MigrationListener.NONE);
      assertThat(report.rowsArchived()).isEqualTo(2);
      assertThat(migration.verify(report.migrationId()).faults()).isEmpty();
      assertThat(DATABASE.rows(all)).hasSize(2);
      assertThat(
              DATABASE.rows(
                  "SELECT count(*) FROM sys.columns c WHERE c.object_id = OBJECT_ID('my_schema.[Spans of x]')"
                      + " AND c.name = 'dedupe_row'"))
          .containsExactly("0");
      migration.undo(report.migrationId(), MigrationListener.NONE);
    }
    assertThat(DATABASE.rows(all)).isEqualTo(rows);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          CREATE TABLE b (%s); CREATE VIEW s AS SELECT traceId AS trace_id, spanId AS span_id, endedAt AS ended_at FROM b | is a view
          CREATE TABLE s (%s, id int CONSTRAINT pk_s PRIMARY KEY); CREATE TABLE r (id int CONSTRAINT fk_r REFERENCES s (id)) | fk_r
          CREATE TABLE s (%s); CREATE TRIGGER instead ON s INSTEAD OF DELETE AS SELECT 1 | instead
          CREATE TABLE s (%s); INSERT INTO s (traceId, spanId) VALUES (NULL, 'a'), ('t', 'a'), ('t', 'a') | have no trace id
          CREATE TABLE s (traceId nvarchar(900), spanId nvarchar(400), endedAt datetime2) | ALTER COLUMN [traceId] nvarchar(425)
          CREATE TABLE s (traceId nvarchar(max), spanId nvarchar(400), endedAt datetime2) | has no limit
          """)
  void table_thatCannotBeMigratedRightly_isRefusedBeforeAnyChange(String ddl, String reason)
      throws SQLException {
    String[] statements =
        ddl.replace("%s", "traceId varchar(64), spanId varchar(64), endedAt datetime2").split("; ");
    DATABASE.execute(statements);
    String objects = "SELECT name FROM sys.objects ORDER BY name";
    List<String> before = DATABASE.rows(objects);
    try (ObservabilityStorage storage = DATABASE.open()) {
      DedupeMigration migration = storage.migration(SpanTable.named("s"));
      assertThat(migration.plan().refusals())
          .singleElement()
          .asString()
          .containsIgnoringCase(reason);
      assertThatThrownBy(() -> migration.apply(MigrationListener.NONE))
          .isInstanceOfSatisfying(
              StorageException.class,
              e -> assertThat(e.kind()).isEqualTo(FailureKind.CONFIGURATION))
          .message()
          .containsIgnoringCase(reason);
      assertThat(DATABASE.rows(objects)).isEqualTo(before);
    }
  }
}
