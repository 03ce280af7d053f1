package dev.tracekeep.adapter.mongo;

import com.mongodb.client.MongoDatabase;
import dev.tracekeep.dedupe.AbstractDedupeMigration;
import dev.tracekeep.dedupe.JournalEntry;
import dev.tracekeep.dedupe.JournalEntry.Field;
import dev.tracekeep.dedupe.MigrationRun;
import dev.tracekeep.dedupe.MigratorLease;
import dev.tracekeep.dedupe.MigratorLock;
import dev.tracekeep.dedupe.Stage;
import dev.tracekeep.migration.ArchivedRow;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationRecord.State;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.migration.UndoPlan;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.StorageException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/**
 * The dedupe migration without transactions: every stage can be killed anywhere and be repeated,
 * and what it leaves is counted instead of believed.
 */
final class MongoMigration extends AbstractDedupeMigration<SpanCollection> {
  /** What the fields of our own collections mean. */
  static final SpanTable.Columns OWN_COLUMNS =
      new SpanTable.Columns(
          SpanKeys.TENANT,
          SpanKeys.TRACE,
          SpanKeys.SPAN,
          SpanColumn.ENDED_AT.columnName(),
          SpanColumn.UPDATED_AT.columnName(),
          SpanColumn.CREATED_AT.columnName(),
          SpanColumn.VERSION_NAME,
          SpanColumn.STARTED_AT.columnName());

  private final MongoDatabase database;
  private final SpanTable table;
  private final boolean own;
  private final MigrationJournal journal;
  private final Duration patience;
  private final BiFunction<String, Exception, StorageException> classifier;

  /**
   * @param database the database of the collection, without time-outs
   * @param table the collection; its fields are detected where it does not name them
   * @param own whether it is the store's own, whatever way it was named
   * @param patience how long to wait for another migrator
   * @param classifier makes a {@link StorageException} of what was tried and what was thrown
   * @param clock what dates the journal and the archive
   */
  MongoMigration(
      MongoDatabase database,
      SpanTable table,
      boolean own,
      Duration patience,
      BiFunction<String, Exception, StorageException> classifier,
      Clock clock) {
    super(table, clock);
    this.database = database;
    this.table = own ? new SpanTable(table.schema(), table.name(), OWN_COLUMNS) : table;
    this.own = own;
    this.journal = new MigrationJournal(database);
    this.patience = patience;
    this.classifier = classifier;
  }

  @Override
  protected SpanCollection look() {
    return new SpanCollection(database, table, own);
  }

  /** Whether a migration of the collection was interrupted. */
  boolean isUnfinished() {
    return journal.all().stream()
        .filter(entry -> entry.text(Field.TABLE_NAME).filter(table.name()::equals).isPresent())
        .anyMatch(e -> e.state() == State.UNFINISHED || e.state() == State.UNDOING);
  }

  @Override
  protected List<JournalEntry> journal(SpanCollection look) {
    return journal.all();
  }

  @Override
  protected MigratorLock lock(SpanCollection look) throws Exception {
    MigratorClaims claims = new MigratorClaims(database, table.name());
    return asking(claims, MigratorLease.take(look.identity(), claims, patience));
  }

  /**
   * A lease whose owner asks the server before each change, instead of its own clock: after a
   * stalled server or an election, a claim that is still there was nobody else's in between.
   */
  static MigratorLock asking(MigratorClaims claims, MigratorLease lease) {
    return new MigratorLock() {
      @Override
      public void keep() {
        if (!claims.renew(lease.owner())) {
          throw lease.lost();
        }
      }

      @Override
      public void close() {
        lease.close();
      }
    };
  }

  @Override
  protected StorageException classify(String action, Exception failure) {
    return classifier.apply(action, failure);
  }

  /** Documents go back one after another. */
  @Override
  protected boolean isRestoreAtomic() {
    return false;
  }

  private DedupeArchive archive(SpanCollection look, JournalEntry entry) {
    return new DedupeArchive(database, look.duplicates(), entry.archive(), entry.migrationId());
  }

  @Override
  protected long archivedRows(SpanCollection look, JournalEntry entry) {
    return archive(look, entry).rows();
  }

