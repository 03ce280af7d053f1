package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.adapter.clickhouse.Remembered.Note;
import dev.tracekeep.dedupe.AbstractDedupeMigration;
import dev.tracekeep.dedupe.JournalEntry;
import dev.tracekeep.dedupe.MigrationRun;
import dev.tracekeep.dedupe.MigratorLock;
import dev.tracekeep.dedupe.Stage;
import dev.tracekeep.migration.ArchivedRow;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.migration.UndoPlan;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The dedupe migration: a new table beside the old one, which takes its name. */
final class ClickHouseMigration extends AbstractDedupeMigration<MigratedTable> {
  private final ClickHouseClient client;
  private final ClickHouseFailures failures;
  private final SpanTable table;
  private final String ownName;
  private final Duration patience;

  /**
   * @param table a table by its name; null for the store's own
   */
  ClickHouseMigration(
      ClickHouseClient client,
      StorageConfig config,
      @Nullable SpanTable table,
      ClickHouseFailures failures) {
    this(client, config, table, failures, ownName(config));
  }

  private ClickHouseMigration(
      ClickHouseClient client,
      StorageConfig config,
      @Nullable SpanTable table,
      ClickHouseFailures failures,
      String ownName) {
    super(table == null ? new SpanTable(null, ownName, null) : table, config.clock());
    this.client = client;
    this.failures = failures;
    this.ownName = ownName;
    this.table = table == null ? new SpanTable(null, ownName, null) : table;
    this.patience = config.lockTimeout();
  }

  private static String ownName(StorageConfig config) {
    // On a cluster the rows are in the shards' own tables; the one over them has none.
    return config.engineProperty(ClusterTables.PROPERTY).isPresent()
        ? ClusterTables.localName(config.table())
        : config.table();
  }

  private MigrationJournal journalOf(MigratedTable look) {
    return new MigrationJournal(client, look.database());
  }

  private MigratorSession session(MigratedTable look, MigratorLock lock) {
    return new MigratorSession(client, lock, look.identity());
  }

  /** For statements that only read. */
  private MigratorSession reading(MigratedTable look) {
    return session(look, () -> {});
  }

  // ---- what there is ---------------------------------------------------------------------------

  @Override
  protected MigratedTable look() throws Exception {
    return MigratedTable.look(client, table, ownName);
  }

  @Override
  protected List<JournalEntry> journal(MigratedTable look) throws Exception {
    return journalOf(look).entries();
  }

  @Override
  protected MigratorLock lock(MigratedTable look) throws Exception {
    return MigratorSession.lock(look, patience);
  }

  /**
   * The statements that make our own table one of this release, where it only lacks columns that
   * may be empty; none where it needs more than that.
   */
  List<String> additions() throws Exception {
    MigratedTable look = look();
    boolean lacksColumnsAlone =
        look.constraint() == ConstraintState.PRESENT
            && look.refusals().isEmpty()
            && plan().unfinishedMigrationId() == null;
    return lacksColumnsAlone
        ? ClickHouseTable.additions(look.qualified(look.name()), look.shape().columnNames())
        : List.of();
  }

  /** Selects our own table as this release sees it, each span once, while it is not migrated. */
  String selectBest() throws Exception {
    MigratedTable look = look();
    DuplicateRows rows = look.duplicates(look.shape(), look.shape().carried(), "");
    return rows.selectBest(
        look.qualified(look.name()),
        look.select(look.shape()) + ", " + rows.row.version() + " AS version");
  }

  // ---- forth and back --------------------------------------------------------------------------

  @Override
  protected List<Stage> forth(MigratedTable look, MigrationRun run) throws Exception {
    return new ForwardStages(look, session(look, run.lock()), journalOf(look), run).list();
  }

  @Override
  protected List<Stage> back(MigratedTable look, MigrationRun run) {
    return new BackStages(look, session(look, run.lock()), journalOf(look), run).list();
  }

  /** The archive is what comes back, so it is looked at before anything is done. */
  @Override
  protected boolean isRestoreAtomic() {
    return false;
  }

