package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationProgress;
import dev.tracekeep.migration.MigrationProgress.Phase;
import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The dedupe migration with trouble: broken off, watched, raced. */
@CheckGroup("Migration under trouble")
abstract class InterruptionChecks extends UndoChecks {
  /** Several batches for {@link LegacyTable#duplicates()}. */
  static final MigrationOptions SMALL_BATCHES = new MigrationOptions(20, Duration.ofMinutes(2), 5);

  /** How an uninterrupted run goes: the measure of the interrupted ones. */
  record Smooth(List<String> events, Set<String> tables) {}

  /** Broken off at every step in turn, it is run again and ends like one that was not. */
  @Test
  @Tag(SLOW)
  public final void abort_leavesNoOrphans() throws Exception {
    Smooth smooth = smoothApply();
    for (int at = 1; at <= smooth.events().size(); at++) {
      TestDatabase database = anotherDatabase();
      RawAccess raw = database.raw().orElseThrow();
      LegacyTable legacy = LegacyTable.createSmall(raw);
      ObservabilityStorage storage = open(database, Map.of());
      int place = at;
      assertThat(catchThrowable(() -> storage.migration().apply(SMALL_BATCHES, failingAt(place))))
          .as("apply, broken off at event %s", at)
          .isNotNull();
      storage.close();
      ObservabilityStorage next = open(database, Map.of());
      next.migration().apply(SMALL_BATCHES, MigrationListener.NONE);
      assertEndedAs(smooth, next, raw, legacy, "broken off at event " + at);
    }
  }

  /** Undo, broken off at every step in turn and run again, puts every row back. */
  @Test
  @Tag(SLOW)
  public final void abortedUndo_isFinishedByTheNext() throws Exception {
    int events = smoothUndo().size();
    for (int at = 1; at <= events; at++) {
      TestDatabase database = anotherDatabase();
      LegacyTable legacy = LegacyTable.createSmall(database.raw().orElseThrow());
      ObservabilityStorage storage = open(database, Map.of());
      String id = migrationId(storage.migration().apply(MigrationListener.NONE));
      int place = at;
      assertThat(catchThrowable(() -> storage.migration().undo(id, failingAt(place))))
          .as("undo, broken off at event %s", at)
          .isNotNull();
      storage.close();
      ObservabilityStorage next = open(database, Map.of());
      finishUndo(next.migration(), id);
      next.close();
      legacy.assertUntouched();
    }
  }

  /** What a listener throws reaches the caller as it was thrown, and what is left is resumable. */
  @Test
  public final void listenersException_reachesTheCaller() throws Exception {
    LegacyTable legacy = LegacyTable.createSmall(raw());
    ObservabilityStorage storage = open(Map.of());
    List<Throwable> thrown =
        List.of(
            new IllegalArgumentException("of the listener"),
            new UncheckedIOException(new IOException("of the listener")),
            new ListenersOwn(),
            new StorageException(FailureKind.INVALID, "of the listener", null),
            new AssertionError("of the listener"));
    int event = 1;
    for (Throwable failure : thrown) {
      AtomicInteger heard = new AtomicInteger();
      int at = event++;
      MigrationListener listener =
          progress -> {
            if (heard.incrementAndGet() == at) {
              sneak(failure);
            }
          };
      assertThat(catchThrowable(() -> storage.migration().apply(SMALL_BATCHES, listener)))
          .isSameAs(failure);
    }
    storage.migration().apply(SMALL_BATCHES, MigrationListener.NONE);
    storage.close();
    legacy.assertUnique();
    legacy.assertNothingLost();
  }

  private static final class ListenersOwn extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  @SuppressWarnings("unchecked")
  private static <E extends Throwable> void sneak(Throwable failure) throws E {
    throw (E) failure;
  }

