package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.adapter.clickhouse.MigrationJournal.Count;
import dev.tracekeep.adapter.clickhouse.MigrationJournal.Entry;
import dev.tracekeep.adapter.clickhouse.MigrationJournal.Phase;
import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.MigrationRecord.State;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.MigrationReport.Outcome;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.migration.VerifyReport;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The dedupe migration: a new table beside the old one, which takes its name. */
final class ClickHouseMigration implements DedupeMigration {
  private final ClickHouseClient client;
  private final ClickHouseFailures failures;
  private final SpanTable table;
  private final boolean own;
  private final Duration patience;
  private final Clock clock = Clock.systemUTC();

  /**
   * @param table another system's table; null for the store's own
   */
  ClickHouseMigration(
      ClickHouseClient client,
      StorageConfig config,
      @Nullable SpanTable table,
      ClickHouseFailures failures) {
    this.client = client;
    this.failures = failures;
    boolean clustered = config.engineProperty(ClusterTables.PROPERTY).isPresent();
    // On a cluster the rows are in the shards' own tables; the one over them has none.
    String name = clustered ? ClusterTables.localName(config.table()) : config.table();
    this.table = table == null ? new SpanTable(null, name, null) : table;
    this.own = table == null;
    this.patience = config.lockTimeout();
  }

  private MigratedTable target() throws Exception {
    String database =
        table.schema() == null
            ? client.list("SELECT currentDatabase()", RowBinaryReader::text).get(0)
            : table.schema();
    return new MigratedTable(client, database, table.name(), own, table);
  }

  private MigrationJournal journal(MigratedTable target) {
    return new MigrationJournal(client, target.database(), target.name());
  }

  private MigrationPlanner planner(MigratedTable target) {
    return new MigrationPlanner(target, journal(target), table.toString());
  }

  // ---- what there is ---------------------------------------------------------------------------

  /** Whether the table is there at all. */
  boolean tableExists() throws Exception {
    return target().shape().isPresent();
  }

  /** Whether the table lacks what this release needs, or a migration of it was interrupted. */
  boolean isNeeded() throws Exception {
    MigratedTable target = target();
    return planner(target).isNeeded(target.shape().orElseThrow());
  }

  /**
   * The statements that make our own table one of this release, where it only lacks columns that
   * may be empty; none where it needs more than that.
   */
  List<String> additions() throws Exception {
    MigratedTable target = target();
    TableShape shape = target.shape().orElseThrow();
    boolean lacksColumnsAlone =
        target.state(shape) == ConstraintState.PRESENT
            && target.refusals(shape).isEmpty()
            && journal(target).unfinished().isEmpty();
    return lacksColumnsAlone
        ? ClickHouseTable.additions(target.qualified(target.name()), shape.columnNames())
        : List.of();
  }

  /** Selects our own table as this release sees it, each span once, while it is not migrated. */
  String selectBest() throws Exception {
    MigratedTable target = target();
    TableShape shape = target.shape().orElseThrow();
    DuplicateRows rows = target.duplicates(shape, shape.carried());
    return rows.selectBest(
        target.qualified(target.name()),
        target.select(shape) + ", " + rows.row.version() + " AS version");
  }

  @Override
  public MigrationPlan plan() {
    return guarded("plan the migration of " + table, () -> planner(target()).plan());
  }

  // ---- forth -----------------------------------------------------------------------------------

  @Override
  public MigrationReport apply(MigrationOptions options, MigrationListener listener) {
    return guarded(
        "migrate " + table,
        () -> {
          MigratedTable target = target();
          if (target.shape().isPresent() && !planner(target).plan().isNeeded()) {
            // Found without the lease, which would leave a table behind where nothing is done.
            return MigrationReport.nothingToDo(planner(target).plan());
          }
          try (MigratorSession session = MigratorSession.open(target, patience)) {
            return apply(target, session, options, listener);
          }
        });
  }

  private MigrationReport apply(
      MigratedTable target,
      MigratorSession session,
      MigrationOptions options,
      MigrationListener listener)
      throws Exception {
    Instant started = clock.instant();
    MigrationPlan plan = planner(target).plan();
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
    MigrationJournal journal = journal(target);
    Optional<Entry> unfinished = journal.unfinished();
    Entry entry = unfinished.isPresent() ? unfinished.get() : newEntry(target, started);
    Entry done = new MigrationRun(target, session, journal, options, listener, clock, entry).run();
    return new MigrationReport(
        done.migrationId(),
        table.toString(),
        unfinished.isPresent() ? Outcome.RESUMED : Outcome.MIGRATED,
        done.count(Count.ROWS_BEFORE),
        done.rowsAfter(),
        done.count(Count.ROWS_ARCHIVED),
        done.count(Count.DUPLICATE_GROUPS),
        DuplicateRows.archiveName(target.name()),
        Duration.between(started, clock.instant()));
  }

