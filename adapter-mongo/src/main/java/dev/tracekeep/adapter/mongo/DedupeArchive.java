package dev.tracekeep.adapter.mongo;

import com.mongodb.MongoBulkWriteException;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.BulkWriteOptions;
import com.mongodb.client.model.DeleteOneModel;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.IndexOptions;
import com.mongodb.client.model.InsertManyOptions;
import com.mongodb.client.model.Projections;
import com.mongodb.client.model.ReplaceOneModel;
import com.mongodb.client.model.ReplaceOptions;
import com.mongodb.client.model.Sorts;
import com.mongodb.client.model.WriteModel;
import dev.tracekeep.dedupe.ArchiveNames;
import dev.tracekeep.dedupe.RemovedRows;
import dev.tracekeep.migration.ArchivedRow;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.migration.UndoOptions;
import dev.tracekeep.span.Json;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.bson.BsonDocument;
import org.bson.BsonString;
import org.bson.BsonValue;
import org.bson.RawBsonDocument;
import org.bson.conversions.Bson;
import org.jspecify.annotations.Nullable;

/**
 * The collection {@code <collection>_dedupe_archive}: every document that lost, whole, with why and
 * to which. A document is written here first and deleted there afterwards, under a name that is the
 * same at every try: killed in between, the next try finds it in both places, and it is never in
 * none.
 */
final class DedupeArchive {
  private static final String MIGRATION_ID = ArchiveNames.MIGRATION_ID;
  private static final String KEY = "dedupe_key";
  private static final String WINNER_ID = "dedupe_winner_id";

  /** What an archived document may have, so that it fits in here with the rest. */
  private static final int LARGEST = (16 << 20) - (4 << 10);

  /** Names looked up at once. */
  private static final int NAMES_AT_ONCE = 1000;

  private final MongoDatabase database;
  private final DuplicateDocuments duplicates;
  private final String name;
  private final String migrationId;

  DedupeArchive(
      MongoDatabase database, DuplicateDocuments duplicates, String name, String migrationId) {
    this.database = database;
    this.duplicates = duplicates;
    this.name = name;
    this.migrationId = migrationId;
  }

  private MongoCollection<BsonDocument> archive() {
    return database.getCollection(name, BsonDocument.class);
  }

  private Bson ofMigration() {
    return Filters.eq(MIGRATION_ID, migrationId);
  }

  void create() {
    archive()
        .createIndex(
            SpanIndexes.on(List.of(MIGRATION_ID)), new IndexOptions().name(name + "_migration"));
  }

  // ---- in --------------------------------------------------------------------------------------

  /** A document that gives way, and to which. */
  record Loser(DocumentRank rank, DocumentRank winner) {}

  /**
   * Moves documents, unless they changed since they were ranked.
   *
   * @param now names the batch
   * @param removed is told of each
   * @param beforeDelete called each time that documents are archived and about to be deleted
   * @return those that were moved, as they were read before they were deleted
   */
  DocumentHash move(List<Loser> losers, Instant now, RemovedRows removed, Runnable beforeDelete) {
    Map<BsonValue, Loser> byId = new HashMap<>();
    losers.forEach(loser -> byId.put(loser.rank().id(), loser));
    Map<BsonValue, Kept> winners = kept(losers);
    removed.begin();
    List<BsonDocument> entries = new ArrayList<>();
    List<DeleteOneModel<RawBsonDocument>> deletions = new ArrayList<>();
    DocumentHash moved = new DocumentHash(List.of());
    long[] bytes = {0};
    Runnable flush =
        () -> {
          write(entries);
          removed.sync();
          beforeDelete.run();
          int deleted =
              duplicates
                  .documents()
                  .bulkWrite(deletions, new BulkWriteOptions().ordered(false))
                  .getDeletedCount();
          Set<String> kept = deleted == entries.size() ? Set.of() : forgetKept(entries);
          entries.stream()
              .filter(entry -> !kept.contains(entry.getString("_id").getValue()))
              .forEach(entry -> moved.add(DocumentHash.raw(entry.getDocument(DOCUMENT))));
          removed.committed();
          removed.begin();
          entries.clear();
          deletions.clear();
          bytes[0] = 0;
        };
    duplicates.forEachDocument(
        Filters.in("_id", byId.keySet()),
        document -> {
          Loser loser = byId.get(document.get("_id"));
          DocumentRank rank = DocumentRank.of(document, duplicates.columns());
          // Another shard may have the same _id; somebody may have changed the document.
          if (loser == null || !loser.rank().equals(rank)) {
            return;
          }
          BsonDocument entry = entry(document, loser, winners.get(loser.winner().id()), now);
          entries.add(entry);
          if (removed.wanted() > 0) {
            removed.add(row(entry));
          }
          deletions.add(new DeleteOneModel<>(unchanged(rank)));
          bytes[0] += document.getByteBuffer().remaining();
          if (bytes[0] >= Streams.BYTES_AT_ONCE) {
            flush.run();
          }
        });
    if (!entries.isEmpty()) {
      flush.run();
    }
    return moved;
  }