  /** Other options on the second try change the batches, never the rows. */
  @Test
  public final void resumeWithOtherOptions_endsTheSame() throws Exception {
    Smooth smooth = smoothApply();
    LegacyTable legacy = LegacyTable.createSmall(raw());
    ObservabilityStorage storage = open(Map.of());
    assertThat(
            catchThrowable(
                () ->
                    storage
                        .migration()
                        .apply(SMALL_BATCHES, failingAt(smooth.events().size() / 2))))
        .isNotNull();
    assertThat(storage.migration().plan().unfinishedMigrationId()).isNotNull();
    MigrationReport report =
        storage.migration().apply(SMALL_BATCHES.withBatchRows(3), MigrationListener.NONE);
    assertThat(report.outcome()).isEqualTo(MigrationReport.Outcome.RESUMED);
    assertThat(report.rowsBefore()).isEqualTo(legacy.rows().size());
    assertThat(report.rowsArchived()).isEqualTo(legacy.surplus());
    assertThat(report.duplicateGroups()).isEqualTo(legacy.groups());
    assertEndedAs(smooth, storage, raw(), legacy, "resumed");
  }

  /** A second migrator on the same table is told that there is one already, and changes nothing. */
  @Test
  public final void twoMigrators_oneWins() throws Exception {
    LegacyTable legacy = LegacyTable.createSmall(raw());
    ObservabilityStorage first = open(Map.of());
    ObservabilityStorage second = open(Map.of("lock-timeout", "500ms"));
    List<@Nullable Throwable> failures = new ArrayList<>();
    first
        .migration()
        .apply(
            SMALL_BATCHES,
            progress -> {
              if (progress.step() == MigrationStep.ARCHIVE
                  && progress.phase() == Phase.AFTER
                  && failures.isEmpty()) {
                failures.add(failureOnAnotherThread(second.migration()));
              }
            });
    assertThat(failures).hasSize(1);
    assertThat(failures.get(0)).isInstanceOf(StorageException.class);
    assertThat(((StorageException) failures.get(0)).kind()).isEqualTo(FailureKind.TRANSIENT);
    assertThat(first.migration().history()).hasSize(1);
    first.close();
    second.close();
    legacy.assertUnique();
    legacy.assertNothingLost();
  }

  private static @Nullable Throwable failureOnAnotherThread(DedupeMigration migration) {
    CompletableFuture<@Nullable Throwable> failure =
        CompletableFuture.supplyAsync(
            () -> catchThrowable(() -> migration.apply(SMALL_BATCHES, MigrationListener.NONE)),
            task -> new Thread(task, "second-migrator").start());
    return failure
        .orTimeout(10, TimeUnit.MINUTES)
        .handle((t, late) -> late == null ? t : late)
        .join();
  }

  /** The same where the second migrator names the table in another way. */
  @Test
  public final void secondMigrator_byAnotherSpelling_isRefused() throws Exception {
    LegacyTable legacy = LegacyTable.createSmall(raw());
    ObservabilityStorage first = open(Map.of("table", "kit_other"));
    ObservabilityStorage second = open(Map.of("table", "kit_other", "lock-timeout", "500ms"));
    List<SpanTable> spellings = spellings(first);
    for (SpanTable other : spellings) {
      List<@Nullable Throwable> failures = new ArrayList<>();
      assertThat(
              catchThrowable(
                  () ->
                      first
                          .migration(spellings.get(0))
                          .apply(
                              SMALL_BATCHES,
                              progress -> {
                                failures.add(failureOnAnotherThread(second.migration(other)));
                                throw new IllegalStateException("broken off");
                              })))
          .isInstanceOf(IllegalStateException.class);
      assertThat(failures).hasSize(1);
      assertThat(failures.get(0))
          .as("second migrator of %s", other)
          .isInstanceOf(StorageException.class);
      assertThat(((StorageException) failures.get(0)).kind()).isEqualTo(FailureKind.TRANSIENT);
    }
    first.migration(spellings.get(0)).apply(MigrationListener.NONE);
    first.close();
    second.close();
    legacy.assertUnique();
    legacy.assertNothingLost();
  }

