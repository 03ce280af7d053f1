package dev.tracekeep.adapter.libsql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.jdbc.ConnectionSource;
import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationProgress;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.Json;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.Storages;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibSqlMigrationTest {
  private static final SpanTable MASTRA = SpanTable.named("mastra_ai_spans");

  @TempDir Path folder;
  private Sqlite database;

  @BeforeEach
  void nameDatabase() {
    database = new Sqlite(folder.resolve("spans.db"));
  }

  private static InputStream resource(String name) {
    return Objects.requireNonNull(
        LibSqlMigrationTest.class.getResourceAsStream("/mastra-libsql-beta13" + name), name);
  }

  private void copyFixture() throws IOException {
    try (InputStream fixture = resource(".db")) {
      Files.copy(fixture, database.file());
    }
  }

  private MigrationReport migrate(SpanTable table) {
    try (ObservabilityStorage storage = Storages.open(database.url())) {
      return storage
          .migration(table)
          .apply(MigrationOptions.DEFAULT.withBatchRows(7), MigrationListener.NONE);
    }
  }

  private void undo(SpanTable table, String id) {
    try (ObservabilityStorage storage = Storages.open(database.url())) {
      storage.migration(table).undo(id, MigrationListener.NONE);
    }
  }

  @Test
  void mastraTable_isMigratedVerifiedAndUndone() throws Exception {
    copyFixture();
    String everyByte = "SELECT * FROM mastra_ai_spans ORDER BY traceId, spanId, " + quotedColumns();
    List<String> before = database.rows(everyByte);
    List<String> schemaBefore = database.rows("SELECT name, sql FROM sqlite_schema ORDER BY name");
    String id;
    try (ObservabilityStorage storage = Storages.open(database.url())) {
      DedupeMigration migration = storage.migration(MASTRA);
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
          migration.apply(MigrationOptions.DEFAULT.withBatchRows(7), MigrationListener.NONE);
      assertThat(report)
          .extracting(
              MigrationReport::rowsBefore,
              MigrationReport::rowsAfter,
              MigrationReport::rowsArchived,
              MigrationReport::duplicateGroups)
          .containsExactly(650L, 490L, 160L, 120L);
      id = Objects.requireNonNull(report.migrationId());
      assertThat(migration.verify(id).faults()).isEmpty();
      assertThat(migration.plan().isNeeded()).isFalse();
    }
    assertWinnersSurvived();
    assertThat(
            database.rows(
                "SELECT count(*), sum(typeof(metadata) = 'blob') FROM mastra_ai_spans_dedupe_archive"))
        .containsExactly("160|160");
    undo(MASTRA, id);
    assertThat(database.rows(everyByte)).isEqualTo(before);
    assertThat(
            database.rows(
                "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'mastra_ai_spans_%'"
                    + " AND name <> 'tracekeep_migrations' ORDER BY name"))
        .isEqualTo(schemaBefore);
  }

  private String quotedColumns() throws SQLException {
    return String.join(
        ", ",
        database.rows("SELECT '\"' || name || '\"' FROM pragma_table_info('mastra_ai_spans')"));
  }

  /** The index that Mastra's newest release looks for at its start, so that it makes none. */
  @Test
  void mastraTable_getsMastrasIndex() throws Exception {
    copyFixture();
    migrate(MASTRA);
    assertThat(
            database.rows(
                "SELECT l.name, l.\"unique\", group_concat(i.name) FROM"
                    + " pragma_index_list('mastra_ai_spans') l, pragma_index_info(l.name) i WHERE"
                    + " l.\"unique\" GROUP BY l.name ORDER BY l.name"))
        .containsExactly("mastra_ai_spans_spanid_traceid_idx|1|spanId,traceId");
  }

  @Test
  void plan_namesWhatHangsOnTheTable_andMeasuresTheArchive() throws Exception {
    database.execute(
        "CREATE TABLE runs (id TEXT PRIMARY KEY)",
        "CREATE TABLE s (traceId TEXT, spanId TEXT, endedAt TEXT, run TEXT REFERENCES runs)",
        "CREATE INDEX by_run ON s (run)",
        "CREATE VIEW open_spans AS SELECT * FROM s WHERE endedAt IS NULL",
        "CREATE TRIGGER told AFTER DELETE ON s BEGIN SELECT 1; END",
        "INSERT INTO s VALUES ('t', '1', NULL, NULL), ('t', '1', '2026-01-01', NULL)");
    try (ObservabilityStorage storage = Storages.open(database.url())) {
      MigrationPlan.Details details = storage.migration(SpanTable.named("s")).plan().details();
      assertThat(details.dependents())
          .containsExactly(
              "foreign key to runs", "index by_run", "trigger told", "view open_spans");
      assertThat(details.notes()).anyMatch(note -> note.startsWith("The triggers told fire on"));
      // Two bytes of ids in each row, and ten of a time in every other one.
      assertThat(details.archiveBytes()).isEqualTo(7);
    }
  }

  /** By the engine's own plan of every statement that a batch runs. */
  @Test
  void batches_findTheirRowsWithoutScanningATable() throws Exception {
    copyFixture();
    StorageConfig config = StorageConfig.fromProperties(Map.of("url", database.url()));
    Set<String> plans = new TreeSet<>();
    AtomicBoolean isBatch = new AtomicBoolean();
    LibSqlConnections connections =
        explaining(LibSqlConnections.to(LibSqlAddress.of(config), config), isBatch, plans);
    try (ObservabilityStorage storage = new LibSqlStorage(config, connections)) {
      storage
          .migration(MASTRA)
          .apply(
              MigrationOptions.DEFAULT.withBatchRows(7),
              progress ->
                  isBatch.set(
                      progress.step() == MigrationStep.ARCHIVE
                          && progress.phase() == MigrationProgress.Phase.BEFORE));
    }
    assertThat(plans).as("steps of plans").hasSizeGreaterThan(5);
    assertThat(plans).anyMatch(step -> step.startsWith("SEARCH t USING INTEGER PRIMARY KEY"));
    // What is looked through are the losers of one batch alone, and the journal.
    assertThat(plans)
        .noneMatch(
            step -> step.matches("SCAN (t|k|a|mastra_ai_spans(_dedupe_(archive|keys))?)\\b.*"));
  }

  /** Connections that note the plan of each statement while a batch runs. */
  private static LibSqlConnections explaining(
      LibSqlConnections connections, AtomicBoolean isBatch, Set<String> plans) {
    return (LibSqlConnections)
        Proxy.newProxyInstance(
            LibSqlConnections.class.getClassLoader(),
            new Class<?>[] {LibSqlConnections.class},
            (proxy, method, arguments) -> {
              if (arguments != null) {
                int last = arguments.length - 1;
                if (arguments[last] instanceof ConnectionSource.Work<?> work) {
                  arguments[last] =
                      (ConnectionSource.Work<Object>)
                          connection -> work.on(explaining(connection, isBatch, plans));
                }
              }
              return invoke(connections, method, arguments);
            });
  }

  private static Connection explaining(
      Connection connection, AtomicBoolean isBatch, Set<String> plans) {
    return (Connection)
        Proxy.newProxyInstance(
            Connection.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              if (isBatch.get() && method.getName().equals("prepareStatement")) {
                try (Statement statement = connection.createStatement();
                    ResultSet steps =
                        statement.executeQuery("EXPLAIN QUERY PLAN " + arguments[0])) {
                  while (steps.next()) {
                    plans.add(steps.getString("detail"));
                  }
                }
              }
              return invoke(connection, method, arguments);
            });
  }

  private static Object invoke(Object target, Method method, Object[] arguments) throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private void assertWinnersSurvived() throws Exception {
    try (InputStream manifest = resource(".manifest.json")) {
      Json groups = Json.parse(new String(manifest.readAllBytes(), StandardCharsets.UTF_8));
      for (Json group : groups.elements()) {
        Map<String, Json> of = group.members();
        String kind = of.get("cls").asText();
        assertThat(
                database.rows(
                    "SELECT count(*), json_extract(output, '$.win') FROM mastra_ai_spans WHERE traceId = '"
                        + of.get("traceId").asText()
                        + "' AND spanId = '"
                        + of.get("spanId").asText()
                        + "'"))
            .as(kind)
            .containsExactly(kind.matches("[FJ].*") ? "1|null" : "1|" + kind.charAt(0));
      }
    }
  }

  @Test
  void tableWithRedundantKey_needsNothing() throws Exception {
    database.execute(
        "CREATE TABLE mastra_ai_spans (\"traceId\" TEXT, \"spanId\" TEXT, \"endedAt\" TEXT,"
            + " PRIMARY KEY (\"traceId\", \"spanId\"))");
    assertThat(migrate(MASTRA).outcome()).isEqualTo(MigrationReport.Outcome.NOTHING_TO_DO);
  }

  @Test
  void timesInSeveralForms_areComparedAsTimes() throws Exception {
    database.execute(
        "CREATE TABLE mastra_ai_spans (\"traceId\", \"spanId\", \"endedAt\", \"updatedAt\", note)",
        "INSERT INTO mastra_ai_spans VALUES"
            // A space sorts before a T, whatever the hour.
            + " ('t', 'space', NULL, '2026-01-02 23:00:00', 'wins'),"
            + " ('t', 'space', NULL, '2026-01-02T01:00:00.000Z', 'loses'),"
            + " ('t', 'zone', NULL, '2026-01-02T12:00:00+09:00', 'loses'),"
            + " ('t', 'zone', NULL, '2026-01-02T04:00:00Z', 'wins'),"
            + " ('t', 'millis', NULL, 1767326400000, 'loses'),"
            + " ('t', 'millis', NULL, '2026-01-02T04:00:00.001Z', 'wins'),"
            + " ('t', 'seconds', NULL, 1767326401, 'wins'),"
            + " ('t', 'seconds', NULL, 1767326400999, 'loses'),"
            + " ('t', 'nanos', NULL, '2026-01-02T04:00:00.123456788Z', 'loses'),"
            + " ('t', 'nanos', NULL, '2026-01-02T04:00:00.123456789Z', 'wins'),"
            + " ('t', 'none', NULL, NULL, 'loses'),"
            + " ('t', 'none', NULL, 'no time', 'wins')");
    assertThat(migrate(MASTRA).rowsArchived()).isEqualTo(6);
    assertThat(database.rows("SELECT DISTINCT note FROM mastra_ai_spans")).containsExactly("wins");
  }

  @Test
  void keysThatACollationTakesForOne_staySeveral() throws Exception {
    database.execute(
        "CREATE TABLE mastra_ai_spans (\"traceId\" TEXT COLLATE NOCASE, \"spanId\" TEXT COLLATE RTRIM,"
            + " \"endedAt\" TEXT)",
        "INSERT INTO mastra_ai_spans VALUES ('T', 's', NULL), ('t', 's', NULL), ('t', 's ', NULL),"
            + " ('t', 's', '2026')");
    MigrationReport report = migrate(MASTRA);
    assertThat(report.rowsArchived()).isEqualTo(1);
    assertThat(report.duplicateGroups()).isEqualTo(1);
    assertThat(database.rows("SELECT * FROM mastra_ai_spans ORDER BY 1 COLLATE BINARY, 2, 3"))
        .containsExactlyInAnyOrder("T|s|null", "t|s|2026", "t|s |null");
  }

  @Test
  void triggersAndGeneratedColumns_areKept() throws Exception {
    database.execute(
        "CREATE TABLE mastra_ai_spans (\"traceId\" TEXT, \"spanId\" TEXT, \"endedAt\" TEXT, \"updatedAt\" TEXT,"
            + " both TEXT GENERATED ALWAYS AS (\"traceId\" || \"spanId\"))",
        "INSERT INTO mastra_ai_spans VALUES ('t', 's', NULL, '1'), ('t', 's', NULL, '2')",
        "CREATE TRIGGER touch AFTER INSERT ON mastra_ai_spans BEGIN"
            + " UPDATE mastra_ai_spans SET \"updatedAt\" = 'touched'; END");
    List<String> before = database.rows("SELECT * FROM mastra_ai_spans ORDER BY 4");
    String id = Objects.requireNonNull(migrate(MASTRA).migrationId());
    undo(MASTRA, id);
    assertThat(database.rows("SELECT * FROM mastra_ai_spans ORDER BY 4")).isEqualTo(before);
    assertThat(database.rows("SELECT name FROM sqlite_schema WHERE type = 'trigger'"))
        .containsExactly("touch");
  }

  @Test
  void tableWithoutRowIds_isRefused() throws Exception {
    database.execute(
        "CREATE TABLE mastra_ai_spans (\"traceId\" TEXT, \"spanId\" TEXT, \"endedAt\" TEXT, id PRIMARY KEY)"
            + " WITHOUT ROWID");
    assertThatThrownBy(() -> migrate(MASTRA))
        .isInstanceOfSatisfying(
            StorageException.class, e -> assertThat(e.kind()).isEqualTo(FailureKind.CONFIGURATION))
        .hasMessageContaining("WITHOUT ROWID");
  }

  @Test
  void view_isRefused() throws Exception {
    database.execute(
        "CREATE TABLE spans (\"traceId\" TEXT, \"spanId\" TEXT, \"endedAt\" TEXT)",
        "CREATE VIEW mastra_ai_spans AS SELECT * FROM spans");
    assertThatThrownBy(() -> migrate(MASTRA)).hasMessageContaining("is a view");
  }

  @Test
  void lockOfAKilledProcess_isFree() throws Exception {
    copyFixture();
    Process holder = ChildJvm.start(LockHolder.class, database.file().toString());
    try {
      assertThat(holder.inputReader().readLine()).isEqualTo("locked");
      assertThatThrownBy(() -> migrate(MASTRA))
          .isInstanceOfSatisfying(
              StorageException.class, e -> assertThat(e.kind()).isEqualTo(FailureKind.TRANSIENT))
          .hasMessageContaining("by the process " + holder.pid());
    } finally {
      holder.destroyForcibly().waitFor();
    }
    assertThat(migrate(MASTRA).outcome()).isEqualTo(MigrationReport.Outcome.MIGRATED);
  }

  /** Takes the lock, says so, and keeps it until it is killed. */
  static final class LockHolder {
    private LockHolder() {}

    public static void main(String[] arguments) throws Exception {
      new MigratorLocks(Path.of(arguments[0]), arguments[0]).take();
      System.out.println("locked");
      System.in.read();
    }
  }
}
