package dev.tracekeep.adapter.mongo;

import com.mongodb.client.MongoDatabase;
import dev.tracekeep.adapter.mongo.DuplicateDocuments.Counts;
import dev.tracekeep.adapter.mongo.MigrationJournal.Entry;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationPlan.Step;
import dev.tracekeep.migration.MigrationRecord.State;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Looks at a collection, and says what a migration would do. */
final class MigrationPlanner {
  private final MongoDatabase database;
  private final SpanCollection collection;
  private final SpanTable table;
  private final @Nullable OwnDocuments own;
  private final MigrationJournal journal;

  MigrationPlanner(
      MongoDatabase database,
      SpanCollection collection,
      @Nullable OwnDocuments own,
      MigrationJournal journal) {
    this.database = database;
    this.collection = collection;
    this.table = collection.table();
    this.own = own;
    this.journal = journal;
  }

  MigrationPlan plan() {
    if (!collection.exists()) {
      if (own == null) {
        throw new StorageException(
            FailureKind.CONFIGURATION,
            "There is no collection " + table + ". Check its name and database.",
            null);
      }
      return new MigrationPlan(
          table.toString(), 0, 0, 0, 0, ConstraintState.ABSENT, List.of(), List.of(), null);
    }
    SpanTable.Columns columns = collection.columns();
    ConstraintState constraint = collection.state(columns);
    Optional<Entry> unfinished = journal.unfinished();
    Counts counts = new DuplicateDocuments(database, table.name(), columns).count();
    boolean needed = constraint != ConstraintState.PRESENT || unfinished.isPresent();
    return new MigrationPlan(
        table.toString(),
        counts.rows(),
        counts.keys(),
        counts.groups(),
        counts.surplus(),
        constraint,
        needed ? steps(columns, counts) : List.of(),
        needed ? refusals(columns, counts, unfinished) : List.of(),
        unfinished.map(Entry::migrationId).orElse(null));
  }

  private List<String> refusals(
      SpanTable.Columns columns, Counts counts, Optional<Entry> unfinished) {
    List<String> refusals = new ArrayList<>(collection.obstacles());
    if (counts.rowsWithoutKey() > 0) {
      refusals.add(
          counts.rowsWithoutKey()
              + " documents of "
              + table
              + " have no text in one of "
              + String.join(", ", columns.key())
              + ": give them one or delete them.");
    }
    unfinished
        .filter(entry -> entry.state() == State.UNDOING)
        .ifPresent(
            entry ->
                refusals.add(
                    "Taking back the migration "
                        + entry.migrationId()
                        + " was interrupted: run undo again first."));
    unfinished
        .filter(entry -> !entry.keyFields().equals(columns.key()))
        .ifPresent(
            entry ->
                refusals.add(
                    "The interrupted migration "
                        + entry.migrationId()
                        + " has the key fields "
                        + entry.keyFields()
                        + ", not "
                        + columns.key()
                        + ": finish it with those."));
    return refusals;
  }

  private List<Step> steps(SpanTable.Columns columns, Counts counts) {
    List<Step> steps = new ArrayList<>();
    steps.add(new Step(MigrationStep.PREPARE, null));
    if (own != null && own.lackVersion()) {
      steps.add(
          new Step(MigrationStep.ADD_COLUMNS, "add " + String.join(", ", OwnDocuments.FIELDS)));
    }
    if (counts.groups() > 0) {
      steps.add(
          new Step(MigrationStep.FIND_DUPLICATES, "group by " + String.join(", ", columns.key())));
      steps.add(
          new Step(
              MigrationStep.ARCHIVE,
              counts.surplus()
                  + " documents of "
                  + counts.groups()
                  + " keys to "
                  + DedupeArchive.name(table.name())));
    }
    steps.add(
        new Step(
            MigrationStep.CONSTRAIN,
            "create the unique index "
                + SpanIndexes.keyName(table.name())
                + " on "
                + SpanIndexes.on(columns.key()).toJson()));
    steps.add(new Step(MigrationStep.FINISH, null));
    return steps;
  }
}
