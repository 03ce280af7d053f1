package dev.tracekeep.adapter.mongo;

import com.mongodb.MongoCommandException;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoCursor;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.IndexOptions;
import com.mongodb.client.model.Projections;
import dev.tracekeep.migration.SpanTable;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.bson.BsonArray;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonString;
import org.bson.RawBsonDocument;
import org.bson.conversions.Bson;

/**
 * The documents of a collection that share their key with others: how they are counted and found.
 * The server groups them, on its disk where memory ends, and sends the keys one after another.
 */
final class DuplicateDocuments {
  private static final String COPIES = "n";

  private final MongoDatabase database;
  private final String table;
  private final SpanTable.Columns columns;
  private int documentsAtOnce;

  /**
   * @param columns what the fields mean
   */
  DuplicateDocuments(MongoDatabase database, String table, SpanTable.Columns columns) {
    this.database = database;
    this.table = table;
    this.columns = columns;
  }

  SpanTable.Columns columns() {
    return columns;
  }

  MongoCollection<RawBsonDocument> documents() {
    return database.getCollection(table, RawBsonDocument.class);
  }

  private MongoCollection<BsonDocument> light() {
    return database.getCollection(table, BsonDocument.class);
  }

  /** Asked for once, because some searches read the documents of one key after another's. */
  private int documentsAtOnce() {
    if (documentsAtOnce == 0) {
      documentsAtOnce = Streams.documentsAtOnce(database, table);
    }
    return documentsAtOnce;
  }

  // ---- counting --------------------------------------------------------------------------------

  /** How many documents, keys, keys with more than one document, and documents without a key. */
  record Counts(long rows, long keys, long groups, long rowsWithoutKey) {
    long surplus() {
      return rows - keys;
    }
  }

  Counts count() {
    List<Bson> withoutKey = new ArrayList<>();
    for (String field : columns.key()) {
      withoutKey.add(Filters.not(Filters.type(field, "string")));
    }
    List<BsonDocument> pipeline = new ArrayList<>(duplicateKeys());
    // One sum in a group: of several, FerretDB 1 adds up the first alone.
    pipeline.add(
        new BsonDocument(
            "$group",
            new BsonDocument("_id", new BsonString("$" + COPIES))
                .append("keys", new BsonDocument("$sum", new BsonInt32(1)))));
    long groups = 0;
    long copies = 0;
    for (BsonDocument withSoMany : light().aggregate(pipeline).allowDiskUse(true)) {
      long keys = withSoMany.getNumber("keys").longValue();
      groups += keys;
      copies += keys * withSoMany.getNumber("_id").longValue();
    }
    long rows = rows();
    return new Counts(
        rows, rows - copies + groups, groups, light().countDocuments(Filters.or(withoutKey)));
  }

  long rows() {
    return light().countDocuments();
  }

  private List<BsonDocument> duplicateKeys() {
    BsonDocument id = new BsonDocument();
    for (int i = 0; i < columns.key().size(); i++) {
      id.append("k" + i, new BsonString("$" + columns.key().get(i)));
    }
    return List.of(
        new BsonDocument(
            "$group",
            new BsonDocument("_id", id).append(COPIES, new BsonDocument("$sum", new BsonInt32(1)))),
        new BsonDocument(
            "$match", new BsonDocument(COPIES, new BsonDocument("$gt", new BsonInt32(1)))));
  }

  // ---- finding ---------------------------------------------------------------------------------

  /** A key and how many documents have it. */
  record Group(List<String> key, long copies) {
    long losers() {
      return copies - 1;
    }
  }

  /** The keys that have more than one document, in no order. */
  MongoCursor<BsonDocument> openGroups() {
    return light().aggregate(duplicateKeys()).allowDiskUse(true).iterator();
  }

  static Group group(BsonDocument found) {
    return new Group(
        found.getDocument("_id").values().stream().map(part -> part.asString().getValue()).toList(),
        found.getNumber(COPIES).longValue());
  }

  BsonDocument hasKey(List<String> key) {
    BsonDocument filter = new BsonDocument();
    for (int i = 0; i < key.size(); i++) {
      filter.append(columns.key().get(i), new BsonString(key.get(i)));
    }
    return filter;
  }

  /** What decides about the documents of some keys, one after another. */
  void forEachRank(List<List<String>> keys, Consumer<DocumentRank> action) {
    List<String> fields = new ArrayList<>(columns.key());
    fields.addAll(DocumentRank.decisiveFields(columns));
    light()
        .find(
            keys.size() == 1
                ? hasKey(keys.get(0))
                : new BsonDocument("$or", new BsonArray(keys.stream().map(this::hasKey).toList())))
        .projection(Projections.include(fields))
        .forEach(document -> action.accept(DocumentRank.of(document, columns)));
  }

  /** Whole documents, one after another. */
  void forEachDocument(Bson filter, Consumer<RawBsonDocument> action) {
    documents().find(filter).batchSize(documentsAtOnce()).forEach(action);
  }

  // ---- the index that the work needs -----------------------------------------------------------

  private String workIndex() {
    return table + "_dedupe_work";
  }

  /** Lets the documents of a key be found without a scan; ends with the migration. */
  void createWorkIndex() {
    List<String> fields = new ArrayList<>(columns.key());
    // Not on the key alone: two indexes on the same fields are refused by older servers.
    fields.add("_id");
    light().createIndex(SpanIndexes.on(fields), new IndexOptions().name(workIndex()));
  }

  void dropWorkIndex() {
    dropIndex(workIndex());
  }

  void dropIndex(String name) {
    try {
      light().dropIndex(name);
    } catch (MongoCommandException e) {
      if (e.getErrorCode() != MongoFailures.INDEX_NOT_FOUND
          && e.getErrorCode() != MongoFailures.NAMESPACE_NOT_FOUND) {
        throw e;
      }
    }
  }
}
