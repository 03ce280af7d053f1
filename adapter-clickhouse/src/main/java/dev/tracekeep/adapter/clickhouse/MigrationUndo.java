package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.adapter.clickhouse.MigrationJournal.Count;
import dev.tracekeep.adapter.clickhouse.MigrationJournal.Entry;
import dev.tracekeep.adapter.clickhouse.MigrationRun.Work;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationProgress;
import dev.tracekeep.migration.MigrationProgress.Phase;
import dev.tracekeep.migration.MigrationRecord.State;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;

/**
 * Takes a migration back: the old table, which was kept, gets the rows that were written since and
 * then its name. Every statement can be repeated; the UUIDs say which table is which.
 */
final class MigrationUndo {
  private final MigratedTable table;
  private final MigratorSession session;
  private final MigrationJournal journal;
  private final MigrationListener listener;
  private final Clock clock;
  private Entry entry;

  MigrationUndo(
      MigratedTable table,
      MigratorSession session,
      MigrationJournal journal,
      MigrationListener listener,
      Clock clock,
      Entry entry) {
    this.table = table;
    this.session = session;
    this.journal = journal;
    this.listener = listener;
    this.clock = clock;
    this.entry = entry;
  }

  /**
   * The table that a migration found, whatever it is called by now.
   *
   * @throws StorageException of kind {@code INVALID} if it is not there any more
   */
  static TableShape oldTable(MigratedTable table, Entry entry) throws Exception {
    for (String name : List.of(table.name(), entry.kept(), DuplicateRows.freshName(table.name()))) {
      if (table.uuid(name).filter(entry.oldUuid()::equals).isPresent()) {
        return table.shape(name).orElseThrow();
      }
    }
    throw new StorageException(
        FailureKind.INVALID,
        "The table from before the migration "
            + entry.migrationId()
            + " of "
            + table.name()
            + " is not there any more: it was dropped, by 'tracekeep migrate finish' or by hand,"
            + " so the migration can be neither finished nor undone. Its archived rows are in "
            + DuplicateRows.archiveName(table.name())
            + ".",
        null);
  }

  private void step(MigrationStep step, String statement, Work work) throws Exception {
    listener.onProgress(
        new MigrationProgress(entry.migrationId(), step, Phase.BEFORE, statement, 0, null));
    work.run();
    listener.onProgress(
        new MigrationProgress(entry.migrationId(), step, Phase.AFTER, statement, 0, null));
  }

  Entry run() throws Exception {
    DuplicateRows rows = table.duplicates(oldTable(table, entry), entry.carried());
    String fresh = DuplicateRows.freshName(table.name());
    step(
        MigrationStep.RELEASE,
        "journal",
        () -> entry = journal.write(entry.with(State.UNDOING, clock.instant())));
    step(
        MigrationStep.RESTORE,
        "newer rows",
        () -> {
          if (!isBack()) {
            takeBack(rows, table.name(), kept());
          }
        });
    step(
        MigrationStep.RELEASE,
        "exchange",
        () -> {
          if (!isBack()) {
            session.execute(
                "EXCHANGE TABLES "
                    + table.qualified(table.name())
                    + " AND "
                    + table.qualified(kept()));
          }
        });
    step(
        MigrationStep.RESTORE,
        "last rows",
        () -> {
          LateRows.awaitInserts(session, Duration.ofSeconds(30));
          for (String name : List.of(entry.kept(), fresh)) {
            // Before the swap the new table has nothing but copies.
            if (entry.isPast(MigrationJournal.Phase.CAUGHT_UP) && table.uuid(name).isPresent()) {
              takeBack(rows, name, table.name());
            }
          }
        });
    step(
        MigrationStep.RESTORE,
        "archive and tables",
        () -> {
          requireBack();
          if (table.uuid(DuplicateRows.archiveName(table.name())).isPresent()) {
            session.execute(
                "ALTER TABLE "
                    + rows.archive
                    + " DELETE WHERE "
                    + MigrationRun.ofMigration(entry.migrationId()));
          }
          for (String left :
              List.of(
                  table.qualified(entry.kept()),
                  rows.fresh,
                  rows.snapshot,
                  rows.ranks,
                  rows.versions)) {
            session.execute("DROP TABLE IF EXISTS " + left);
          }
        });
    step(
        MigrationStep.RESTORE,
        "journal",
        () -> entry = journal.write(entry.with(State.UNDONE, clock.instant())));
    return entry;
  }

  private boolean isBack() throws Exception {
    return table.uuid(table.name()).orElseThrow().equals(entry.oldUuid());
  }

  /** The last look before tables are dropped: the one that has the name must be the old one. */
  private void requireBack() throws Exception {
    if (!isBack()) {
      throw new IllegalStateException("The table " + table.name() + " is not the old one");
    }
  }

  /** What the old table is called while the new one has its name. */
  private String kept() throws Exception {
    String fresh = DuplicateRows.freshName(table.name());
    return table.uuid(entry.kept()).isPresent() ? entry.kept() : fresh;
  }

  private void takeBack(DuplicateRows rows, String from, String into) throws Exception {
    session.execute(
        rows.moving.copyNewer(
            table.qualified(from), entry.count(Count.NEW_BLOCK), table.qualified(into)));
  }
}
