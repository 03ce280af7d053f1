package dev.tracekeep.jdbc;

import dev.tracekeep.dedupe.AbstractDedupeMigration;
import dev.tracekeep.dedupe.JournalEntry;
import dev.tracekeep.dedupe.JournalEntry.Field;
import dev.tracekeep.dedupe.MigrationRun;
import dev.tracekeep.dedupe.MigratorLock;
import dev.tracekeep.dedupe.Stage;
import dev.tracekeep.migration.ArchivedRow;
import dev.tracekeep.migration.MigrationLayout;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationRecord.State;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.migration.UndoOptions.DeletedKeys;
import dev.tracekeep.migration.UndoPlan;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The dedupe migration on an SQL engine.
 *
 * <p>Every statement sits in a transaction that also brings the journal up to date; so after a kill
 * the next attempt finds either all of a step's effect or none, and repeats what was not done.
 * Linear in the rows: the losers are ranked by a window over their key, in batches of whole keys,
 * and a key with a million copies is one batch.
 */
final class JdbcDedupeMigration extends AbstractDedupeMigration<JdbcLook> {
  private static final String KEY_NAME = "key_name";
  private static final String KEY_ORDER = "key_order";
  private static final String IS_PRIMARY_KEY = "primary_key";

  private final MigrationDialect engine;
  private final SpanTable asked;
  private final SpanTable ownTable;
  private final SpanTableSql ownSql;
  private final BiFunction<String, Exception, StorageException> classifier;

  /**
   * @param asked the table; its columns are detected where it does not name them
   * @param ownTable the store's own table, with all its columns
   * @param ownSql the statements on it
   * @param classifier makes a {@link StorageException} of what was tried and what was thrown
   * @param clock what dates the journal and the archive
   */
  JdbcDedupeMigration(
      MigrationDialect engine,
      SpanTable asked,
      SpanTable ownTable,
      SpanTableSql ownSql,
      BiFunction<String, Exception, StorageException> classifier,
      Clock clock) {
    super(asked, clock);
    this.engine = engine;
    this.asked = asked;
    this.ownTable = ownTable;
    this.ownSql = ownSql;
    this.classifier = classifier;
  }

  // ---- what there is ---------------------------------------------------------------------------

  @Override
  protected JdbcLook look() throws Exception {
    return engine.connections().read(this::look);
  }

  private JdbcLook look(Connection connection) throws SQLException {
    return JdbcLook.at(engine, connection, asked, ownTable, ownSql);
  }

  /**
   * Selects our own table as this release sees it, each span once, while it is not migrated yet.
   */
  String selectBest(Connection connection) throws SQLException {
    JdbcLook look = look(connection);
    return look.duplicates(look.columnNames(), "")
        .selectBest(Objects.requireNonNull(look.own()).selectable(look.columnNames()));
  }

  /**
   * Adds to our own table what a later release has more, where that is all that it lacks: columns
   * that may be empty, and so cost no look at the rows.
   *
   * @return whether it did; false changes nothing
   */
  boolean addColumns() throws Exception {
    JdbcLook look = look();
    List<String> missing = look.missingColumns();
    if (!lacksColumnsAlone(look) || !missing.stream().allMatch(OwnTable::mayBeAbsent)) {
      return false;
    }
    OwnTable own = Objects.requireNonNull(look.own());
    for (String column : missing) {
      try {
        engine
            .connections()
            .transact(
                connection -> {
                  own.addColumn(connection, column);
                  return true;
                });
      } catch (Exception e) {
        if (look().missingColumns().contains(column)) {
          throw e;
        }
        // Another process that starts at the same time has added it.
      }
    }
    return true;
  }

  private MigrationJournal journalOf(JdbcLook look) {
    return new MigrationJournal(engine, look.table());
  }

  @Override
  protected List<JournalEntry> journal(JdbcLook look) throws Exception {
    return engine.connections().read(journalOf(look)::entries);
  }

  @Override
  protected MigratorLock lock(JdbcLook look) throws Exception {
    return engine.lockMigrators(look.table());
  }

  @Override
  protected StorageException classify(String action, Exception failure) {
    return classifier.apply(action, failure);
  }

  /** The constraint as the journal has it; entries of releases before 0.1.0 have none. */
  private KeyConstraint key(JdbcLook look, JournalEntry entry) throws Exception {
    Optional<String> name = entry.note(KEY_NAME);
    List<String> columns = entry.columns(Field.KEY_COLUMNS);
    return name.isEmpty()
        ? key(look, columns, MigrationLayout.TRACEKEEP)
        : new KeyConstraint(
            name.get(),
            entry.note(KEY_ORDER).map(order -> List.of(order.split("\n"))).orElse(columns),
            entry.note(IS_PRIMARY_KEY).isPresent());
  }

