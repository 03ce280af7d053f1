package dev.tracekeep.adapter.clickhouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationProgress;
import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.migration.UndoOptions;
import dev.tracekeep.migration.UndoPlan;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.Storages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The migration of another system's table, and what only ClickHouse has to do about it. */
@Tag("engine")
final class ClickHouseMigrationTest {
  @RegisterExtension static final ClickHouseDatabase DATABASE = new ClickHouseDatabase();

  /** As Mastra made it before it sorted by the identity, with what a team may have added. */
  private static final String MASTRA =
      "CREATE TABLE mastra_ai_spans (`traceId` String COMMENT 'it''s (a) key', `spanId` String,"
          + " `name` String CODEC(ZSTD(3)), `startedAt` DateTime64(3), `endedAt`"
          + " Nullable(DateTime64(3)), `createdAt` DateTime64(3), `updatedAt` DateTime64(3),"
          + " `doc` JSON, `team` LowCardinality(String) DEFAULT 'blue', `tags` Map(String, String),"
          + " `day` Date MATERIALIZED toDate(startedAt), `label` String ALIAS concat(name, '!'),"
          + " INDEX ix_name name TYPE bloom_filter GRANULARITY 1, CONSTRAINT named CHECK name !="
          + " 'ORDER BY x', PROJECTION by_name (SELECT name ORDER BY name)) ENGINE ="
          + " ReplacingMergeTree PARTITION BY toYYYYMM(createdAt) PRIMARY KEY (createdAt, traceId,"
          + " spanId) ORDER BY (createdAt, traceId, spanId) TTL toDateTime(startedAt) + INTERVAL 90"
          + " YEAR SETTINGS index_granularity = 1024, deduplicate_merge_projection_mode = 'drop'"
          + " COMMENT 'spans, SETTINGS a = 1'";

  private ObservabilityStorage storage;

  @BeforeEach
  void open() {
    storage = Storages.open(Map.of("url", DATABASE.url()));
  }

  @AfterEach
  void close() {
    storage.close();
  }

  private DedupeMigration migration() {
    return storage.migration(SpanTable.named("mastra_ai_spans"));
  }

  /** Rows as trace, ended, updated and created in seconds (- for none), and name. */
  private static void insert(String... rows) throws IOException {
    List<String> values = new ArrayList<>();
    for (String row : rows) {
      String[] part = row.split(" ");
      values.add(
          "('%s', 's', '%s', 1000, %s, %s, %s, '{\"n\": \"%s\"}')"
              .formatted(
                  part[0],
                  part[4],
                  part[1].equals("-") ? "NULL" : part[1],
                  part[3],
                  part[2],
                  part[4]));
    }
    DATABASE.execute(
        "INSERT INTO mastra_ai_spans (traceId, spanId, name, startedAt, endedAt, createdAt,"
            + " updatedAt, doc) VALUES "
            + String.join(", ", values));
  }

  private static void createWithDuplicates() throws IOException {
    DATABASE.execute(MASTRA);
    insert("alone - 5 5 alone");
    insert("done 9 7 7 done-best", "done - 900 8 done-running");
    insert("done 10 6 9 done-older");
    // A month later: another partition, where no merge would ever meet the other rows.
    insert("late - 5 5 late-old", "late - 6 3000000 late-best");
    // Not two of one sort key: the engine itself would merge those, at a time of its own.
    insert("same 9 5 5 same", "same 9 5 6 same-best", "same 9 4 7 same");
  }

  private static List<String> names(String table) throws IOException {
    return DATABASE.rows("SELECT name FROM " + table + " ORDER BY name");
  }

  /** Its migrations kept their tables in another way, so none of them can be gone on with. */
  @Test
  void journalOfAnEarlierBuild_isRefusedInWords() throws IOException {
    createWithDuplicates();
    DATABASE.execute(
        "CREATE TABLE tracekeep_migrations (table_name String, migration_id String, number UInt64,"
            + " state String, phase String, started_at String, finished_at Nullable(String),"
            + " old_uuid String, kept String, key_columns String, carried_columns String, counts"
            + " String) ENGINE = MergeTree ORDER BY (table_name, migration_id, number)");
    DedupeMigration migration = migration();
    assertThatThrownBy(migration::plan)
        .isInstanceOfSatisfying(
            StorageException.class, e -> assertThat(e.kind()).isEqualTo(FailureKind.CONFIGURATION))
        .hasMessageContaining("tracekeep_migrations")
        .hasMessageContaining("RENAME TABLE");
    DATABASE.execute("RENAME TABLE tracekeep_migrations TO migrations_of_an_earlier_build");
    assertThat(migration.apply(MigrationListener.NONE).rowsArchived()).isPositive();
  }

