package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.adapter.clickhouse.Remembered.Note;
import dev.tracekeep.adapter.clickhouse.Remembered.Phase;
import dev.tracekeep.dedupe.JournalEntry;
import dev.tracekeep.dedupe.JournalEntry.Field;
import dev.tracekeep.dedupe.MigrationRun;
import dev.tracekeep.dedupe.Stage;
import dev.tracekeep.dedupe.Stage.Telling;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a migration goes on to its end. The old table is never changed: a new one is built beside it
 * from a snapshot, and takes its name when every row has been counted. Each step can be repeated,
 * and the journal says which ones are done; which table is which is told by their UUIDs, so a kill
 * between a statement and the journal does no harm. Where somebody alters the table meanwhile, or
 * changes or deletes rows of it, all is built again from a new snapshot.
 */
final class ForwardStages {
  private static final Logger LOG = LoggerFactory.getLogger("dev.tracekeep.migration");

  /** Each batch looks through the keys of the whole snapshot, so there are not many. */
  private static final int MOST_BATCHES = 100;

  /** For how many rows the server holds versions in memory at once: about 2 GB. */
  private static final long ROWS_A_SLICE = 20_000_000;

  /** How often the new table is built again for a table that does not keep still. */
  private static final int MOST_REBUILDS = 3;

  private final MigratedTable table;
  private final MigratorSession session;
  private final MigrationJournal journal;
  private final MigrationRun run;
  private final WorkTables work;
  private final ArchivedRows archived;
  private @Nullable DuplicateRows rows;

  ForwardStages(
      MigratedTable table, MigratorSession session, MigrationJournal journal, MigrationRun run) {
    this.table = table;
    this.session = session;
    this.journal = journal;
    this.run = run;
    this.work = new WorkTables(table, session);
    this.archived = new ArchivedRows(table, run.entry());
  }

  List<Stage> list() throws Exception {
    TableShape shape = table.shape();
    List<Stage> stages = new ArrayList<>();
    stages.add(
        new Stage(
            MigrationStep.PREPARE,
            table.createStatement(shape),
            telling -> {
              if (!now().isPast(Phase.PREPARED)) {
                telling.run("journal", this::begin);
                telling.run("snapshot", this::prepare);
              }
            }));
    if (table.versionsAreWorkedOut(shape)) {
      stages.add(
          new Stage(
              MigrationStep.ADD_COLUMNS,
              "work out the version of each row",
              telling -> {
                if (!now().isPast(Phase.RANKED)) {
                  workOutVersions(telling);
                }
              }));
    }
    stages.add(
        new Stage(
            MigrationStep.FIND_DUPLICATES,
            null,
            telling -> {
              if (!now().isPast(Phase.RANKED)) {
                telling.run("duplicate keys", this::rank);
              }
            }));
    stages.add(
        new Stage(
            MigrationStep.ARCHIVE,
            "move rows to " + run.entry().archive(),
            telling -> {
              if (!now().isPast(Phase.ARCHIVED)) {
                archive(telling);
              }
            }));
    stages.add(
        new Stage(
            MigrationStep.CONSTRAIN,
            "EXCHANGE TABLES %s AND %s"
                .formatted(table.qualified(table.name()), table.qualified(freshName())),
            this::constrain));
    stages.add(Stage.of(MigrationStep.FINISH, "journal", null, this::finish));
    return stages;
  }

  private String freshName() {
    return DuplicateRows.freshName(table.name());
  }

  private Remembered now() {
    return new Remembered(run.entry());
  }

  private void write(Remembered next) throws Exception {
    journal.write(next.entry());
    run.advance(next.entry());
  }

  private void reached(Phase phase, Remembered next) throws Exception {
    write(next.with(Note.PHASE, phase));
  }

  /** The statements on the snapshot, which stands still: its columns are those of the start. */
  private DuplicateRows rows() throws Exception {
    if (rows == null) {
      TableShape snapshot =
          table.shape(DuplicateRows.snapshotName(table.name())).orElse(table.shape());
      rows = table.duplicates(snapshot, now().names(Note.CARRIED), run.entry().archive());
    }
    return rows;
  }

