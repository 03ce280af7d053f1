package dev.tracekeep.conformance;

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
import dev.tracekeep.migration.VerifyReport;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.Usage;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.Health;
import dev.tracekeep.storage.InitReport;
import dev.tracekeep.storage.MigrationRequiredException;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.TraceQuery;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The dedupe migration, from start to end without trouble. */
@CheckGroup("Dedupe migration")
abstract class MigrationChecks extends MergeChecks {
  /** The plan's counts are those of the run; making the plan changes nothing. */
  @Test
  public final void plan_matchesRun_andDryRunChangesNothing() throws Exception {
    LegacyTable legacy = LegacyTable.create(raw());
    Set<String> tables = raw().tableNames();
    DedupeMigration migration = open(Map.of()).migration();
    MigrationPlan plan = migration.plan();

    assertThat(raw().tableNames()).isEqualTo(tables);
    legacy.assertUntouched();
    assertThat(List.of(plan.rows(), plan.keys(), plan.duplicateGroups(), plan.surplusRows()))
        .as("rows, keys, groups, surplus rows")
        .containsExactly(
            (long) legacy.rows().size(),
            (long) legacy.winners().size(),
            legacy.groups(),
            legacy.surplus());
    assertThat(plan.constraint()).isEqualTo(MigrationPlan.ConstraintState.ABSENT);
    assertThat(plan.isNeeded()).isTrue();
    assertThat(plan.refusals()).isEmpty();
    assertThat(plan.unfinishedMigrationId()).isNull();
    assertThat(migration.history()).isEmpty();

    List<MigrationStep> run = new ArrayList<>();
    MigrationReport report = migration.apply(progress -> run.add(progress.step()));
    assertThat(report.outcome()).isEqualTo(MigrationReport.Outcome.MIGRATED);
    assertThat(
            List.of(
                report.rowsBefore(),
                report.rowsAfter(),
                report.duplicateGroups(),
                report.rowsArchived()))
        .as("rows before, rows after, groups, archived rows")
        .containsExactly(plan.rows(), plan.keys(), plan.duplicateGroups(), plan.surplusRows());
    assertThat(Set.copyOf(plan.steps().stream().map(MigrationPlan.Step::step).toList()))
        .as("steps of the plan, and of the run")
        .isEqualTo(Set.copyOf(run));
    MigrationPlan afterwards = migration.plan();
    assertThat(afterwards.isNeeded()).isFalse();
    assertThat(afterwards.surplusRows()).isZero();
    assertThat(afterwards.constraint()).isEqualTo(MigrationPlan.ConstraintState.PRESENT);
  }

  /** Of each key the best row survives, whole, for every class of duplicates seen in the wild. */
  @Test
  public final void winner_completedThenUpdatedThenCreated() throws Exception {
    LegacyTable legacy = LegacyTable.create(raw());
    ObservabilityStorage storage = storage();
    legacy.winners().forEach((key, winner) -> assertSame(storage.getSpan(key), winner));
    assertThat(storage.statistics().spans()).isEqualTo(legacy.winners().size());
    legacy.assertUnique();
  }

  /** At no time is a row only in memory: table and archive together always hold them all. */
  @Test
  public final void losers_areArchivedBeforeDelete() throws Exception {
    LegacyTable legacy = LegacyTable.create(raw());
    ObservabilityStorage storage = open(Map.of());
    List<Throwable> lost = new ArrayList<>();
    storage
        .migration()
        .apply(
            MigrationOptions.DEFAULT.withBatchRows(7),
            progress -> {
              if (progress.step() == MigrationStep.ARCHIVE
                  && progress.phase() == MigrationProgress.Phase.AFTER) {
                lost.addAll(lostRows(legacy));
              }
            });
    storage.close();
    assertThat(lost).isEmpty();
    legacy.assertUnique();
    legacy.assertNothingLost();
    assertThat(raw().archivedRows()).hasSize((int) legacy.surplus());
  }

  /**
   * An engine without transactions may have a row in both places for a while, but never in none.
   */
  private List<Throwable> lostRows(LegacyTable legacy) {
    try {
      int present = raw().rows().size() + raw().archivedRows().size();
      return present >= legacy.rows().size()
          ? List.of()
          : List.of(new AssertionError(present + " of " + legacy.rows().size() + " rows"));
    } catch (Exception e) {
      return List.of(e);
    }
  }