  private KeyConstraint key(JdbcLook look, List<String> columns, MigrationLayout layout)
      throws Exception {
    return engine.connections().read(c -> engine.keyConstraint(c, look.table(), columns, layout));
  }

  /** Mastra's own table is recognized by its name and the case of its columns. */
  private KeyConstraint wantedKey(JdbcLook look, MigrationRun run) throws Exception {
    MigrationLayout layout = run.options().layout();
    if (layout == MigrationLayout.AUTO) {
      boolean isMastras =
          look.identity().name().equalsIgnoreCase("mastra_ai_spans")
              && look.keyColumns().equals(List.of("traceId", "spanId"));
      layout = isMastras ? MigrationLayout.MASTRA : MigrationLayout.TRACEKEEP;
    }
    return key(look, look.keyColumns(), layout);
  }

  private static JournalEntry withKey(JournalEntry entry, KeyConstraint key) {
    JournalEntry named =
        entry.withNote(KEY_NAME, key.name()).withNote(KEY_ORDER, String.join("\n", key.columns()));
    return key.isPrimaryKey() ? named.withNote(IS_PRIMARY_KEY, "true") : named;
  }

  // ---- forth -----------------------------------------------------------------------------------

  @Override
  protected List<Stage> forth(JdbcLook look, MigrationRun run) throws Exception {
    return new Forth(look, run).stages();
  }

  /** The stages of one attempt. */
  private final class Forth {
    private final JdbcLook look;
    private final MigrationRun run;
    private final MigrationJournal journal;
    private final @Nullable OwnTable own;
    private final DuplicateRows rows;
    private final KeyConstraint key;
    private final boolean resumed;

    Forth(JdbcLook look, MigrationRun run) throws Exception {
      this.look = look;
      this.run = run;
      this.journal = journalOf(look);
      this.own = look.own();
      JournalEntry entry = run.entry();
      this.resumed = entry.number(Field.ROWS_BEFORE).isPresent();
      this.rows = look.finalDuplicates(entry.columns(Field.TABLE_COLUMNS), entry.archive());
      this.key = resumed ? key(look, entry) : wantedKey(look, run);
    }

    List<Stage> stages() throws Exception {
      List<Stage> stages = new ArrayList<>();
      stages.add(
          Stage.of(
              MigrationStep.PREPARE,
              "archive and journal",
              "make " + run.entry().archive() + " and " + JournalEntry.JOURNAL,
              this::prepare));
      List<String> missing = look.missingColumns();
      if (own != null && (!missing.isEmpty() || look.hasRowsWithoutVersion())) {
        stages.add(
            new Stage(
                MigrationStep.ADD_COLUMNS,
                missing.isEmpty()
                    ? "fill the version of rows that have none"
                    : "add " + String.join(", ", missing),
                telling -> addColumns(missing, telling)));
      }
      if (resumed || look.counts().groups() > 0) {
        stages.add(
            Stage.of(
                MigrationStep.FIND_DUPLICATES,
                "duplicate keys",
                rows.findStatement(),
                () -> engine.connections().transact(rows::findDuplicates)));
        stages.add(
            new Stage(
                MigrationStep.ARCHIVE,
                look.counts().surplus()
                    + " rows of "
                    + look.counts().groups()
                    + " keys to "
                    + run.entry().archive(),
                this::archive));
      }
      stages.add(
          Stage.of(
              MigrationStep.CONSTRAIN,
              "constraint",
              engine.constraintStatement(look.table(), key),
              this::constrain));
      stages.add(Stage.of(MigrationStep.FINISH, "journal", null, this::finish));
      return stages;
    }

    private void prepare() throws Exception {
      run.advance(
          engine
              .connections()
              .transact(
                  connection -> {
                    engine.prepareRows(connection, look.table());
                    if (!resumed && rows.isArchiveTaken(connection)) {
                      throw new StorageException(
                          FailureKind.CONFIGURATION,
                          "There is a table "
                              + run.entry().archive()
                              + " that is no archive. Name another one for the archive, with"
                              + " --archive-table.",
                          null);
                    }
                    rows.createArchive(connection, run.options().audit() != null);
                    rows.createStaged(connection);
                    journal.createIfAbsent(connection);
                    if (resumed) {
                      return run.entry();
                    }
                    HashedRows before = rows.hash(connection);
                    JournalEntry entry =
                        withKey(run.entry(), key)
                            .with(Field.ROWS_BEFORE, before.count())
                            .with(Field.HASH_BEFORE, before.hashOrZero())
                            .with(Field.ROWS_ARCHIVED, 0)
                            .with(Field.HASH_ARCHIVED, HashedRows.NONE.hashOrZero());
                    journal.write(connection, entry);
                    return entry;
                  }));
    }