  /**
   * A migration that was begun under one spelling of the table's name is resumed, listed, checked
   * and taken back under every other.
   */
  @Test
  public final void migration_isOne_howeverItIsSpelled() throws Exception {
    LegacyTable legacy = LegacyTable.createSmall(raw());
    ObservabilityStorage storage = open(Map.of("table", "kit_other"));
    List<SpanTable> spellings = spellings(storage);
    for (SpanTable begun : spellings) {
      for (SpanTable resumed : spellings) {
        DedupeMigration first = storage.migration(begun);
        DedupeMigration second = storage.migration(resumed);
        assertThat(second.plan().table()).isEqualTo(first.plan().table());
        int before = first.history().size();
        assertThat(catchThrowable(() -> first.apply(SMALL_BATCHES, failingAt(7))))
            .isInstanceOf(IllegalStateException.class);
        String id = second.plan().unfinishedMigrationId();
        assertThat(id).as("begun as %s, seen as %s", begun, resumed).isNotNull();
        MigrationReport report = second.apply(SMALL_BATCHES, MigrationListener.NONE);
        assertThat(report.migrationId()).isEqualTo(id);
        assertThat(report.outcome()).isEqualTo(MigrationReport.Outcome.RESUMED);
        assertThat(first.history()).hasSize(before + 1).isEqualTo(second.history());
        assertThat(first.verify(id).faults()).isEmpty();
        first.undo(id, MigrationListener.NONE);
        legacy.assertUntouched();
      }
    }
  }

  /** Every way to name the table that the engine takes for the same, the plain name first. */
  private List<SpanTable> spellings(ObservabilityStorage storage) {
    SpanTable plain = new SpanTable(database().properties().get("schema"), tableName(), null);
    List<SpanTable> spellings = new ArrayList<>(List.of(plain));
    Set<String> names = new LinkedHashSet<>();
    names.add(storage.migration(plain).plan().table());
    names.add("main." + tableName());
    List.copyOf(names).forEach(name -> names.add(name.toUpperCase(Locale.ROOT)));
    names.add(tableName().toUpperCase(Locale.ROOT));
    for (String name : names) {
      // Where case matters, or there is no such schema, it is another table's name: there is none.
      SpanTable other = SpanTable.named(name);
      if (catchThrowable(() -> storage.migration(other).plan()) == null) {
        spellings.add(other);
      }
    }
    return spellings;
  }

  /** Duplicates that a foreign program inserts meanwhile are archived too, none is lost. */
  @Test
  public final void writesDuringMigration_survive() throws Exception {
    LegacyTable legacy = LegacyTable.createSmall(raw());
    SpanKey alone = SpanKey.of("alone-trace-0", Spans.SPAN);
    SpanKey archived = SpanKey.of("identical-trace-0", Spans.SPAN);
    List<String> inserted = new ArrayList<>();
    List<Throwable> failures = new ArrayList<>();
    ObservabilityStorage storage = open(Map.of());
    storage
        .migration()
        .apply(
            SMALL_BATCHES,
            progress -> {
              // Once in the middle and once at the last moment; a migrator that looks again after
              // each batch would otherwise never end.
              boolean middle =
                  progress.step() == MigrationStep.ARCHIVE && progress.phase() == Phase.AFTER;
              boolean last =
                  progress.step() == MigrationStep.CONSTRAIN && progress.phase() == Phase.BEFORE;
              if (middle && inserted.isEmpty() || last && inserted.size() == 1) {
                try {
                  SpanKey late = middle ? alone : archived;
                  inserted.add(legacy.rowsOf(late).get(0));
                  raw().insertCopy(late);
                } catch (Exception e) {
                  failures.add(e);
                }
              }
            });
    assertThat(failures).isEmpty();
    assertThat(inserted).hasSize(2);
    assertThat(storage.migration().plan().surplusRows()).isZero();
    storage.close();
    legacy.assertUnique();
    legacy.assertNothingLost(inserted);
  }

