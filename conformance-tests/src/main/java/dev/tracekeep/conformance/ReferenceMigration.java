package dev.tracekeep.conformance;

import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationProgress;
import dev.tracekeep.migration.MigrationProgress.Phase;
import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.MigrationRecord.State;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.migration.VerifyReport;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The migration of a {@link ReferenceTable}, step by step as the contract lists them. */
class ReferenceMigration implements DedupeMigration {
  final ReferenceDatabase database;
  final String name;

  ReferenceMigration(ReferenceDatabase database, String name) {
    this.database = database;
    this.name = name;
  }

  @Override
  public MigrationPlan plan() {
    synchronized (database) {
      ReferenceTable table = table();
      long rows = table.rowCount();
      long keys = table.rows.size();
      MigrationRecord open = latest(State.UNFINISHED);
      List<MigrationPlan.Step> steps =
          table.unique && open == null
              ? List.of()
              : List.of(
                  step(MigrationStep.PREPARE),
                  step(MigrationStep.FIND_DUPLICATES),
                  step(MigrationStep.ARCHIVE),
                  step(MigrationStep.CONSTRAIN),
                  step(MigrationStep.FINISH));
      return new MigrationPlan(
          name,
          rows,
          keys,
          table.duplicateGroups(),
          rows - keys,
          table.unique ? ConstraintState.PRESENT : ConstraintState.ABSENT,
          steps,
          List.of(),
          open == null ? null : open.migrationId());
    }
  }

  private static MigrationPlan.Step step(MigrationStep step) {
    return new MigrationPlan.Step(step, null);
  }

  @Override
  public MigrationReport apply(MigrationOptions options, MigrationListener listener) {
    lock();
    try {
      ReferenceTable table = table();
      MigrationRecord open = latest(State.UNFINISHED);
      if (table.unique && open == null) {
        return report(null, MigrationReport.Outcome.NOTHING_TO_DO);
      }
      MigrationRecord record = open == null ? start(listener) : open;
      String id = record.migrationId();
      tell(listener, id, MigrationStep.FIND_DUPLICATES, () -> {});
      archive(table, id, options, listener);
      tell(
          listener,
          id,
          MigrationStep.CONSTRAIN,
          () -> {
            archiveLosers(table, id, Integer.MAX_VALUE);
            table.unique = true;
          });
      tell(listener, id, MigrationStep.FINISH, () -> journal(finished(record)));
      return report(
          finished(record),
          open == null ? MigrationReport.Outcome.MIGRATED : MigrationReport.Outcome.RESUMED);
    } finally {
      unlock();
    }
  }

  private MigrationRecord start(MigrationListener listener) {
    ReferenceTable table = table();
    MigrationRecord record =
        new MigrationRecord(
            "migration-" + (table.journal.size() + 1),
            name,
            State.UNFINISHED,
            Instant.EPOCH,
            null,
            table.rowCount(),
            0,
            table.duplicateGroups());
    tell(listener, record.migrationId(), MigrationStep.PREPARE, () -> journal(record));
    return record;
  }

  private void archive(
      ReferenceTable table, String id, MigrationOptions options, MigrationListener listener) {
    while (true) {
      synchronized (database) {
        if (table.duplicateGroups() == 0) {
          return;
        }
      }
      tell(
          listener, id, MigrationStep.ARCHIVE, () -> archiveLosers(table, id, options.batchRows()));
    }
  }

  /** Moves losers until at least so many are moved; the rows of one key stay together. */
  void archiveLosers(ReferenceTable table, String id, int enough) {
    int moved = 0;
    for (List<ReferenceTable.Row> group : List.copyOf(table.rows.values())) {
      if (group.size() > 1 && moved < enough) {
        ReferenceTable.Row winner = winner(group);
        boolean kept = false;
        for (ReferenceTable.Row row : List.copyOf(group)) {
          if (!kept && row == winner) {
            kept = true;
          } else {
            table.archive.add(new ReferenceTable.ArchivedRow(row, id));
            moved++;
          }
        }
        SpanKey key = winner.span().key();
        table.rows.put(key, new ArrayList<>(List.of(winner)));
      }
    }
  }

  ReferenceTable.Row winner(List<ReferenceTable.Row> group) {
    return ReferenceTable.bestRow(group);
  }

  private MigrationRecord finished(MigrationRecord record) {
    ReferenceTable table = table();
    return new MigrationRecord(
        record.migrationId(),
        name,
        State.FINISHED,
        record.startedAt(),
        Instant.EPOCH,
        record.rowsBefore(),
        archived(table, record.migrationId()).size(),
        record.duplicateGroups());
  }

  private MigrationReport report(
      @Nullable MigrationRecord record, MigrationReport.Outcome outcome) {
    synchronized (database) {
      long rows = table().rowCount();
      return record == null
          ? new MigrationReport(null, name, outcome, rows, rows, 0, 0, null, Duration.ZERO)
          : new MigrationReport(
              record.migrationId(),
              name,
              outcome,
              record.rowsBefore(),
              rows,
              record.rowsArchived(),
              record.duplicateGroups(),
              name + "_dedupe_archive",
              Duration.ZERO);
    }
  }