    private void addColumns(List<String> missing, Stage.Telling telling) throws Exception {
      OwnTable ours = Objects.requireNonNull(own);
      for (String column : missing) {
        telling.run(
            "add " + column,
            () ->
                engine
                    .connections()
                    .transact(
                        connection -> {
                          ours.addColumn(connection, column);
                          return true;
                        }));
      }
      long done = 0;
      long before;
      do {
        before = done;
        long from = done;
        done =
            telling.run(
                "fill version",
                from,
                null,
                () ->
                    from
                        + engine
                            .connections()
                            .transact(c -> ours.fillVersions(c, run.options().batchRows())));
      } while (done > before);
    }

    private void archive(Stage.Telling telling) throws Exception {
      long total = engine.connections().read(rows::losersFound);
      long from = 0;
      for (int batch = 1; from < total; batch++) {
        long start = from;
        if (batch > 1) {
          run.pause();
        }
        from =
            telling.run(
                "batch " + batch,
                start,
                total,
                () -> {
                  long end =
                      engine
                          .connections()
                          .transact(
                              connection -> {
                                long to =
                                    rows.endOfBatch(connection, start, run.options().batchRows());
                                Instant now = run.now();
                                moved(
                                    connection,
                                    now,
                                    rows.moveBatch(connection, run.migrationId(), start, to, now));
                                return to;
                              });
                  run.removed().committed();
                  return end;
                });
      }
    }

    /** Brings the journal up to date, and tells of the rows that were moved; before the commit. */
    private void moved(Connection connection, Instant batch, HashedRows rowsMoved)
        throws SQLException {
      run.removed().begin();
      if (rowsMoved.count() == 0) {
        return;
      }
      // Read in the same transaction, which may be repeated, and may follow another one's commit.
      JournalEntry entry = journal.current(connection, run.migrationId());
      journal.write(
          connection,
          entry
              .with(Field.ROWS_ARCHIVED, entry.count(Field.ROWS_ARCHIVED) + rowsMoved.count())
              .with(
                  Field.HASH_ARCHIVED,
                  engine.addHashes(
                      entry.text(Field.HASH_ARCHIVED).orElse(null), rowsMoved.hash())));
      long wanted = run.removed().wanted();
      if (wanted > 0) {
        rows.forEachArchived(connection, run.migrationId(), batch, wanted, run.removed()::add);
        run.removed().sync();
      }
    }

    private void constrain() throws Exception {
      engine.connections().transact(this::fillVersions);
      engine.constrain(
          look.table(),
          key,
          run.options(),
          connection -> {
            fillVersions(connection);
            Instant now = run.now();
            HashedRows late = rows.moveAll(connection, run.migrationId(), now);
            moved(connection, now, late);
            return late.count();
          });
      run.removed().committed();
    }

    /** Of rows that an older release wrote meanwhile; returns of how many. */
    private long fillVersions(Connection connection) throws Exception {
      long filled = 0;
      int some = 1;
      while (own != null && some > 0) {
        some = own.fillVersions(connection, run.options().batchRows());
        filled += some;
      }
      return filled;
    }

    private void finish() throws Exception {
      run.advance(
          engine
              .connections()
              .transact(
                  connection -> {
                    rows.dropWorkTables(connection);
                    engine.releaseRows(connection, look.table());
                    HashedRows after = rows.hash(connection);
                    HashedRows archived = rows.hashArchived(connection, run.migrationId());
                    JournalEntry entry =
                        journal
                            .current(connection, run.migrationId())
                            .finished(run.now(), archived.count(), archived.hashOrZero())
                            .with(Field.ROWS_AFTER, after.count())
                            .with(Field.HASH_AFTER, engine.addHashes(after.hash(), archived.hash()))
                            .with(
                                Field.DUPLICATE_GROUPS,
                                rows.archivedKeys(connection, run.migrationId()));
                    journal.write(connection, entry);
                    return entry;
                  }));
    }
  }

  // ---- back ------------------------------------------------------------------------------------

  private DuplicateRows recorded(JdbcLook look, JournalEntry entry) {
    return look.duplicates(entry.columns(Field.TABLE_COLUMNS), entry.archive());
  }