  /** Calls something once, after the first batch. */
  private static MigrationListener afterTheFirstBatch(RawWork work) {
    AtomicInteger called = new AtomicInteger();
    return progress -> {
      if (progress.step() == MigrationStep.ARCHIVE
          && progress.phase() == Phase.AFTER
          && called.getAndIncrement() == 0) {
        work.runUnchecked();
      }
    };
  }

  /** What is done beside the adapter. */
  @FunctionalInterface
  private interface RawWork {
    void run() throws Exception;

    default void runUnchecked() {
      try {
        run();
      } catch (Exception e) {
        throw new AssertionError("The raw access failed", e);
      }
    }
  }

  /** What writers change and delete meanwhile stays as they left it, and is no fault afterwards. */
  @Test
  public final void rowsChangedAndDeletedDuringApply_stayAsWritersLeftThem() throws Exception {
    LegacyTable legacy = LegacyTable.createSmall(raw());
    SpanKey alone = SpanKey.of("alone-trace-0", Spans.SPAN);
    // The last ones in the order of the key: on most engines their losers are not moved yet.
    SpanKey deleted = SpanKey.of("never-updated-trace-0", Spans.SPAN);
    SpanKey changed = SpanKey.of("running-then-completed-trace-0", Spans.SPAN);
    List<String> before = new ArrayList<>();
    List<String> after = new ArrayList<>();
    RawWork writers =
        () -> {
          for (SpanKey key : List.of(alone, deleted, changed)) {
            before.addAll(legacy.rowsOf(key));
            String note = legacy.notesOf(key).get(0);
            if (key.equals(deleted)) {
              raw().deleteRow(note);
            } else {
              raw().changeRow(note);
            }
            after.addAll(legacy.rowsOf(key));
          }
        };
    DedupeMigration migration = open(Map.of()).migration();
    String id =
        migrationId(migration.apply(SMALL_BATCHES.withBatchRows(3), afterTheFirstBatch(writers)));
    assertThat(before).as("rows that writers found").isNotEmpty();
    assertThat(migration.plan().surplusRows()).isZero();
    assertThat(migration.verify(id).faults()).isEmpty();
    closeStorage();
    legacy.assertNothingLost(after, before);
  }