  @Test
  void tableWithMutableSortKey_keepsTheBestRowOfEachKey() throws IOException {
    createWithDuplicates();
    List<String> before = names("mastra_ai_spans");
    MigrationPlan plan = migration().plan();

    MigrationReport report = migration().apply(MigrationListener.NONE);

    assertThat(plan.refusals()).isEmpty();
    assertThat(names("mastra_ai_spans"))
        .containsExactly("alone", "done-best", "late-best", "same-best");
    List<String> after = new ArrayList<>(names("mastra_ai_spans"));
    after.addAll(names("mastra_ai_spans_dedupe_archive"));
    assertThat(after).containsExactlyInAnyOrderElementsOf(before);
    assertThat(report.rowsBefore()).isEqualTo(before.size()).isEqualTo(plan.rows());
    assertThat(report.rowsAfter()).isEqualTo(4).isEqualTo(plan.keys());
    assertThat(report.rowsArchived()).isEqualTo(plan.surplusRows());
    assertThat(
            DATABASE.rows(
                "SELECT name, dedupe_reason FROM mastra_ai_spans_dedupe_archive WHERE traceId ="
                    + " 'done' ORDER BY name"))
        .containsExactly(
            "done-older\tolder updatedAt than another copy",
            "done-running\trunning, and another copy is completed");
  }

  @Test
  void newTable_keepsAllButTheOrder() throws IOException {
    createWithDuplicates();

    migration().apply(MigrationListener.NONE);

    String statement =
        DATABASE.rows("SHOW CREATE TABLE mastra_ai_spans FORMAT TabSeparatedRaw").stream()
            .map(String::strip)
            .reduce("", (a, b) -> a + " " + b);
    assertThat(statement)
        .contains(
            "`traceId` String COMMENT 'it\\'s (a) key'",
            "`name` String CODEC(ZSTD(3))",
            "`doc` JSON",
            "`team` LowCardinality(String) DEFAULT 'blue'",
            "`tags` Map(String, String)",
            "`day` Date MATERIALIZED toDate(startedAt)",
            "`label` String ALIAS concat(name, '!')",
            "INDEX ix_name name TYPE bloom_filter GRANULARITY 1",
            "CONSTRAINT named CHECK name != 'ORDER BY x'",
            "PROJECTION by_name",
            "ENGINE = ReplacingMergeTree(dedupe_version)",
            "ORDER BY (traceId, spanId)",
            "TTL toDateTime(startedAt) + toIntervalYear(90)",
            "index_granularity = 1024",
            "deduplicate_merge_projection_mode = 'drop'",
            "COMMENT 'spans, SETTINGS a = 1'")
        .doesNotContain("PARTITION BY", "PRIMARY KEY", "max_bytes_to_merge");
    assertThat(DATABASE.rows("SELECT team, day, doc.n, label FROM mastra_ai_spans ORDER BY name"))
        .hasSize(4)
        .first()
        .isEqualTo("blue\t1970-01-01\talone\talone!");
  }

  @Test
  void rowsOfForeignWriters_replaceByTheRuleAfterwards() throws IOException {
    createWithDuplicates();
    migration().apply(MigrationListener.NONE);

    insert("done - 99999 99999 done-running-later");
    insert("alone 9 6 5 alone-done");
    insert("fresh - 1 1 fresh");

    assertThat(names("mastra_ai_spans FINAL"))
        .containsExactly("alone-done", "done-best", "fresh", "late-best", "same-best");
    MigrationPlan plan = migration().plan();
    assertThat(plan.isNeeded()).isFalse();
    // Whether the engine has merged the copies or not, a plan counts what a read shows.
    assertThat(plan.rows()).isEqualTo(5);
    assertThat(plan.keys()).isEqualTo(5);
  }