  @Override
  protected UndoPlan lookBack(JdbcLook look, JournalEntry entry) throws Exception {
    DuplicateRows rows = recorded(look, entry);
    List<String> obstacles = new ArrayList<>();
    List<String> gone = new ArrayList<>(entry.columns(Field.TABLE_COLUMNS));
    look.columnNames().forEach(present -> gone.removeIf(present::equalsIgnoreCase));
    if (!gone.isEmpty()) {
      obstacles.add(
          "The archived rows have columns that "
              + look.identity()
              + " has not any more: add "
              + String.join(", ", gone)
              + " again first.");
      return new UndoPlan(entry.migrationId(), 0, 0, 0, obstacles);
    }
    KeyConstraint ours = key(look, entry);
    return engine
        .connections()
        .read(
            connection -> {
              long archived = rows.archived(connection, entry.migrationId());
              if (archived == 0) {
                return new UndoPlan(entry.migrationId(), 0, 0, 0, obstacles);
              }
              for (String name : engine.uniqueKeys(connection, look.table(), ours.columns())) {
                if (!engine.isNamed(look.table(), name, ours)) {
                  obstacles.add(
                      name
                          + " keeps a key of "
                          + look.identity()
                          + " unique, so that no second row of it can come back: drop it first.");
                }
              }
              long back = rows.archivedOfPresentKeys(connection, entry.migrationId());
              return new UndoPlan(
                  entry.migrationId(),
                  back,
                  archived - back,
                  rows.changedKeys(connection, entry.migrationId()),
                  obstacles);
            });
  }

  @Override
  protected List<Stage> back(JdbcLook look, MigrationRun run) throws Exception {
    JournalEntry entry = run.entry();
    KeyConstraint key = key(look, entry);
    boolean releases = entry.constraintBefore() != ConstraintState.PRESENT;
    ConnectionSource.Work<JournalEntry> release =
        connection -> {
          if (releases) {
            engine.release(connection, look.table(), key);
          }
          JournalEntry undoing = entry.with(State.UNDOING, run.now());
          journalOf(look).write(connection, undoing);
          return undoing;
        };
    ConnectionSource.Work<Boolean> dropColumns =
        connection -> {
          engine.dropColumns(connection, look.table(), entry.columns(Field.ADDED_COLUMNS));
          return true;
        };
    ConnectionSource.Work<JournalEntry> restore = connection -> restore(connection, look, run);
    ConnectionSource source = engine.connections();
    if (engine.undoesInOneTransaction()) {
      return List.of(
          Stage.of(
              MigrationStep.RESTORE,
              "constraint, columns and archived rows",
              null,
              () ->
                  run.advance(
                      source.transact(
                          connection -> {
                            release.on(connection);
                            dropColumns.on(connection);
                            return restore.on(connection);
                          }))));
    }
    return List.of(
        Stage.of(
            MigrationStep.RELEASE, "constraint", null, () -> run.advance(source.transact(release))),
        Stage.of(MigrationStep.RELEASE, "added columns", null, () -> source.transact(dropColumns)),
        Stage.of(
            MigrationStep.RESTORE,
            "archived rows",
            null,
            () -> run.advance(source.transact(restore))));
  }

  private JournalEntry restore(Connection connection, JdbcLook look, MigrationRun run)
      throws Exception {
    JournalEntry entry = run.entry();
    DuplicateRows rows = recorded(look, entry);
    boolean deletedKeys = run.undoOptions().deletedKeys() == DeletedKeys.COME_BACK;
    long restored = rows.restore(connection, entry.migrationId(), deletedKeys);
    rows.dropWorkTables(connection);
    engine.releaseRows(connection, look.table());
    JournalEntry undone = entry.with(State.UNDONE, run.now()).with(Field.ROWS_RESTORED, restored);
    journalOf(look).write(connection, undone);
    return undone;
  }

  // ---- the archive -----------------------------------------------------------------------------

  @Override
  protected long archivedRows(JdbcLook look, JournalEntry entry) throws Exception {
    return engine.connections().read(c -> recorded(look, entry).archived(c, entry.migrationId()));
  }

  @Override
  protected @Nullable String archivedHash(JdbcLook look, JournalEntry entry) throws Exception {
    return engine
        .connections()
        .read(c -> recorded(look, entry).hashArchived(c, entry.migrationId()).hashOrZero());
  }

  @Override
  protected void archivedRows(JdbcLook look, JournalEntry entry, Consumer<ArchivedRow> each)
      throws Exception {
    engine
        .connections()
        .read(
            connection -> {
              recorded(look, entry).forEachArchived(connection, entry.migrationId(), each);
              return true;
            });
  }

  @Override
  protected List<String> drop(JdbcLook look, MigrationRun run) throws Exception {
    return engine
        .connections()
        .transact(
            connection -> {
              List<String> dropped =
                  recorded(look, run.entry()).dropArchived(connection, run.migrationId());
              journalOf(look).write(connection, run.entry().dropped(run.now()));
              return dropped;
            });
  }
}
