package dev.tracekeep.jdbc;

import dev.tracekeep.jdbc.MigrationDialect.MigratorLock;
import dev.tracekeep.jdbc.MigrationJournal.Entry;
import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationPlan.Step;
import dev.tracekeep.migration.MigrationProgress;
import dev.tracekeep.migration.MigrationProgress.Phase;
import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.MigrationRecord.State;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.MigrationReport.Outcome;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.migration.VerifyReport;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * The dedupe migration on an SQL engine.
 *
 * <p>Every statement sits between two calls of the listener, in a transaction that also brings the
 * journal up to date; so after a kill the next attempt finds either all of a step's effect or none,
 * and repeats what was not done. Linear in the rows: the losers are ranked by a window over their
 * key, in batches of whole keys, and a key with a million copies is one batch.
 */
final class JdbcDedupeMigration implements DedupeMigration {
  private final MigrationDialect engine;
  private final SpanTable table;
  private final @Nullable OwnTable own;
  private final MigrationJournal journal;
  private final BiFunction<String, Exception, StorageException> classifier;
  private final Clock clock = Clock.systemUTC();

  /**
   * @param table the table; its columns are detected where it does not name them
   * @param ownTable the statements on the table if it is our own; null if it is another system's
   * @param classifier makes a {@link StorageException} of what was tried and what was thrown
   */
  JdbcDedupeMigration(
      MigrationDialect engine,
      SpanTable table,
      @Nullable SpanTableSql ownTable,
      BiFunction<String, Exception, StorageException> classifier) {
    this.engine = engine;
    this.table = table;
    this.own = ownTable == null ? null : new OwnTable(engine, table, ownTable);
    this.journal = new MigrationJournal(engine, table);
    this.classifier = classifier;
  }

  // ---- what there is ---------------------------------------------------------------------------

  /** Whether the table is there at all. */
  boolean tableExists(Connection connection) throws SQLException {
    return !present(connection).isEmpty();
  }

  /** Whether the table has a column of that name. */
  boolean hasColumn(Connection connection, String name) throws SQLException {
    return present(connection).contains(name);
  }

  /** Whether the table lacks what this release needs, or a migration of it was interrupted. */
  boolean isNeeded(Connection connection) throws SQLException {
    return !missing(connection).isEmpty()
        || state(connection) != ConstraintState.PRESENT
        || journal.unfinished(connection).isPresent();
  }

  /**
   * Selects our own table as this release sees it, each span once, while it is not migrated yet.
   */
  String selectBest(Connection connection) throws SQLException {
    List<String> present = present(connection);
    return duplicates(connection).selectBest(Objects.requireNonNull(own).selectable(present));
  }

  private List<String> present(Connection connection) throws SQLException {
    return List.copyOf(engine.columns(connection, table.schema(), table.name()).keySet());
  }

  private List<String> missing(Connection connection) throws SQLException {
    return own == null ? List.of() : own.missing(present(connection));
  }

  /** What the columns mean that are there now: an older table of ours lacks some. */
  private SpanTable.Columns columns(Connection connection) throws SQLException {
    Set<String> present = new LinkedHashSet<>(present(connection));
    return own != null
        ? SpanTable.Columns.detect(table.toString(), present)
        : table.columnsAmong(present);
  }

  /** The columns that the constraint is on once the migration is done. */
  private List<String> finalKey(Connection connection) throws SQLException {
    SpanTable.Columns columns = table.columns() == null ? columns(connection) : table.columns();
    return columns.key();
  }

  private ConstraintState state(Connection connection) throws SQLException {
    return engine.constraintState(connection, table, finalKey(connection));
  }

  /** The ranking before the columns that are missing were added. */
  private DuplicateRows duplicates(Connection connection) throws SQLException {
    List<String> present = present(connection);
    return new DuplicateRows(engine, table, columns(connection), present);
  }

  @Override
  public MigrationPlan plan() {
    return guarded("plan the migration of " + table, () -> engine.connections().read(this::plan));
  }