  /**
   * The documents of a batch that a killed migrator may not have brought to its end: those that are
   * out of the collection. What is still in it is forgotten here.
   */
  DocumentHash settle(String batch) {
    Bson ofBatch =
        Filters.and(ofMigration(), Filters.eq(ArchiveNames.ARCHIVED_AT, new BsonString(batch)));
    forgetKept(ofBatch);
    DocumentHash moved = new DocumentHash(List.of());
    forEachDocument(ofBatch, moved::add);
    return moved;
  }

  /** What is looked at in a document that is kept. */
  private record Kept(LoserSearch.Saying saying, String digest) {}

  private Map<BsonValue, Kept> kept(List<Loser> losers) {
    Set<BsonValue> ids = new HashSet<>();
    losers.forEach(loser -> ids.add(loser.winner().id()));
    Map<BsonValue, Kept> kept = new HashMap<>();
    duplicates.forEachDocument(
        Filters.in("_id", ids),
        document ->
            kept.put(
                document.get("_id"),
                new Kept(LoserSearch.Saying.of(document), DocumentHash.content(document))));
    return kept;
  }

  private BsonDocument entry(
      RawBsonDocument document, Loser loser, @Nullable Kept kept, Instant now) {
    if (document.getByteBuffer().remaining() > LARGEST) {
      throw new StorageException(
          FailureKind.CONFIGURATION,
          "The document "
              + new BsonDocument("_id", loser.rank().id()).toJson()
              + " is so close to 16 MB that it cannot be archived. Copy it elsewhere and delete it,"
              + " then run the migration again.",
          null);
    }
    DocumentRank winner = loser.winner();
    boolean saysLess =
        kept != null
            && DocumentRank.ORDER.compare(loser.rank(), winner) == 0
            && LoserSearch.Saying.of(document).compareTo(kept.saying()) < 0;
    String reason =
        saysLess ? ArchiveNames.SAYS_LESS : loser.rank().reason(winner, duplicates.columns());
    BsonDocument entry =
        new BsonDocument("_id", new BsonString(nameOf(loser.rank())))
            .append(MIGRATION_ID, new BsonString(migrationId))
            .append(ArchiveNames.ARCHIVED_AT, new BsonString(now.toString()))
            .append(ArchiveNames.REASON, new BsonString(reason))
            .append(KEY, new BsonString(keyText(winner.key())))
            .append(WINNER_ID, winner.id());
    if (kept != null) {
      entry.append(ArchiveNames.WINNER_DIGEST, new BsonString(kept.digest()));
    }
    winner.decisive().forEach((field, value) -> entry.append(WINNERS + field, value));
    return entry.append(DOCUMENT, document);
  }

  /** Where the whole document is. */
  static final String DOCUMENT = "dedupe_document";

  /** What the fields begin with that have what decided for the winner. */
  private static final String WINNERS = "dedupe_winner_";

  private String nameOf(DocumentRank rank) {
    return DocumentHash.name(migrationId, rank.key(), rank.id());
  }