  private LateRows late() throws Exception {
    return new LateRows(table, session, rows(), now(), run::now);
  }

  // ---- before anything is moved ----------------------------------------------------------------

  private void begin() throws Exception {
    journal.createIfAbsent();
    Remembered entry = now();
    if (entry.text(Note.OLD_UUID).isEmpty()) {
      String kept = table.name() + "_dedupe_old";
      for (int i = 2; table.uuid(kept).isPresent(); i++) {
        kept = table.name() + "_dedupe_old_" + i;
      }
      entry = entry.with(Note.OLD_UUID, table.shape().uuid()).with(Note.KEPT, kept);
    }
    reached(Phase.STARTED, entry);
  }

  /** Clears away what an earlier attempt left, and links the parts of the table anew. */
  private void prepare() throws Exception {
    TableShape shape = table.shape(table.name()).orElseThrow();
    Remembered entry = now();
    if (!shape.uuid().equals(entry.text(Note.OLD_UUID))) {
      throw new StorageException(
          FailureKind.CONFIGURATION,
          "The table "
              + table.identity()
              + " is not the one of which the migration "
              + run.migrationId()
              + " began: it was rebuilt since. Run 'tracekeep migrate undo "
              + run.migrationId()
              + "', then apply again.",
          null);
    }
    entry =
        entry
            .with(Note.DEFINITION, shape.definition())
            .with(Note.CARRIED, shape.carried())
            .with(Note.LAST_CHANGE, lastChange())
            .with(Note.ROWS_LATE, 0);
    rows = table.duplicates(shape, shape.carried(), run.entry().archive());
    work.clear(rows().workTables());
    work.dropOurs(freshName(), entry.text(Note.NEW_UUID));
    entry =
        entry.with(
            Note.SNAPSHOT_BLOCK, work.takeSnapshot(shape, false, run.options().lockTimeout()));
    makeArchive();
    session.execute(table.createStatement(shape));
    session.execute(rows().createRanks());
    session.execute(rows().createVersions());
    TableShape made = table.shape(freshName()).orElseThrow();
    entry =
        entry
            .with(Note.NEW_UUID, made.uuid())
            .with(Note.NEW_COLUMNS, List.copyOf(made.columnNames()));
    reached(
        Phase.PREPARED,
        new Remembered(
            entry
                .entry()
                .with(Field.TABLE_COLUMNS, List.copyOf(shape.columnNames()))
                .with(
                    Field.ROWS_BEFORE, session.number("SELECT count() FROM " + rows().snapshot))));
  }

  private void makeArchive() throws Exception {
    if (table.uuid(run.entry().archive()).isEmpty()) {
      session.execute(rows().createArchive());
      return;
    }
    session.execute(rows().completeArchive());
    String ours = DuplicateRows.ofMigration(run.migrationId());
    if (session.number("SELECT count() FROM " + rows().archive + " WHERE " + ours) > 0) {
      session.execute("ALTER TABLE " + rows().archive + " DELETE WHERE " + ours);
    }
  }

  /** The number of the last change of rows in place: a mutation, or a patch of a part. */
  private long lastChange() throws Exception {
    return session.number(
        SqlText.fill(
            """
            SELECT ifNull(greatest(
              (SELECT max(toInt64OrZero(extract(mutation_id, '([0-9]+)'))) FROM system.mutations
                WHERE database = <database> AND table = <table>),
              (SELECT max(toInt64(max_block_number)) FROM system.parts
                WHERE active AND database = <database> AND table = <table> AND name LIKE 'patch-%')), 0)\
            """,
            Map.of(
                "database", SqlText.literal(table.database()),
                "table", SqlText.literal(table.name()))));
  }

  private void workOutVersions(Telling telling) throws Exception {
    telling.run(
        "versions",
        () -> {
          session.execute("TRUNCATE TABLE " + rows().versions);
          late().workOutVersions(rows().snapshot, "1");
        });
  }

