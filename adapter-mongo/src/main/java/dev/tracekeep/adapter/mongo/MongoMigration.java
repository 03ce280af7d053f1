package dev.tracekeep.adapter.mongo;

import com.mongodb.MongoException;
import com.mongodb.client.MongoDatabase;
import dev.tracekeep.adapter.mongo.MigrationJournal.Entry;
import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.MigrationRecord.State;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.MigrationReport.Outcome;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.migration.VerifyReport;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * The dedupe migration without transactions: every step can be killed anywhere and be repeated, and
 * what it leaves is counted instead of written down.
 */
final class MongoMigration implements DedupeMigration {
  /** What the fields of our own collections mean. */
  static final SpanTable.Columns OWN_COLUMNS =
      new SpanTable.Columns(
          SpanKeys.TENANT,
          SpanKeys.TRACE,
          SpanKeys.SPAN,
          SpanColumn.ENDED_AT.columnName(),
          SpanColumn.UPDATED_AT.columnName(),
          SpanColumn.CREATED_AT.columnName(),
          SpanColumn.VERSION_NAME);

  private final MongoDatabase database;
  private final SpanTable table;
  private final SpanCollection collection;
  private final @Nullable OwnDocuments own;
  private final MigrationJournal journal;
  private final Duration patience;
  private final BiFunction<String, Exception, StorageException> classifier;
  private final Clock clock = Clock.systemUTC();

  /**
   * @param database the database of the collection, without time-outs
   * @param table the collection; its fields are detected where it does not name them
   * @param isOwn whether it is a collection of ours
   * @param patience how long to wait for another migrator
   * @param classifier makes a {@link StorageException} of what was tried and what was thrown
   */
  MongoMigration(
      MongoDatabase database,
      SpanTable table,
      boolean isOwn,
      Duration patience,
      BiFunction<String, Exception, StorageException> classifier) {
    this.database = database;
    this.table = table;
    this.collection = new SpanCollection(database, table);
    this.own = isOwn ? new OwnDocuments(database, table.name()) : null;
    this.journal = new MigrationJournal(database, table.name());
    this.patience = patience;
    this.classifier = classifier;
  }

  // ---- what there is ---------------------------------------------------------------------------

  /** Whether the collection is there at all. */
  boolean tableExists() {
    return collection.exists();
  }

  /** Whether the collection lacks the index, or a migration of it was interrupted. */
  boolean isNeeded() {
    return collection.state(collection.columns()) != ConstraintState.PRESENT || isUnfinished();
  }

  boolean isUnfinished() {
    return journal.unfinished().isPresent();
  }

  /** Why the collection can hold no spans, one sentence each; empty if it can. */
  List<String> obstacles() {
    return collection.obstacles();
  }

  private DuplicateDocuments duplicates(SpanTable.Columns columns) {
    return new DuplicateDocuments(database, table.name(), columns);
  }

  private DedupeArchive archive(DuplicateDocuments duplicates, String migrationId) {
    return new DedupeArchive(database, duplicates, table.name(), migrationId);
  }

  @Override
  public MigrationPlan plan() {
    return guarded("plan the migration of " + table, this::look);
  }

  private MigrationPlan look() {
    return new MigrationPlanner(database, collection, own, journal).plan();
  }

  // ---- forth -----------------------------------------------------------------------------------

  @Override
  public MigrationReport apply(MigrationOptions options, MigrationListener listener) {
    return guarded(
        "migrate " + table,
        () -> {
          try (MigratorLease lease = MigratorLease.take(database, table.name(), patience)) {
            return applyAlone(options, listener, lease);
          }
        });
  }

  private MigrationReport applyAlone(
      MigrationOptions options, MigrationListener listener, MigratorLease lease) {
    Instant started = clock.instant();
    MigrationPlan plan = look();
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
    String unfinished = plan.unfinishedMigrationId();
    String id = unfinished == null ? MigrationRecord.newId(started) : unfinished;
    DuplicateDocuments duplicates = duplicates(collection.columns());
    DedupeArchive archive = archive(duplicates, id);
    new DedupeRun(
            database,
            table,
            own,
            duplicates,
            archive,
            journal,
            new DedupeRun.Progress(id, listener),
            options,
            lease,
            clock)
        .run();
    Entry done = journal.find(id).orElseThrow();
    return new MigrationReport(
        id,
        table.toString(),
        unfinished == null ? Outcome.MIGRATED : Outcome.RESUMED,
        done.rowsBefore(),
        done.rowsAfter(),
        archive.rows(),
        archive.groups(),
        DedupeArchive.name(table.name()),
        Duration.between(started, clock.instant()));
  }

  // ---- check and back --------------------------------------------------------------------------

  @Override
  public VerifyReport verify(String migrationId) {
    return guarded(
        "verify the migration " + migrationId, () -> check(finished(migrationId, "verified")));
  }

