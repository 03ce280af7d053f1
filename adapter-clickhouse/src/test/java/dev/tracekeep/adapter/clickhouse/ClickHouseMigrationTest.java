package dev.tracekeep.adapter.clickhouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationProgress;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.Storages;
import java.io.IOException;
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

    before.addAll(List.of("fresh", "newest"));
    assertThat(names("mastra_ai_spans")).containsExactlyInAnyOrderElementsOf(before);
    assertThat(DATABASE.rows("SHOW CREATE TABLE mastra_ai_spans").get(0)).isEqualTo(definition);
    assertThat(names("mastra_ai_spans_dedupe_archive")).isEmpty();
  }

  @Test
  void finish_dropsTheOldTable_unlessItGotRowsSince() throws IOException {
    createWithDuplicates();
    String id = Objects.requireNonNull(migration().apply(MigrationListener.NONE).migrationId());
    DATABASE.execute("INSERT INTO mastra_ai_spans_dedupe_old (traceId) VALUES ('x')");

    assertThatThrownBy(() -> migration().finish(id))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("rows were written into the old table mastra_ai_spans_dedupe_old")
        .hasMessageContaining("tracekeep migrate undo " + id)
        .satisfies(
            failure ->
                assertThat(((StorageException) failure).kind()).isEqualTo(FailureKind.INVALID));
    assertThat(names("mastra_ai_spans_dedupe_old")).isNotEmpty();

    migration().undo(id, MigrationListener.NONE);
    String second = Objects.requireNonNull(migration().apply(MigrationListener.NONE).migrationId());
    assertThat(migration().finish(second)).hasSize(1);
    assertThat(DATABASE.rows("SHOW TABLES")).doesNotContain("mastra_ai_spans_dedupe_old");
    assertThat(names("mastra_ai_spans")).hasSize(5);
    assertThatThrownBy(() -> migration().undo(second, MigrationListener.NONE))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("it was dropped, by 'tracekeep migrate finish' or by hand")
        .hasMessageEndingWith("Its archived rows are in mastra_ai_spans_dedupe_archive.");
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
}