  @Override
  protected UndoPlan lookBack(MigratedTable look, JournalEntry entry) throws Exception {
    Remembered known = new Remembered(entry);
    String current = look.shape().uuid();
    long archived = archivedRows(look, entry);
    if (current.equals(known.text(Note.UNDO_UUID)) || current.equals(known.text(Note.OLD_UUID))) {
      return new UndoPlan(entry.migrationId(), archived, 0, 0, List.of());
    }
    if (!current.equals(known.text(Note.NEW_UUID))) {
      String obstacle =
          "The table %s is not the one that the migration made: it was rebuilt or migrated again"
                  .formatted(look.identity())
              + " since. Undo a later migration first, or give the table of this one its name"
              + " back.";
      return new UndoPlan(entry.migrationId(), 0, 0, 0, List.of(obstacle));
    }
    Optional<TableShape> old = new WorkTables(look, reading(look)).oldTable(entry);
    List<String> obstacles = new ArrayList<>();
    if (old.isEmpty()) {
      obstacles.add(
          "The copy of the old table, %s, is not there any more. The archived rows are in %s."
              .formatted(known.text(Note.KEPT), entry.archive()));
    } else {
      addMissing(old.get(), look.shape(), known.names(Note.CARRIED), obstacles);
    }
    Optional<TableShape> archive = look.shape(entry.archive());
    if (!obstacles.isEmpty() || archive.isEmpty()) {
      return new UndoPlan(entry.migrationId(), archived, 0, 0, obstacles);
    }
    addMissing(old.get(), archive.get(), known.names(Note.CARRIED), obstacles);
    return obstacles.isEmpty()
        ? counted(look, entry, old.get(), archived)
        : new UndoPlan(entry.migrationId(), archived, 0, 0, obstacles);
  }

  /** Names the columns that rows had before and a table has no place for, or another one. */
  private static void addMissing(
      TableShape before, TableShape now, List<String> carried, List<String> obstacles) {
    Map<String, String> types = now.carriedTypes();
    Map<String, String> typesBefore = before.carriedTypes();
    for (String column : carried) {
      String type = types.get(column);
      if (type == null) {
        obstacles.add(
            "The column %s of %s was dropped or renamed since: add it again."
                .formatted(column, now.name()));
      } else if (!type.equals(typesBefore.get(column))) {
        obstacles.add(
            "The column %s of %s has the type %s, and had %s: change it back."
                .formatted(column, now.name(), type, typesBefore.get(column)));
      }
    }
  }

  private UndoPlan counted(MigratedTable look, JournalEntry entry, TableShape old, long archived)
      throws Exception {
    DuplicateRows rows =
        look.duplicates(look.shape(), new Remembered(entry).names(Note.CARRIED), entry.archive());
    Map<String, String> names =
        Map.of(
            "ours", DuplicateRows.ofMigration(entry.migrationId()),
            "table", look.qualified(look.name()),
            "old", look.qualified(old.name()));
    long restored =
        reading(look)
            .number(
                rows.sql(
                    """
                    SELECT count() FROM <archive> WHERE <ours> AND <tuple> IN (SELECT <key> FROM <table>
                      WHERE <tuple> IN (SELECT <key> FROM <archive> WHERE <ours>))\
                    """,
                    names));
    long changed =
        reading(look)
            .number(
                rows.sql(
                    """
                    SELECT count() FROM (SELECT DISTINCT <key> FROM <table>
                      WHERE <tuple> IN (SELECT <key> FROM <archive> WHERE <ours>)
                        AND <hash> NOT IN (SELECT <hash> FROM <old>
                          WHERE <tuple> IN (SELECT <key> FROM <archive> WHERE <ours>)))\
                    """,
                    names));
    return new UndoPlan(entry.migrationId(), restored, archived - restored, changed, List.of());
  }

  // ---- what a migration keeps ------------------------------------------------------------------

  @Override
  protected long archivedRows(MigratedTable look, JournalEntry entry) throws Exception {
    return look.uuid(entry.archive()).isEmpty()
        ? 0
        : client.number(
            "SELECT count() FROM %s WHERE %s"
                .formatted(
                    look.qualified(entry.archive()),
                    DuplicateRows.ofMigration(entry.migrationId())));
  }

