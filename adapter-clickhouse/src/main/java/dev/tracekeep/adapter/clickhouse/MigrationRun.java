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

  /** How often late rows are looked for once the table has changed places. */
  private static final int MOST_ROUNDS = 6;

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
            takeOver(1, table.qualified(table.name()), rows.fresh);
            entry = entry.with(Count.NEW_BLOCK, lastBlock(DuplicateRows.freshName(table.name())));
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
    step(MigrationStep.PREPARE, "snapshot", this::takeSnapshot);
    step(
        MigrationStep.PREPARE,
        "tables",
        () -> {
          session.execute(rows.createArchive());
          session.execute(rows.completeArchive());
          for (String work : List.of(rows.fresh, rows.ranks, rows.versions)) {
            session.execute("DROP TABLE IF EXISTS " + work + " SYNC");
          }
          session.execute(table.createStatement(old));
          session.execute(rows.createRanks());
          session.execute(rows.createVersions());
          entry =
              entry
                  .with(Count.ROWS_BEFORE, session.number("SELECT count() FROM " + rows.snapshot))
                  .with(Count.ROWS_LATE, 0);
          reached(Phase.PREPARED);
        });
  }

  /** Links the parts of the table, which costs no copy of them and stands still from then on. */
  private void takeSnapshot() throws Exception {
    session.execute("DROP TABLE IF EXISTS " + rows.snapshot + " SYNC");
    // Asked for first: a part that comes in between counts as late and is compared exactly.
    entry = entry.with(Count.SNAPSHOT_BLOCK, lastBlock(table.name()));
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

  private long lastBlock(String name) throws Exception {
    return session.number(
        "SELECT toInt64(max(max_block_number)) FROM system.parts WHERE active AND database = "
            + SqlText.literal(table.database())
            + " AND table = "
            + SqlText.literal(name));
  }

  private void rank() throws Exception {
    if (table.versionsAreWorkedOut(old)) {
      step(
          MigrationStep.ADD_COLUMNS,
          "versions",
          () -> {
            session.execute("TRUNCATE TABLE " + rows.versions);
            workOutVersions(rows.snapshot, "1");
          });
    }
    step(
        MigrationStep.FIND_DUPLICATES,
        "duplicate keys",
        () -> {
          dropRound(0);
          session.execute(rows.rank());
          entry =
              entry.with(
                  Count.DUPLICATE_GROUPS,
                  session.number(
                      "SELECT count() FROM " + rows.ranks + " WHERE round = 0 AND kept"));
          reached(Phase.RANKED);
        });
  }

  private void workOutVersions(String source, String condition) throws Exception {
    OwnVersions.write(
        session,
        rows.versions,
        "SELECT "
            + table.select(old)
            + ", "
            + rows.hash()
            + " FROM "
            + source
            + " WHERE "
            + condition);
  }

  private void dropRound(int round) throws Exception {
    session.execute("ALTER TABLE " + rows.ranks + " DROP PARTITION " + round);
  }

  // ---- into the archive and the new table ------------------------------------------------------

  private void archive() throws Exception {
    long total = session.number(rows.movedIn(0));
    long batch = Math.max(options.batchRows(), total / MOST_BATCHES);
    long from = 0;
    for (int number = 1; from < total; number++) {
      String statement = "batch " + number;
      tell(MigrationStep.ARCHIVE, MigrationProgress.Phase.BEFORE, statement, from, total);
      long end = session.number(rows.endOfBatch(0, from, batch));
      session.execute(rows.archive(rows.snapshot, entry.migrationId(), 0, from, end));
      from = end;
      tell(MigrationStep.ARCHIVE, MigrationProgress.Phase.AFTER, statement, from, total);
    }
    logRemovedRows();
    reached(Phase.ARCHIVED);
  }

  private void logRemovedRows() throws Exception {
    String key = TableShape.names(entry.key());
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
            LOG.info("{}: moved {} to {}: {}", table.name(), lost, rows.archive, reason);
          } else {
            LOG.info(
                "{}: more rows are moved than are logged one by one; {} has them all",
                table.name(),
                rows.archive);
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
            session.execute(rows.copySingles(slice, slices));
          }
          session.execute(rows.copyWinners(rows.snapshot, rows.fresh, 0));
        });
    step(
        MigrationStep.CONSTRAIN,
        "check",
        () -> {
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
          MigrationUndo.awaitInserts(session, options.lockTimeout());
          String kept = table.qualified(entry.kept());
          long last;
          int round = 2;
          do {
            last = lastBlock(entry.kept());
            takeOver(round++, kept, table.qualified(table.name()));
          } while (round < MOST_ROUNDS
              && session.number(
                      "SELECT count() FROM " + kept + " WHERE " + DuplicateRows.changedSince(last))
                  > 0);
          entry = entry.with(Count.OLD_BLOCK, last);
        });
    step(
        MigrationStep.FINISH,
        "check",
        () -> {
          long planned = session.number("SELECT sum(archived) FROM " + rows.ranks);
          long archived =
              session.number(
                  "SELECT count() FROM "
                      + rows.archive
                      + " WHERE "
                      + ofMigration(entry.migrationId()));
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
          entry =
              entry
                  .with(Count.ROWS_ARCHIVED, archived)
                  .with(Count.ROWS_LATE, session.number("SELECT sum(late) FROM " + rows.ranks));
          reached(Phase.TAKEN_OVER);
        });
  }

  /** Takes over the rows that a table has and neither the snapshot nor an earlier round. */
  private void takeOver(int round, String source, String into) throws Exception {
    dropRound(round);
    long block = entry.count(Count.SNAPSHOT_BLOCK);
    String changed = DuplicateRows.changedSince(block);
    if (session.number("SELECT count() FROM " + source + " WHERE " + changed) == 0) {
      return;
    }
    if (table.versionsAreWorkedOut(old)) {
      workOutVersions(source, rows.ofKeysChangedSince(source, block));
    }
    session.execute(rows.rankLate(source, block, round));
    session.execute(rows.copyWinners(source, into, round));
    long total = session.number(rows.movedIn(round));
    for (String origin : List.of(source, rows.snapshot)) {
      session.execute(rows.archive(origin, entry.migrationId(), round, 0, total));
    }
  }

  private void finish() throws Exception {
    step(
        MigrationStep.FINISH,
        "work tables",
        () -> {
          for (String work : List.of(rows.snapshot, rows.ranks, rows.versions)) {
            session.execute("DROP TABLE IF EXISTS " + work + " SYNC");
          }
        });
    step(
        MigrationStep.FINISH,
        "journal",
        () ->
            entry =
                journal.write(entry.with(Phase.FINISHED).with(State.FINISHED, clock.instant())));
  }
}