  /** What was moved and is lost is missed, though writers add more rows than that meanwhile. */
  @Test
  public final void archivedRowLostDuringApply_isMissed_whateverWritersAdd() throws Exception {
    List<Span> rows = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      rows.addAll(Collections.nCopies(3, Spans.root("three-" + i).build()));
    }
    rows.add(Spans.root("single-1").build());
    rows.add(Spans.root("single-2").build());
    LegacyTable legacy = LegacyTable.create(raw(), rows);
    List<SpanKey> single = rows.stream().skip(15).map(Span::key).toList();
    List<String> inserted = new ArrayList<>();
    RawWork losing =
        () -> {
          String note = raw().archivedRows().get(0).get(RawAccess.USER_COLUMN);
          raw().deleteArchivedRow(String.valueOf(note));
          for (SpanKey key : single) {
            inserted.add(legacy.rowsOf(key).get(0));
            raw().insertCopy(key);
          }
        };
    DedupeMigration migration = open(Map.of()).migration();
    Throwable thrown =
        catchThrowable(
            () -> migration.apply(SMALL_BATCHES.withBatchRows(3), afterTheFirstBatch(losing)));
    assertThat(inserted).hasSize(2);
    if (thrown == null) {
      // Only if it was put there again.
      closeStorage();
      legacy.assertNothingLost(inserted);
      return;
    }
    assertThat(thrown).isInstanceOf(StorageException.class);
    assertThat(((StorageException) thrown).kind()).isEqualTo(FailureKind.PERMANENT);
    MigrationRecord record = migration.history().get(0);
    assertThat(
            record.state() != MigrationRecord.State.FINISHED
                || !migration.verify(record.migrationId()).isSound())
        .as("is said to be finished, and sound")
        .isTrue();
  }

  /**
   * A trigger that keeps rows is named before the first change; and no row is there twice by it.
   */
  @Test
  public final void triggerThatKeepsRows_isNamed_andNothingIsMoved() throws Exception {
    LegacyTable legacy = LegacyTable.createSmall(raw());
    Optional<String> trigger = raw().keepRowsFromDeletion();
    if (trigger.isEmpty()) {
      refusedAsDeclared("the engine has no triggers that keep rows from being deleted");
      return;
    }
    DedupeMigration migration = open(Map.of()).migration();
    MigrationPlan plan = migration.plan();
    assertThat(Stream.concat(plan.refusals().stream(), plan.details().notes().stream()))
        .as("what the plan says")
        .anySatisfy(text -> assertThat(text).contains(trigger.get()));
    StorageException failed =
        thrown(StorageException.class, () -> migration.apply(MigrationListener.NONE));
    assertThat(failed).hasMessageContaining(trigger.get());
    assertThat(migration.plan().constraint()).isNotEqualTo(ConstraintState.PRESENT);
    legacy.assertUntouched();
    assertThat(raw().archivedRows()).isEmpty();
    raw().letRowsBeDeleted();
    migration.apply(MigrationListener.NONE);
    closeStorage();
    legacy.assertUnique();
    legacy.assertNothingLost();
  }

  /**
   * While an old transaction keeps the last lock from being given, writers wait no longer than the
   * options say, and the migration asks again until the transaction ends.
   */
  @Test
  public final void lockTimeout_letsWritersThrough_whileATransactionIsOpen() throws Exception {
    List<Span> rows = new ArrayList<>(Collections.nCopies(2, Spans.root("twice").build()));
    for (int i = 0; i < ROWS_WRITTEN; i++) {
      rows.add(Spans.root("once-" + i).build());
    }
    LegacyTable legacy = LegacyTable.create(raw(), rows);
    List<SpanKey> once = rows.stream().skip(2).map(Span::key).toList();
    List<CompletableFuture<List<String>>> writers = new ArrayList<>();
    MigrationListener listener =
        progress -> {
          if (progress.step() == MigrationStep.CONSTRAIN
              && progress.phase() == Phase.BEFORE
              && writers.isEmpty()) {
            writers.add(writerBesideAnOpenTransaction(legacy, once));
          }
        };
    DedupeMigration migration = open(Map.of()).migration();
    migration.apply(new MigrationOptions(20, Duration.ofMillis(300), 5), listener);
    List<String> inserted = writers.get(0).get();
    if (inserted.isEmpty()) {
      refusedAsDeclared("a migration never waits for a lock with writers behind it");
      return;
    }
    assertThat(inserted).hasSize(ROWS_WRITTEN);
    assertThat(migration.plan().isNeeded()).isFalse();
    assertThat(migration.plan().surplusRows()).isZero();
    closeStorage();
    legacy.assertNothingLost(inserted);
  }

  /** Written at 50 a second, so that the lock is asked for more than once meanwhile. */
  private static final int ROWS_WRITTEN = 100;

  /**
   * Inserts a copy of each key beside a transaction that ends after the last one: whoever keeps
   * writers waiting for longer than the limit keeps itself waiting. Returns the rows; none where
   * there is no such transaction.
   */
  private CompletableFuture<List<String>> writerBesideAnOpenTransaction(
      LegacyTable legacy, List<SpanKey> keys) {
    RawAccess raw = raw();
    Optional<AutoCloseable> open;
    List<String> rows;
    try {
      rows = legacy.rowsOfTraces("once-");
      open = raw.leaveTransactionOpen(legacy.notesOf(SpanKey.of("twice", Spans.SPAN)).get(0));
    } catch (Exception e) {
      throw new AssertionError("The raw access failed", e);
    }
    if (open.isEmpty()) {
      return CompletableFuture.completedFuture(List.of());
    }
    return CompletableFuture.supplyAsync(
        () -> {
          insertBeside(open.get(), raw, keys);
          return rows;
        },
        task -> new Thread(task, "writer").start());
  }

  private static void insertBeside(AutoCloseable transaction, RawAccess raw, List<SpanKey> keys) {
    try (transaction) {
      for (SpanKey key : keys) {
        long start = System.nanoTime();
        assertThat(raw.insertCopy(key)).as("is taken, without the constraint").isTrue();
        assertThat(Duration.ofNanos(System.nanoTime() - start))
            .as(
                "how long a writer waited, with a limit of 300 ms and much patience for the machine")
            .isLessThan(Duration.ofMinutes(1));
        TimeUnit.MILLISECONDS.sleep(20);
      }
    } catch (Exception e) {
      throw new AssertionError("A writer failed", e);
    }
  }

  // ---- what the interrupted runs share ----

  /** Runs once without trouble, counts the events, and remembers which tables there are then. */
  final Smooth smoothApply() throws Exception {
    raw();
    TestDatabase database = anotherDatabase();
    RawAccess raw = database.raw().orElseThrow();
    LegacyTable.createSmall(raw);
    List<String> events = new ArrayList<>();
    ObservabilityStorage storage = open(database, Map.of());
    storage.migration().apply(SMALL_BATCHES, progress -> events.add(kind(progress)));
    storage.close();
    // A migration of which a listener hears nothing cannot be watched, nor be broken off in tests.
    assertThat(events).as("events that the listener heard").hasSizeGreaterThanOrEqualTo(8);
    return new Smooth(List.copyOf(events), raw.tableNames());
  }

  private static String kind(MigrationProgress progress) {
    return progress.step() + " " + progress.phase() + " " + progress.statement();
  }

  final List<String> smoothUndo() throws Exception {
    raw();
    TestDatabase database = anotherDatabase();
    LegacyTable.createSmall(database.raw().orElseThrow());
    List<String> events = new ArrayList<>();
    ObservabilityStorage storage = open(database, Map.of());
    String id = migrationId(storage.migration().apply(MigrationListener.NONE));
    storage.migration().undo(id, progress -> events.add(kind(progress)));
    assertThat(events).as("events that the listener heard").hasSizeGreaterThanOrEqualTo(2);
    return List.copyOf(events);
  }

  final void assertEndedAs(
      Smooth smooth, ObservabilityStorage storage, RawAccess raw, LegacyTable legacy, String after)
      throws Exception {
    DedupeMigration migration = storage.migration();
    assertThat(migration.plan().isNeeded()).as("still needed, %s", after).isFalse();
    assertThat(migration.plan().unfinishedMigrationId()).as(after).isNull();
    assertThat(migration.history()).as(after).hasSize(1);
    MigrationRecord record = migration.history().get(0);
    assertThat(record.state()).as(after).isEqualTo(MigrationRecord.State.FINISHED);
    assertThat(record.rowsArchived()).as(after).isEqualTo(legacy.surplus());
    assertThat(migration.verify(record.migrationId()).faults()).as(after).isEmpty();
    storage.init();
    legacy.winners().forEach((key, winner) -> assertSame(storage.getSpan(key), winner));
    storage.close();
    assertThat(raw.tableNames()).as("tables, %s", after).isEqualTo(smooth.tables());
    legacy.assertUnique();
    legacy.assertNothingLost();
  }

  /** Broken off after its last statement, an undo is done already. */
  final void finishUndo(DedupeMigration migration, String id) {
    if (migration.history().get(0).state() != MigrationRecord.State.UNDONE) {
      migration.undo(id, MigrationListener.NONE);
    }
    assertThat(migration.history().get(0).state()).isEqualTo(MigrationRecord.State.UNDONE);
  }

  static MigrationListener failingAt(int event) {
    AtomicInteger heard = new AtomicInteger();
    return progress -> {
      if (heard.incrementAndGet() == event) {
        throw new IllegalStateException("broken off at event " + event + ", " + progress);
      }
    };
  }
}
