package dev.tracekeep.adapter.mongo;

import com.mongodb.MongoCursorNotFoundException;
import com.mongodb.MongoException;
import com.mongodb.client.MongoCursor;
import com.mongodb.client.MongoDatabase;
import dev.tracekeep.adapter.mongo.DuplicateDocuments.Group;
import dev.tracekeep.adapter.mongo.MigrationJournal.Entry;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationProgress;
import dev.tracekeep.migration.MigrationProgress.Phase;
import dev.tracekeep.migration.MigrationRecord.State;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.bson.BsonDocument;
import org.jspecify.annotations.Nullable;

/** One run of a migration from its first step to its last; interrupted, another one is begun. */
final class DedupeRun {
  /** How often writers may add duplicates between the last look and the index. */
  private static final int ROUNDS = 20;

  private final MongoDatabase database;
  private final SpanTable table;
  private final @Nullable OwnDocuments own;
  private final DuplicateDocuments duplicates;
  private final DedupeArchive archive;
  private final MigrationJournal journal;
  private final Progress progress;
  private final MigrationOptions options;
  private final MigratorLease lease;
  private final Clock clock;
  private int loggedRows;

  DedupeRun(
      MongoDatabase database,
      SpanTable table,
      @Nullable OwnDocuments own,
      DuplicateDocuments duplicates,
      DedupeArchive archive,
      MigrationJournal journal,
      Progress progress,
      MigrationOptions options,
      MigratorLease lease,
      Clock clock) {
    this.database = database;
    this.table = table;
    this.own = own;
    this.duplicates = duplicates;
    this.archive = archive;
    this.journal = journal;
    this.progress = progress;
    this.options = options;
    this.lease = lease;
    this.clock = clock;
  }

  /** Tells the listener about each step of one migration. */
  record Progress(String migrationId, MigrationListener listener) {
    void tell(MigrationStep step, Phase phase, String statement, long done, @Nullable Long total) {
      listener.onProgress(new MigrationProgress(migrationId, step, phase, statement, done, total));
    }

    void step(MigrationStep step, String statement, Runnable work) {
      tell(step, Phase.BEFORE, statement, 0, null);
      work.run();
      tell(step, Phase.AFTER, statement, 0, null);
    }
  }

  void run() {
    progress.step(MigrationStep.PREPARE, "archive and journal", this::prepare);
    addFields();
    progress.step(MigrationStep.PREPARE, "work index", duplicates::createWorkIndex);
    archiveDuplicates();
    progress.step(MigrationStep.CONSTRAIN, "constraint", this::constrain);
    progress.step(MigrationStep.FINISH, "journal", this::finish);
  }

  private void prepare() {
    archive.create();
    if (journal.find(progress.migrationId()).isPresent()) {
      return;
    }
    List<String> added = own == null || own.anyHasVersion() ? List.of() : OwnDocuments.FIELDS;
    DocumentHash hash = new DocumentHash(added);
    long[] rows = {0};
    duplicates.forEachDocument(
        new BsonDocument(),
        document -> {
          hash.add(document);
          rows[0]++;
        });
    journal.insert(
        new Entry(
            progress.migrationId(),
            State.UNFINISHED,
            clock.instant(),
            null,
            duplicates.columns().key(),
            added,
            SpanIndexes.state(duplicates.documents(), duplicates.columns().key()),
            rows[0],
            hash.toString(),
            0,
            ""));
  }

  private void addFields() {
    if (own == null || !own.lackVersion()) {
      return;
    }
    long done = 0;
    while (true) {
      progress.tell(MigrationStep.ADD_COLUMNS, Phase.BEFORE, "fill version", done, null);
      int filled = own.fill(options.batchRows());
      done += filled;
      progress.tell(MigrationStep.ADD_COLUMNS, Phase.AFTER, "fill version", done, null);
      if (filled == 0) {
        return;
      }
    }
  }

  // ---- the losers ------------------------------------------------------------------------------

  private void archiveDuplicates() {
    progress.tell(MigrationStep.FIND_DUPLICATES, Phase.BEFORE, "duplicate keys", 0, null);
    long total = duplicates.count().surplus();
    progress.tell(MigrationStep.FIND_DUPLICATES, Phase.AFTER, "duplicate keys", total, total);
    Batches batches = new Batches(total);
    for (int round = 1; round(batches); round++) {
      requireProgress(round);
    }
  }