  private MigrationPlan plan(Connection connection) throws SQLException {
    if (!tableExists(connection)) {
      if (own == null) {
        throw new StorageException(
            FailureKind.CONFIGURATION,
            "There is no table " + table + ". Check its name and schema.",
            null);
      }
      return new MigrationPlan(
          table.toString(), 0, 0, 0, 0, ConstraintState.ABSENT, List.of(), List.of(), null);
    }
    DuplicateRows duplicates = duplicates(connection);
    DuplicateRows.Counts counts = duplicates.count(connection);
    Optional<Entry> unfinished = journal.unfinished(connection);
    List<String> refusals = new ArrayList<>(engine.refusals(connection, table));
    if (counts.rowsWithoutKey() > 0) {
      refusals.add(
          counts.rowsWithoutKey()
              + " rows of "
              + table
              + " have no trace id or span id: give them one or delete them.");
    }
    if (own != null) {
      refusals.addAll(own.refusals(present(connection)));
    }
    unfinished
        .filter(entry -> entry.state() == State.UNDOING)
        .ifPresent(
            entry ->
                refusals.add(
                    "Taking back the migration "
                        + entry.migrationId()
                        + " was interrupted: run undo again first."));
    List<String> key = finalKey(connection);
    unfinished
        .filter(entry -> !entry.keyColumns().equals(key))
        .ifPresent(
            entry ->
                refusals.add(
                    "The interrupted migration "
                        + entry.migrationId()
                        + " has the key columns "
                        + entry.keyColumns()
                        + ", not "
                        + key
                        + ": finish it with those."));
    ConstraintState constraint = state(connection);
    boolean needed = isNeeded(connection);
    return new MigrationPlan(
        table.toString(),
        counts.rows(),
        counts.keys(),
        counts.groups(),
        counts.rows() - counts.keys(),
        constraint,
        needed ? steps(connection, counts, duplicates) : List.of(),
        refusals,
        unfinished.map(Entry::migrationId).orElse(null));
  }

  private List<Step> steps(
      Connection connection, DuplicateRows.Counts counts, DuplicateRows duplicates)
      throws SQLException {
    List<Step> steps = new ArrayList<>();
    steps.add(new Step(MigrationStep.PREPARE, null));
    List<String> missing = missing(connection);
    if (!missing.isEmpty()) {
      steps.add(new Step(MigrationStep.ADD_COLUMNS, "add " + String.join(", ", missing)));
    }
    if (counts.groups() > 0) {
      steps.add(new Step(MigrationStep.FIND_DUPLICATES, duplicates.findStatement()));
      steps.add(
          new Step(
              MigrationStep.ARCHIVE,
              (counts.rows() - counts.keys())
                  + " rows of "
                  + counts.groups()
                  + " keys to "
                  + DuplicateRows.archiveName(table)));
    }
    steps.add(
        new Step(MigrationStep.CONSTRAIN, engine.constraintStatement(table, finalKey(connection))));
    steps.add(new Step(MigrationStep.FINISH, null));
    return steps;
  }

  // ---- forth -----------------------------------------------------------------------------------

  @Override
  public MigrationReport apply(MigrationOptions options, MigrationListener listener) {
    return guarded(
        "migrate " + table,
        () -> {
          MigratorLock lock = engine.lockMigrators(table);
          try (lock) {
            return applyLocked(options, listener);
          }
        });
  }