  @Test
  void betterRowThatComesLate_takesTheKey() throws IOException {
    createWithDuplicates();
    List<String> inserted = new ArrayList<>();

    MigrationReport report =
        migration()
            .apply(
                progress -> {
                  if (isBefore(progress, MigrationStep.CONSTRAIN, "late rows")
                      || isBefore(progress, MigrationStep.CONSTRAIN, "rename")) {
                    // Before the swap by its name, and after it as an insert that had begun before.
                    boolean swapped = progress.statement().equals("rename");
                    String name = (swapped ? "swapped" : "early") + "-best";
                    try {
                      if (swapped) {
                        DATABASE.execute(
                            "INSERT INTO mastra_ai_spans_dedupe_new (traceId, spanId, name,"
                                + " startedAt, endedAt, createdAt, updatedAt) VALUES ('alone', 's',"
                                + " 'swapped-best', 1, 9, 5, 90), ('only', 's', 'only', 1, 9, 5, 9)");
                        inserted.add("only");
                      } else {
                        insert("done 99 99 9 early-best", "done - 1 1 early-loser");
                        inserted.add("early-loser");
                      }
                    } catch (IOException e) {
                      throw new IllegalStateException(e);
                    }
                    inserted.add(name);
                  }
                });

    assertThat(inserted).containsExactly("early-loser", "early-best", "only", "swapped-best");
    assertThat(names("mastra_ai_spans FINAL"))
        .containsExactly("early-best", "late-best", "only", "same-best", "swapped-best");
    assertThat(names("mastra_ai_spans_dedupe_archive"))
        .contains("alone", "done-best", "done-older", "done-running", "early-loser");
    assertThat(migration().verify(Objects.requireNonNull(report.migrationId())).faults()).isEmpty();
    assertThat(DATABASE.rows("SHOW TABLES"))
        .containsExactlyInAnyOrder(
            "mastra_ai_spans",
            "mastra_ai_spans_dedupe_archive",
            "mastra_ai_spans_dedupe_old",
            "tracekeep_migrations",
            "tracekeep_migrator");
  }

  private static boolean isBefore(
      MigrationProgress progress, MigrationStep step, String statement) {
    return progress.step() == step
        && progress.phase() == MigrationProgress.Phase.BEFORE
        && progress.statement().equals(statement);
  }

  @Test
  void undo_keepsWhatWasWrittenSince() throws IOException {
    createWithDuplicates();
    List<String> before = new ArrayList<>(names("mastra_ai_spans"));
    String definition = DATABASE.rows("SHOW CREATE TABLE mastra_ai_spans").get(0);
    String id = Objects.requireNonNull(migration().apply(MigrationListener.NONE).migrationId());
    insert("fresh - 1 1 fresh", "done 99 99 90 newest");

    migration().undo(id, MigrationListener.NONE);

    // Of a key that was written since the table has what a read of it showed.
    before.remove("done-best");
    before.addAll(List.of("fresh", "newest"));
    assertThat(names("mastra_ai_spans")).containsExactlyInAnyOrderElementsOf(before);
    assertThat(DATABASE.rows("SHOW CREATE TABLE mastra_ai_spans").get(0)).isEqualTo(definition);
    assertThat(names("mastra_ai_spans_dedupe_archive")).isEmpty();
  }

  @Test
  void drop_takesTheOldTableAlong_unlessItGotRowsSince() throws IOException {
    createWithDuplicates();
    String id = Objects.requireNonNull(migration().apply(MigrationListener.NONE).migrationId());
    DATABASE.execute("INSERT INTO mastra_ai_spans_dedupe_old (traceId) VALUES ('x')");

    assertThatThrownBy(() -> migration().drop(id))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("rows were written into the old table mastra_ai_spans_dedupe_old")
        .hasMessageContaining("tracekeep migrate undo " + id)
        .satisfies(
            failure ->
                assertThat(((StorageException) failure).kind()).isEqualTo(FailureKind.INVALID));
    assertThat(names("mastra_ai_spans_dedupe_old")).isNotEmpty();

    migration().undo(id, MigrationListener.NONE);
    String second = Objects.requireNonNull(migration().apply(MigrationListener.NONE).migrationId());
    assertThat(migration().drop(second))
        .containsExactly(
            DATABASE.name() + ".mastra_ai_spans_dedupe_archive",
            DATABASE.name() + ".mastra_ai_spans_dedupe_old");
    assertThat(DATABASE.rows("SHOW TABLES"))
        .containsExactly("mastra_ai_spans", "tracekeep_migrations", "tracekeep_migrator");
    assertThat(names("mastra_ai_spans")).hasSize(5);
    assertThatThrownBy(() -> migration().undo(second, MigrationListener.NONE))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("what it kept was dropped on");
  }

  @Test
  void hotKey_isNoSpecialCase() throws IOException {
    DATABASE.execute(
        MASTRA,
        "INSERT INTO mastra_ai_spans (traceId, spanId, name, startedAt, endedAt, createdAt,"
            + " updatedAt) SELECT 'hot', 's', 'n' || toString(number), 1, 9, number + 1,"
            + " number * 7 % 200000 FROM numbers(200000)");

    MigrationReport report = migration().apply(MigrationListener.NONE);

    assertThat(report.rowsArchived()).isEqualTo(199_999);
    assertThat(DATABASE.rows("SELECT toUnixTimestamp64Milli(updatedAt) FROM mastra_ai_spans"))
        .containsExactly("199999000");
  }

