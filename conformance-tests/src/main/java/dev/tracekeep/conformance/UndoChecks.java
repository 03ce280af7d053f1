package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.tracekeep.migration.ArchiveAudit;
import dev.tracekeep.migration.ArchivedRow;
import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.UndoOptions;
import dev.tracekeep.migration.UndoOptions.DeletedKeys;
import dev.tracekeep.migration.UndoPlan;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * What a migration keeps: how it is read, brought back and dropped, and what keeps it from that.
 */
@CheckGroup("Undo and archive")
abstract class UndoChecks extends MigrationChecks {
  /** A key of five copies: four of them go to the archive. */
  private static final SpanKey FIVE_COPIES = SpanKey.of("five-copies-trace-0", Spans.SPAN);

  private static final int LOSERS_OF_FIVE = 4;

  /** A unique key of an application stands in the way: undo says so, and has changed nothing. */
  @Test
  public final void undo_besideAnotherUniqueKey_isRefusedBeforeItsFirstChange() throws Exception {
    LegacyTable legacy = LegacyTable.createSmall(raw());
    ObservabilityStorage storage = open(Map.of());
    DedupeMigration migration = storage.migration();
    String id = migrationId(migration.apply(MigrationListener.NONE));
    Optional<String> name = raw().addUniqueKey();
    if (name.isEmpty()) {
      refusedAsDeclared("the engine has no unique keys that an application could make");
    } else {
      assertUndoRefused(migration, id, name.get());
      raw().dropUniqueKey();
    }
    migration.undo(id, MigrationListener.NONE);
    storage.close();
    legacy.assertUntouched();
  }

  /** A column that archived rows have and the table has not any more stands in the way. */
  @Test
  public final void undo_afterAColumnWasDropped_isRefusedBeforeItsFirstChange() throws Exception {
    LegacyTable.createSmall(raw());
    ObservabilityStorage storage = open(Map.of());
    DedupeMigration migration = storage.migration();
    String id = migrationId(migration.apply(MigrationListener.NONE));
    if (raw().dropUserColumn()) {
      assertUndoRefused(migration, id, RawAccess.USER_COLUMN);
    } else {
      refusedAsDeclared("rows have no columns in common");
    }
  }

  /** Without its archive an undo would take the constraint off and bring nothing back. */
  @Test
  public final void undo_withoutItsArchive_isRefused() throws Exception {
    LegacyTable legacy = LegacyTable.createSmall(raw());
    ObservabilityStorage storage = open(Map.of());
    DedupeMigration migration = storage.migration();
    String id = migrationId(migration.apply(MigrationListener.NONE));
    raw().dropArchive();
    StorageException refused =
        thrown(StorageException.class, () -> migration.undo(id, MigrationListener.NONE));
    assertThat(refused.kind()).isEqualTo(FailureKind.CONFIGURATION);
    assertThat(migration.history().get(0).state()).isEqualTo(MigrationRecord.State.FINISHED);
    assertThat(migration.plan().isNeeded()).as("the constraint was taken off").isFalse();
    assertThat(migration.verify(id).isSound()).isFalse();
    storage.close();
    legacy.assertUnique();
  }

  private void assertUndoRefused(DedupeMigration migration, String id, String named)
      throws Exception {
    assertThat(String.join(" ", migration.planUndo(id).obstacles())).contains(named);
    StorageException refused =
        thrown(StorageException.class, () -> migration.undo(id, MigrationListener.NONE));
    assertThat(refused.kind()).isEqualTo(FailureKind.CONFIGURATION);
    assertThat(refused).hasMessageContaining(named);
    assertThat(migration.history().get(0).state()).isEqualTo(MigrationRecord.State.FINISHED);
    assertThat(migration.plan().isNeeded()).as("something was taken back").isFalse();
    assertThat(migration.planUndo(id).rowsOfDeletedKeys()).isZero();
  }

  /** Whoever deleted a trace gets no copy of it back, unless asked for. */
  @Test
  public final void undo_leavesRowsOfDeletedKeysInTheArchive() throws Exception {
    raw(); // where there is none, the check cannot apply
    for (DeletedKeys wanted : DeletedKeys.values()) {
      TestDatabase database = anotherDatabase();
      RawAccess raw = database.raw().orElseThrow();
      LegacyTable legacy = LegacyTable.createSmall(raw);
      ObservabilityStorage storage = open(database, Map.of());
      storage.init();
      DedupeMigration migration = storage.migration();
      String id = migration.history().get(0).migrationId();
      assertThat(storage.batchDeleteTraces(List.of(FIVE_COPIES.trace()))).isEqualTo(1);

      UndoPlan plan = migration.planUndo(id);
      assertThat(List.of(plan.rowsToRestore(), plan.rowsOfDeletedKeys(), plan.changedKeys()))
          .as("rows to restore, rows of deleted keys, changed keys")
          .containsExactly(legacy.surplus() - LOSERS_OF_FIVE, (long) LOSERS_OF_FIVE, 0L);
      assertThat(plan.obstacles()).isEmpty();
      migration.undo(id, new UndoOptions(wanted), MigrationListener.NONE);
      storage.close();

      boolean back = wanted == DeletedKeys.COME_BACK;
      // The winner was deleted, the losers came back or stayed.
      int rows = legacy.rows().size() - 1 - (back ? 0 : LOSERS_OF_FIVE);
      assertThat(raw.rows()).as("%s", wanted).hasSize(rows);
      assertThat(raw.archivedRows()).as("%s", wanted).hasSize(back ? 0 : LOSERS_OF_FIVE);
    }
  }

