package dev.tracekeep.adapter.mongo;

import com.mongodb.MongoCursorNotFoundException;
import com.mongodb.MongoException;
import com.mongodb.client.MongoCursor;
import dev.tracekeep.adapter.mongo.DuplicateDocuments.Group;
import dev.tracekeep.dedupe.JournalEntry;
import dev.tracekeep.dedupe.JournalEntry.Field;
import dev.tracekeep.dedupe.MigrationRun;
import dev.tracekeep.dedupe.Stage;
import dev.tracekeep.dedupe.Stage.Telling;
import dev.tracekeep.migration.MigrationLayout;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationStep;
import dev.tracekeep.span.Json;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.bson.BsonDocument;

/**
 * The stages of one migration forth. Writers go on meanwhile, so the losers are looked for in
 * rounds, until the unique index can be made.
 */
final class DedupeRun {
  /** Rounds of looking for duplicates before writers are too fast. */
  private static final int ROUNDS = 50;

  /** The journal's note of the unique index that is made. */
  private static final String INDEX = "index";

  /** The journal's note of the unique indexes that were there before, a JSON array. */
  private static final String UNIQUE_BEFORE = "unique_indexes_before";

  /** The journal's note of the batch that is being moved; empty between two. */
  private static final String MOVING = "moving";

  private static final List<String> MASTRA_KEY = List.of("traceId", "spanId");
  private static final List<String> MASTRA_INDEX = List.of("spanId", "traceId");

  private final SpanCollection look;
  private final DuplicateDocuments duplicates;
  private final DedupeArchive archive;
  private final MigrationJournal journal;
  private final MigrationRun run;
  private final List<String> indexFields;
  private final String indexName;
  private long moved;

  DedupeRun(
      SpanCollection look, DedupeArchive archive, MigrationJournal journal, MigrationRun run) {
    this.look = look;
    this.duplicates = look.duplicates();
    this.archive = archive;
    this.journal = journal;
    this.run = run;
    List<String> key = look.keyColumns();
    boolean mastra =
        key.equals(MASTRA_KEY)
            && (run.options().layout() == MigrationLayout.MASTRA
                || run.options().layout() == MigrationLayout.AUTO
                    && look.identity().name().endsWith("mastra_ai_spans"));
    String ours = SpanIndexes.keyName(look.identity().name());
    this.indexName = run.entry().note(INDEX).orElse(mastra ? mastraIndex() : ours);
    this.indexFields = indexName.equals(mastraIndex()) ? MASTRA_INDEX : key;
  }

  /** The name that the driver gives to the index that Mastra makes at each start. */
  private static String mastraIndex() {
    return MASTRA_INDEX.stream().map(field -> field + "_1").collect(Collectors.joining("_"));
  }

  /** The unique index that a migration made. */
  static String index(JournalEntry entry, SpanCollection look) {
    return entry.note(INDEX).orElse(SpanIndexes.keyName(look.identity().name()));
  }

  /** The unique indexes from before the migration; empty where they were not written down. */
  static Optional<Set<String>> uniqueBefore(JournalEntry entry) {
    return entry
        .note(UNIQUE_BEFORE)
        .map(
            names ->
                Json.ofStored(names).elements().stream()
                    .map(Json::asText)
                    .collect(Collectors.toSet()));
  }

  List<Stage> stages() {
    List<Stage> stages = new ArrayList<>();
    stages.add(Stage.of(MigrationStep.PREPARE, "archive and journal", null, this::prepare));
    if (look.isOwn()
        && (look.hasRowsWithoutVersion() || !run.entry().columns(Field.ADDED_COLUMNS).isEmpty())) {
      stages.add(
          new Stage(
              MigrationStep.ADD_COLUMNS,
              "add " + String.join(", ", OwnDocuments.FIELDS),
              this::addFields));
    }
    boolean resumed = run.entry().text(Field.HASH_BEFORE).isPresent();
    if (resumed || look.counts().groups() > 0) {
      stages.add(Stage.of(MigrationStep.PREPARE, "work index", null, duplicates::createWorkIndex));
      // The look has counted them; the rounds ask for the keys themselves, anew each time.
      stages.add(
          Stage.of(
              MigrationStep.FIND_DUPLICATES,
              "duplicate keys",
              "group by " + String.join(", ", look.keyColumns()),
              () -> {}));
      stages.add(
          new Stage(
              MigrationStep.ARCHIVE,
              look.counts().surplus()
                  + " documents of "
                  + look.counts().groups()
                  + " keys to "
                  + run.entry().archive(),
              this::archiveDuplicates));
    }
    stages.add(
        Stage.of(
            MigrationStep.CONSTRAIN,
            "constraint",
            "create the unique index " + indexName + " on " + SpanIndexes.on(indexFields).toJson(),
            this::constrain));
    stages.add(Stage.of(MigrationStep.FINISH, "journal", null, this::finish));
    return stages;
  }

  private void prepare() {
    archive.create();
    if (run.entry().text(Field.HASH_BEFORE).isPresent()) {
      String batch = run.entry().note(MOVING).orElse("");
      if (!batch.isEmpty()) {
        moved(archive.settle(batch));
      }
      return;
    }
    Json unique = Json.array(SpanIndexes.unique(look.documents()).stream().map(Json::of).toList());
    JournalEntry entry =
        run.entry().withNote(INDEX, indexName).withNote(UNIQUE_BEFORE, unique.text());
    DocumentHash hash = new DocumentHash(entry.columns(Field.ADDED_COLUMNS));
    duplicates.forEachDocument(new BsonDocument(), hash::add);
    write(
        entry
            .with(Field.ROWS_BEFORE, hash.documents())
            .with(Field.HASH_BEFORE, hash.toString())
            .with(Field.ROWS_ARCHIVED, 0)
            .with(Field.HASH_ARCHIVED, new DocumentHash(List.of()).toString()));
  }