  @Test
  void databaseThatCannotExchange_isRefusedWithTheWayOut() throws IOException {
    String ordinary = DATABASE.name() + "_memory";
    DATABASE.execute("CREATE DATABASE " + ordinary + " ENGINE = Memory");
    try {
      DATABASE.execute(
          "CREATE TABLE "
              + ordinary
              + ".spans (traceId String, spanId String, endedAt Nullable(DateTime)) ENGINE ="
              + " MergeTree ORDER BY traceId");
      DedupeMigration migration = storage.migration(SpanTable.named(ordinary + ".spans"));

      assertThat(migration.plan().refusals())
          .singleElement()
          .asString()
          .contains(ordinary, "Memory", "ENGINE = Atomic", "RENAME TABLE");
      assertThatThrownBy(() -> migration.apply(MigrationListener.NONE))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("nothing was changed");
    } finally {
      DATABASE.execute("DROP DATABASE " + ordinary);
    }
  }

  @Test
  void tableInTheWayThatNoMigrationMade_isNotDropped() throws IOException {
    createWithDuplicates();
    DATABASE.execute(
        "CREATE TABLE mastra_ai_spans_dedupe_new (traceId String) ENGINE = MergeTree ORDER BY"
            + " traceId",
        "INSERT INTO mastra_ai_spans_dedupe_new VALUES ('the only copy')");

    assertThatThrownBy(() -> migration().apply(MigrationListener.NONE))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("mastra_ai_spans_dedupe_new")
        .hasMessageContaining("rename it");

    assertThat(DATABASE.rows("SELECT traceId FROM mastra_ai_spans_dedupe_new"))
        .containsExactly("the only copy");
    DATABASE.execute("RENAME TABLE mastra_ai_spans_dedupe_new TO something_else");
    assertThat(migration().apply(MigrationListener.NONE).outcome())
        .isEqualTo(MigrationReport.Outcome.RESUMED);
  }

  @Test
  void otherEngines_areRefused() throws IOException {
    DATABASE.execute(
        "CREATE TABLE mastra_ai_spans (traceId String, spanId String, endedAt Nullable(DateTime), n"
            + " UInt8) ENGINE = SummingMergeTree ORDER BY (traceId, spanId)");

    assertThat(migration().plan().refusals())
        .singleElement()
        .asString()
        .contains("SummingMergeTree", "MergeTree and ReplacingMergeTree");
  }

  @Test
  void tableSortedByTheKeyAlready_isLeftAlone() throws IOException {
    DATABASE.execute(
        "CREATE TABLE mastra_ai_spans (traceId String, spanId String, endedAt Nullable(DateTime),"
            + " updatedAt DateTime) ENGINE = ReplacingMergeTree(updatedAt) ORDER BY (traceId,"
            + " spanId)");

    assertThat(migration().plan().isNeeded()).isFalse();
    assertThat(migration().apply(MigrationListener.NONE).outcome())
        .isEqualTo(MigrationReport.Outcome.NOTHING_TO_DO);
    assertThat(DATABASE.rows("SHOW TABLES")).containsExactly("mastra_ai_spans");
  }

  // ---- columns that change, and tables that are others than they are called
  // ------------------------

  private String migrate() {
    return Objects.requireNonNull(migration().apply(MigrationListener.NONE).migrationId());
  }

