package dev.tracekeep.dedupe;

import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationProgress;
import dev.tracekeep.migration.MigrationProgress.Phase;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.migration.UndoOptions;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One attempt to migrate a table, or to take a migration back: what is written down about it, what
 * was asked for, and who is told. Stages advance its entry. Used by one thread.
 */
public final class MigrationRun {
  private final MigrationOptions options;
  private final UndoOptions undoOptions;
  private final MigrationListener listener;
  private final MigratorLock lock;
  private final Clock clock;
  private final RemovedRows removed;
  private JournalEntry entry;
  private Instant last = Instant.MIN;

  MigrationRun(
      TableIdentity table,
      JournalEntry entry,
      MigrationOptions options,
      UndoOptions undoOptions,
      MigrationListener listener,
      MigratorLock lock,
      Clock clock) {
    this.entry = entry;
    this.options = options;
    this.undoOptions = undoOptions;
    this.listener = listener;
    this.lock = lock;
    this.clock = clock;
    this.removed = new RemovedRows(table, entry.archive(), options.loggedRows(), options.audit());
  }

  /** Names the migration. */
  public String migrationId() {
    return entry.migrationId();
  }

  /** What is written down, or will be by the first stage. */
  public JournalEntry entry() {
    return entry;
  }

  /** Takes over an entry that the engine has written into the journal, after the commit. */
  public void advance(JournalEntry written) {
    entry = written;
  }

  /** What was asked for. */
  public MigrationOptions options() {
    return options;
  }

  /** What was asked for, when a migration is taken back. */
  public UndoOptions undoOptions() {
    return undoOptions;
  }

  /** The rows that this attempt removes. */
  public RemovedRows removed() {
    return removed;
  }

  /** The lock of this migrator. */
  public MigratorLock lock() {
    return lock;
  }

  /** The time by this process's clock; never the same twice, so that it can name a batch. */
  public Instant now() {
    Instant now = clock.instant();
    last = now.isAfter(last) ? now : last.plusNanos(1_000);
    return last;
  }

  /** Rests between two batches, as the options ask for. */
  public void pause() throws InterruptedException {
    if (!options.pause().isZero()) {
      TimeUnit.NANOSECONDS.sleep(options.pause().toNanos());
    }
  }

  void run(List<Stage> stages) throws Exception {
    for (Stage stage : stages) {
      stage.work().run(telling(stage.step()));
    }
  }

  private Stage.Telling telling(MigrationStep step) {
    return (name, done, total, statement) -> {
      lock.keep();
      tell(step, Phase.BEFORE, name, done, total);
      long now = statement.run();
      tell(step, Phase.AFTER, name, now, total);
      return now;
    };
  }

  private void tell(
      MigrationStep step, Phase phase, String statement, long done, @Nullable Long total) {
    try {
      listener.onProgress(
          new MigrationProgress(migrationId(), step, phase, statement, done, total));
    } catch (Throwable e) {
      throw new CallersOwn(e);
    }
  }
}