  @Override
  public VerifyReport verify(String migrationId) {
    synchronized (database) {
      MigrationRecord record = finished(migrationId);
      long archived = archived(table(), migrationId).size();
      List<String> faults = new ArrayList<>();
      if (archived != record.rowsArchived() && !table().dropped.contains(migrationId)) {
        faults.add("The archive has " + archived + " rows of " + record.rowsArchived() + ".");
      }
      if (table().duplicateGroups() > 0 || !table().unique) {
        faults.add("The table " + name + " is not unique.");
      }
      return new VerifyReport(
          migrationId,
          record.rowsBefore(),
          record.rowsBefore() - record.rowsArchived(),
          archived,
          faults);
    }
  }

  @Override
  public MigrationRecord undo(String migrationId, MigrationListener listener) {
    lock();
    try {
      MigrationRecord record = record(migrationId);
      if (record.state() == State.UNDONE || table().dropped.contains(migrationId)) {
        throw unknown(migrationId);
      }
      journal(with(record, State.UNDOING));
      tell(listener, migrationId, MigrationStep.RELEASE, () -> table().unique = false);
      tell(
          listener,
          migrationId,
          MigrationStep.RESTORE,
          () -> {
            ReferenceTable table = table();
            for (ReferenceTable.ArchivedRow archived : archived(table, migrationId)) {
              table
                  .rows
                  .computeIfAbsent(archived.row().span().key(), k -> new ArrayList<>())
                  .add(archived.row());
              table.archive.remove(archived);
            }
            journal(with(record, State.UNDONE));
          });
      return with(record, State.UNDONE);
    } finally {
      unlock();
    }
  }

  @Override
  public List<MigrationRecord> history() {
    synchronized (database) {
      List<MigrationRecord> latestFirst = new ArrayList<>(table().journal);
      Collections.reverse(latestFirst);
      return latestFirst;
    }
  }

  private static MigrationRecord with(MigrationRecord record, State state) {
    return new MigrationRecord(
        record.migrationId(),
        record.table(),
        state,
        record.startedAt(),
        state == State.UNDONE ? Instant.EPOCH : null,
        record.rowsBefore(),
        record.rowsArchived(),
        record.duplicateGroups());
  }

  private void tell(MigrationListener listener, String id, MigrationStep step, Runnable work) {
    String statement = step.name().toLowerCase(Locale.ROOT);
    listener.onProgress(new MigrationProgress(id, step, Phase.BEFORE, statement, 0, null));
    synchronized (database) {
      work.run();
    }
    listener.onProgress(new MigrationProgress(id, step, Phase.AFTER, statement, 0, null));
  }

  private void lock() {
    synchronized (database) {
      if (database.migrator != null) {
        throw new StorageException(
            FailureKind.TRANSIENT, "The table " + name + " is being migrated already", null);
      }
      database.migrator = this;
    }
  }

  private void unlock() {
    synchronized (database) {
      database.migrator = null;
    }
  }

  private ReferenceTable table() {
    ReferenceTable table = database.table(name);
    if (table == null) {
      throw new StorageException(
          FailureKind.CONFIGURATION, "There is no table " + name + " to migrate", null);
    }
    return table;
  }

  private void journal(MigrationRecord record) {
    List<MigrationRecord> journal = table().journal;
    journal.removeIf(known -> known.migrationId().equals(record.migrationId()));
    journal.add(record);
  }

  private @Nullable MigrationRecord latest(State state) {
    MigrationRecord latest = null;
    for (MigrationRecord record : table().journal) {
      latest = record.state() == state ? record : latest;
    }
    return latest;
  }

  @Override
  public List<String> drop(String migrationId) {
    synchronized (database) {
      finished(migrationId);
      ReferenceTable table = table();
      if (!table.dropped.add(migrationId)) {
        return List.of();
      }
      table.archive.removeAll(archived(table, migrationId));
      return List.of(name + "_dedupe_archive");
    }
  }

  private MigrationRecord finished(String migrationId) {
    MigrationRecord record = record(migrationId);
    if (record.state() != State.FINISHED) {
      throw unknown(migrationId);
    }
    return record;
  }

  private MigrationRecord record(String migrationId) {
    return table().journal.stream()
        .filter(record -> record.migrationId().equals(migrationId))
        .findFirst()
        .orElseThrow(() -> unknown(migrationId));
  }

  private StorageException unknown(String migrationId) {
    return new StorageException(
        FailureKind.INVALID,
        "The table " + name + " has no finished migration " + migrationId,
        null);
  }

  private static List<ReferenceTable.ArchivedRow> archived(ReferenceTable table, String id) {
    return table.archive.stream().filter(row -> row.migrationId().equals(id)).toList();
  }
}
