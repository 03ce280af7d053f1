package dev.tracekeep.conformance;

import dev.tracekeep.migration.ArchiveAudit;
import dev.tracekeep.migration.ArchivedRow;
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
import dev.tracekeep.migration.UndoOptions;
import dev.tracekeep.migration.UndoPlan;
import dev.tracekeep.migration.VerifyReport;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The migration of a {@link ReferenceTable}, step by step as the contract lists them. */
class ReferenceMigration implements DedupeMigration {
  final ReferenceDatabase database;
  final String name;

  ReferenceMigration(ReferenceDatabase database, String name) {
    this.database = database;
    this.name = name;
  }

  /** The time that a migration writes down. */
  Instant now() {
    return database.clock.instant();
  }

  @Override
  public MigrationPlan plan(MigrationOptions options) {
    synchronized (database) {
      ReferenceTable table = table();
      long rows = table.rowCount();
      long keys = table.rows.size();
      MigrationRecord open = latest(State.UNFINISHED);
      List<MigrationPlan.Step> steps =
          table.unique && table.lacking.isEmpty() && open == null
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
          open == null ? null : open.migrationId(),
          table.keepingTrigger == null
              ? MigrationPlan.Details.NONE
              : MigrationPlan.Details.NONE.withNotes(
                  List.of("The trigger " + table.keepingTrigger + " fires on DELETE.")),
          SpanColumn.all().stream()
              .filter(table.lacking::contains)
              .map(SpanColumn::columnName)
              .toList());
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
      if (table.unique && table.lacking.isEmpty() && open == null) {
        return report(null, MigrationReport.Outcome.NOTHING_TO_DO);
      }
      MigrationRecord record = open == null ? start(listener) : open;
      String id = record.migrationId();
      table.lacking.clear();
      tell(listener, id, MigrationStep.FIND_DUPLICATES, () -> {});
      archive(table, id, options, listener);
      tell(
          listener,
          id,
          MigrationStep.CONSTRAIN,
          () -> {
            archiveLosers(table, id, Integer.MAX_VALUE, options.audit());
            table.unique = true;
          });
      tell(listener, id, MigrationStep.FINISH, () -> journal(finished(record)));
      if (!isArchiveAsRecorded(id)) {
        throw new StorageException(
            FailureKind.PERMANENT, "The archive of " + name + " lacks what was moved there", null);
      }
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
            now(),
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
          listener,
          id,
          MigrationStep.ARCHIVE,
          () -> archiveLosers(table, id, options.batchRows(), options.audit()));
    }
  }

  /** Moves losers until at least so many are moved; the rows of one key stay together. */
  void archiveLosers(ReferenceTable table, String id, int enough, @Nullable ArchiveAudit audit) {
    if (table.keepingTrigger != null) {
      throw new StorageException(
          FailureKind.CONFIGURATION, "The trigger " + table.keepingTrigger + " keeps rows", null);
    }
    List<ReferenceTable.ArchivedRow> losers = new ArrayList<>();
    List<ReferenceTable.Row> winners = new ArrayList<>();
    for (List<ReferenceTable.Row> group : List.copyOf(table.rows.values())) {
      if (group.size() > 1 && losers.size() < enough) {
        ReferenceTable.Row winner = winner(group);
        boolean kept = false;
        for (ReferenceTable.Row row : List.copyOf(group)) {
          if (!kept && row == winner) {
            kept = true;
          } else {
            losers.add(new ReferenceTable.ArchivedRow(row, id, winner.span()));
          }
        }
        winners.add(winner);
      }
    }
    if (audit != null) {
      tell(audit, losers);
    }
    table.archive.addAll(losers);
    table.recorded.computeIfAbsent(id, any -> new ArrayList<>()).addAll(losers);
    for (ReferenceTable.Row winner : winners) {
      table.rows.put(winner.span().key(), new ArrayList<>(List.of(winner)));
    }
  }

  private void tell(ArchiveAudit audit, List<ReferenceTable.ArchivedRow> losers) {
    try {
      for (ReferenceTable.ArchivedRow loser : losers) {
        audit.removed(shown(loser));
      }
      audit.sync();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
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
        now(),
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
      if (!isArchiveAsRecorded(migrationId) && !table().dropped.contains(migrationId)) {
        faults.add("The archive of " + name + " is not as it was.");
      }
      if (table().duplicateGroups() > 0) {
        faults.add("The table " + name + " has duplicates.");
      }
      if (!table().unique) {
        faults.add("The table " + name + " is not unique.");
      }
      return new VerifyReport(
          migrationId,
          record.rowsBefore(),
          record.rowsBefore() - record.rowsArchived(),
          archived,
          faults,
          table().rowCount() == record.rowsBefore() - record.rowsArchived()
              ? List.of()
              : List.of("Rows were added or deleted since."));
    }
  }

  /** Compares bags: a row that is there twice is not there for another. */
  boolean isArchiveAsRecorded(String migrationId) {
    List<ReferenceTable.ArchivedRow> now = new ArrayList<>(archived(table(), migrationId));
    List<ReferenceTable.ArchivedRow> then = table().recorded.getOrDefault(migrationId, List.of());
    return now.size() == then.size() && then.stream().allMatch(now::remove);
  }

  @Override
  public UndoPlan planUndo(String migrationId) {
    synchronized (database) {
      MigrationRecord record = record(migrationId);
      if (record.state() == State.UNDONE || table().dropped.contains(migrationId)) {
        throw unknown(migrationId);
      }
      ReferenceTable table = table();
      List<ReferenceTable.ArchivedRow> archived = archived(table, migrationId);
      long present = archived.stream().filter(row -> isThere(table, row)).count();
      long changed =
          archived.stream()
              .filter(row -> isThere(table, row))
              .filter(row -> !table.rows.get(key(row)).get(0).span().equals(row.winner()))
              .map(ReferenceMigration::key)
              .distinct()
              .count();
      List<String> obstacles = new ArrayList<>();
      if (table.hasApplicationKey && !archived.isEmpty()) {
        obstacles.add("application_key keeps a key of " + name + " unique: drop it first.");
      }
      if (record.state() == State.FINISHED && archived.size() < record.rowsArchived()) {
        obstacles.add("The archive has " + archived.size() + " of " + record.rowsArchived() + ".");
      }
      return new UndoPlan(migrationId, present, archived.size() - present, changed, obstacles);
    }
  }

  private static SpanKey key(ReferenceTable.ArchivedRow archived) {
    return archived.row().span().key();
  }

  private static boolean isThere(ReferenceTable table, ReferenceTable.ArchivedRow archived) {
    return table.rows.containsKey(key(archived));
  }

  @Override
  public MigrationRecord undo(String migrationId, UndoOptions options, MigrationListener listener) {
    lock();
    try {
      List<String> obstacles = planUndo(migrationId).obstacles();
      if (!obstacles.isEmpty()) {
        throw new StorageException(FailureKind.CONFIGURATION, String.join(" ", obstacles), null);
      }
      MigrationRecord record = record(migrationId);
      journal(with(record, State.UNDOING));
      long[] restored = {0};
      tell(listener, migrationId, MigrationStep.RELEASE, () -> table().unique = false);
      tell(
          listener,
          migrationId,
          MigrationStep.RESTORE,
          () -> {
            ReferenceTable table = table();
            boolean all = options.deletedKeys() == UndoOptions.DeletedKeys.COME_BACK;
            for (ReferenceTable.ArchivedRow archived : archived(table, migrationId)) {
              if (all || isThere(table, archived)) {
                table
                    .rows
                    .computeIfAbsent(key(archived), k -> new ArrayList<>())
                    .add(archived.row());
                table.archive.remove(archived);
              }
            }
            restored[0] = record.rowsArchived() - archived(table, migrationId).size();
            journal(undone(record, restored[0]));
          });
      return undone(record, restored[0]);
    } finally {
      unlock();
    }
  }

  @Override
  public void archived(String migrationId, Consumer<ArchivedRow> each) {
    List<ReferenceTable.ArchivedRow> rows;
    synchronized (database) {
      record(migrationId);
      rows = archived(table(), migrationId);
    }
    rows.forEach(row -> each.accept(shown(row)));
  }

  private ArchivedRow shown(ReferenceTable.ArchivedRow archived) {
    SpanKey key = key(archived);
    Map<String, @Nullable Object> keyValues = new LinkedHashMap<>();
    keyValues.put("tenant_id", key.tenantId());
    keyValues.put("trace_id", key.traceId());
    keyValues.put("span_id", key.spanId());
    Map<String, @Nullable Object> row = new LinkedHashMap<>();
    row.put(RawAccess.USER_COLUMN, archived.row().userNote());
    return new ArchivedRow(
        archived.migrationId(), now().toString(), "not as good", keyValues, Map.of(), row);
  }

  @Override
  public List<MigrationRecord> history() {
    synchronized (database) {
      List<MigrationRecord> latestFirst = new ArrayList<>(table().journal);
      Collections.reverse(latestFirst);
      return latestFirst;
    }
  }

  private MigrationRecord undone(MigrationRecord record, long restored) {
    return new MigrationRecord(
        record.migrationId(),
        record.table(),
        State.UNDONE,
        record.startedAt(),
        now(),
        record.rowsBefore(),
        record.rowsArchived() - restored,
        record.duplicateGroups(),
        restored);
  }

  private MigrationRecord with(MigrationRecord record, State state) {
    return new MigrationRecord(
        record.migrationId(),
        record.table(),
        state,
        record.startedAt(),
        state == State.UNDONE ? now() : null,
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
      if (!table.dropped.contains(migrationId) && !verify(migrationId).isSound()) {
        throw new StorageException(
            FailureKind.CONFIGURATION, "The migration of " + name + " is not sound", null);
      }
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