  private void rank() throws Exception {
    late().dropRound(0);
    session.execute(rows().ranking.rank());
    long groups =
        session.number("SELECT count() FROM " + rows().ranks + " WHERE round = 0 AND kept");
    reached(Phase.RANKED, new Remembered(run.entry().with(Field.DUPLICATE_GROUPS, groups)));
  }

  // ---- into the archive and the new table ------------------------------------------------------

  private void archive(Telling telling) throws Exception {
    long total = session.number(rows().moving.movedIn(0));
    long batch = Math.max(run.options().batchRows(), total / MOST_BATCHES);
    long from = 0;
    for (int number = 1; from < total; number++) {
      long start = from;
      from =
          telling.run(
              "batch " + number,
              start,
              total,
              () -> {
                long end = session.number(rows().moving.endOfBatch(0, start, batch));
                session.execute(
                    rows()
                        .moving
                        .archive(rows().snapshot, run.migrationId(), run.now(), 0, start, end));
                return end;
              });
      run.pause();
    }
    archived.tell(session, run);
    reached(Phase.ARCHIVED, now());
  }

  private void copy() throws Exception {
    session.execute("TRUNCATE TABLE " + rows().fresh);
    int slices =
        rows().row.versionsAreWorkedOut()
            ? (int) Math.min(256, 1 + run.entry().count(Field.ROWS_BEFORE) / ROWS_A_SLICE)
            : 1;
    for (int slice = 0; slice < slices; slice++) {
      session.execute(rows().moving.copySingles(slice, slices));
    }
    session.execute(rows().moving.copyWinners(rows().snapshot, rows().fresh, 0));
    reached(Phase.COPIED, new Remembered(sameRows()));
  }

  /** Before = after + archived, as multisets. */
  private JournalEntry sameRows() throws Exception {
    Fingerprint before = fingerprint(rows().snapshot, "1");
    Fingerprint after = fingerprint(rows().fresh, "1");
    Fingerprint moved = fingerprint(rows().archive, DuplicateRows.ofMigration(run.migrationId()));
    require(before.equals(after.plus(moved)), before, after, moved);
    return run.entry()
        .with(Field.HASH_BEFORE, before.toString())
        .with(Field.HASH_AFTER, after.plus(moved).toString());
  }

  private Fingerprint fingerprint(String source, String condition) throws Exception {
    return Fingerprint.of(session, rows().fingerprint(source, condition));
  }

  private void require(boolean same, Fingerprint before, Fingerprint after, Fingerprint moved) {
    if (!same) {
      throw new StorageException(
          FailureKind.PERMANENT,
          "Of %s were %d rows to be kept or moved, but the new table has %d and the archive %d, and"
                  .formatted(table.identity(), before.rows(), after.rows(), moved.rows())
              + " together they are not the same. The table was left as it is. Run 'tracekeep"
              + " migrate undo %s', then apply again.".formatted(run.migrationId()),
          null);
    }
  }

  // ---- the new table takes the old one's place -------------------------------------------------

  private void constrain(Telling telling) throws Exception {
    for (int rebuilds = 0; !now().isPast(Phase.SWAPPED); rebuilds++) {
      if (!now().isPast(Phase.COPIED)) {
        telling.run("copy", this::copy);
      }
      if (!now().isPast(Phase.CAUGHT_UP)) {
        telling.run("late rows", this::catchUp);
      }
      telling.run("exchange", this::exchange);
      if (isOld(table.name())) {
        buildAgain(telling, rebuilds);
      } else {
        telling.run("rename", this::rename);
      }
    }
    if (!now().isPast(Phase.TAKEN_OVER)) {
      telling.run("last rows", this::takeOverTheLast);
    }
  }

  private boolean isOld(String name) throws Exception {
    return table.uuid(name).filter(now().text(Note.OLD_UUID)::equals).isPresent();
  }

