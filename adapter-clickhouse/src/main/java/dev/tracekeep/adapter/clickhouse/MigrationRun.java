package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.adapter.clickhouse.MigrationJournal.Count;
import dev.tracekeep.adapter.clickhouse.MigrationJournal.Entry;
import dev.tracekeep.adapter.clickhouse.MigrationJournal.Phase;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationProgress;
import dev.tracekeep.migration.MigrationRecord.State;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.time.Clock;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One attempt to bring a migration to its end. The old table is never changed: a new one is built
 * beside it from a snapshot, and takes its name when every row has been counted. Each step can be
 * repeated, and the journal says which ones are done; which table is which is told by their UUIDs,
 * so a kill between a statement and the journal does no harm.
 */
final class MigrationRun {
  private static final Logger LOG = LoggerFactory.getLogger("dev.tracekeep.migration");

  /** Each batch looks through the keys of the whole snapshot, so there are not many. */
  private static final int MOST_BATCHES = 100;

  /** For how many rows the server holds versions in memory at once: about 2 GB. */
  private static final long ROWS_A_SLICE = 20_000_000;

  private final MigratedTable table;
  private final MigratorSession session;
  private final MigrationJournal journal;
  private final MigrationOptions options;
  private final MigrationListener listener;
  private final Clock clock;
  private Entry entry;
  private TableShape old;
  private DuplicateRows rows;

  MigrationRun(
      MigratedTable table,
      MigratorSession session,
      MigrationJournal journal,
      MigrationOptions options,
      MigrationListener listener,
      Clock clock,
      Entry entry)
      throws Exception {
    this.table = table;
    this.session = session;
    this.journal = journal;
    this.options = options;
    this.listener = listener;
    this.clock = clock;
    this.entry = entry;
    this.old = MigrationUndo.oldTable(table, entry);
    this.rows = table.duplicates(old, entry.carried());
  }

  /** What a step does. */
  @FunctionalInterface
  interface Work {
    void run() throws Exception;
  }

  private void tell(
      MigrationStep step,
      MigrationProgress.Phase phase,
      String statement,
      long done,
      @Nullable Long total) {
    listener.onProgress(
        new MigrationProgress(entry.migrationId(), step, phase, statement, done, total));
  }

  private void step(MigrationStep step, String statement, Work work) throws Exception {
    tell(step, MigrationProgress.Phase.BEFORE, statement, 0, null);
    work.run();
    tell(step, MigrationProgress.Phase.AFTER, statement, 0, null);
  }

  private void reached(Phase phase) throws Exception {
    entry = journal.write(entry.with(phase));
  }

  Entry run() throws Exception {
    if (!entry.isPast(Phase.PREPARED)) {
      prepare();
    }
    if (!entry.isPast(Phase.RANKED)) {
      rank();
    }
    if (!entry.isPast(Phase.ARCHIVED)) {
      archive();
    }
    if (!entry.isPast(Phase.COPIED)) {
      copy();
    }
    if (!entry.isPast(Phase.CAUGHT_UP)) {
      step(
          MigrationStep.CONSTRAIN,
          "late rows",
          () -> {
            late().takeOver(1, table.qualified(table.name()), rows.fresh);
            entry =
                entry.with(
                    Count.NEW_BLOCK, late().lastBlock(DuplicateRows.freshName(table.name())));
            reached(Phase.CAUGHT_UP);
          });
    }
    if (!entry.isPast(Phase.SWAPPED)) {
      swap();
    }
    if (!entry.isPast(Phase.TAKEN_OVER)) {
      takeOverTheLast();
    }
    finish();
    return entry;
  }

  // ---- before anything is moved ----------------------------------------------------------------

  private void prepare() throws Exception {
    step(
        MigrationStep.PREPARE,
        "journal",
        () -> {
          journal.createIfAbsent();
          entry = journal.write(entry);
        });
    step(
        MigrationStep.PREPARE,
        "snapshot",
        () -> {
          takeSnapshot();
          createTables();
          entry =
              entry
                  .with(Count.ROWS_BEFORE, session.number("SELECT count() FROM " + rows.snapshot))
                  .with(Count.ROWS_LATE, 0);
          reached(Phase.PREPARED);
        });
  }

  private void createTables() throws Exception {
    requireNoOldTable();
    boolean isNew = table.uuid(DuplicateRows.archiveName(table.name())).isEmpty();
    session.execute(isNew ? rows.createArchive() : rows.completeArchive());
    for (String work : List.of(rows.fresh, rows.ranks, rows.versions)) {
      session.execute("DROP TABLE IF EXISTS " + work);
    }
    session.execute(table.createStatement(old));
    session.execute(rows.createRanks());
    session.execute(rows.createVersions());
  }