  private MigrationReport applyLocked(MigrationOptions options, MigrationListener listener)
      throws Exception {
    Instant started = clock.instant();
    MigrationPlan plan = engine.connections().read(this::plan);
    if (!plan.isNeeded()) {
      return MigrationReport.nothingToDo(plan);
    }
    if (!plan.refusals().isEmpty()) {
      throw new StorageException(
          FailureKind.CONFIGURATION,
          "The migration of "
              + table
              + " is refused, nothing was changed. "
              + String.join(" ", plan.refusals()),
          null);
    }
    boolean resumed = plan.unfinishedMigrationId() != null;
    Attempt attempt =
        new Attempt(
            resumed ? plan.unfinishedMigrationId() : MigrationRecord.newId(started),
            options,
            listener);
    attempt.prepare();
    attempt.addColumns();
    attempt.archiveDuplicates();
    attempt.constrain();
    Entry done = attempt.finish();
    return new MigrationReport(
        done.migrationId(),
        table.toString(),
        resumed ? Outcome.RESUMED : Outcome.MIGRATED,
        done.rowsBefore(),
        done.rowsAfter(),
        engine.connections().read(c -> duplicates(c).archived(c, done.migrationId())),
        done.duplicateGroups(),
        DuplicateRows.archiveName(table),
        Duration.between(started, clock.instant()));
  }

  /** One run of {@link #apply}: an id, what was asked for, and who is told. */
  private final class Attempt {
    private final String migrationId;
    private final MigrationOptions options;
    private final MigrationListener listener;
    private int loggedRows;

    Attempt(String migrationId, MigrationOptions options, MigrationListener listener) {
      this.migrationId = migrationId;
      this.options = options;
      this.listener = listener;
    }

    private void tell(
        MigrationStep step, Phase phase, String statement, long done, @Nullable Long total) {
      listener.onProgress(new MigrationProgress(migrationId, step, phase, statement, done, total));
    }

    private <T extends @Nullable Object> T step(
        MigrationStep step, String statement, ConnectionSource.Work<T> work) throws Exception {
      tell(step, Phase.BEFORE, statement, 0, null);
      T result = engine.connections().transact(work);
      tell(step, Phase.AFTER, statement, 0, null);
      return result;
    }

    void prepare() throws Exception {
      step(
          MigrationStep.PREPARE,
          "archive and journal",
          connection -> {
            engine.prepareRows(connection, table);
            DuplicateRows duplicates = duplicates(connection);
            duplicates.createArchive(connection);
            journal.createIfAbsent(connection);
            if (journal.find(connection, migrationId).isEmpty()) {
              DuplicateRows.Counts counts = duplicates.count(connection);
              journal.insert(
                  connection,
                  new Entry(
                      migrationId,
                      State.UNFINISHED,
                      clock.instant(),
                      null,
                      finalKey(connection),
                      present(connection),
                      missing(connection),
                      state(connection),
                      counts.rows(),
                      duplicates.hash(connection),
                      0,
                      null,
                      0));
            }
            return true;
          });
    }

    void addColumns() throws Exception {
      if (own == null) {
        return;
      }
      for (String column : engine.connections().read(c -> own.missing(present(c)))) {
        step(
            MigrationStep.ADD_COLUMNS,
            "add " + column,
            connection -> {
              own.addColumn(connection, column);
              return true;
            });
      }
      long done = 0;
      while (true) {
        tell(MigrationStep.ADD_COLUMNS, Phase.BEFORE, "fill version", done, null);
        int filled = engine.connections().transact(c -> own.fillVersions(c, options.batchRows()));
        done += filled;
        tell(MigrationStep.ADD_COLUMNS, Phase.AFTER, "fill version", done, null);
        if (filled == 0) {
          return;
        }
      }
    }

    void archiveDuplicates() throws Exception {
      long total =
          step(
              MigrationStep.FIND_DUPLICATES,
              "duplicate keys",
              connection -> recorded(connection).findDuplicates(connection));
      long from = 0;
      for (int batch = 1; from < total; batch++) {
        String statement = "batch " + batch;
        long start = from;
        tell(MigrationStep.ARCHIVE, Phase.BEFORE, statement, start, total);
        from =
            engine
                .connections()
                .transact(
                    connection -> {
                      DuplicateRows duplicates = recorded(connection);
                      long end = duplicates.endOfBatch(connection, start, options.batchRows());
                      long groups =
                          duplicates.moveBatch(
                              connection, migrationId, start, end, clock.instant());
                      journal.addGroups(connection, migrationId, groups);
                      return end;
                    });
        logRemovedRows();
        tell(MigrationStep.ARCHIVE, Phase.AFTER, statement, from, total);
      }
    }

