package dev.tracekeep.adapter.mongo;

import com.mongodb.MongoException;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.IndexOptions;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.span.SpanColumn;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.bson.BsonBoolean;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonString;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The indexes of a span collection. All but those of the key and of the starts are partial, so that
 * a span which is neither a root nor an error, as most are, costs none of them anything. That of
 * the starts finds the traces without a root.
 */
final class SpanIndexes {
  private static final Logger LOG = LoggerFactory.getLogger(SpanIndexes.class);

  /** The key of our own collections, in the order of the index. */
  static final List<String> KEY =
      List.of(
          SpanColumn.TENANT_ID.columnName(),
          SpanColumn.TRACE_ID.columnName(),
          SpanColumn.SPAN_ID.columnName());

  private static final BsonDocument ROOTS = isTrue(SpanCodec.ROOT);
  private static final BsonDocument ERRORS = isTrue(SpanCodec.FAILED);

  private SpanIndexes() {}

  private static BsonDocument isTrue(String path) {
    return new BsonDocument(path, BsonBoolean.TRUE);
  }

  static String keyName(String collection) {
    return collection + "_key";
  }

  /** An ascending index on the fields; a name behind a minus sign is descending. */
  static BsonDocument on(List<String> fields) {
    BsonDocument index = new BsonDocument();
    for (String field : fields) {
      boolean descending = field.startsWith("-");
      index.append(descending ? field.substring(1) : field, new BsonInt32(descending ? -1 : 1));
    }
    return index;
  }

  /** Makes the index that keeps each key once, and the collection if it is not there. */
  static void createKey(MongoDatabase database, String collection, List<String> key) {
    createKey(database, collection, key, keyName(collection));
  }

  /** The same under another name. */
  static void createKey(MongoDatabase database, String collection, List<String> key, String name) {
    database
        .getCollection(collection, BsonDocument.class)
        .createIndex(on(key), new IndexOptions().unique(true).name(name));
  }

  /** Makes those indexes that are not there yet. */
  static void createOthers(MongoDatabase database, String collection) {
    String tenant = KEY.get(0);
    String trace = KEY.get(1);
    String span = KEY.get(2);
    String started = SpanColumn.STARTED_AT.columnName();
    Map<String, Partial> wanted = new LinkedHashMap<>();
    wanted.put("roots", new Partial(List.of(tenant, "-" + started, trace, span), ROOTS));
    wanted.put(
        "roots_ended",
        new Partial(List.of(tenant, "-" + SpanCodec.ROOT_ENDED_AT, trace, span), ROOTS));
    wanted.put("starts", new Partial(List.of(tenant, "-" + started, trace, span), null));
    wanted.put("roots_of_trace", new Partial(List.of(tenant, trace, started, span), ROOTS));
    wanted.put(
        "roots_metadata", new Partial(List.of(tenant, SpanCodec.METADATA, "-" + started), ROOTS));
    wanted.put("errors", new Partial(List.of(tenant, trace), ERRORS));
    MongoCollection<BsonDocument> spans = database.getCollection(collection, BsonDocument.class);
    Set<String> present = new HashSet<>();
    list(spans).forEach(index -> present.add(index.getString("name").getValue()));
    wanted.forEach(
        (what, index) -> {
          String name = collection + "_" + what;
          if (!present.contains(name)) {
            create(spans, name, index);
          }
        });
  }

  /**
   * @param condition null for an index of all spans
   */
  private record Partial(List<String> fields, @Nullable BsonDocument condition) {}

  private static void create(MongoCollection<BsonDocument> spans, String name, Partial index) {
    try {
      IndexOptions options = new IndexOptions().name(name);
      BsonDocument condition = index.condition();
      spans.createIndex(
          on(index.fields()),
          condition == null ? options : options.partialFilterExpression(condition));
    } catch (MongoException e) {
      if (!MongoFailures.isNotSupported(e)) {
        throw e;
      }
      // FerretDB 1: the answers are the same, only slower.
      LOG.info("The server has no partial indexes, {} is left out", name);
    }
  }

  static List<BsonDocument> list(MongoCollection<?> collection) {
    return collection.listIndexes(BsonDocument.class).into(new ArrayList<>());
  }

  /** The names of all unique indexes but that of {@code _id}. */
  static Set<String> unique(MongoCollection<?> collection) {
    Set<String> names = new TreeSet<>();
    list(collection).stream()
        .filter(index -> index.getBoolean("unique", BsonBoolean.FALSE).getValue())
        .forEach(index -> names.add(index.getString("name").getValue()));
    names.remove("_id_");
    return names;
  }

  /** Whether an index keeps each key once. */
  static ConstraintState state(MongoCollection<?> collection, List<String> key) {
    return list(collection).stream().anyMatch(index -> enforces(index, key))
        ? ConstraintState.PRESENT
        : ConstraintState.ABSENT;
  }

  /** The names of the indexes that keep each key once. */
  static Set<String> enforcing(MongoCollection<?> collection, List<String> key) {
    Set<String> names = new HashSet<>();
    list(collection).stream()
        .filter(index -> enforces(index, key))
        .forEach(index -> names.add(index.getString("name").getValue()));
    return names;
  }

  private static boolean enforces(BsonDocument index, List<String> key) {
    return index.getBoolean("unique", BsonBoolean.FALSE).getValue()
        && !index.containsKey("partialFilterExpression")
        && !index.getBoolean("sparse", BsonBoolean.FALSE).getValue()
        && isBinary(index)
        // Whatever the order of its fields, it keeps each key once.
        && index.getDocument("key").keySet().equals(Set.copyOf(key));
  }

  private static boolean isBinary(BsonDocument index) {
    return index
        .getDocument("collation", new BsonDocument())
        .getString("locale", new BsonString("simple"))
        .getValue()
        .equals("simple");
  }
}