  private Entry finished(String migrationId, String done) {
    Entry entry = known(migrationId);
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
              + done
              + ".",
          null);
    }
    return entry;
  }

  private VerifyReport check(Entry entry) {
    String migrationId = entry.migrationId();
    SpanTable.Columns columns = collection.columns();
    DuplicateDocuments duplicates = duplicates(columns);
    long archived = archive(duplicates, migrationId).rows();
    List<String> faults = new ArrayList<>();
    long missing = entry.rowsBefore() - entry.rowsAfter() - archived;
    if (missing > 0) {
      faults.add(
          missing
              + " documents are neither in the collection nor in the archive: "
              + entry.rowsBefore()
              + " before, "
              + entry.rowsAfter()
              + " after, "
              + archived
              + " archived.");
    }
    if (missing == 0 && !entry.hashBefore().equals(entry.hashAfter())) {
      faults.add(
          "The documents after and archived are as many as before, but not the same: something"
              + " changed them while the migration ran.");
    }
    long groups = duplicates.count().groups();
    if (groups > 0) {
      faults.add(groups + " keys have more than one document.");
    }
    if (collection.state(columns) != ConstraintState.PRESENT) {
      faults.add("The unique index is not there.");
    }
    return new VerifyReport(migrationId, entry.rowsBefore(), entry.rowsAfter(), archived, faults);
  }

  private Entry known(String migrationId) {
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

  @Override
  public MigrationRecord undo(String migrationId, MigrationListener listener) {
    return guarded(
        "take back the migration " + migrationId,
        () -> {
          known(migrationId);
          try (MigratorLease lease = MigratorLease.take(database, table.name(), patience)) {
            return undoAlone(migrationId, listener, lease);
          }
        });
  }

  private MigrationRecord undoAlone(
      String migrationId, MigrationListener listener, MigratorLease lease) {
    Entry entry = known(migrationId);
    if (entry.state() == State.UNDONE) {
      throw new StorageException(
          FailureKind.INVALID,
          "The migration " + migrationId + " of " + table + " is undone already.",
          null);
    }
    DedupeRun.Progress progress = new DedupeRun.Progress(migrationId, listener);
    DuplicateDocuments duplicates = duplicates(collection.columns());
    DedupeArchive archive = archive(duplicates, migrationId);
    progress.step(
        MigrationStep.RELEASE,
        "journal",
        () -> journal.setState(migrationId, State.UNDOING, clock.instant()));
    progress.step(
        MigrationStep.RELEASE,
        "constraint",
        () -> {
          duplicates.dropWorkIndex();
          if (entry.constraintBefore() != ConstraintState.PRESENT) {
            duplicates.dropIndex(SpanIndexes.keyName(table.name()));
          }
        });
    progress.step(
        MigrationStep.RELEASE,
        "added fields",
        () -> {
          if (own != null && !entry.addedFields().isEmpty()) {
            own.removeFields();
          }
        });
    long[] restored = {0};
    long groups = archive.groups();
    progress.step(
        MigrationStep.RESTORE,
        "archived documents",
        () -> restored[0] = archive.restore(entry.addedFields(), lease::keep));
    progress.step(
        MigrationStep.RESTORE,
        "journal",
        () -> journal.setState(migrationId, State.UNDONE, clock.instant()));
    return known(migrationId).toRecord(table.toString(), restored[0], groups);
  }

  @Override
  public List<String> finish(String migrationId) {
    return guarded(
        "finish the migration " + migrationId,
        () -> {
          // Undo needs the archive alone: the collection is changed in place, and no copy is kept.
          finished(migrationId, "let go of");
          return List.of();
        });
  }

  @Override
  public List<MigrationRecord> history() {
    return guarded(
        "list the migrations of " + table,
        () -> {
          List<MigrationRecord> records = new ArrayList<>();
          for (Entry entry : journal.all()) {
            DedupeArchive archive = archive(duplicates(OWN_COLUMNS), entry.migrationId());
            records.add(entry.toRecord(table.toString(), archive.rows(), archive.groups()));
          }
          return records;
        });
  }

  private <T> T guarded(String action, Callable<T> work) {
    try {
      return work.call();
    } catch (StorageException e) {
      throw e;
    } catch (IllegalArgumentException e) {
      throw new StorageException(FailureKind.CONFIGURATION, e.getMessage(), e);
    } catch (MongoException e) {
      throw classifier.apply(action, e);
    } catch (RuntimeException e) {
      throw e; // the listener's own, which ends the migration where it stands
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StorageException(
          FailureKind.TRANSIENT, "Could not " + action + ": the thread was interrupted.", e);
    } catch (Exception e) {
      throw classifier.apply(action, e);
    }
  }
}