  /** Whether the table is not the one any more that the snapshot is of, but for new rows. */
  private boolean isChanged() throws Exception {
    TableShape shape = table.shape(table.name()).orElseThrow();
    return !shape.definition().equals(now().text(Note.DEFINITION))
        || lastChange() > now().number(Note.LAST_CHANGE);
  }

  private void catchUp() throws Exception {
    if (!isChanged()) {
      late().takeOver(1, table.qualified(table.name()), rows().fresh);
      requireTakenOver();
      archived.tell(session, run);
      for (String statement : table.shape(table.name()).orElseThrow().allowMerges(freshName())) {
        session.execute(statement);
      }
    }
    reached(Phase.CAUGHT_UP, now());
  }

  /** The new table has what the snapshot had once, the winners, and the better late rows. */
  private void requireTakenOver() throws Exception {
    if (session.number("SELECT count() FROM " + rows().ranks + " WHERE round = 1") > 0) {
      Fingerprint before = fingerprint(rows().snapshot, "1");
      Fingerprint planned = Fingerprint.of(session, rows().plannedNewTable());
      Fingerprint after = fingerprint(rows().fresh, "1");
      require(after.equals(before.plus(planned)), before.plus(planned), after, archivedNow());
    }
  }

  private Fingerprint archivedNow() throws Exception {
    Fingerprint planned = Fingerprint.of(session, rows().plannedFingerprint());
    Fingerprint moved = fingerprint(rows().archive, DuplicateRows.ofMigration(run.migrationId()));
    require(moved.equals(planned), planned, new Fingerprint(0, 0, 0), moved);
    return moved;
  }

  private void exchange() throws Exception {
    if (isOld(table.name()) && !isChanged()) {
      session.execute("EXCHANGE TABLES " + table.qualified(table.name()) + " AND " + rows().fresh);
    }
  }

  private void buildAgain(Telling telling, int rebuilds) throws Exception {
    if (rebuilds == MOST_REBUILDS) {
      throw new StorageException(
          FailureKind.TRANSIENT,
          "The table %s was altered, or rows of it were changed or deleted, each time that it had been"
                  .formatted(table.identity())
              + " copied. Apply the migration again when it is left alone, but for inserts.",
          null);
    }
    LOG.info(
        "{} was altered, or rows of it were changed or deleted, while it was copied: it is copied"
            + " again",
        table.identity());
    telling.run("again from the start", () -> reached(Phase.STARTED, now()));
    telling.run("snapshot again", this::prepare);
    if (rows().row.versionsAreWorkedOut()) {
      workOutVersions(telling);
    }
    telling.run("duplicate keys again", this::rank);
    archive(telling);
  }

  private void rename() throws Exception {
    if (isOld(freshName())) {
      session.execute(
          "RENAME TABLE " + rows().fresh + " TO " + table.qualified(now().text(Note.KEPT)));
    }
    reached(Phase.SWAPPED, now());
  }

  /**
   * Takes over what came into the old table while it changed places: an insert that had begun
   * before goes on into it.
   */
  private void takeOverTheLast() throws Exception {
    long block = late().takeOverTheLast(run.options().lockTimeout());
    Fingerprint moved = archivedNow();
    archived.tell(session, run);
    long lateRows = session.number("SELECT sum(late) FROM " + rows().ranks);
    JournalEntry entry = run.entry();
    reached(
        Phase.TAKEN_OVER,
        new Remembered(
                entry
                    .with(Field.ROWS_ARCHIVED, moved.rows())
                    .with(Field.HASH_ARCHIVED, moved.toString())
                    .with(
                        Field.ROWS_AFTER, entry.count(Field.ROWS_BEFORE) + lateRows - moved.rows()))
            .with(Note.OLD_BLOCK, block)
            .with(Note.ROWS_LATE, lateRows));
  }

  private void finish() throws Exception {
    work.clear(rows().workTables());
    Fingerprint moved = fingerprint(rows().archive, DuplicateRows.ofMigration(run.migrationId()));
    write(new Remembered(run.entry().finished(run.now(), moved.rows(), moved.toString())));
  }
}
