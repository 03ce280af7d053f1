package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.adapter.clickhouse.MigrationJournal.Entry;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationPlan.Step;
import dev.tracekeep.migration.MigrationRecord.State;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Says what a migration would do, and changes nothing. */
final class MigrationPlanner {
  private final MigratedTable table;
  private final MigrationJournal journal;
  private final String shown;

  /**
   * @param shown the table's name as the caller gave it
   */
  MigrationPlanner(MigratedTable table, MigrationJournal journal, String shown) {
    this.table = table;
    this.journal = journal;
    this.shown = shown;
  }

  /** Whether the table lacks what this release needs, or a migration of it was interrupted. */
  boolean isNeeded(TableShape shape) throws Exception {
    return table.state(shape) != ConstraintState.PRESENT
        || !table.missing(shape).isEmpty()
        || journal.unfinished().isPresent();
  }

  MigrationPlan plan() throws Exception {
    TableShape shape = table.shape().orElse(null);
    if (shape == null) {
      if (!table.own()) {
        throw new StorageException(
            FailureKind.CONFIGURATION,
            "There is no table " + shown + ". Check its name and database.",
            null);
      }
      return new MigrationPlan(
          shown, 0, 0, 0, 0, ConstraintState.ABSENT, List.of(), List.of(), null);
    }
    ConstraintState state = table.state(shape);
    Optional<Entry> unfinished = journal.unfinished();
    String name = table.qualified(table.name());
    DuplicateRows rows = table.duplicates(shape, shape.carried());
    List<Long> counts = new ArrayList<>();
    table
        .client()
        .forEachLong(
            rows.count(name),
            Map.of("max_bytes_before_external_group_by", "1073741824"),
            row -> {
              for (int i = 0; i < 4; i++) {
                counts.add(row.number());
              }
            });
    if (state == ConstraintState.PRESENT) {
      // Copies that the engine has not merged yet are no duplicates: every read shows one.
      long keys = counts.get(1);
      counts.clear();
      counts.addAll(List.of(keys, keys, 0L, 0L));
    }
    List<String> refusals =
        state == ConstraintState.PRESENT
            ? new ArrayList<>()
            : new ArrayList<>(table.refusals(shape));
    if (counts.get(3) > 0) {
      refusals.add(
          counts.get(3)
              + " rows of "
              + shown
              + " have no trace id or span id: give them one or delete them.");
    }
    unfinished
        .filter(entry -> entry.state() == State.UNDOING)
        .ifPresent(
            entry ->
                refusals.add(
                    "Taking back the migration "
                        + entry.migrationId()
                        + " was interrupted: run undo again first."));
    long surplus = counts.get(0) - counts.get(1);
    return new MigrationPlan(
        shown,
        counts.get(0),
        counts.get(1),
        counts.get(2),
        surplus,
        state,
        isNeeded(shape) ? steps(shape, counts) : List.of(),
        refusals,
        unfinished.map(Entry::migrationId).orElse(null));
  }

  private List<Step> steps(TableShape shape, List<Long> counts) {
    List<Step> steps = new ArrayList<>();
    steps.add(new Step(MigrationStep.PREPARE, table.createStatement(shape)));
    if (table.versionsAreWorkedOut(shape)) {
      steps.add(new Step(MigrationStep.ADD_COLUMNS, "work out the version of each row"));
    }
    steps.add(new Step(MigrationStep.FIND_DUPLICATES, null));
    steps.add(
        new Step(
            MigrationStep.ARCHIVE,
            (counts.get(0) - counts.get(1))
                + " rows of "
                + counts.get(2)
                + " keys to "
                + DuplicateRows.archiveName(table.name())));
    steps.add(
        new Step(
            MigrationStep.CONSTRAIN,
            "EXCHANGE TABLES "
                + table.qualified(table.name())
                + " AND "
                + table.qualified(DuplicateRows.freshName(table.name()))));
    steps.add(new Step(MigrationStep.FINISH, null));
    return steps;
  }
}
