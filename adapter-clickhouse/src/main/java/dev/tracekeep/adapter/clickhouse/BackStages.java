package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.adapter.clickhouse.Remembered.Note;
import dev.tracekeep.dedupe.JournalEntry.Field;
import dev.tracekeep.dedupe.MigrationRun;
import dev.tracekeep.dedupe.Stage;
import dev.tracekeep.dedupe.Stage.Telling;
import dev.tracekeep.migration.MigrationRecord.State;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.migration.UndoOptions.DeletedKeys;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How a migration is taken back. The kept copy of the old table is not put in its place again: it
 * has rows that were deleted or changed since. A table with its definition is filled with the rows
 * that the table has now and with the archived ones of keys that it still has, and takes the name.
 * Every step can be repeated; the UUIDs say which table is which.
 */
final class BackStages {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final MigratedTable table;
  private final MigratorSession session;
  private final MigrationJournal journal;
  private final MigrationRun run;
  private final WorkTables work;
  private final DuplicateRows rows;
  private final String undone;

  BackStages(
      MigratedTable table, MigratorSession session, MigrationJournal journal, MigrationRun run) {
    this.table = table;
    this.session = session;
    this.journal = journal;
    this.run = run;
    this.work = new WorkTables(table, session);
    this.rows = table.duplicates(table.shape(), now().names(Note.CARRIED), run.entry().archive());
    this.undone = WorkTables.undoName(table.name());
  }

  List<Stage> list() {
    return List.of(
        Stage.of(MigrationStep.RELEASE, "journal", null, this::begin),
        new Stage(MigrationStep.RESTORE, null, this::restore),
        Stage.of(MigrationStep.RELEASE, "exchange", null, this::exchange),
        Stage.of(MigrationStep.RESTORE, "last rows", null, this::takeOverTheLast),
        Stage.of(MigrationStep.RESTORE, "archive and tables", null, this::clear),
        Stage.of(MigrationStep.RESTORE, "journal", null, this::finish));
  }

  private Remembered now() {
    return new Remembered(run.entry());
  }

  private void write(Remembered next) throws Exception {
    journal.write(next.entry());
    run.advance(next.entry());
  }

  /** Whether the table is the one of that UUID. */
  private boolean is(String name, Note uuid) throws Exception {
    return table.uuid(name).filter(now().text(uuid)::equals).isPresent();
  }

  private void begin() throws Exception {
    journal.createIfAbsent();
    Remembered entry = now();
    if (run.entry().state() != State.UNDOING) {
      boolean deleted = run.undoOptions().deletedKeys() == DeletedKeys.COME_BACK;
      entry = entry.with(Note.UNDO_DELETED, deleted);
    }
    write(new Remembered(entry.entry().with(State.UNDOING, run.now())));
  }

  private boolean bringsDeletedBack() {
    return now().text(Note.UNDO_DELETED).equals("true");
  }

  private String ours() {
    return DuplicateRows.ofMigration(run.migrationId());
  }

  // ---- the table that takes the name -----------------------------------------------------------

  private void restore(Telling telling) throws Exception {
    telling.run(
        "tables",
        () -> {
          if (is(table.name(), Note.NEW_UUID)) {
            makeTables();
          }
        });
    telling.run(
        "rows",
        () -> {
          if (is(table.name(), Note.NEW_UUID)) {
            fill();
          }
        });
  }

  private void makeTables() throws Exception {
    work.clear(rows.workTables());
    work.dropOurs(undone, now().text(Note.UNDO_UUID));
    TableShape old = oldTable();
    session.execute(old.createAlike(undone, old.comment()));
    Set<String> there = old.columnNames();
    for (TableShape.Column column : added()) {
      if (!there.contains(column.name())) {
        session.execute(
            "ALTER TABLE " + table.qualified(undone) + " ADD COLUMN " + column.definition());
      }
    }
    session.execute(rows.createKeys());
    long block = work.takeSnapshot(table.shape(), true, PATIENCE);
    write(
        now().with(Note.UNDO_UUID, table.uuid(undone).orElseThrow()).with(Note.UNDO_BLOCK, block));
  }

  private TableShape oldTable() throws Exception {
    return work.oldTable(run.entry())
        .orElseThrow(
            () ->
                new StorageException(
                    FailureKind.CONFIGURATION,
                    "The table from before the migration "
                        + run.migrationId()
                        + " is not there any more.",
                    null));
  }

  /** The columns that the application has added since. */
  private List<TableShape.Column> added() {
    List<String> made = now().names(Note.NEW_COLUMNS);
    return table.shape().columns().stream().filter(c -> !made.contains(c.name())).toList();
  }

