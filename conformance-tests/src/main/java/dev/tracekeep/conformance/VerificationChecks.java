package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.migration.VerifyReport;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.InitReport;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * What a migration says afterwards, and to whom: faults that somebody made, and the caller's own.
 */
@CheckGroup("Verification of a migration")
abstract class VerificationChecks extends InterruptionChecks {
  private DedupeMigration migrated() throws Exception {
    LegacyTable.createSmall(raw());
    DedupeMigration migration = open(Map.of()).migration();
    migration.apply(MigrationListener.NONE);
    assertThat(verified(migration).faults()).as("faults before anybody did harm").isEmpty();
    return migration;
  }

  private static VerifyReport verified(DedupeMigration migration) {
    return migration.verify(migration.history().get(0).migrationId());
  }

  /** The number of a row in the archive. */
  private String archivedNote(int which) throws Exception {
    return raw().archivedRows().stream()
        .map(row -> Objects.requireNonNull(row.get(RawAccess.USER_COLUMN)))
        .sorted()
        .toList()
        .get(which);
  }

  /** One changed value in one archived row is a fault, and so nothing is dropped. */
  @Test
  public final void changedArchivedRow_isAFault() throws Exception {
    DedupeMigration migration = migrated();
    raw().changeArchivedRow(archivedNote(0));
    assertThat(verified(migration).faults()).hasSize(1);
    assertThat(verified(migration).isSound()).isFalse();
    assertNothingIsDropped(migration);
  }

  private void assertNothingIsDropped(DedupeMigration migration) throws Exception {
    int archived = raw().archivedRows().size();
    String id = migration.history().get(0).migrationId();
    StorageException refused = thrown(StorageException.class, () -> migration.drop(id));
    assertThat(refused.kind()).isEqualTo(FailureKind.CONFIGURATION);
    assertThat(raw().archivedRows()).hasSize(archived);
  }

  /** A row that is missing from the archive is a fault, however many rows writers have added. */
  @Test
  public final void deletedArchivedRow_isAFault_whateverWritersAdd() throws Exception {
    DedupeMigration migration = migrated();
    ObservabilityStorage writer = storage();
    writer.batchCreateSpans(List.of(Spans.root("added-1").build(), Spans.root("added-2").build()));
    closeStorage();
    raw().deleteArchivedRow(archivedNote(0));
    DedupeMigration again = open(Map.of()).migration();
    assertThat(verified(again).faults()).hasSize(1);
    assertNothingIsDropped(again);
  }

  /** A row that is there twice is a fault, also where another is missing for it. */
  @Test
  public final void archivedRowDoubled_isAFault_alsoWhereAnotherWasDeleted() throws Exception {
    DedupeMigration migration = migrated();
    int archived = raw().archivedRows().size();
    String deleted = archivedNote(0);
    raw().doubleArchivedRow(archivedNote(1));
    assertThat(verified(migration).faults()).hasSize(1);
    raw().deleteArchivedRow(deleted);
    assertThat(raw().archivedRows()).as("rows in the archive").hasSize(archived);
    assertThat(verified(migration).faults()).hasSize(1);
    assertNothingIsDropped(migration);
  }

  /** Without the constraint the promise does not hold, and a duplicate behind it is seen. */
  @Test
  public final void lostConstraint_isAFault_andADuplicateBehindItToo() throws Exception {
    migrated();
    closeStorage();
    raw().dropConstraint();
    DedupeMigration migration = open(Map.of()).migration();
    int faults = verified(migration).faults().size();
    assertThat(faults).as("faults without the constraint").isPositive();
    if (!has(Capability.ENFORCED_UNIQUENESS)) {
      refusedAsDeclared("uniqueness is not enforced by the engine; every read shows one");
      return;
    }
    closeStorage();
    assertThat(raw().insertCopy(SpanKey.of("identical-trace-0", Spans.SPAN)))
        .as("a copy behind the constraint is stored")
        .isTrue();
    assertThat(verified(open(Map.of()).migration()).faults())
        .as("faults with a duplicate")
        .hasSizeGreaterThan(faults);
  }