  @Override
  protected String archivedHash(SpanCollection look, JournalEntry entry) {
    return archive(look, entry).hash();
  }

  @Override
  protected void archivedRows(SpanCollection look, JournalEntry entry, Consumer<ArchivedRow> each) {
    archive(look, entry).forEachRow(each);
  }

  // ---- forth -----------------------------------------------------------------------------------

  @Override
  protected List<Stage> forth(SpanCollection look, MigrationRun run) {
    return new DedupeRun(look, archive(look, run.entry()), journal, run).stages();
  }

  // ---- back ------------------------------------------------------------------------------------

  @Override
  protected UndoPlan lookBack(SpanCollection look, JournalEntry entry) {
    List<String> obstacles = new ArrayList<>(look.obstacles());
    // Releases before 0.1.0 did not write down which there were: then only those on the key count.
    Set<String> since =
        DedupeRun.uniqueBefore(entry)
            .map(
                before -> {
                  Set<String> unique = SpanIndexes.unique(look.documents());
                  unique.removeAll(before);
                  return unique;
                })
            .orElseGet(() -> SpanIndexes.enforcing(look.documents(), look.keyColumns()));
    if (entry.constraintBefore() != ConstraintState.PRESENT) {
      since.remove(DedupeRun.index(entry, look));
      for (String index : since) {
        obstacles.add(
            "The unique index "
                + index
                + " was made since, and the archived documents would break it: drop it first, and"
                + " keep the application that makes it from starting meanwhile.");
      }
    }
    DedupeArchive.Return back = archive(look, entry).lookBack();
    return new UndoPlan(
        entry.migrationId(), back.rows(), back.rowsOfDeletedKeys(), back.changedKeys(), obstacles);
  }

  @Override
  protected List<Stage> back(SpanCollection look, MigrationRun run) {
    DedupeArchive archive = archive(look, run.entry());
    JournalEntry entry = run.entry();
    return List.of(
        Stage.of(
            MigrationStep.RELEASE,
            "journal",
            null,
            () -> {
              JournalEntry undoing = run.entry().with(State.UNDOING, run.now());
              // An unfinished one may have archived documents that are in the collection, too.
              write(
                  run,
                  entry.state() == State.UNFINISHED
                      ? undoing.with(Field.ROWS_ARCHIVED, archive.rows())
                      : undoing);
            }),
        Stage.of(
            MigrationStep.RELEASE,
            "constraint",
            null,
            () -> {
              look.duplicates().dropWorkIndex();
              if (entry.constraintBefore() != ConstraintState.PRESENT) {
                look.duplicates().dropIndex(DedupeRun.index(entry, look));
              }
            }),
        Stage.of(
            MigrationStep.RELEASE,
            "added fields",
            null,
            () -> {
              if (!entry.columns(Field.ADDED_COLUMNS).isEmpty()) {
                look.ownDocuments().removeFields();
              }
            }),
        Stage.of(
            MigrationStep.RESTORE,
            "archived documents",
            null,
            () ->
                archive.restore(
                    entry.columns(Field.ADDED_COLUMNS),
                    run.undoOptions().deletedKeys(),
                    () -> keep(run.lock()))),
        Stage.of(
            MigrationStep.RESTORE,
            "journal",
            null,
            () -> {
              long restored = run.entry().count(Field.ROWS_ARCHIVED) - archive.rows();
              write(
                  run,
                  run.entry().with(State.UNDONE, run.now()).with(Field.ROWS_RESTORED, restored));
            }));
  }

  /** A lease is kept or lost; nothing that has to be declared comes of asking it. */
  static void keep(MigratorLock lock) {
    try {
      lock.keep();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("The lease of this migration could not be asked for", e);
    }
  }

  private void write(MigrationRun run, JournalEntry entry) {
    journal.write(entry);
    run.advance(entry);
  }

  // ---- what was kept ---------------------------------------------------------------------------

  @Override
  protected List<String> drop(SpanCollection look, MigrationRun run) {
    boolean dropped = archive(look, run.entry()).drop();
    write(run, run.entry().dropped(run.now()));
    return List.of(
        dropped
            ? run.entry().archive()
            : "the documents of this migration in " + run.entry().archive());
  }
}