    void constrain() throws Exception {
      tell(MigrationStep.CONSTRAIN, Phase.BEFORE, "constraint", 0, null);
      List<String> key = engine.connections().read(JdbcDedupeMigration.this::finalKey);
      engine.constrain(
          table,
          key,
          options.lockTimeout(),
          connection -> {
            if (own != null) {
              while (own.fillVersions(connection, options.batchRows()) > 0) {
                // rows that an older release wrote meanwhile
              }
            }
            DuplicateRows duplicates = recorded(connection);
            long groups = duplicates.moveAll(connection, migrationId, clock.instant());
            journal.addGroups(connection, migrationId, groups);
            return groups;
          });
      logRemovedRows();
      tell(MigrationStep.CONSTRAIN, Phase.AFTER, "constraint", 0, null);
    }

    Entry finish() throws Exception {
      return step(
          MigrationStep.FINISH,
          "journal",
          connection -> {
            DuplicateRows duplicates = recorded(connection);
            duplicates.dropWorkTable(connection);
            engine.releaseRows(connection, table);
            journal.finish(
                connection,
                migrationId,
                duplicates.rows(connection),
                duplicates.hashWithArchive(connection, migrationId),
                clock.instant());
            return journal.find(connection, migrationId).orElseThrow();
          });
    }

    /** The ranking as it is now, over the columns that the table had when the migration began. */
    private DuplicateRows recorded(Connection connection) throws SQLException {
      Entry entry = journal.find(connection, migrationId).orElseThrow();
      return duplicates(connection).withColumns(entry.tableColumns());
    }

    private void logRemovedRows() throws Exception {
      if (loggedRows <= options.loggedRows()) {
        loggedRows =
            engine
                .connections()
                .read(
                    c -> recorded(c).logArchived(c, migrationId, loggedRows, options.loggedRows()));
      }
    }
  }

  // ---- check and back --------------------------------------------------------------------------

  /** The table is changed in place: there is no copy of it to let go of. */
  @Override
  public List<String> finish(String migrationId) {
    return guarded(
        "finish the migration " + migrationId,
        () ->
            engine
                .connections()
                .read(
                    connection -> {
                      finished(connection, migrationId);
                      return List.of();
                    }));
  }

  private Entry finished(Connection connection, String migrationId) throws SQLException {
    Entry entry = known(connection, migrationId);
    if (entry.state() != State.FINISHED) {
      throw new StorageException(
          FailureKind.INVALID,
          "The migration "
              + migrationId
              + " of "
              + table
              + " is "
              + entry.state().name().toLowerCase(Locale.ROOT)
              + ": verify and finish need a finished one.",
          null);
    }
    return entry;
  }

  @Override
  public VerifyReport verify(String migrationId) {
    return guarded(
        "verify the migration " + migrationId,
        () -> engine.connections().read(connection -> verify(connection, migrationId)));
  }

  private VerifyReport verify(Connection connection, String migrationId) throws SQLException {
    Entry entry = finished(connection, migrationId);
    DuplicateRows duplicates = duplicates(connection).withColumns(entry.tableColumns());
    long archived = duplicates.archived(connection, migrationId);
    List<String> faults = new ArrayList<>();
    long missing = entry.rowsBefore() - entry.rowsAfter() - archived;
    if (missing > 0) {
      faults.add(
          missing
              + " rows are neither in the table nor in the archive: "
              + entry.rowsBefore()
              + " before, "
              + entry.rowsAfter()
              + " after, "
              + archived
              + " archived.");
    }
    if (missing == 0 && !Objects.equals(entry.hashBefore(), entry.hashAfter())) {
      faults.add(
          "The rows after and archived are as many as before, but not the same rows: something"
              + " changed them while the migration ran.");
    }
    long groups = duplicates.count(connection).groups();
    if (groups > 0) {
      faults.add(groups + " keys have more than one row.");
    }
    ConstraintState constraint = state(connection);
    if (constraint != ConstraintState.PRESENT) {
      faults.add(
          "The uniqueness constraint is " + constraint.name().toLowerCase(Locale.ROOT) + ".");
    }
    return new VerifyReport(migrationId, entry.rowsBefore(), entry.rowsAfter(), archived, faults);
  }