  /** What is written, changed and deleted afterwards is noted and is no fault. */
  @Test
  public final void rowsWrittenChangedAndDeletedSince_areNotesAndNoFaults() throws Exception {
    migrated();
    ObservabilityStorage writer = storage();
    SpanKey running = SpanKey.of("both-running-trace-0", Spans.SPAN);
    Span before = writer.getSpan(running).orElseThrow();
    writer.createSpan(before.toBuilder().endedAt(Spans.at(60)).updatedAt(Spans.at(60)).build());
    writer.batchDeleteTraces(List.of(SpanKey.of("identical-trace-0", Spans.SPAN).trace()));
    writer.batchCreateSpans(
        List.of(
            Spans.root("added-1").build(),
            Spans.root("added-2").build(),
            Spans.root("added-3").build()));
    VerifyReport verified = verified(writer.migration());
    assertThat(verified.faults()).isEmpty();
    assertThat(verified.notes()).as("notes").isNotEmpty();
  }

  // ---- the store's own table, by its name ------------------------------------------------------

  private SpanTable byName() {
    return new SpanTable(database().properties().get("schema"), tableName(), null);
  }

  /** Named, the store's own table is what it is: its rows get versions, and stay what they are. */
  @Test
  public final void ownTable_isOwn_howeverItIsNamed() throws Exception {
    LegacyTable legacy = LegacyTable.createSmall(raw());
    ObservabilityStorage storage = open(Map.of());
    DedupeMigration named = storage.migration(byName());
    assertThat(named.plan()).isEqualTo(storage.migration().plan());
    String id = migrationId(named.apply(MigrationListener.NONE));

    assertThat(storage.migration().history())
        .extracting(MigrationRecord::migrationId)
        .containsExactly(id);
    assertThat(storage.migration().verify(id).faults()).isEmpty();
    assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.OPENED);
    legacy.winners().forEach((key, winner) -> assertSame(storage.getSpan(key), winner));
    // A replay of what lost must lose again.
    storage.batchCreateSpans(legacy.rows());
    legacy.winners().forEach((key, winner) -> assertSame(storage.getSpan(key), winner));
    assertThat(storage.statistics().spans()).isEqualTo(legacy.winners().size());
  }

  /** Begun under one name and broken off, it is the same migration under the other. */
  @Test
  public final void ownTable_isResumedUnderItsOtherName() throws Exception {
    int events = smoothApply().events().size();
    LegacyTable legacy = LegacyTable.createSmall(raw());
    ObservabilityStorage first = open(Map.of());
    assertThat(catchThrowable(() -> first.migration().apply(SMALL_BATCHES, failingAt(events / 2))))
        .isNotNull();
    first.close();
    ObservabilityStorage second = open(Map.of());
    MigrationReport report =
        second.migration(byName()).apply(SMALL_BATCHES, MigrationListener.NONE);
    assertThat(report.outcome()).isEqualTo(MigrationReport.Outcome.RESUMED);
    second.init();
    legacy.winners().forEach((key, winner) -> assertSame(second.getSpan(key), winner));
    second.migration().undo(migrationId(report), MigrationListener.NONE);
    second.close();
    legacy.assertUntouched();
  }

  // ---- the caller's own exceptions -------------------------------------------------------------

  private static final class OfTheCaller extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private static List<Throwable> thrownByListeners() {
    return List.of(
        new OfTheCaller(),
        new IllegalArgumentException("of the caller"),
        new IllegalStateException("of the caller"),
        new UncheckedIOException(new IOException("of the caller")),
        new StorageException(FailureKind.INVALID, "of the caller", null),
        new AssertionError("of the caller"));
  }

  private static MigrationListener throwing(Throwable thrown) {
    return progress -> {
      if (thrown instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) thrown;
    };
  }

  /** What undo's listener throws reaches the caller as it was thrown, and ends nothing for good. */
  @Test
  public final void exceptionOfUndosListener_reachesTheCaller() throws Exception {
    LegacyTable legacy = LegacyTable.createSmall(raw());
    ObservabilityStorage storage = open(Map.of());
    DedupeMigration migration = storage.migration();
    String id = migrationId(migration.apply(SMALL_BATCHES, MigrationListener.NONE));
    for (Throwable thrown : thrownByListeners()) {
      assertThat(catchThrowable(() -> migration.undo(id, throwing(thrown))))
          .as("undo, whose listener throws %s", thrown.getClass())
          .isSameAs(thrown);
    }
    migration.undo(id, MigrationListener.NONE);
    storage.close();
    legacy.assertUntouched();
  }
}