  private static String keyText(List<String> key) {
    return Json.array(key.stream().map(Json::of).toList()).text();
  }

  private Bson unchanged(DocumentRank rank) {
    BsonDocument filter = duplicates.hasKey(rank.key()).append("_id", rank.id());
    filter.putAll(rank.decisive());
    return filter;
  }

  private void write(List<BsonDocument> entries) {
    try {
      archive().insertMany(entries, new InsertManyOptions().ordered(false));
    } catch (MongoBulkWriteException e) {
      if (e.getWriteConcernError() != null
          || !e.getWriteErrors().stream().allMatch(MongoFailures::isDuplicateKey)) {
        throw e;
      }
      // Archived by an earlier try, and not deleted; what it was changed to since is kept.
      List<WriteModel<BsonDocument>> again = new ArrayList<>();
      e.getWriteErrors()
          .forEach(
              error -> {
                BsonDocument entry = entries.get(error.getIndex());
                again.add(
                    new ReplaceOneModel<>(
                        Filters.eq("_id", entry.get("_id")),
                        entry,
                        new ReplaceOptions().upsert(true)));
              });
      archive().bulkWrite(again, new BulkWriteOptions().ordered(false));
    }
  }

  /**
   * Forgets what is still in the collection: a try that was killed had archived it, and when the
   * next one looked, it was the best of its key.
   */
  void forgetKept() {
    forgetKept(ofMigration());
  }

  private void forgetKept(Bson which) {
    List<BsonDocument> some = new ArrayList<>();
    List<String> fields =
        duplicates.columns().key().stream().map(field -> DOCUMENT + "." + field).toList();
    List<String> projected = new ArrayList<>(fields);
    projected.add(DOCUMENT + "._id");
    archive()
        .find(which)
        .projection(Projections.include(projected))
        .forEach(
            entry -> {
              some.add(entry);
              if (some.size() == NAMES_AT_ONCE) {
                forgetKept(some);
                some.clear();
              }
            });
    if (!some.isEmpty()) {
      forgetKept(some);
    }
  }

  /** Returns the names of those that were forgotten. */
  private Set<String> forgetKept(List<BsonDocument> entries) {
    List<BsonValue> ids =
        entries.stream().map(entry -> entry.getDocument(DOCUMENT).get("_id")).toList();
    Set<String> kept = new HashSet<>();
    List<String> key = duplicates.columns().key();
    duplicates
        .documents()
        .find(Filters.in("_id", ids))
        .projection(Projections.include(key))
        .forEach(
            document ->
                kept.add(
                    DocumentHash.name(
                        migrationId,
                        key.stream().map(field -> document.getString(field).getValue()).toList(),
                        document.get("_id"))));
    if (!kept.isEmpty()) {
      archive().deleteMany(Filters.in("_id", kept));
    }
    return kept;
  }

  // ---- what there is ---------------------------------------------------------------------------

  /** How many documents the migration moved here. */
  long rows() {
    return archive().countDocuments(ofMigration());
  }

  /** How many keys they have. */
  long groups() {
    BsonDocument counted =
        archive()
            .aggregate(
                List.of(
                    new BsonDocument(
                        "$match", new BsonDocument(MIGRATION_ID, new BsonString(migrationId))),
                    new BsonDocument("$group", new BsonDocument("_id", new BsonString("$" + KEY))),
                    new BsonDocument("$count", new BsonString("n"))))
            .allowDiskUse(true)
            .first();
    return counted == null ? 0 : counted.getNumber("n").longValue();
  }

  /** The archived documents, one after another. */
  void forEachDocument(Consumer<RawBsonDocument> action) {
    forEachDocument(ofMigration(), action);
  }

  private void forEachDocument(Bson which, Consumer<RawBsonDocument> action) {
    archive()
        .find(which)
        .projection(Projections.include(DOCUMENT))
        .batchSize(Streams.documentsAtOnce(database, name))
        .map(entry -> DocumentHash.raw(entry.getDocument(DOCUMENT)))
        .forEach(action);
  }