  private static Entry newEntry(MigratedTable target, Instant now) throws Exception {
    TableShape shape = target.shape().orElseThrow();
    String kept = target.name() + "_dedupe_old";
    for (int i = 2; target.uuid(kept).isPresent(); i++) {
      kept = target.name() + "_dedupe_old_" + i;
    }
    return new Entry(
        MigrationRecord.newId(now),
        0,
        State.UNFINISHED,
        Phase.STARTED,
        now,
        null,
        shape.uuid(),
        kept,
        target.columns(shape).key(),
        shape.carried(),
        Map.of());
  }

  // ---- check, back, and letting go -------------------------------------------------------------

  @Override
  public VerifyReport verify(String migrationId) {
    return guarded(
        "verify the migration " + migrationId,
        () -> {
          MigratedTable target = target();
          Entry entry = finished(journal(target), migrationId, "verified");
          TableShape shape = target.shape().orElseThrow();
          long archived = archived(target, migrationId);
          List<String> faults = new ArrayList<>();
          if (archived != entry.count(Count.ROWS_ARCHIVED)) {
            faults.add(
                "The archive has "
                    + archived
                    + " rows of this migration, and had "
                    + entry.count(Count.ROWS_ARCHIVED)
                    + ".");
          }
          if (target.state(shape) != ConstraintState.PRESENT) {
            faults.add(
                "The engine of the table does not replace rows of one key by the version: it is "
                    + shape.engine()
                    + ".");
          }
          return new VerifyReport(
              migrationId, entry.count(Count.ROWS_BEFORE), entry.rowsAfter(), archived, faults);
        });
  }

  private long archived(MigratedTable target, String migrationId) throws Exception {
    String archive = DuplicateRows.archiveName(target.name());
    return target.uuid(archive).isEmpty()
        ? 0
        : client.number(
            "SELECT count() FROM "
                + target.qualified(archive)
                + " WHERE "
                + MigrationRun.ofMigration(migrationId));
  }

  private Entry known(MigrationJournal journal, String migrationId) throws Exception {
    return journal
        .find(migrationId)
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

  private Entry finished(MigrationJournal journal, String migrationId, String verb)
      throws Exception {
    Entry entry = known(journal, migrationId);
    if (entry.state() != State.FINISHED) {
      throw new StorageException(
          FailureKind.INVALID,
          "The migration "
              + migrationId
              + " of "
              + table
              + " is "
              + entry.state().name().toLowerCase(Locale.ROOT)
              + ", only a finished one can be "
              + verb
              + ".",
          null);
    }
    return entry;
  }

  @Override
  public MigrationRecord undo(String migrationId, MigrationListener listener) {
    return guarded(
        "take back the migration " + migrationId,
        () -> {
          MigratedTable target = target();
          MigrationJournal journal = journal(target);
          known(journal, migrationId);
          try (MigratorSession session = MigratorSession.open(target, patience)) {
            Entry entry = known(journal, migrationId);
            if (entry.state() == State.UNDONE) {
              throw new StorageException(
                  FailureKind.INVALID,
                  "The migration " + migrationId + " of " + table + " is undone already.",
                  null);
            }
            return new MigrationUndo(target, session, journal, listener, clock, entry)
                .run()
                .toRecord(table.toString());
          }
        });
  }

  @Override
  public List<String> finish(String migrationId) {
    return guarded(
        "finish the migration " + migrationId,
        () -> {
          MigratedTable target = target();
          MigrationJournal journal = journal(target);
          finished(journal, migrationId, "finished with");
          try (MigratorSession session = MigratorSession.open(target, patience)) {
            return dropOldTable(target, session, journal, migrationId);
          }
        });
  }

  private List<String> dropOldTable(
      MigratedTable target, MigratorSession session, MigrationJournal journal, String migrationId)
      throws Exception {
    Entry entry = finished(journal, migrationId, "finished with");
    if (target.uuid(entry.kept()).filter(entry.oldUuid()::equals).isEmpty()) {
      return List.of();
    }
    String name = target.qualified(entry.kept());
    long late =
        session.number(
            "SELECT count() FROM "
                + name
                + " WHERE "
                + RowExpressions.changedSince(entry.count(Count.OLD_BLOCK)));
    if (late > 0) {
      throw new StorageException(
          FailureKind.INVALID,
          "Since the migration "
              + migrationId
              + " ended, rows were written into the old table "
              + entry.kept()
              + ", which is not dropped for that reason. Run 'tracekeep migrate undo "
              + migrationId
              + "' and apply the migration again: nothing is lost by that.",
          null);
    }
    session.execute("DROP TABLE " + name + " SYNC");
    journal.write(entry.withoutCopy());
    return List.of(target.database() + "." + entry.kept());
  }

  @Override
  public List<MigrationRecord> history() {
    return guarded(
        "list the migrations of " + table,
        () ->
            journal(target()).entries().stream()
                .map(entry -> entry.toRecord(table.toString()))
                .toList());
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
    } catch (IllegalStateException e) {
      throw e; // the listener's own, which ends the migration where it stands
    } catch (Exception e) {
      throw failures.classify(action, e);
    }
  }
}