  /** Runs a statement right before a statement of the migration. */
  private static MigrationListener before(String statement, String... statements) {
    boolean[] ran = {false};
    return progress -> {
      if (progress.phase() == MigrationProgress.Phase.BEFORE
          && progress.statement().equals(statement)
          && !ran[0]) {
        ran[0] = true;
        try {
          DATABASE.execute(statements);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    };
  }

  @Test
  void columnAddedDuringTheMigration_isCarried() throws IOException {
    for (String moment : List.of("duplicate keys", "late rows", "exchange")) {
      DATABASE.execute("DROP TABLE IF EXISTS mastra_ai_spans");
      createWithDuplicates();
      MigrationReport report =
          migration()
              .apply(
                  before(
                      moment,
                      "ALTER TABLE mastra_ai_spans ADD COLUMN cost Nullable(Float64)",
                      "INSERT INTO mastra_ai_spans (traceId, spanId, name, startedAt, createdAt,"
                          + " updatedAt, cost) VALUES ('paid', 's', 'paid', 1, 1, 1, 4.5)"));

      assertThat(DATABASE.rows("SELECT cost FROM mastra_ai_spans WHERE name = 'paid'"))
          .as("cost of a row written before '%s'", moment)
          .containsExactly("4.5");
      assertThat(names("mastra_ai_spans FINAL"))
          .containsExactly("alone", "done-best", "late-best", "paid", "same-best");
      String id = Objects.requireNonNull(report.migrationId());
      assertThat(migration().verify(id).faults()).isEmpty();
      migration().drop(id);
    }
  }

  @Test
  void columnAddedAfterTheMigration_survivesUndo() throws IOException {
    createWithDuplicates();
    String id = migrate();
    DATABASE.execute(
        "ALTER TABLE mastra_ai_spans ADD COLUMN cost Float64 DEFAULT 1.5",
        "INSERT INTO mastra_ai_spans (traceId, spanId, name, startedAt, createdAt, updatedAt, cost)"
            + " VALUES ('paid', 's', 'paid', 1, 1, 1, 4.5)",
        "ALTER TABLE mastra_ai_spans UPDATE cost = 7 WHERE name = 'alone' SETTINGS mutations_sync ="
            + " 2");

    migration().undo(id, MigrationListener.NONE);

    assertThat(
            DATABASE.rows(
                "SELECT name, cost FROM mastra_ai_spans WHERE name IN ('paid', 'alone', 'late-old')"
                    + " ORDER BY name"))
        .containsExactly("alone\t7", "late-old\t1.5", "paid\t4.5");
  }

  @Test
  void rowsDeletedDuringTheMigration_stayDeleted() throws IOException {
    createWithDuplicates();
    migration()
        .apply(
            before(
                "late rows",
                "ALTER TABLE mastra_ai_spans DELETE WHERE traceId IN ('alone', 'done') SETTINGS"
                    + " mutations_sync = 2"));

    assertThat(names("mastra_ai_spans")).containsExactly("late-best", "same-best");
    assertThat(names("mastra_ai_spans_dedupe_archive")).containsExactly("late-old", "same", "same");
  }

  @Test
  void mutationThatIsNotDone_isWaitedFor() throws IOException {
    createWithDuplicates();
    DATABASE.execute(
        "SYSTEM STOP MERGES mastra_ai_spans",
        "ALTER TABLE mastra_ai_spans DELETE WHERE traceId = 'alone' SETTINGS mutations_sync = 0");
    MigrationOptions hasty = MigrationOptions.DEFAULT.withLockTimeout(Duration.ofMillis(1));

    assertThatThrownBy(() -> migration().apply(hasty))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("A mutation of mastra_ai_spans is not done")
        .satisfies(
            failure ->
                assertThat(((StorageException) failure).kind()).isEqualTo(FailureKind.TRANSIENT));
    DATABASE.execute(
        "SYSTEM START MERGES mastra_ai_spans",
        "ALTER TABLE mastra_ai_spans DELETE WHERE 0 SETTINGS mutations_sync = 2");
    migration().apply(MigrationOptions.DEFAULT);

    assertThat(names("mastra_ai_spans")).containsExactly("done-best", "late-best", "same-best");
  }

  @Test
  void tableThatDoesNotKeepStill_isGivenUp_andResumed() throws IOException {
    createWithDuplicates();
    int[] columns = {0};
    assertThatThrownBy(
            () ->
                migration()
                    .apply(
                        progress -> {
                          if (isBefore(progress, MigrationStep.CONSTRAIN, "exchange")) {
                            try {
                              DATABASE.execute(
                                  "ALTER TABLE mastra_ai_spans ADD COLUMN c"
                                      + columns[0]++
                                      + " Int8");
                            } catch (IOException e) {
                              throw new UncheckedIOException(e);
                            }
                          }
                        }))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("each time that it had been copied")
        .satisfies(
            failure ->
                assertThat(((StorageException) failure).kind()).isEqualTo(FailureKind.TRANSIENT));

    assertThat(migration().apply(MigrationListener.NONE).outcome())
        .isEqualTo(MigrationReport.Outcome.RESUMED);
    assertThat(names("mastra_ai_spans"))
        .containsExactly("alone", "done-best", "late-best", "same-best");
    assertThat(DATABASE.rows("SELECT c0, c3 FROM mastra_ai_spans LIMIT 1")).containsExactly("0\t0");
  }

  @Test
  void undo_bringsBackNothingThatWasDeletedOrRedactedSince() throws IOException {
    createWithDuplicates();
    String id = migrate();
    DATABASE.execute(
        "ALTER TABLE mastra_ai_spans DELETE WHERE traceId = 'done' SETTINGS mutations_sync = 2",
        "ALTER TABLE mastra_ai_spans UPDATE name = 'redacted', doc = '{}' WHERE traceId = 'same'"
            + " SETTINGS mutations_sync = 2");

    UndoPlan plan = migration().planUndo(id);
    assertThat(plan).isEqualTo(new UndoPlan(id, 3, 2, 1, List.of()));
    MigrationRecord record = migration().undo(id, MigrationListener.NONE);

    assertThat(names("mastra_ai_spans"))
        .containsExactly("alone", "late-best", "late-old", "redacted", "same", "same");
    assertThat(names("mastra_ai_spans_dedupe_archive"))
        .containsExactly("done-older", "done-running");
    assertThat(record.rowsRestored()).isEqualTo(3);
    assertThat(record.rowsArchived()).isEqualTo(2);
  }

  @Test
  void undo_bringsDeletedKeysBack_whereThatIsAskedFor() throws IOException {
    createWithDuplicates();
    String id = migrate();
    DATABASE.execute(
        "ALTER TABLE mastra_ai_spans DELETE WHERE traceId = 'done' SETTINGS mutations_sync = 2");

    migration()
        .undo(id, new UndoOptions(UndoOptions.DeletedKeys.COME_BACK), MigrationListener.NONE);

    assertThat(names("mastra_ai_spans"))
        .containsExactly(
            "alone",
            "done-older",
            "done-running",
            "late-best",
            "late-old",
            "same",
            "same",
            "same-best");
    assertThat(names("mastra_ai_spans_dedupe_archive")).isEmpty();
  }

  @Test
  void undo_isRefusedBeforeItsFirstChange_whereAColumnIsGone() throws IOException {
    createWithDuplicates();
    String id = migrate();
    DATABASE.execute(
        "ALTER TABLE mastra_ai_spans DROP COLUMN team",
        "ALTER TABLE mastra_ai_spans MODIFY COLUMN name LowCardinality(String)");
    List<String> tables = DATABASE.rows("SHOW TABLES");

    assertThatThrownBy(() -> migration().undo(id, MigrationListener.NONE))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("nothing was changed")
        .hasMessageContaining("The column team of mastra_ai_spans was dropped or renamed since")
        .hasMessageContaining(
            "The column name of mastra_ai_spans has the type LowCardinality(String)");

    assertThat(DATABASE.rows("SHOW TABLES")).isEqualTo(tables);
    assertThat(migration().verify(id).faults()).isEmpty();
    DATABASE.execute(
        "ALTER TABLE mastra_ai_spans ADD COLUMN team LowCardinality(String) DEFAULT 'blue'",
        "ALTER TABLE mastra_ai_spans MODIFY COLUMN name String CODEC(ZSTD(3))");
    migration().undo(id, MigrationListener.NONE);
    assertThat(names("mastra_ai_spans")).hasSize(9);
  }

  @Test
  void tableThatWasRebuiltByHand_isNeitherSoundNorDropped() throws IOException {
    createWithDuplicates();
    String id = migrate();
    DATABASE.execute(
        "CREATE TABLE rebuilt AS mastra_ai_spans",
        "INSERT INTO rebuilt (traceId, spanId, name, startedAt, createdAt, updatedAt) SELECT traceId,"
            + " spanId, 'mine', 1, 1, 1 FROM mastra_ai_spans",
        "EXCHANGE TABLES rebuilt AND mastra_ai_spans");
    List<String> tables = DATABASE.rows("SHOW TABLES");

    assertThat(migration().verify(id).faults())
        .containsExactly("The table is not the one that the migration made: it was rebuilt since.");
    assertThatThrownBy(() -> migration().undo(id, MigrationListener.NONE))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("is not the one that the migration made");
    assertThatThrownBy(() -> migration().drop(id))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("is not sound, so nothing of it was dropped");

    assertThat(DATABASE.rows("SHOW TABLES")).isEqualTo(tables);
    assertThat(names("mastra_ai_spans")).containsExactly("mine", "mine", "mine", "mine");
  }

  @Test
  void drop_isRefusedWhereTheArchiveIsNotSound() throws IOException {
    createWithDuplicates();
    String id = migrate();
    DATABASE.execute(
        "ALTER TABLE mastra_ai_spans_dedupe_archive DELETE WHERE name = 'done-older' SETTINGS"
            + " mutations_sync = 2",
        "INSERT INTO mastra_ai_spans_dedupe_archive SELECT * FROM mastra_ai_spans_dedupe_archive"
            + " WHERE name = 'late-old'");

    assertThat(migration().verify(id).faults())
        .containsExactly(
            "The archive mastra_ai_spans_dedupe_archive has as many rows as were moved, but not the"
                + " same: something changed them.");
    assertThatThrownBy(() -> migration().drop(id))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("is not sound");
    assertThat(names("mastra_ai_spans_dedupe_old")).hasSize(9);
  }

  // ---- the version of another system's table
  // -----------------------------------------------------

  @Test
  void otherColumns_canBeChangedAndDroppedAfterwards() throws IOException {
    createWithDuplicates();
    migrate();

    DATABASE.execute(
        "ALTER TABLE mastra_ai_spans UPDATE name = 'redacted' WHERE 1 SETTINGS mutations_sync = 2",
        "ALTER TABLE mastra_ai_spans DROP COLUMN doc",
        "ALTER TABLE mastra_ai_spans RENAME COLUMN team TO squad",
        "ALTER TABLE mastra_ai_spans MODIFY COLUMN tags Map(String, Nullable(String))");

    assertThat(names("mastra_ai_spans"))
        .containsExactly("redacted", "redacted", "redacted", "redacted");
    insert2("done 99 99 99");
    assertThat(DATABASE.rows("SELECT count() FROM mastra_ai_spans FINAL")).containsExactly("4");
  }

  private static void insert2(String row) throws IOException {
    String[] part = row.split(" ");
    DATABASE.execute(
        "INSERT INTO mastra_ai_spans (traceId, spanId, name, startedAt, endedAt, createdAt,"
            + " updatedAt) VALUES ('%s', 's', 'n', 1, %s, %s, %s)"
                .formatted(part[0], part[1], part[2], part[3]));
  }

  @Test
  void timesBeyondNanoseconds_areMigratedAndWritten() throws IOException {
    createWithDuplicates();
    DATABASE.execute(
        "INSERT INTO mastra_ai_spans (traceId, spanId, name, startedAt, endedAt, createdAt,"
            + " updatedAt) VALUES ('done', 's', 'sentinel', 1, '2299-12-31 23:59:59', '1900-01-01"
            + " 00:00:00', '2299-12-31 23:59:59')");

    migrate();
    assertThat(names("mastra_ai_spans"))
        .containsExactly("alone", "late-best", "same-best", "sentinel");

    DATABASE.execute(
        "INSERT INTO mastra_ai_spans (traceId, spanId, name, startedAt, endedAt, createdAt,"
            + " updatedAt) VALUES ('alone', 's', 'sentinel', 1, '2299-12-31 23:59:59', 1,"
            + " '2283-01-01 00:00:00')");
    assertThat(names("mastra_ai_spans FINAL"))
        .containsExactly("late-best", "same-best", "sentinel", "sentinel");
  }

  /** What a column could hold that stands for a time, as text; none of it may fail an insert. */
  @Test
  void everyTypeOfTime_ranksAndNeverFails() throws IOException {
    record Case(String type, String earlier, String later, List<String> nothing) {}
    List<Case> cases =
        List.of(
            new Case(
                "Nullable(DateTime64(9))",
                "'2020-01-01 00:00:00'",
                "'2262-01-01'",
                List.of("NULL", "0")),
            new Case("DateTime64(3)", "1", "'2299-12-31 23:59:59.999'", List.of("0")),
            new Case("DateTime", "1", "'2106-02-07 06:28:15'", List.of("0")),
            new Case("Date32", "'2020-01-01'", "'2299-12-31'", List.of("'1970-01-01'")),
            new Case("Date", "'2020-01-01'", "'2149-06-06'", List.of("0")),
            new Case("UInt64", "5", "18446744073709551615", List.of("0")),
            new Case("Nullable(UInt256)", "5", "115792089237316195423", List.of("0", "NULL")),
            new Case("Int8", "5", "6", List.of("0")),
            new Case("Float64", "1.5", "1e300", List.of("0", "nan", "inf", "-inf")),
            new Case("Nullable(Decimal(76, 3))", "1.5", "'1e70'", List.of("0", "NULL")),
            new Case(
                "LowCardinality(Nullable(String))",
                "'2020-01-01T00:00:00Z'",
                "'2299-12-31T00:00:00Z'",
                List.of("NULL", "''", "' '", "'0'", "'false'", "'NaN'", "'Infinity'", "'0.0'")));
    for (Case one : cases) {
      DATABASE.execute(
          "DROP TABLE IF EXISTS t",
          "CREATE TABLE t (trace_id String, span_id String, ended_at %1$s, updated_at %1$s, h String,"
                  .formatted(one.type)
              + " v String, e String, n String, completed String) ENGINE = MergeTree ORDER BY tuple()");
      List<String> keys = new ArrayList<>();
      keys.add("('done', 's', %s, %s, '1')".formatted(one.earlier, one.earlier));
      keys.add("('done', 's', %s, %s, '2')".formatted(one.earlier, one.later));
      for (String nothing : one.nothing) {
        keys.add("('done', 's', %s, %s, '3')".formatted(nothing, one.later));
        keys.add("('time', 's', %s, %s, '4')".formatted(one.earlier, nothing));
      }
      keys.add("('time', 's', %s, %s, '5')".formatted(one.earlier, one.earlier));
      DATABASE.execute(
          "INSERT INTO t (trace_id, span_id, ended_at, updated_at, h) VALUES "
              + String.join(", ", keys));
      DedupeMigration migration = storage.migration(SpanTable.named("t"));
      assertThat(migration.plan().refusals()).as(one.type).isEmpty();
      String id = Objects.requireNonNull(migration.apply(MigrationListener.NONE).migrationId());
      assertThat(DATABASE.rows("SELECT trace_id, h FROM t ORDER BY h"))
          .as(one.type)
          .containsExactly("done\t2", "time\t5");
      // The same as inserts of others: the server works the version out.
      DATABASE.execute(
          "INSERT INTO t (trace_id, span_id, ended_at, updated_at, h) VALUES "
              + String.join(", ", keys));
      assertThat(DATABASE.rows("SELECT trace_id, h FROM t FINAL ORDER BY h"))
          .as(one.type)
          .containsExactly("done\t2", "time\t5");
      migration.drop(id);
    }
  }

  @Test
  void atEqualTimes_theCopyThatSaysMoreStays() throws IOException {
    DATABASE.execute(
        "CREATE TABLE t (traceId String, spanId String, endedAt Nullable(DateTime), a"
            + " Nullable(String), b Nullable(String)) ENGINE = MergeTree ORDER BY tuple()",
        "INSERT INTO t VALUES ('more', 's', 9, 'x', NULL), ('more', 's', 9, 'x', 'y'), ('more', 's',"
            + " 9, 'a long text', NULL), ('longer', 's', 9, 'x', 'é'), ('longer', 's', 9, 'x', 'yy'),"
            + " ('longer', 's', 9, 'x', 'ééé')");
    DedupeMigration migration = storage.migration(SpanTable.named("t"));

    migration.apply(MigrationListener.NONE);

    assertThat(DATABASE.rows("SELECT traceId, a, b FROM t ORDER BY traceId"))
        .containsExactly("longer\tx\tééé", "more\tx\ty");
    assertThat(DATABASE.rows("SELECT DISTINCT dedupe_reason FROM t_dedupe_archive"))
        .containsExactly("says less than another copy of the same times");
  }

  // ---- what is no span table
  // ---------------------------------------------------------------------

  @Test
  void logOfEvents_isRefused_andWhatLooksLikeOneIsNamed() throws IOException {
    DATABASE.execute(
        "CREATE TABLE span_events (traceId String, spanId String, eventType String, endedAt"
            + " Nullable(DateTime)) ENGINE = MergeTree ORDER BY tuple()",
        "INSERT INTO span_events VALUES ('a', 's', 'start', NULL), ('a', 's', 'end', 9)",
        "CREATE TABLE pairs (traceId String, spanId String, endedAt Nullable(DateTime)) ENGINE ="
            + " MergeTree ORDER BY tuple()",
        "INSERT INTO pairs VALUES ('a', 's', NULL), ('a', 's', 9), ('b', 's', NULL), ('b', 's', 9),"
            + " ('c', 's', 9)");

    assertThat(storage.migration(SpanTable.named("span_events")).plan().refusals())
        .singleElement()
        .asString()
        .contains("span_events are events of spans", "eventType");
    MigrationPlan pairs = storage.migration(SpanTable.named("pairs")).plan();
    assertThat(pairs.refusals()).isEmpty();
    assertThat(pairs.details().notes())
        .anySatisfy(note -> assertThat(note).contains("exactly one running and one completed row"));
    assertThat(pairs.details().largestGroups())
        .containsExactly(
            new MigrationPlan.Group(List.of("a", "s"), 2),
            new MigrationPlan.Group(List.of("b", "s"), 2));
  }

  @Test
  void listenersException_arrivesAsItWasThrown() throws IOException {
    createWithDuplicates();
    for (RuntimeException thrown :
        List.of(
            new IllegalArgumentException("mine"),
            new UncheckedIOException(new IOException("mine")),
            new IllegalStateException("mine"))) {
      assertThatThrownBy(
              () ->
                  migration()
                      .apply(
                          progress -> {
                            throw thrown;
                          }))
          .isSameAs(thrown);
    }
  }
}