  private Entry known(Connection connection, String migrationId) throws SQLException {
    return journal
        .find(connection, migrationId)
        .orElseThrow(
            () ->
                new StorageException(
                    FailureKind.INVALID,
                    "There is no migration "
                        + migrationId
                        + " of "
                        + table
                        + ". 'tracekeep migrate list' shows those there are.",
                    null));
  }

  @Override
  public MigrationRecord undo(String migrationId, MigrationListener listener) {
    return guarded(
        "take back the migration " + migrationId,
        () -> {
          MigratorLock lock = engine.lockMigrators(table);
          try (lock) {
            return undoLocked(migrationId, listener);
          }
        });
  }

  private MigrationRecord undoLocked(String migrationId, MigrationListener listener)
      throws Exception {
    Entry entry = engine.connections().read(c -> known(c, migrationId));
    if (entry.state() == State.UNDONE) {
      throw new StorageException(
          FailureKind.INVALID,
          "The migration " + migrationId + " of " + table + " is undone already.",
          null);
    }
    Attempt attempt = new Attempt(migrationId, MigrationOptions.DEFAULT, listener);
    attempt.step(
        MigrationStep.RELEASE,
        "journal",
        connection -> {
          journal.setState(connection, migrationId, State.UNDOING, clock.instant());
          return true;
        });
    attempt.tell(MigrationStep.RELEASE, Phase.BEFORE, "constraint", 0, null);
    if (entry.constraintBefore() != ConstraintState.PRESENT) {
      engine.release(table, entry.keyColumns());
    }
    attempt.tell(MigrationStep.RELEASE, Phase.AFTER, "constraint", 0, null);
    attempt.tell(MigrationStep.RELEASE, Phase.BEFORE, "added columns", 0, null);
    engine.dropColumns(table, entry.addedColumns());
    attempt.tell(MigrationStep.RELEASE, Phase.AFTER, "added columns", 0, null);
    long restored =
        attempt.step(
            MigrationStep.RESTORE,
            "archived rows",
            connection -> {
              DuplicateRows duplicates = duplicates(connection).withColumns(entry.tableColumns());
              long rows = duplicates.restore(connection, migrationId);
              duplicates.dropWorkTable(connection);
              engine.releaseRows(connection, table);
              journal.setState(connection, migrationId, State.UNDONE, clock.instant());
              return rows;
            });
    return engine
        .connections()
        .read(c -> known(c, migrationId))
        .toRecord(table.toString(), restored);
  }

  @Override
  public List<MigrationRecord> history() {
    return guarded(
        "list the migrations of " + table,
        () ->
            engine
                .connections()
                .read(
                    connection -> {
                      List<MigrationRecord> records = new ArrayList<>();
                      for (Entry entry : journal.entries(connection)) {
                        records.add(
                            entry.toRecord(
                                table.toString(),
                                duplicates(connection).archived(connection, entry.migrationId())));
                      }
                      return records;
                    }));
  }

  @FunctionalInterface
  private interface Guarded<T> {
    T call() throws Exception;
  }

  private <T> T guarded(String action, Guarded<T> work) {
    try {
      return work.call();
    } catch (StorageException e) {
      throw e;
    } catch (IllegalArgumentException e) {
      throw new StorageException(FailureKind.CONFIGURATION, e.getMessage(), e);
    } catch (RuntimeException e) {
      throw e; // the listener's own, which ends the migration where it stands
    } catch (Exception e) {
      throw classifier.apply(action, e);
    }
  }
}