  /**
   * Whatever became of the journal: a table that has the new one's name and is not like it may be
   * the old one of a migration that was killed as the two changed places.
   */
  private void requireNoOldTable() throws Exception {
    String fresh = DuplicateRows.freshName(table.name());
    TableShape there = table.shape(fresh).orElse(null);
    if (there != null && !there.replacesBy(entry.key())) {
      throw new StorageException(
          FailureKind.CONFIGURATION,
          "There is a table "
              + fresh
              + " that no migration made, or that is the old one of a migration that nobody knows of."
              + " Look what it holds, and rename it.",
          null);
    }
  }

  /** Links the parts of the table, which costs no copy of them and stands still from then on. */
  private void takeSnapshot() throws Exception {
    session.execute("DROP TABLE IF EXISTS " + rows.snapshot);
    // Asked for first: a part that comes in between counts as late and is compared exactly.
    entry = entry.with(Count.SNAPSHOT_BLOCK, late().lastBlock(table.name()));
    session.execute(old.createSnapshot(DuplicateRows.snapshotName(table.name())));
    List<String> partitions =
        session
            .client()
            .list(
                "SELECT DISTINCT partition_id FROM system.parts WHERE active AND database = "
                    + SqlText.literal(table.database())
                    + " AND table = "
                    + SqlText.literal(table.name()),
                RowBinaryReader::text);
    for (String partition : partitions) {
      session.execute(
          "ALTER TABLE "
              + rows.snapshot
              + " ATTACH PARTITION ID "
              + SqlText.literal(partition)
              + " FROM "
              + table.qualified(table.name()));
    }
  }

  private void rank() throws Exception {
    if (table.versionsAreWorkedOut(old)) {
      step(
          MigrationStep.ADD_COLUMNS,
          "versions",
          () -> {
            session.execute("TRUNCATE TABLE " + rows.versions);
            late().workOutVersions(rows.snapshot, "1");
          });
    }
    step(
        MigrationStep.FIND_DUPLICATES,
        "duplicate keys",
        () -> {
          late().dropRound(0);
          session.execute(rows.ranking.rank());
          entry =
              entry.with(
                  Count.DUPLICATE_GROUPS,
                  session.number(
                      "SELECT count() FROM " + rows.ranks + " WHERE round = 0 AND kept"));
          reached(Phase.RANKED);
        });
  }

  // ---- into the archive and the new table ------------------------------------------------------

  private void archive() throws Exception {
    long total = session.number(rows.moving.movedIn(0));
    long batch = Math.max(options.batchRows(), total / MOST_BATCHES);
    long from = 0;
    for (int number = 1; from < total; number++) {
      String statement = "batch " + number;
      tell(MigrationStep.ARCHIVE, MigrationProgress.Phase.BEFORE, statement, from, total);
      long end = session.number(rows.moving.endOfBatch(0, from, batch));
      session.execute(rows.moving.archive(rows.snapshot, entry.migrationId(), 0, from, end));
      from = end;
      tell(MigrationStep.ARCHIVE, MigrationProgress.Phase.AFTER, statement, from, total);
    }
    logRemovedRows();
    reached(Phase.ARCHIVED);
  }

  private void logRemovedRows() throws Exception {
    String key = TableShape.names(entry.key());
    String archive = DuplicateRows.archiveName(table.name());
    int[] seen = {0};
    session.forEach(
        "SELECT arrayStringConcat(["
            + entry.key().stream()
                .map(column -> "toString(" + SqlText.name(column) + ")")
                .reduce((a, b) -> a + ", " + b)
                .orElseThrow()
            + "], '/'), dedupe_reason FROM "
            + rows.archive
            + " WHERE "
            + DuplicateRows.MIGRATION_ID
            + " = "
            + SqlText.literal(entry.migrationId())
            + " ORDER BY "
            + key
            + " LIMIT "
            + (options.loggedRows() + 1),
        row -> {
          String lost = row.text();
          String reason = row.text();
          if (++seen[0] <= options.loggedRows()) {
            LOG.info("{}: moved {} to {}: {}", table.name(), lost, archive, reason);
          } else {
            LOG.info(
                "{}: more rows are moved than are logged one by one; {} has them all",
                table.name(),
                archive);
          }
        });
  }