  @Override
  protected @Nullable String archivedHash(MigratedTable look, JournalEntry entry) throws Exception {
    List<String> carried = new Remembered(entry).names(Note.CARRIED);
    if (!look.shape(entry.archive()).orElseThrow().carried().containsAll(carried)) {
      return "";
    }
    DuplicateRows rows = look.duplicates(look.shape(), carried, entry.archive());
    return Fingerprint.of(
            reading(look),
            rows.fingerprint(rows.archive, DuplicateRows.ofMigration(entry.migrationId())))
        .toString();
  }

  @Override
  protected void archivedRows(MigratedTable look, JournalEntry entry, Consumer<ArchivedRow> each)
      throws Exception {
    new ArchivedRows(look, entry).forEach(each);
  }

  @Override
  protected List<String> faults(MigratedTable look, JournalEntry entry) throws Exception {
    // A later migration of the same table, or its undo, has put another table in its place.
    List<String> made = new ArrayList<>();
    for (JournalEntry any : journal(look)) {
      made.add(new Remembered(any).text(Note.NEW_UUID));
      made.add(new Remembered(any).text(Note.UNDO_UUID));
    }
    return made.contains(look.shape().uuid())
        ? List.of()
        : List.of("The table is not the one that the migration made: it was rebuilt since.");
  }

  @Override
  protected List<String> drop(MigratedTable look, MigrationRun run) throws Exception {
    JournalEntry entry = run.entry();
    Remembered known = new Remembered(entry);
    MigratorSession session = session(look, run.lock());
    List<String> dropped = new ArrayList<>();
    String kept = known.text(Note.KEPT);
    Optional<TableShape> old =
        look.shape(kept).filter(shape -> shape.uuid().equals(known.text(Note.OLD_UUID)));
    if (old.isPresent()) {
      requireNothingOfItsOwn(session, look, known, old.get());
    }
    String archive = look.qualified(entry.archive());
    if (archivedRows(look, entry) > 0) {
      session.execute(
          "ALTER TABLE %s DELETE WHERE %s"
              .formatted(archive, DuplicateRows.ofMigration(entry.migrationId())));
    }
    if (look.uuid(entry.archive()).isPresent()
        && session.number("SELECT count() FROM " + archive) == 0) {
      session.execute("DROP TABLE " + archive + " SYNC");
      dropped.add(look.database() + "." + entry.archive());
    }
    if (old.isPresent()) {
      session.execute("DROP TABLE " + look.qualified(kept) + " SYNC");
      dropped.add(look.database() + "." + kept);
    }
    JournalEntry written = entry.dropped(run.now());
    journalOf(look).write(written);
    run.advance(written);
    return dropped;
  }

  /** The old table must have nothing that is neither in the new one nor was archived. */
  private static void requireNothingOfItsOwn(
      MigratorSession session, MigratedTable look, Remembered known, TableShape old)
      throws Exception {
    String id = known.entry().migrationId();
    long late =
        session.number(
            "SELECT count() FROM %s WHERE %s"
                .formatted(
                    look.qualified(old.name()),
                    RowExpressions.changedSince(known.number(Note.OLD_BLOCK))));
    List<String> columns = new ArrayList<>(old.carried());
    columns.removeAll(known.names(Note.CARRIED));
    if (late > 0 || !columns.isEmpty()) {
      throw new StorageException(
          FailureKind.INVALID,
          "Since the migration %s ended, %s the old table %s, which is not dropped for that reason. Run"
                  .formatted(
                      id,
                      late > 0
                          ? "rows were written into"
                          : "the columns " + String.join(", ", columns) + " were added to",
                      old.name())
              + " 'tracekeep migrate undo %s' and apply the migration again: nothing is lost by that."
                  .formatted(id),
          null);
    }
  }

  @Override
  protected StorageException classify(String action, Exception failure) {
    return failures.classify(action, failure);
  }
}
