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
import dev.tracekeep.span.Json;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.bson.BsonDocument;
import org.bson.BsonString;
import org.bson.BsonValue;
import org.bson.RawBsonDocument;
import org.bson.conversions.Bson;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The collection {@code <collection>_dedupe_archive}: every document that lost, whole, with why and
 * to which. A document is written here first and deleted there afterwards, under a name that is the
 * same at every try: killed in between, the next try finds it in both places, and it is never in
 * none.
 */
final class DedupeArchive {
  private static final Logger LOG = LoggerFactory.getLogger("dev.tracekeep.migration");

  private static final String MIGRATION_ID = "dedupe_migration_id";
  private static final String ARCHIVED_AT = "dedupe_archived_at";
  private static final String REASON = "dedupe_reason";
  private static final String KEY = "dedupe_key";

  /** What an archived document may have, so that it fits in here with the rest. */
  private static final int LARGEST = (16 << 20) - (4 << 10);

  /** Names looked up at once. */
  private static final int NAMES_AT_ONCE = 1000;

  private final MongoDatabase database;
  private final DuplicateDocuments duplicates;
  private final String table;
  private final String migrationId;

  DedupeArchive(
      MongoDatabase database, DuplicateDocuments duplicates, String table, String migrationId) {
    this.database = database;
    this.duplicates = duplicates;
    this.table = table;
    this.migrationId = migrationId;
  }

  static String name(String table) {
    return table + "_dedupe_archive";
  }

  private MongoCollection<BsonDocument> archive() {
    return database.getCollection(name(table), BsonDocument.class);
  }

  private Bson ofMigration() {
    return Filters.eq(MIGRATION_ID, migrationId);
  }

  void create() {
    archive()
        .createIndex(
            SpanIndexes.on(List.of(MIGRATION_ID)),
            new IndexOptions().name(name(table) + "_migration"));
  }

  // ---- in --------------------------------------------------------------------------------------

  /** A document that gives way, and to which. */
  record Loser(DocumentRank rank, DocumentRank winner) {}

  /**
   * Moves documents, unless they changed since they were ranked; returns how many.
   *
   * @param beforeDelete called each time that documents are archived and about to be deleted
   */
  long move(List<Loser> losers, Instant now, Runnable beforeDelete) {
    Map<BsonValue, Loser> byId = new HashMap<>();
    losers.forEach(loser -> byId.put(loser.rank().id(), loser));
    List<BsonDocument> entries = new ArrayList<>();
    List<DeleteOneModel<RawBsonDocument>> deletions = new ArrayList<>();
    long[] moved = {0};
    long[] bytes = {0};
    Runnable flush =
        () -> {
          write(entries);
          beforeDelete.run();
          moved[0] +=
              duplicates
                  .documents()
                  .bulkWrite(deletions, new BulkWriteOptions().ordered(false))
                  .getDeletedCount();
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
          entries.add(entry(document, loser, now));
          deletions.add(new DeleteOneModel<>(unchanged(rank)));
          bytes[0] += document.getByteBuffer().remaining();
          if (bytes[0] >= Streams.BYTES_AT_ONCE) {
            flush.run();
          }
        });
    if (!entries.isEmpty()) {
      flush.run();
    }
    return moved[0];
  }

  private BsonDocument entry(RawBsonDocument document, Loser loser, Instant now) {
    if (document.getByteBuffer().remaining() > LARGEST) {
      throw new StorageException(
          FailureKind.CONFIGURATION,
          "The document "
              + new BsonDocument("_id", loser.rank().id()).toJson()
              + " of "
              + table
              + " is so close to 16 MB that it cannot be archived. Copy it elsewhere and delete it,"
              + " then run the migration again.",
          null);
    }
    DocumentRank winner = loser.winner();
    BsonDocument entry =
        new BsonDocument("_id", new BsonString(nameOf(loser.rank())))
            .append(MIGRATION_ID, new BsonString(migrationId))
            .append(ARCHIVED_AT, new BsonString(now.toString()))
            .append(REASON, new BsonString(loser.rank().reason(winner, duplicates.columns())))
            .append(KEY, new BsonString(keyText(winner.key())))
            .append("dedupe_winner_id", winner.id());
    winner.decisive().forEach((field, value) -> entry.append("dedupe_winner_" + field, value));
    return entry.append(DOCUMENT, document);
  }

  /** Where the whole document is. */
  static final String DOCUMENT = "dedupe_document";

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
    List<RawBsonDocument> some = new ArrayList<>();
    List<String> fields =
        duplicates.columns().key().stream().map(field -> DOCUMENT + "." + field).toList();
    List<String> projected = new ArrayList<>(fields);
    projected.add(DOCUMENT + "._id");
    archive()
        .find(ofMigration())
        .projection(Projections.include(projected))
        .map(DocumentHash::raw)
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

  private void forgetKept(List<RawBsonDocument> entries) {
    List<BsonValue> ids =
        entries.stream().map(entry -> entry.getDocument(DOCUMENT).get("_id")).toList();
    List<String> kept = new ArrayList<>();
    List<String> key = duplicates.columns().key();
    database
        .getCollection(table, BsonDocument.class)
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
    archive()
        .find(ofMigration())
        .projection(Projections.include(DOCUMENT))
        .batchSize(Streams.documentsAtOnce(database, name(table)))
        .map(entry -> DocumentHash.raw(entry.getDocument(DOCUMENT)))
        .forEach(action);
  }

  /** Logs archived documents up to the limit, then once that there are more; returns how many. */
  int log(int alreadyLogged, int limit) {
    int[] seen = {0};
    archive()
        .find(ofMigration())
        .projection(Projections.include(KEY, REASON))
        .sort(Sorts.ascending(ARCHIVED_AT, KEY))
        .limit(limit + 1)
        .forEach(
            entry -> {
              int number = ++seen[0];
              if (number > alreadyLogged && number <= limit) {
                LOG.info(
                    "{}: moved {} to {}: {}",
                    table,
                    entry.getString(KEY).getValue(),
                    name(table),
                    entry.getString(REASON).getValue());
              } else if (number == limit + 1 && alreadyLogged <= limit) {
                LOG.info(
                    "{}: more documents are moved than are logged one by one; {} has them all",
                    table,
                    name(table));
              }
            });
    return seen[0];
  }

  // ---- out -------------------------------------------------------------------------------------

  /**
   * Puts the archived documents back, without some fields; returns how many.
   *
   * @param beforeDelete called each time that documents are back and about to leave the archive
   */
  long restore(Collection<String> without, Runnable beforeDelete) {
    List<RawBsonDocument> back = new ArrayList<>();
    List<BsonValue> names = new ArrayList<>();
    long[] restored = {0};
    long[] bytes = {0};
    Runnable flush =
        () -> {
          insert(back);
          beforeDelete.run();
          archive().deleteMany(Filters.in("_id", names));
          restored[0] += back.size();
          back.clear();
          names.clear();
          bytes[0] = 0;
        };
    archive()
        .find(ofMigration())
        .projection(Projections.include(DOCUMENT))
        .batchSize(Streams.documentsAtOnce(database, name(table)))
        .forEach(
            entry -> {
              RawBsonDocument document = DocumentHash.raw(entry.getDocument(DOCUMENT));
              back.add(DocumentHash.without(document, without));
              names.add(entry.get("_id"));
              bytes[0] += document.getByteBuffer().remaining();
              if (bytes[0] >= Streams.BYTES_AT_ONCE || back.size() == NAMES_AT_ONCE) {
                flush.run();
              }
            });
    if (!back.isEmpty()) {
      flush.run();
    }
    return restored[0];
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
