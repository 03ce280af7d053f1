package dev.tracekeep.adapter.mongo;

import com.mongodb.MongoCommandException;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoCursor;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.IndexOptions;
import com.mongodb.client.model.Projections;
import dev.tracekeep.dedupe.RowCounts;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.SpanTable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.function.Consumer;
import org.bson.BsonArray;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonNull;
import org.bson.BsonString;
import org.bson.BsonValue;
import org.bson.RawBsonDocument;
import org.bson.conversions.Bson;

/**
 * The documents of a collection that share their key with others: how they are counted and found.
 * The server groups them, on its disk where memory ends, and sends the keys one after another.
 */
final class DuplicateDocuments {
  private static final String COPIES = "n";
  private static final int LARGEST_SHOWN = 5;

  /** Keys in one query. */
  static final int KEYS_AT_ONCE = 100;

  /** Keys looked at to see what they are like. */
  private static final int PAIRS_SEEN = 1000;

  /** What the field may be called that tells the events of one span apart. */
  private static final List<String> EVENT_FIELDS = List.of("eventType", "event_type", "EventType");

  private static final BsonDocument MORE_THAN_ONE =
      new BsonDocument(
          "$match", new BsonDocument(COPIES, new BsonDocument("$gt", new BsonInt32(1))));

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

  /**
   * Counts the documents.
   *
   * @param own whether they ought to have versions
   */
  RowCounts count(boolean own) {
    long groups = 0;
    long copies = 0;
    PriorityQueue<MigrationPlan.Group> largest =
        new PriorityQueue<>(Comparator.comparingLong(MigrationPlan.Group::rows));
    try (MongoCursor<BsonDocument> found = openGroups()) {
      while (found.hasNext()) {
        BsonDocument document = found.next();
        long rows = document.getNumber(COPIES).longValue();
        groups++;
        copies += rows;
        largest.add(
            new MigrationPlan.Group(
                document.getDocument("_id").values().stream()
                    .map(part -> part.isString() ? part.asString().getValue() : part.toString())
                    .toList(),
                rows));
        if (largest.size() > LARGEST_SHOWN) {
          largest.remove();
        }
      }
    }
    long rows = rows();
    String tenant = columns.tenantId();
    return new RowCounts(
        rows,
        rows - copies + groups,
        groups,
        withoutText(List.of(columns.traceId(), columns.spanId())),
        tenant == null ? 0 : withoutText(List.of(tenant)),
        own ? new OwnDocuments(database, table).withoutVersion() : 0,
        largest.stream()
            .sorted(Comparator.comparingLong(MigrationPlan.Group::rows).reversed())
            .toList());
  }

  private long withoutText(List<String> fields) {
    return light()
        .countDocuments(
            Filters.or(
                fields.stream().map(field -> Filters.not(Filters.type(field, "string"))).toList()));
  }

  long rows() {
    return light().countDocuments();
  }

  // ---- what is no duplicate --------------------------------------------------------------------

  /** The field that tells the events of one span apart, if documents of one key differ in it. */
  Optional<String> eventField() {
    return EVENT_FIELDS.stream()
        .filter(field -> light().find(Filters.exists(field)).first() != null)
        .filter(this::tellsDocumentsOfAKeyApart)
        .findFirst();
  }

  private boolean tellsDocumentsOfAKeyApart(String field) {
    BsonDocument kind = keyExpression("$").append("kind", new BsonString("$" + field));
    List<BsonDocument> pipeline =
        List.of(
            new BsonDocument(
                "$match", new BsonDocument(field, new BsonDocument("$ne", BsonNull.VALUE))),
            new BsonDocument("$group", new BsonDocument("_id", kind)),
            new BsonDocument(
                "$group",
                new BsonDocument("_id", keyExpression("$_id."))
                    .append(COPIES, new BsonDocument("$sum", new BsonInt32(1)))),
            MORE_THAN_ONE,
            new BsonDocument("$limit", new BsonInt32(1)));
    return light().aggregate(pipeline).allowDiskUse(true).first() != null;
  }

  /**
   * How many keys have one running and one completed document and no other, judged by some.
   *
   * @param groups how many keys have more than one document
   */
  long pairs(long groups) {
    List<Group> some = new ArrayList<>();
    try (MongoCursor<BsonDocument> opened = openGroups()) {
      while (opened.hasNext() && some.size() < PAIRS_SEEN) {
        BsonDocument found = opened.next();
        if (found.getDocument("_id").values().stream().allMatch(BsonValue::isString)) {
          some.add(group(found));
        }
      }
    }
    Map<List<String>, Integer> completed = new HashMap<>();
    List<List<String>> two = some.stream().filter(g -> g.copies() == 2).map(Group::key).toList();
    for (int i = 0; i < two.size(); i += KEYS_AT_ONCE) {
      forEachRank(
          two.subList(i, Math.min(two.size(), i + KEYS_AT_ONCE)),
          rank -> completed.merge(rank.key(), rank.completed() ? 1 : 0, Integer::sum));
    }
    long pairs = completed.values().stream().filter(n -> n == 1).count();
    return some.isEmpty() ? 0 : pairs * groups / some.size();
  }

  /** The parts of the key as the server finds them, under the names k0, k1 and so on. */
  private BsonDocument keyExpression(String path) {
    BsonDocument id = new BsonDocument();
    for (int i = 0; i < columns.key().size(); i++) {
      id.append(
          "k" + i, new BsonString(path.equals("$") ? path + columns.key().get(i) : path + "k" + i));
    }
    return id;
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
    BsonDocument counted =
        new BsonDocument("_id", keyExpression("$"))
            .append(COPIES, new BsonDocument("$sum", new BsonInt32(1)));
    return light()
        .aggregate(List.of(new BsonDocument("$group", counted), MORE_THAN_ONE))
        .allowDiskUse(true)
        .iterator();
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

  BsonDocument hasAnyKey(List<List<String>> keys) {
    return keys.size() == 1
        ? hasKey(keys.get(0))
        : new BsonDocument("$or", new BsonArray(keys.stream().map(this::hasKey).toList()));
  }

  /** The key of a document. */
  List<String> keyOf(BsonDocument document) {
    return columns.key().stream().map(field -> document.getString(field).getValue()).toList();
  }

  /** What decides about the documents of some keys, one after another. */
  void forEachRank(List<List<String>> keys, Consumer<DocumentRank> action) {
    List<String> fields = new ArrayList<>(columns.key());
    fields.addAll(DocumentRank.decisiveFields(columns));
    light()
        .find(hasAnyKey(keys))
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