  /** What was changed since, redacted for example, is told of before copies of it come back. */
  @Test
  public final void planUndo_countsKeysThatWereChangedSince() throws Exception {
    LegacyTable legacy = LegacyTable.createSmall(raw());
    ObservabilityStorage storage = storage();
    DedupeMigration migration = storage.migration();
    String id = migration.history().get(0).migrationId();
    assertThat(migration.planUndo(id).changedKeys()).isZero();
    storage
        .updateSpan(SpanUpdate.builder(FIVE_COPIES, Spans.at(60)).name("redacted").build())
        .orThrow();
    UndoPlan plan = migration.planUndo(id);
    assertThat(List.of(plan.rowsToRestore(), plan.rowsOfDeletedKeys(), plan.changedKeys()))
        .as("rows to restore, rows of deleted keys, changed keys")
        .containsExactly(legacy.surplus(), 0L, 1L);
  }

  /** Every archived row can be read, whole, with the reason. */
  @Test
  public final void archived_readsEveryRow() throws Exception {
    LegacyTable legacy = LegacyTable.createSmall(raw());
    DedupeMigration migration = open(Map.of()).migration();
    String id = migrationId(migration.apply(MigrationListener.NONE));
    List<ArchivedRow> rows = new ArrayList<>();
    migration.archived(id, rows::add);
    assertThat(rows).hasSize((int) legacy.surplus());
    assertThat(rows).allSatisfy(row -> assertThat(row.migrationId()).isEqualTo(id));
    assertThat(rows).allSatisfy(row -> assertThat(row.reason()).isNotBlank());
    Set<String> notes = new TreeSet<>();
    rows.forEach(row -> notes.add(String.valueOf(row.row().get(RawAccess.USER_COLUMN))));
    Set<String> archived = new TreeSet<>();
    raw()
        .archivedRows()
        .forEach(row -> archived.add(String.valueOf(row.get(RawAccess.USER_COLUMN))));
    assertThat(notes).isEqualTo(archived);
    IllegalArgumentException own = new IllegalArgumentException("of the reader");
    assertThat(
            catchThrowable(
                () ->
                    migration.archived(
                        id,
                        row -> {
                          throw own;
                        })))
        .isSameAs(own);
    assertThat(thrown(StorageException.class, () -> migration.archived("none", row -> {})).kind())
        .isEqualTo(FailureKind.INVALID);
  }

  /** The audit hears of each row once; where it fails, nothing of its batch is moved. */
  @Test
  public final void audit_hearsOfEveryRowBeforeItIsGone() throws Exception {
    LegacyTable legacy = LegacyTable.createSmall(raw());
    DedupeMigration migration = open(Map.of()).migration();
    IllegalStateException full = new IllegalStateException("the disk of the audit is full");
    MigrationOptions failing =
        MigrationOptions.DEFAULT.withAudit(
            new ArchiveAudit() {
              @Override
              public void removed(ArchivedRow row) {}

              @Override
              public void sync() {
                throw full;
              }
            });
    assertThat(catchThrowable(() -> migration.apply(failing))).isSameAs(full);
    assertThat(raw().rows()).hasSize(legacy.rows().size());

    List<String> told = new ArrayList<>();
    List<String> synced = new ArrayList<>();
    MigrationOptions audited =
        MigrationOptions.DEFAULT
            .withBatchRows(3)
            .withAudit(
                new ArchiveAudit() {
                  @Override
                  public void removed(ArchivedRow row) {
                    told.add(String.valueOf(row.row().get(RawAccess.USER_COLUMN)));
                  }

                  @Override
                  public void sync() {
                    synced.addAll(told.subList(synced.size(), told.size()));
                  }
                });
    migration.apply(audited);
    Set<String> archived = new TreeSet<>();
    raw()
        .archivedRows()
        .forEach(row -> archived.add(String.valueOf(row.get(RawAccess.USER_COLUMN))));
    assertThat(new TreeSet<>(synced)).isEqualTo(archived);
    legacy.assertUnique();
    legacy.assertNothingLost();
  }

  /** An undo counts what it brought back. */
  @Test
  public final void undo_countsWhatItBroughtBack() throws Exception {
    LegacyTable legacy = LegacyTable.createSmall(raw());
    DedupeMigration migration = open(Map.of()).migration();
    String id = migrationId(migration.apply(MigrationListener.NONE));
    MigrationRecord undone = migration.undo(id, MigrationListener.NONE);
    assertThat(List.of(undone.rowsRestored(), undone.rowsArchived()))
        .as("rows restored, rows in the archive")
        .containsExactly(legacy.surplus(), 0L);
  }
}