  /** The hash of the archived documents as a bag. */
  String hash() {
    DocumentHash hash = new DocumentHash(List.of());
    forEachDocument(hash::add);
    return hash.toString();
  }

  /** The archived documents and why they are here, one after another. */
  void forEachRow(Consumer<ArchivedRow> action) {
    archive()
        .find(ofMigration())
        .batchSize(Streams.documentsAtOnce(database, name))
        .forEach(entry -> action.accept(row(entry)));
  }

  private ArchivedRow row(BsonDocument entry) {
    BsonDocument document = entry.getDocument(DOCUMENT);
    SpanTable.Columns columns = duplicates.columns();
    Map<String, @Nullable Object> key = new LinkedHashMap<>();
    columns.key().forEach(field -> key.put(field, plain(document.get(field))));
    Map<String, @Nullable Object> winner = new LinkedHashMap<>();
    winner.put("ended_at", plain(entry.get(WINNERS + columns.endedAt())));
    if (columns.updatedAt() != null) {
      winner.put("updated_at", plain(entry.get(WINNERS + columns.updatedAt())));
    }
    if (columns.createdAt() != null) {
      winner.put("created_at", plain(entry.get(WINNERS + columns.createdAt())));
    }
    if (columns.version() != null) {
      winner.put("version", plain(entry.get(WINNERS + columns.version())));
    }
    Map<String, @Nullable Object> row = new LinkedHashMap<>();
    document.forEach((field, value) -> row.put(field, plain(value)));
    return new ArchivedRow(
        migrationId,
        entry.getString(ArchiveNames.ARCHIVED_AT).getValue(),
        entry.getString(ArchiveNames.REASON).getValue(),
        key,
        winner,
        row);
  }

  private static @Nullable Object plain(@Nullable BsonValue value) {
    if (value == null || value.isNull()) {
      return null;
    }
    return switch (value.getBsonType()) {
      case STRING -> value.asString().getValue();
      case INT32 -> value.asInt32().getValue();
      case INT64 -> value.asInt64().getValue();
      case DOUBLE -> value.asDouble().getValue();
      case BOOLEAN -> value.asBoolean().getValue();
      case BINARY -> value.asBinary().getData();
      case DATE_TIME -> Instant.ofEpochMilli(value.asDateTime().getValue()).toString();
      case OBJECT_ID -> value.asObjectId().getValue().toHexString();
      // As extended JSON, which has a form for every type; it is shown inside of a document.
      default -> text(value);
    };
  }

  private static String text(BsonValue value) {
    String document = new BsonDocument("v", value).toJson();
    return document.substring(document.indexOf(':') + 1, document.length() - 1).strip();
  }

  // ---- out -------------------------------------------------------------------------------------

  /** What would happen if the documents went back. */
  record Return(long rows, long rowsOfDeletedKeys, long changedKeys) {}

  Return lookBack() {
    long[] counts = new long[3];
    List<BsonDocument> some = new ArrayList<>();
    Runnable look =
        () -> {
          Map<List<String>, Set<String>> digests = digests(some);
          Set<List<String>> changed = new HashSet<>();
          for (BsonDocument entry : some) {
            List<String> key = keyOf(entry);
            Set<String> present = digests.get(key);
            counts[present == null ? 1 : 0]++;
            BsonValue digest = entry.get(ArchiveNames.WINNER_DIGEST);
            if (present != null
                && digest != null
                && !present.contains(digest.asString().getValue())) {
              changed.add(key);
            }
          }
          counts[2] += changed.size();
          some.clear();
        };
    String[] last = {""};
    archive()
        .find(ofMigration())
        .projection(Projections.include(KEY, ArchiveNames.WINNER_DIGEST))
        // The copies of one key come together, so that it is counted once.
        .sort(Sorts.ascending(KEY))
        .allowDiskUse(true)
        .forEach(
            entry -> {
              String key = entry.getString(KEY).getValue();
              if (some.size() >= DuplicateDocuments.KEYS_AT_ONCE && !key.equals(last[0])) {
                look.run();
              }
              last[0] = key;
              some.add(entry);
            });
    look.run();
    return new Return(counts[0], counts[1], counts[2]);
  }