  private void write(JournalEntry entry) {
    journal.write(entry);
    run.advance(entry);
  }

  private void addFields(Telling telling) throws Exception {
    long done = 0;
    long before;
    do {
      before = done;
      long start = done;
      done =
          telling.run(
              "fill version",
              start,
              null,
              () -> start + look.ownDocuments().fill(run.options().batchRows()));
    } while (done > before);
  }

  // ---- the losers ------------------------------------------------------------------------------

  private void archiveDuplicates(Telling telling) throws Exception {
    long total = look.counts().surplus();
    int[] number = {0};
    Batches batches =
        work ->
            telling.run(
                "batch " + ++number[0],
                moved,
                total,
                () -> {
                  work.run();
                  return moved;
                });
    for (int round = 1; round(batches); round++) {
      requireProgress(round);
    }
  }

  private void requireProgress(int round) {
    if (round == ROUNDS) {
      throw new StorageException(
          FailureKind.TRANSIENT,
          "Writers add duplicates to "
              + look.identity()
              + " faster than they can be archived. Stop them, then run 'tracekeep migrate apply'"
              + " again.",
          null);
    }
  }

  /** How a batch is run and told of. */
  private interface Batches {
    void run(Runnable work) throws Exception;
  }

  /** Moves the losers of all keys that have some now; returns whether there were any. */
  private boolean round(Batches batches) throws Exception {
    if (look.isOwn()) {
      while (look.ownDocuments().fill(run.options().batchRows()) > 0) {
        // documents that an older release wrote meanwhile
      }
    }
    boolean any = false;
    int batchRows = run.options().batchRows();
    LoserSearch search = new LoserSearch(duplicates);
    List<Group> ordinary = new ArrayList<>();
    long losers = 0;
    try (MongoCursor<BsonDocument> groups = duplicates.openGroups()) {
      while (groups.hasNext()) {
        any = true;
        Group group = DuplicateDocuments.group(groups.next());
        if (group.losers() > batchRows) {
          batch(batches, () -> search.hot(group, this::move));
          continue;
        }
        ordinary.add(group);
        losers += group.losers();
        if (losers >= batchRows) {
          batch(batches, () -> search.ordinary(ordinary, this::move));
          ordinary.clear();
          losers = 0;
        }
      }
    } catch (MongoCursorNotFoundException e) {
      // The server forgot the list while a long batch was moved: the next round asks anew.
      any = true;
    }
    if (!ordinary.isEmpty()) {
      batch(batches, () -> search.ordinary(ordinary, this::move));
    }
    return any;
  }

  private void batch(Batches batches, Runnable work) throws Exception {
    batches.run(work);
    run.pause();
  }

  private void move(List<DedupeArchive.Loser> losers) {
    Instant batch = run.now();
    write(run.entry().withNote(MOVING, batch.toString()));
    DocumentHash documents = archive.move(losers, batch, run.removed(), this::keep);
    moved += documents.documents();
    moved(documents);
  }

  /** Writes down what was moved, so that nothing that is lost of it later goes unnoticed. */
  private void moved(DocumentHash batch) {
    JournalEntry entry = run.entry();
    batch.add(entry.count(Field.ROWS_ARCHIVED), entry.text(Field.HASH_ARCHIVED).orElseThrow());
    write(
        entry
            .with(Field.ROWS_ARCHIVED, batch.documents())
            .with(Field.HASH_ARCHIVED, batch.toString())
            .withNote(MOVING, ""));
  }

  private void keep() {
    MongoMigration.keep(run.lock());
  }

  // ---- the index -------------------------------------------------------------------------------

  /**
   * Between the last look and the index others may write: then the index fails, and all repeats.
   */
  private void constrain() throws Exception {
    for (int round = 1; ; round++) {
      requireProgress(round);
      keep();
      if (look.constraint() == ConstraintState.PRESENT) {
        break;
      }
      try {
        SpanIndexes.createKey(look.database(), look.identity().name(), indexFields, indexName);
        break;
      } catch (MongoException e) {
        // Not every server says with MongoDB's code that there were duplicates: so they are looked
        // for.
        if (!round(Runnable::run) && !MongoFailures.isDuplicateKey(e)) {
          throw e;
        }
      }
    }
    duplicates.dropWorkIndex();
  }

  private void finish() {
    keep();
    archive.forgetKept();
    JournalEntry entry = run.entry();
    DocumentHash hash = new DocumentHash(entry.columns(Field.ADDED_COLUMNS));
    duplicates.forEachDocument(new BsonDocument(), hash::add);
    long after = hash.documents();
    DocumentHash archived = new DocumentHash(List.of());
    archive.forEachDocument(
        document -> {
          hash.add(document);
          archived.add(document);
        });
    write(
        entry
            .finished(run.now(), archived.documents(), archived.toString())
            .with(Field.ROWS_AFTER, after)
            .with(Field.HASH_AFTER, hash.toString())
            .with(Field.DUPLICATE_GROUPS, archive.groups()));
  }
}