  private void copy() throws Exception {
    step(
        MigrationStep.CONSTRAIN,
        "copy",
        () -> {
          session.execute("TRUNCATE TABLE " + rows.fresh);
          int slices =
              table.versionsAreWorkedOut(old)
                  ? (int) Math.min(256, 1 + entry.count(Count.ROWS_BEFORE) / ROWS_A_SLICE)
                  : 1;
          for (int slice = 0; slice < slices; slice++) {
            session.execute(rows.moving.copySingles(slice, slices));
          }
          session.execute(rows.moving.copyWinners(rows.snapshot, rows.fresh, 0));
          requireSameRows();
          for (String statement : old.allowMerges(DuplicateRows.freshName(table.name()))) {
            session.execute(statement);
          }
          reached(Phase.COPIED);
        });
  }

  /** Before = after + archived, as multisets. */
  private void requireSameRows() throws Exception {
    List<Long> before = session.numbers(rows.fingerprint(rows.snapshot, "1"), 3);
    List<Long> after = session.numbers(rows.fingerprint(rows.fresh, "1"), 3);
    List<Long> archived =
        session.numbers(rows.fingerprint(rows.archive, ofMigration(entry.migrationId())), 3);
    for (int i = 0; i < before.size(); i++) {
      if (before.get(i) != after.get(i) + archived.get(i)) {
        throw new StorageException(
            FailureKind.PERMANENT,
            "The table "
                + table.name()
                + " has "
                + before.get(0)
                + " rows, the new one "
                + after.get(0)
                + " and the archive "
                + archived.get(0)
                + ", and together they are not the same. The table was left as it is. Run 'tracekeep"
                + " migrate undo "
                + entry.migrationId()
                + "', then apply again.",
            null);
      }
    }
  }

  static String ofMigration(String migrationId) {
    return DuplicateRows.MIGRATION_ID + " = " + SqlText.literal(migrationId);
  }

  // ---- the new table takes the old one's place -------------------------------------------------

  private void swap() throws Exception {
    String fresh = DuplicateRows.freshName(table.name());
    step(
        MigrationStep.CONSTRAIN,
        "exchange",
        () -> {
          if (table.uuid(table.name()).orElseThrow().equals(entry.oldUuid())) {
            session.execute(
                "EXCHANGE TABLES " + table.qualified(table.name()) + " AND " + rows.fresh);
          }
        });
    step(
        MigrationStep.CONSTRAIN,
        "rename",
        () -> {
          if (table.uuid(fresh).isPresent()) {
            session.execute("RENAME TABLE " + rows.fresh + " TO " + table.qualified(entry.kept()));
          }
          reached(Phase.SWAPPED);
        });
  }

  /**
   * Takes over what came into the old table while it changed places: an insert that had begun
   * before goes on into it.
   */
  private void takeOverTheLast() throws Exception {
    step(
        MigrationStep.CONSTRAIN,
        "last rows",
        () -> {
          entry = entry.with(Count.OLD_BLOCK, late().takeOverTheLast(options.lockTimeout()));
          List<Long> planned =
              session.numbers("SELECT sum(archived), sum(late) FROM " + rows.ranks, 2);
          requireArchived(planned.get(0));
          entry =
              entry.with(Count.ROWS_ARCHIVED, planned.get(0)).with(Count.ROWS_LATE, planned.get(1));
          reached(Phase.TAKEN_OVER);
        });
  }

  private void requireArchived(long planned) throws Exception {
    long archived =
        session.number(
            "SELECT count() FROM " + rows.archive + " WHERE " + ofMigration(entry.migrationId()));
    if (planned != archived) {
      throw new StorageException(
          FailureKind.PERMANENT,
          "The archive "
              + rows.archive
              + " has "
              + archived
              + " rows of this migration, not "
              + planned
              + ". The old table is kept as "
              + entry.kept()
              + ". Run 'tracekeep migrate undo "
              + entry.migrationId()
              + "', then apply again.",
          null);
    }
  }

  private LateRows late() {
    return new LateRows(table, session, old, rows, entry);
  }

  private void finish() throws Exception {
    step(
        MigrationStep.FINISH,
        "journal",
        () -> {
          for (String work : List.of(rows.snapshot, rows.ranks, rows.versions)) {
            session.execute("DROP TABLE IF EXISTS " + work);
          }
          entry = journal.write(entry.with(Phase.FINISHED).with(State.FINISHED, clock.instant()));
        });
  }
}