  /** Afterwards a second row of a key is refused, or read as one; a second run does nothing. */
  @Test
  public final void uniqueness_isEnforcedAfterwards_andRerunIsNoop() throws Exception {
    LegacyTable legacy = LegacyTable.create(raw());
    ObservabilityStorage storage = open(Map.of());
    assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.MIGRATED);
    MigrationReport again = storage.migration().apply(MigrationListener.NONE);
    assertThat(again.outcome()).isEqualTo(MigrationReport.Outcome.NOTHING_TO_DO);
    assertThat(again.migrationId()).isNull();
    assertThat(storage.migration().history()).hasSize(1);
    assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.OPENED);
    ObservabilityStorage second = open(Map.of("migration", "check"));
    assertThat(second.init().outcome()).isEqualTo(InitReport.Outcome.OPENED);

    SpanKey key = legacy.rows().get(0).key();
    boolean stored = raw().insertCopy(key);
    if (has(Capability.ENFORCED_UNIQUENESS)) {
      assertThat(stored).as("a raw duplicate was taken").isFalse();
      legacy.assertUnique();
    } else {
      refusedAsDeclared("uniqueness is not enforced by the engine; every read shows one");
    }
    assertThat(storage.getTrace(key.trace()).orElseThrow().spans())
        .containsExactly(legacy.winners().get(key));
    assertThat(storage.statistics().spans()).isEqualTo(legacy.winners().size());
  }

  /**
   * The table of a release in which a span had no usage gets those columns: `check` names them and
   * changes nothing, `off` reads what is there, `auto` adds them, and then everything is as in a
   * table that has had them from the start.
   */
  @Test
  public final void tableWithoutUsage_getsItsColumns() throws Exception {
    List<String> columns =
        List.of("model", "provider", "input_tokens", "output_tokens", "total_tokens", "cost");
    Span full =
        Spans.full(SpanKey.of(Spans.TRACE, Spans.SPAN)).toBuilder().parentSpanId(null).build();
    Span before = full.toBuilder().usage(Usage.NONE).build();
    ObservabilityStorage maker = storage();
    maker.createSpan(before);
    maker.close();
    boolean hasColumns = raw().dropColumns(columns);

    if (hasColumns) {
      assertThat(raw().rows())
          .hasSize(1)
          .allSatisfy(r -> assertThat(r).doesNotContainKeys("model", "cost"));
      ObservabilityStorage checking = open(Map.of("migration", "check"));
      assertThat(checking.check().schema()).isEqualTo(Health.SchemaState.MIGRATION_REQUIRED);
      assertThatThrownBy(checking::init)
          .isInstanceOf(MigrationRequiredException.class)
          .hasMessageContaining(String.join(", ", columns))
          .hasMessageContaining("tracekeep migrate apply");
      assertThat(checking.migration().plan().missingColumns()).isEqualTo(columns);
      ObservabilityStorage reading = open(Map.of("migration", "off"));
      assertThat(reading.init().outcome()).isEqualTo(InitReport.Outcome.READ_ONLY);
      assertSame(reading.getSpan(before.key()), before);
      reading.close();
      checking.close();
      assertThat(raw().rows())
          .hasSize(1)
          .allSatisfy(r -> assertThat(r).doesNotContainKeys("model", "cost"));
    }

    ObservabilityStorage storage = open(Map.of());
    assertThat(storage.init().outcome())
        .isIn(InitReport.Outcome.OPENED, InitReport.Outcome.MIGRATED);
    assertThat(storage.check().schema()).isEqualTo(Health.SchemaState.CURRENT);
    assertSame(storage.getSpan(before.key()), before);
    assertThat(storage.createSpan(before).processed()).isEqualTo(1);
    assertSame(storage.getSpan(before.key()), before);

    storage.createSpan(full); // at equal times it says more
    assertSame(storage.getSpan(full.key()), full);
    Span other = Spans.inTrace(full, "other");
    storage.batchCreateSpans(List.of(other, Spans.inTrace(before, "third")));
    assertSame(storage.getSpan(other.key()), other);
    storage.updateSpan(
        SpanUpdate.builder(Spans.inTrace(before, "third").key(), Spans.at(5_000))
            .usage(full.usage())
            .build());
    assertThat(storage.getSpan(Spans.inTrace(before, "third").key()).orElseThrow().usage())
        .isEqualTo(full.usage());
    assertThat(storage.listTraces(TraceQuery.builder(SpanKey.DEFAULT_TENANT).build()).items())
        .hasSize(3)
        .allSatisfy(trace -> assertThat(trace.head().usage()).isEqualTo(full.usage()));
    assertThat(open(Map.of("migration", "check")).init().outcome())
        .isEqualTo(InitReport.Outcome.OPENED);
  }

  /** A store that made its own table enforces it from the start, and has nothing to migrate. */
  @Test
  public final void freshTable_isUniqueFromTheStart() throws Exception {
    ObservabilityStorage storage = open(Map.of());
    assertThat(storage.check().schema()).isEqualTo(Health.SchemaState.ABSENT);
    assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.CREATED);
    assertThat(storage.check().schema()).isEqualTo(Health.SchemaState.CURRENT);
    assertThat(storage.migration().plan().isNeeded()).isFalse();
    assertThat(storage.migration().apply(MigrationListener.NONE).outcome())
        .isEqualTo(MigrationReport.Outcome.NOTHING_TO_DO);
    assertThat(storage.migration().history()).isEmpty();
    Span span = Spans.root("t").build();
    storage.createSpan(span);
    boolean stored = raw().insertCopy(span.key());
    if (has(Capability.ENFORCED_UNIQUENESS)) {
      assertThat(stored).as("a raw duplicate was taken").isFalse();
    } else {
      refusedAsDeclared("uniqueness is not enforced by the engine; every read shows one");
    }
    assertThat(storage.getTrace(span.key().trace()).orElseThrow().spans()).containsExactly(span);
  }

  /** Case, blanks at the end, another tenant: not the same key, whatever the collation says. */
  @Test
  public final void keysDifferingOnlyByCollation_areNotMerged() throws Exception {
    List<Span> rows = new ArrayList<>();
    for (String tenant : List.of("default", "Default", "default ")) {
      for (String trace : List.of("abc", "ABC", "abc ", " abc", "ab\\c", "a_c")) {
        for (String span : List.of("s1", "S1", "s1 ")) {
          rows.add(
              Spans.span(new SpanKey(tenant, trace, span)).name(tenant + trace + span).build());
        }
      }
    }
    rows.add(rows.get(0));
    LegacyTable legacy = LegacyTable.create(raw(), rows);
    ObservabilityStorage storage = storage();
    assertThat(storage.statistics().spans()).isEqualTo(rows.size() - 1);
    rows.forEach(row -> assertThat(storage.getSpan(row.key())).contains(row));
    legacy.assertNothingLost();
  }

  /** The user's own column and index stay, and no value moves to another row. */
  @Test
  public final void unrelatedSchema_survives() throws Exception {
    LegacyTable legacy = LegacyTable.create(raw());
    Set<String> tables = raw().tableNames();
    Set<String> indexes = raw().indexNames();
    storage();
    closeStorage();
    legacy.assertNothingLost();
    assertThat(raw().tableNames()).containsAll(tables);
    assertThat(raw().indexNames()).containsAll(indexes);
    Set<String> notes = new TreeSet<>();
    raw().rows().forEach(row -> notes.add(String.valueOf(row.get(RawAccess.USER_COLUMN))));
    assertThat(notes).hasSize(legacy.winners().size()).doesNotContain("null");
  }

  /** Many rows and one hot key go in batches, as the options ask for. */
  @Test
  public final void batches_areHonoured() throws Exception {
    List<Span> rows = new ArrayList<>();
    Span hot = Spans.root("hot").build();
    for (int i = 0; i < 300; i++) {
      rows.add(hot.toBuilder().updatedAt(Spans.at(i * 7 % 300)).build());
      Span once = Spans.root("t" + i).build();
      rows.add(once);
      rows.add(once.toBuilder().endedAt(Spans.at(1)).build());
    }
    LegacyTable legacy = LegacyTable.create(raw(), rows);
    List<MigrationProgress> archived = new ArrayList<>();
    ObservabilityStorage storage = open(Map.of());
    storage
        .migration()
        .apply(
            MigrationOptions.DEFAULT.withBatchRows(50),
            progress -> {
              if (progress.step() == MigrationStep.ARCHIVE
                  && progress.phase() == MigrationProgress.Phase.AFTER) {
                archived.add(progress);
              }
            });
    storage.close();
    // 300 losers of small keys in batches of about 50; the hot key may be a batch of its own.
    assertThat(archived.size()).isBetween(4, 20);
    legacy.assertUnique();
    legacy.assertNothingLost();
  }

  /** The off policy reads an old table as if it were deduplicated, and writes nothing. */
  @Test
  public final void policyOff_readsAndRefusesWrites() throws Exception {
    LegacyTable legacy = LegacyTable.create(raw());
    ObservabilityStorage storage = open(Map.of("migration", "off"));
    assertThat(storage.check().schema()).isEqualTo(Health.SchemaState.MIGRATION_REQUIRED);
    assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.READ_ONLY);
    legacy.winners().forEach((key, winner) -> assertSame(storage.getSpan(key), winner));
    assertThat(storage.statistics().spans()).isEqualTo(legacy.winners().size());
    StorageException refused =
        thrown(StorageException.class, () -> storage.createSpan(Spans.root("new").build()));
    assertThat(refused.kind()).isEqualTo(FailureKind.MIGRATION_REQUIRED);
    storage.close();
    legacy.assertUntouched();
  }

  /** Verify finds a finished migration sound, and refuses an id that it does not know. */
  @Test
  public final void verify_isSoundAfterApply() throws Exception {
    LegacyTable legacy = LegacyTable.create(raw());
    DedupeMigration migration = open(Map.of()).migration();
    String id = migrationId(migration.apply(MigrationListener.NONE));
    VerifyReport verified = migration.verify(id);
    assertThat(verified.faults()).isEmpty();
    assertThat(List.of(verified.rowsBefore(), verified.rowsAfter(), verified.rowsArchived()))
        .containsExactly(
            (long) legacy.rows().size(), (long) legacy.winners().size(), legacy.surplus());
    MigrationRecord record = migration.history().get(0);
    assertThat(record.state()).isEqualTo(MigrationRecord.State.FINISHED);
    assertThat(record.migrationId()).isEqualTo(id);
    assertThat(record.rowsArchived()).isEqualTo(legacy.surplus());
    assertThat(thrown(StorageException.class, () -> migration.verify("no-such-id")).kind())
        .isEqualTo(FailureKind.INVALID);
  }

  /** Undo puts every row back; the table can be migrated again. */
  @Test
  public final void undo_restoresEveryRow() throws Exception {
    LegacyTable legacy = LegacyTable.create(raw());
    ObservabilityStorage storage = open(Map.of());
    DedupeMigration migration = storage.migration();
    String id = migrationId(migration.apply(MigrationListener.NONE));
    MigrationRecord undone = migration.undo(id, MigrationListener.NONE);
    assertThat(undone.state()).isEqualTo(MigrationRecord.State.UNDONE);
    assertThat(migration.plan().surplusRows()).isEqualTo(legacy.surplus());
    assertThat(
            thrown(StorageException.class, () -> migration.undo(id, MigrationListener.NONE)).kind())
        .isEqualTo(FailureKind.INVALID);
    assertThat(
            thrown(StorageException.class, () -> migration.undo("none", MigrationListener.NONE))
                .kind())
        .isEqualTo(FailureKind.INVALID);
    legacy.assertUntouched();
    MigrationReport again = migration.apply(MigrationListener.NONE);
    assertThat(again.rowsArchived()).isEqualTo(legacy.surplus());
    storage.close();
    legacy.assertUnique();
  }

  /** What a migration keeps is dropped on purpose alone; that takes no row of the table. */
  @Test
  public final void drop_takesTheArchive_andNoRowOfTheTable() throws Exception {
    LegacyTable legacy = LegacyTable.create(raw());
    ObservabilityStorage storage = storage();
    DedupeMigration migration = storage.migration();
    String id = migration.history().get(0).migrationId();
    assertThat(thrown(StorageException.class, () -> migration.drop("no-such-id")).kind())
        .isEqualTo(FailureKind.INVALID);
    assertThat(raw().archivedRows()).hasSize((int) legacy.surplus());

    assertThat(migration.drop(id)).as("what was dropped").isNotEmpty();
    assertThat(raw().archivedRows()).isEmpty();
    legacy.assertUnique();
    legacy.winners().forEach((key, winner) -> assertSame(storage.getSpan(key), winner));
    assertThat(migration.verify(id).faults()).isEmpty();
    assertThat(migration.drop(id)).as("dropped by the second try").isEmpty();
    assertThat(
            thrown(StorageException.class, () -> migration.undo(id, MigrationListener.NONE)).kind())
        .as("undo of a migration whose archive was dropped")
        .isEqualTo(FailureKind.INVALID);
    legacy.assertUnique();
  }

  /** Another system's table in the same database is migrated in place by the same rule. */
  @Test
  public final void foreignTable_isMigratedInPlace() throws Exception {
    LegacyTable legacy = LegacyTable.create(raw());
    ObservabilityStorage storage = open(Map.of("table", "kit_other"));
    storage.init();
    SpanTable table = new SpanTable(database().properties().get("schema"), tableName(), null);
    DedupeMigration migration = storage.migration(table);
    assertThat(migration.plan().surplusRows()).isEqualTo(legacy.surplus());
    MigrationReport report = migration.apply(MigrationListener.NONE);
    assertThat(report.rowsArchived()).isEqualTo(legacy.surplus());
    assertThat(storage.statistics().spans()).as("spans of the store's own table").isZero();
    storage.close();
    legacy.assertUnique();
    legacy.assertNothingLost();
    ObservabilityStorage own = open(Map.of());
    own.init();
    legacy.winners().forEach((key, winner) -> assertSame(own.getSpan(key), winner));
  }

  /** The id of a migration that did something. */
  static String migrationId(MigrationReport report) {
    assertThat(report.migrationId()).as("migration id").isNotNull();
    return report.migrationId();
  }
}