  private static List<String> keyOf(BsonDocument entry) {
    return Json.ofStored(entry.getString(KEY).getValue()).elements().stream()
        .map(Json::asText)
        .toList();
  }

  /** Of the keys that are still in the collection, the contents of their documents. */
  private Map<List<String>, Set<String>> digests(List<BsonDocument> entries) {
    Map<List<String>, Set<String>> digests = new HashMap<>();
    Set<List<String>> keys = new LinkedHashSet<>();
    entries.forEach(entry -> keys.add(keyOf(entry)));
    if (!keys.isEmpty()) {
      duplicates.forEachDocument(
          duplicates.hasAnyKey(List.copyOf(keys)),
          document ->
              digests
                  .computeIfAbsent(duplicates.keyOf(document), key -> new HashSet<>())
                  .add(DocumentHash.content(document)));
    }
    return digests;
  }

  /**
   * Puts the archived documents back, without some fields.
   *
   * @param deletedKeys what becomes of those whose key is not in the collection any more
   * @param beforeDelete called each time that documents are back and about to leave the archive
   */
  void restore(
      Collection<String> without, UndoOptions.DeletedKeys deletedKeys, Runnable beforeDelete) {
    List<BsonDocument> entries = new ArrayList<>();
    long[] bytes = {0};
    Runnable flush =
        () -> {
          restore(entries, without, deletedKeys, beforeDelete);
          entries.clear();
          bytes[0] = 0;
        };
    archive()
        .find(ofMigration())
        .projection(Projections.include(KEY, DOCUMENT))
        .batchSize(Streams.documentsAtOnce(database, name))
        .forEach(
            entry -> {
              entries.add(entry);
              bytes[0] += DocumentHash.raw(entry.getDocument(DOCUMENT)).getByteBuffer().remaining();
              if (bytes[0] >= Streams.BYTES_AT_ONCE
                  || entries.size() == DuplicateDocuments.KEYS_AT_ONCE) {
                flush.run();
              }
            });
    if (!entries.isEmpty()) {
      flush.run();
    }
  }

  private void restore(
      List<BsonDocument> entries,
      Collection<String> without,
      UndoOptions.DeletedKeys deletedKeys,
      Runnable beforeDelete) {
    boolean all = deletedKeys == UndoOptions.DeletedKeys.COME_BACK;
    Set<List<String>> present = new HashSet<>();
    if (!all) {
      duplicates.forEachRank(
          entries.stream().map(DedupeArchive::keyOf).distinct().toList(),
          rank -> present.add(rank.key()));
    }
    List<BsonDocument> wanted =
        entries.stream().filter(entry -> all || present.contains(keyOf(entry))).toList();
    if (wanted.isEmpty()) {
      return;
    }
    insert(
        wanted.stream()
            .map(entry -> DocumentHash.raw(entry.getDocument(DOCUMENT)))
            .map(document -> DocumentHash.without(document, without))
            .toList());
    beforeDelete.run();
    archive()
        .deleteMany(Filters.in("_id", wanted.stream().map(entry -> entry.get("_id")).toList()));
  }

  /** Drops the documents of the migration; returns whether nothing was left and all is gone. */
  boolean drop() {
    archive().deleteMany(ofMigration());
    boolean empty = archive().find().first() == null;
    if (empty) {
      archive().drop();
    }
    return empty;
  }

  private void insert(List<RawBsonDocument> documents) {
    try {
      duplicates.documents().insertMany(documents, new InsertManyOptions().ordered(false));
    } catch (MongoBulkWriteException e) {
      // Put back by an earlier try that was killed before it could take them from the archive.
      Set<BsonValue> refused = new HashSet<>();
      e.getWriteErrors().forEach(error -> refused.add(documents.get(error.getIndex()).get("_id")));
      if (e.getWriteConcernError() != null
          || !e.getWriteErrors().stream().allMatch(MongoFailures::isDuplicateKey)
          || duplicates.documents().countDocuments(Filters.in("_id", refused)) < refused.size()) {
        throw e;
      }
    }
  }
}