  private void requireProgress(int round) {
    if (round == ROUNDS) {
      throw new StorageException(
          FailureKind.TRANSIENT,
          "Writers add duplicates to "
              + table
              + " faster than they can be archived. Stop them, then run the migration again.",
          null);
    }
  }

  /** What is heard of one batch after another. */
  private final class Batches {
    private final long total;
    private int number;
    private long moved;

    Batches(long total) {
      this.total = total;
    }

    void move(Runnable work) {
      String statement = "batch " + ++number;
      progress.tell(MigrationStep.ARCHIVE, Phase.BEFORE, statement, moved, total);
      work.run();
      progress.tell(MigrationStep.ARCHIVE, Phase.AFTER, statement, moved, total);
    }
  }

  /** Moves the losers of all keys that have some now; returns whether there were any. */
  private boolean round(@Nullable Batches batches) {
    if (own != null) {
      while (own.fill(options.batchRows()) > 0) {
        // documents that an older release wrote meanwhile
      }
    }
    boolean any = false;
    List<Group> ordinary = new ArrayList<>();
    long losers = 0;
    try (MongoCursor<BsonDocument> groups = duplicates.openGroups()) {
      while (groups.hasNext()) {
        any = true;
        Group group = DuplicateDocuments.group(groups.next());
        if (group.losers() > options.batchRows()) {
          moveHot(batches, group);
          continue;
        }
        ordinary.add(group);
        losers += group.losers();
        if (losers >= options.batchRows()) {
          moveOrdinary(batches, ordinary);
          losers = 0;
        }
      }
    } catch (MongoCursorNotFoundException e) {
      // The server forgot the list while a long batch was moved: the next round asks anew.
      any = true;
    }
    if (!ordinary.isEmpty()) {
      moveOrdinary(batches, ordinary);
    }
    return any;
  }

  private void moveHot(@Nullable Batches batches, Group group) {
    moveBatch(batches, () -> new LoserSearch(duplicates).hot(group, l -> move(batches, l)));
  }

  private void moveOrdinary(@Nullable Batches batches, List<Group> groups) {
    moveBatch(batches, () -> new LoserSearch(duplicates).ordinary(groups, l -> move(batches, l)));
    groups.clear();
  }

  private void moveBatch(@Nullable Batches batches, Runnable work) {
    if (batches == null) {
      work.run();
    } else {
      batches.move(work);
    }
    if (loggedRows <= options.loggedRows()) {
      loggedRows = archive.log(loggedRows, options.loggedRows());
    }
  }

  private void move(@Nullable Batches batches, List<DedupeArchive.Loser> losers) {
    long moved = archive.move(losers, clock.instant(), lease::keep);
    if (batches != null) {
      batches.moved += moved;
    }
  }

  // ---- the index -------------------------------------------------------------------------------

  /**
   * Between the last look and the index others may write: then the index fails, and all repeats.
   */
  private void constrain() {
    List<String> key = duplicates.columns().key();
    for (int round = 1; ; round++) {
      requireProgress(round);
      lease.keep();
      if (SpanIndexes.state(duplicates.documents(), key) == ConstraintState.PRESENT) {
        break;
      }
      try {
        SpanIndexes.createKey(database, table.name(), key);
        break;
      } catch (MongoException e) {
        // Not every server says with MongoDB's code that there were duplicates: so they are looked
        // for.
        if (!round(null) && !MongoFailures.isDuplicateKey(e)) {
          throw e;
        }
      }
    }
    duplicates.dropWorkIndex();
  }

  private void finish() {
    lease.keep();
    archive.forgetKept();
    Entry entry = journal.find(progress.migrationId()).orElseThrow();
    DocumentHash hash = new DocumentHash(entry.addedFields());
    long[] rows = {0};
    duplicates.forEachDocument(
        new BsonDocument(),
        document -> {
          hash.add(document);
          rows[0]++;
        });
    archive.forEachDocument(hash::add);
    journal.finish(progress.migrationId(), rows[0], hash.toString(), clock.instant());
  }
}