  private String columns() {
    List<String> all = new ArrayList<>(now().names(Note.CARRIED));
    added().stream().filter(TableShape.Column::isCarried).forEach(c -> all.add(c.name()));
    return TableShape.names(all);
  }

  private void fill() throws Exception {
    String into = table.qualified(undone);
    session.execute("TRUNCATE TABLE " + into);
    session.execute("TRUNCATE TABLE " + rows.ranks);
    Map<String, String> values =
        Map.of("into", into, "columns", columns(), "ours", ours(), "which", which());
    session.execute(
        rows.sql(
            """
            INSERT INTO <ranks> SELECT DISTINCT <key> FROM <snapshot>
            WHERE <tuple> IN (SELECT <key> FROM <archive> WHERE <ours>)""",
            values));
    session.execute(
        rows.sql("INSERT INTO <into> (<columns>) SELECT <columns> FROM <snapshot> FINAL", values));
    session.execute(
        rows.sql(
            "INSERT INTO <into> (<carried>) SELECT <carried> FROM <archive> WHERE <which>",
            values));
    Fingerprint kept = fingerprint(rows.snapshot + " FINAL", "1");
    Fingerprint back = fingerprint(rows.archive, which());
    if (!fingerprint(into, "1").equals(kept.plus(back))) {
      throw new StorageException(
          FailureKind.PERMANENT,
          "The %d rows of %s and %d archived ones could not be brought together. The table was left as"
                  .formatted(kept.rows(), table.identity(), back.rows())
              + " it is. Run undo again.",
          null);
    }
    // Rows of inserts that were under way when the tables changed places, and came later still.
    TableShape old = oldTable();
    long block = Math.max(now().number(Note.OLD_BLOCK), now().number(Note.SNAPSHOT_BLOCK));
    session.execute(
        rows.moving.copyNewer(
            table.qualified(old.name()), block, into, TableShape.names(now().names(Note.CARRIED))));
    for (String statement : old.allowMerges(undone)) {
      session.execute(statement);
    }
    write(new Remembered(run.entry().with(Field.ROWS_RESTORED, back.rows())));
  }

  private Fingerprint fingerprint(String source, String condition) throws Exception {
    return Fingerprint.of(session, rows.fingerprint(source, condition));
  }

  /** The archived rows that come back. */
  private String which() {
    return bringsDeletedBack()
        ? ours()
        : rows.sql("<ours> AND <tuple> IN (SELECT <key> FROM <ranks>)", Map.of("ours", ours()));
  }

  private void exchange() throws Exception {
    if (is(table.name(), Note.NEW_UUID)) {
      session.execute(
          "EXCHANGE TABLES " + table.qualified(table.name()) + " AND " + table.qualified(undone));
    }
  }

  /** Takes over what came into the migrated table while it changed places. */
  private void takeOverTheLast() throws Exception {
    if (is(table.name(), Note.UNDO_UUID) && is(undone, Note.NEW_UUID)) {
      LateRows.awaitInserts(session, PATIENCE);
      TableShape migrated = table.shape(undone).orElseThrow();
      List<String> into = table.shape(table.name()).orElseThrow().carried();
      List<String> both = migrated.carried().stream().filter(into::contains).toList();
      session.execute(
          rows.moving.copyNewer(
              table.qualified(undone),
              now().number(Note.UNDO_BLOCK),
              table.qualified(table.name()),
              TableShape.names(both)));
    }
  }

  // ---- what is not needed any more -------------------------------------------------------------

  private void clear() throws Exception {
    boolean isBack = is(table.name(), Note.UNDO_UUID);
    if (!isBack && !is(table.name(), Note.OLD_UUID)) {
      throw new IllegalStateException("The table " + table.name() + " is not the old one");
    }
    if (isBack) {
      // Without the keys this was done before a kill.
      if (table.uuid(DuplicateRows.ranksName(table.name())).isPresent()) {
        session.execute("ALTER TABLE " + rows.archive + " DELETE WHERE " + which());
      }
      drop(now().text(Note.KEPT), Note.OLD_UUID);
    } else if (table.uuid(run.entry().archive()).isPresent()) {
      // The old table never lost its name: what it has beside it are copies.
      session.execute("ALTER TABLE " + rows.archive + " DELETE WHERE " + ours());
    }
    for (String name : List.of(DuplicateRows.freshName(table.name()), undone)) {
      drop(name, Note.OLD_UUID);
      drop(name, Note.NEW_UUID);
    }
    work.clear(rows.workTables());
  }

  private void drop(String name, Note uuid) throws Exception {
    if (!name.isEmpty() && is(name, uuid)) {
      session.execute("DROP TABLE " + table.qualified(name) + " SYNC");
    }
  }

  private void finish() throws Exception {
    write(new Remembered(run.entry().with(State.UNDONE, run.now())));
  }
}
