package dev.tracekeep.dedupe;

import dev.tracekeep.dedupe.JournalEntry.Field;
import dev.tracekeep.migration.ArchivedRow;
import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationPlan.Details;
import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.MigrationRecord.State;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.MigrationReport.Outcome;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.migration.UndoOptions;
import dev.tracekeep.migration.UndoPlan;
import dev.tracekeep.migration.VerifyReport;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The dedupe migration as far as no engine owns it: what is planned, refused, written down, checked
 * and taken back, in which order, and in which words. An engine supplies the hooks: one {@link
 * #look} at the table, whose result carries its identity, the {@link #journal}'s place, the {@link
 * #lock} of migrators, the {@linkplain #forth stages} that move rows, and the {@linkplain #back
 * stages} that bring them back. The plan is made of the same stages that run.
 *
 * <p>Every statement of a stage stands between two events of the listener, and every stage can be
 * repeated after a kill at any of them. Hooks may throw whatever the engine throws; {@link
 * #classify} makes a {@link StorageException} of it. Thread-safe if the hooks are.
 *
 * @param <L> what the engine's stages need to know about the table
 */
public abstract class AbstractDedupeMigration<L extends TableLook> implements DedupeMigration {
  private final String asked;
  private final Clock clock;

  /**
   * @param asked the table as the caller spelled it, for messages from before the first look
   * @param clock what dates the journal and the archive
   */
  protected AbstractDedupeMigration(SpanTable asked, Clock clock) {
    this.asked = asked.toString();
    this.clock = clock;
  }

  // ---- hooks -----------------------------------------------------------------------------------

  /** Looks at the table once; reads only, and does not scan it. */
  protected abstract L look() throws Exception;

  /** Every entry of the journal beside the table, of whatever table; empty if there is none. */
  protected abstract List<JournalEntry> journal(L look) throws Exception;

  /**
   * Takes the lock that only one migrator of the table can have, by its {@linkplain
   * TableLook#identity identity}, and that dies with its owner.
   *
   * @throws StorageException of {@link MigratorLock#taken} if another has it
   */
  protected abstract MigratorLock lock(L look) throws Exception;

  /**
   * What is to be done, in order. The first stage writes {@link MigrationRun#entry} into the
   * journal if it is not there, the last one writes it as finished, with every field filled; in
   * between each stage writes what it reached. Called for a plan, too: builds a list, and does
   * nothing.
   */
  protected abstract List<Stage> forth(L look, MigrationRun run) throws Exception;

  /** What is to be done to take a migration back; the last stage writes that it is undone. */
  protected abstract List<Stage> back(L look, MigrationRun run) throws Exception;

  /**
   * What taking back would do, and what stands in its way. That archived rows are missing is the
   * template's to say.
   */
  protected abstract UndoPlan lookBack(L look, JournalEntry entry) throws Exception;

  /** How many rows of the migration are in its archive; 0 if there is none. */
  protected abstract long archivedRows(L look, JournalEntry entry) throws Exception;

  /** Their hash as a multiset, as {@link Field#HASH_ARCHIVED} has it; null if that is unknown. */
  protected abstract @Nullable String archivedHash(L look, JournalEntry entry) throws Exception;

  /** Hands the archived rows over, one after the other. */
  protected abstract void archivedRows(L look, JournalEntry entry, Consumer<ArchivedRow> each)
      throws Exception;

  /**
   * Drops the archived rows of a migration, the archive where nothing else is in it, and what else
   * the migration kept; writes {@link JournalEntry#dropped} into the journal.
   *
   * @return what was dropped, as the engine shows it
   */
  protected abstract List<String> drop(L look, MigrationRun run) throws Exception;

  /** Makes a {@link StorageException} of what was tried, as a verb phrase, and what was thrown. */
  protected abstract StorageException classify(String action, Exception failure);

  /** Further faults of a finished migration, one sentence each; none by default. */
  protected List<String> faults(L look, JournalEntry entry) throws Exception {
    return List.of();
  }

  /**
   * Whether an undo that was interrupted has brought back either no row or all: true where it is
   * one transaction. Else the archive may lack rows that are back already.
   */
  protected boolean isRestoreAtomic() {
    return true;
  }

  // ---- what there is ---------------------------------------------------------------------------

  /** Whether the table is there at all. */
  public final boolean tableExists() {
    return guarded("look at the table " + asked, () -> look().exists());
  }

  /**
   * Whether the table lacks what this release needs, has rows without a version, or a migration of
   * it was interrupted. Cheap enough for every start.
   */
  public final boolean isNeeded() {
    return guarded(
        "look at the table " + asked,
        () -> {
          L look = look();
          return isNeeded(look, unfinished(look));
        });
  }

  private boolean isNeeded(L look, Optional<JournalEntry> unfinished) throws Exception {
    return look.exists()
        && (unfinished.isPresent()
            || look.constraint() != ConstraintState.PRESENT
            || !look.missingColumns().isEmpty()
            || (look.isOwn() && look.hasRowsWithoutVersion()));
  }

  /**
   * Whether columns are all that our own table lacks, so that no row has to be looked at once they
   * are there.
   */
  protected final boolean lacksColumnsAlone(L look) throws Exception {
    return look.exists()
        && !look.missingColumns().isEmpty()
        && look.constraint() == ConstraintState.PRESENT
        && unfinished(look).isEmpty()
        && !look.hasRowsWithoutVersion();
  }

  private List<JournalEntry> entries(L look) throws Exception {
    return journal(look).stream()
        .filter(entry -> entry.isAbout(look.identity()))
        .sorted(
            (a, b) -> {
              int order = b.startedAt().compareTo(a.startedAt());
              return order != 0 ? order : b.migrationId().compareTo(a.migrationId());
            })
        .toList();
  }

  private Optional<JournalEntry> unfinished(L look) throws Exception {
    return look.exists()
        ? entries(look).stream().filter(JournalEntry::isOpen).findFirst()
        : Optional.empty();
  }

  private JournalEntry known(L look, String migrationId) throws Exception {
    return entries(look).stream()
        .filter(entry -> entry.migrationId().equals(migrationId))
        .findFirst()
        .orElseThrow(
            () ->
                new StorageException(
                    FailureKind.INVALID,
                    "There is no migration "
                        + migrationId
                        + " of "
                        + look.identity()
                        + ". 'tracekeep migrate list' shows those there are.",
                    null));
  }

  private JournalEntry knownIn(L look, String migrationId, List<State> states, String done)
      throws Exception {
    JournalEntry entry = known(look, migrationId);
    if (!states.contains(entry.state())) {
      throw new StorageException(
          FailureKind.INVALID,
          "The migration "
              + migrationId
              + " of "
              + look.identity()
              + " is "
              + entry.state().name().toLowerCase(Locale.ROOT)
              + ": only a finished one can be "
              + done
              + ".",
          null);
    }
    return entry;
  }

  private L existing() throws Exception {
    L look = look();
    if (!look.exists()) {
      throw new StorageException(
          FailureKind.INVALID,
          "There is no table " + look.identity() + ". Check its name and schema.",
          null);
    }
    return look;
  }

  // ---- plan ------------------------------------------------------------------------------------

  @Override
  public final MigrationPlan plan(MigrationOptions options) {
    return guarded(
        "plan the migration of " + asked,
        () -> {
          L look = look();
          if (!look.exists() && look.isOwn()) {
            return new MigrationPlan(
                look.identity().toString(),
                0,
                0,
                0,
                0,
                ConstraintState.ABSENT,
                List.of(),
                List.of(),
                null);
          }
          look = existing();
          Optional<JournalEntry> unfinished = unfinished(look);
          return plan(look, unfinished, run(look, unfinished, options));
        });
  }

  private MigrationRun run(L look, Optional<JournalEntry> unfinished, MigrationOptions options)
      throws Exception {
    return new MigrationRun(
        look.identity(),
        unfinished.isPresent() ? unfinished.get() : begun(look, options),
        options,
        UndoOptions.DEFAULT,
        MigrationListener.NONE,
        () -> {},
        clock);
  }

  private JournalEntry begun(L look, MigrationOptions options) throws Exception {
    String archive = options.archiveTable();
    Instant now = clock.instant();
    return JournalEntry.begun(
        MigrationRecord.newId(now),
        look,
        archive == null ? ArchiveNames.archive(look.identity().name()) : archive,
        now);
  }

  private MigrationPlan plan(L look, Optional<JournalEntry> unfinished, MigrationRun run)
      throws Exception {
    boolean needed = isNeeded(look, unfinished);
    RowCounts counts = look.counts();
    List<MigrationPlan.Step> steps = new ArrayList<>();
    if (needed) {
      for (Stage stage : forth(look, run)) {
        steps.add(new MigrationPlan.Step(stage.step(), stage.statement()));
      }
    }
    return new MigrationPlan(
        look.identity().toString(),
        counts.rows(),
        counts.keys(),
        counts.groups(),
        counts.surplus(),
        look.constraint(),
        steps,
        needed ? refusals(look, counts, unfinished) : List.of(),
        unfinished.map(JournalEntry::migrationId).orElse(null),
        details(look, counts, needed, run.entry()),
        look.missingColumns());
  }

  private List<String> refusals(L look, RowCounts counts, Optional<JournalEntry> unfinished)
      throws Exception {
    List<String> refusals = new ArrayList<>(look.refusals());
    if (counts.rowsWithoutKey() > 0) {
      refusals.add(
          counts.rowsWithoutKey()
              + " rows of "
              + look.identity()
              + " have no trace id or span id: give them one or delete them.");
    }
    if (counts.rowsWithoutTenant() > 0) {
      refusals.add(
          counts.rowsWithoutTenant()
              + " rows of "
              + look.identity()
              + " have no tenant in "
              + look.keyColumns().get(0)
              + ": give them one or delete them.");
    }
    unfinished.ifPresent(entry -> refuseOtherwiseBegun(look, entry, refusals));
    return refusals;
  }

  private void refuseOtherwiseBegun(L look, JournalEntry entry, List<String> refusals) {
    String id = entry.migrationId();
    if (entry.state() == State.UNDOING) {
      refusals.add(
          "Taking back the migration "
              + id
              + " was interrupted: run 'tracekeep migrate undo "
              + id
              + "' again first.");
    }
    if (!entry.columns(Field.KEY_COLUMNS).equals(look.keyColumns())) {
      refusals.add(
          "The interrupted migration "
              + id
              + " has the key columns "
              + entry.columns(Field.KEY_COLUMNS)
              + ", not "
              + look.keyColumns()
              + ": finish it with those.");
    }
    if (entry.isOwn().filter(own -> own != look.isOwn()).isPresent()) {
      refusals.add(
          "The interrupted migration "
              + id
              + " took the table for "
              + (look.isOwn() ? "another system's" : "the store's own")
              + ", and now it is "
              + (look.isOwn() ? "the store's own" : "another system's")
              + ": run 'tracekeep migrate undo "
              + id
              + "', then apply again.");
    }
  }

  private Details details(L look, RowCounts counts, boolean needed, JournalEntry entry)
      throws Exception {
    Details details = look.details();
    if (!needed) {
      return details;
    }
    List<String> notes = new ArrayList<>(details.notes());
    notes.add("Take a backup first: the archive is in the same database as the table.");
    notes.add(
        "It can be undone as long as "
            + entry.archive()
            + " has its rows, until 'tracekeep migrate drop'.");
    return new Details(
        details.largestGroups().isEmpty() ? counts.largestGroups() : details.largestGroups(),
        details.archiveBytes(),
        details.dependents(),
        details.estimate(),
        details.lock(),
        notes);
  }

  // ---- forth -----------------------------------------------------------------------------------

  @Override
  public final MigrationReport apply(MigrationOptions options, MigrationListener listener) {
    return guarded(
        "migrate " + asked,
        () -> {
          L look = existing();
          if (!isNeeded(look, unfinished(look))) {
            // Found without the lock, which leaves a table behind on some engines.
            Optional<JournalEntry> none = Optional.empty();
            return MigrationReport.nothingToDo(plan(look, none, run(look, none, options)));
          }
          try (MigratorLock lock = lock(look)) {
            return apply(options, listener, lock);
          }
        });
  }

  private MigrationReport apply(
      MigrationOptions options, MigrationListener listener, MigratorLock lock) throws Exception {
    Instant started = clock.instant();
    L look = existing();
    Optional<JournalEntry> unfinished = unfinished(look);
    if (!isNeeded(look, unfinished)) {
      return MigrationReport.nothingToDo(plan(look, unfinished, run(look, unfinished, options)));
    }
    List<String> refusals = refusals(look, look.counts(), unfinished);
    if (!refusals.isEmpty()) {
      throw new StorageException(
          FailureKind.CONFIGURATION,
          "The migration of "
              + look.identity()
              + " is refused, nothing was changed. "
              + String.join(" ", refusals),
          null);
    }
    MigrationRun run =
        new MigrationRun(
            look.identity(),
            unfinished.isPresent() ? unfinished.get() : begun(look, options),
            options,
            UndoOptions.DEFAULT,
            listener,
            lock,
            clock);
    run.run(forth(look, run));
    JournalEntry done = run.entry();
    if (!done.equationHeld().orElse(true)) {
      throw new StorageException(
          FailureKind.PERMANENT,
          "The migration "
              + done.migrationId()
              + " of "
              + look.identity()
              + " ended, but its archive "
              + done.archive()
              + " does not have the "
              + done.count(Field.ROWS_ARCHIVED)
              + " rows that were moved into it: something changed it meanwhile. Bring the archive"
              + " back from a backup; 'tracekeep migrate verify "
              + done.migrationId()
              + "' compares it with what was moved.",
          null);
    }
    return new MigrationReport(
        done.migrationId(),
        look.identity().toString(),
        unfinished.isPresent() ? Outcome.RESUMED : Outcome.MIGRATED,
        done.count(Field.ROWS_BEFORE),
        done.count(Field.ROWS_AFTER),
        done.count(Field.ROWS_ARCHIVED),
        done.count(Field.DUPLICATE_GROUPS),
        done.archive(),
        Duration.between(started, clock.instant()));
  }

  // ---- check -----------------------------------------------------------------------------------

  @Override
  public final VerifyReport verify(String migrationId) {
    return guarded(
        "verify the migration " + migrationId,
        () -> {
          L look = existing();
          return verify(look, knownIn(look, migrationId, List.of(State.FINISHED), "verified"));
        });
  }

  private VerifyReport verify(L look, JournalEntry entry) throws Exception {
    long before = entry.count(Field.ROWS_BEFORE);
    long after = entry.count(Field.ROWS_AFTER);
    // Releases before 0.1.0 wrote down neither the number nor the hash of the archived rows.
    long moved = entry.number(Field.ROWS_ARCHIVED).orElse(before - after);
    List<String> faults = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    checkEquation(entry, before, after, moved, faults, notes);
    long archived = archivedRows(look, entry);
    if (entry.isDropped()) {
      notes.add("The archived rows were dropped on purpose, and were not looked at.");
    } else {
      checkArchive(look, entry, moved, archived, faults);
    }
    RowCounts counts = look.counts();
    if (counts.groups() > 0) {
      faults.add(counts.groups() + " keys have more than one row.");
    }
    if (look.isOwn() && counts.rowsWithoutVersion() > 0) {
      faults.add(counts.rowsWithoutVersion() + " rows have no version.");
    }
    if (look.constraint() != ConstraintState.PRESENT) {
      faults.add(
          "The uniqueness constraint is "
              + look.constraint().name().toLowerCase(Locale.ROOT)
              + ".");
    }
    faults.addAll(faults(look, entry));
    if (counts.rows() != after) {
      notes.add(
          "The table had "
              + after
              + " rows when the migration ended and has "
              + counts.rows()
              + " now: writers added or deleted some since.");
    }
    return new VerifyReport(entry.migrationId(), before, after, archived, faults, notes);
  }

  /**
   * What was counted and hashed when the migration ended: before = after + archived. Each batch has
   * compared what it took out of the table with what it put into the archive, so what differs
   * beside that is what others did.
   */
  private static void checkEquation(
      JournalEntry entry,
      long before,
      long after,
      long moved,
      List<String> faults,
      List<String> notes) {
    long missing = before - after - moved;
    boolean sameRows = entry.text(Field.HASH_BEFORE).equals(entry.text(Field.HASH_AFTER));
    if (missing == 0 && sameRows) {
      return;
    }
    if (missing < 0) {
      notes.add(-missing + " rows were added by writers while the migration ran.");
    } else if (entry.equationHeld().isPresent()) {
      notes.add(
          missing > 0
              ? missing
                  + " rows were deleted by writers, or by triggers of theirs, while the migration"
                  + " ran."
              : "Rows were changed by writers while the migration ran.");
    } else {
      faults.add(
          missing > 0
              ? missing
                  + " rows were neither in the table nor in the archive when the migration ended: "
                  + before
                  + " before, "
                  + after
                  + " after, "
                  + moved
                  + " archived."
              : "The rows after and archived were as many as before, but not the same rows:"
                  + " something changed them while the migration ran.");
    }
  }

  private void checkArchive(
      L look, JournalEntry entry, long moved, long archived, List<String> faults) throws Exception {
    if (archived != moved) {
      faults.add(
          "The archive "
              + entry.archive()
              + " has "
              + archived
              + " rows of this migration, and "
              + moved
              + " were moved into it.");
      return;
    }
    Optional<String> recorded = entry.text(Field.HASH_ARCHIVED);
    if (recorded.isPresent() && moved > 0) {
      String now = archivedHash(look, entry);
      if (now != null && !now.equals(recorded.get())) {
        faults.add(
            "The archive "
                + entry.archive()
                + " has as many rows as were moved, but not the same: something changed them.");
      }
    }
  }

  // ---- back ------------------------------------------------------------------------------------

  @Override
  public final UndoPlan planUndo(String migrationId) {
    return guarded(
        "look at the migration " + migrationId,
        () -> {
          L look = existing();
          return planUndo(look, undoable(look, migrationId));
        });
  }

  private JournalEntry undoable(L look, String migrationId) throws Exception {
    JournalEntry entry = known(look, migrationId);
    String why =
        entry.state() == State.UNDONE
            ? " is undone already."
            : entry.isDropped()
                ? " cannot be undone: what it kept was dropped on "
                    + entry.note(JournalEntry.DROPPED_AT).orElseThrow()
                    + "."
                : null;
    if (why != null) {
      throw new StorageException(
          FailureKind.INVALID,
          "The migration " + migrationId + " of " + look.identity() + why,
          null);
    }
    return entry;
  }

  private UndoPlan planUndo(L look, JournalEntry entry) throws Exception {
    UndoPlan found = lookBack(look, entry);
    List<String> obstacles = new ArrayList<>(found.obstacles());
    long archived = archivedRows(look, entry);
    long moved =
        entry
            .number(Field.ROWS_ARCHIVED)
            .orElse(
                entry.state() == State.FINISHED
                    ? entry.count(Field.ROWS_BEFORE) - entry.count(Field.ROWS_AFTER)
                    : 0);
    boolean someMayBeBack = entry.state() == State.UNDOING && !isRestoreAtomic();
    if (archived < moved && !someMayBeBack) {
      obstacles.add(
          "The archive "
              + entry.archive()
              + " has "
              + archived
              + " of the "
              + moved
              + " rows that were moved into it: bring it back from a backup.");
    }
    return new UndoPlan(
        found.migrationId(),
        found.rowsToRestore(),
        found.rowsOfDeletedKeys(),
        found.changedKeys(),
        obstacles);
  }

  @Override
  public final MigrationRecord undo(
      String migrationId, UndoOptions options, MigrationListener listener) {
    return guarded(
        "take back the migration " + migrationId,
        () -> {
          L look = existing();
          undoable(look, migrationId);
          try (MigratorLock lock = lock(look)) {
            return undo(migrationId, options, listener, lock);
          }
        });
  }

  private MigrationRecord undo(
      String migrationId, UndoOptions options, MigrationListener listener, MigratorLock lock)
      throws Exception {
    L look = existing();
    JournalEntry entry = undoable(look, migrationId);
    List<String> obstacles = planUndo(look, entry).obstacles();
    if (!obstacles.isEmpty()) {
      throw new StorageException(
          FailureKind.CONFIGURATION,
          "The migration "
              + migrationId
              + " of "
              + look.identity()
              + " cannot be undone, nothing was changed. "
              + String.join(" ", obstacles),
          null);
    }
    MigrationRun run =
        new MigrationRun(
            look.identity(), entry, MigrationOptions.DEFAULT, options, listener, lock, clock);
    run.run(back(look, run));
    return run.entry().toRecord(look.identity(), archivedRows(look(), run.entry()));
  }

  // ---- what was kept ---------------------------------------------------------------------------

  @Override
  public final void archived(String migrationId, Consumer<ArchivedRow> each) {
    guarded(
        "read the archive of the migration " + migrationId,
        () -> {
          L look = existing();
          archivedRows(
              look,
              known(look, migrationId),
              row -> {
                try {
                  each.accept(row);
                } catch (Throwable e) {
                  throw new CallersOwn(e);
                }
              });
          return true;
        });
  }

  @Override
  public final List<String> drop(String migrationId) {
    return guarded(
        "drop what the migration " + migrationId + " kept",
        () -> {
          L look = existing();
          droppable(look, migrationId);
          try (MigratorLock lock = lock(look)) {
            return drop(migrationId, lock);
          }
        });
  }

  private JournalEntry droppable(L look, String migrationId) throws Exception {
    return knownIn(look, migrationId, List.of(State.FINISHED, State.UNDONE), "dropped");
  }

  private List<String> drop(String migrationId, MigratorLock lock) throws Exception {
    L look = existing();
    JournalEntry entry = droppable(look, migrationId);
    if (entry.isDropped()) {
      return List.of();
    }
    if (entry.state() == State.FINISHED) {
      List<String> faults = verify(look, entry).faults();
      if (!faults.isEmpty()) {
        throw new StorageException(
            FailureKind.CONFIGURATION,
            "The migration "
                + migrationId
                + " of "
                + look.identity()
                + " is not sound, so nothing of it was dropped. "
                + String.join(" ", faults),
            null);
      }
    }
    MigrationRun run =
        new MigrationRun(
            look.identity(),
            entry,
            MigrationOptions.DEFAULT,
            UndoOptions.DEFAULT,
            MigrationListener.NONE,
            lock,
            clock);
    return drop(look, run);
  }

  @Override
  public final List<MigrationRecord> history() {
    return guarded(
        "list the migrations of " + asked,
        () -> {
          L look = look();
          if (!look.exists()) {
            return List.<MigrationRecord>of();
          }
          List<MigrationRecord> records = new ArrayList<>();
          for (JournalEntry entry : entries(look)) {
            records.add(entry.toRecord(look.identity(), archivedRows(look, entry)));
          }
          return List.copyOf(records);
        });
  }

  // ---- failures --------------------------------------------------------------------------------

  @FunctionalInterface
  private interface Guarded<T> {
    T call() throws Exception;
  }

  private <T> T guarded(String action, Guarded<T> work) {
    try {
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedException();
      }
      return work.call();
    } catch (CallersOwn e) {
      throw e.rethrown();
    } catch (StorageException e) {
      throw e;
    } catch (IllegalArgumentException e) {
      throw new StorageException(FailureKind.CONFIGURATION, e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StorageException(
          FailureKind.INTERRUPTED, "Could not " + action + ": the thread was interrupted.", e);
    } catch (Exception e) {
      throw classify(action, e);
    }
  }
}
