package dev.tracekeep.adapter.mongo;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.SpanTable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.bson.BsonBoolean;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonString;
import org.jspecify.annotations.Nullable;

/** A collection of spans as the server describes it. */
final class SpanCollection {
  /** How many documents are read at either end to see what the fields are called. */
  private static final int SEEN = 20;

  /** Fields of ours that many a document lacks, in the namings that there are. */
  private static final Map<String, List<String>> RARE =
      Map.of(
          "trace_id",
          List.of(
              "tenant_id",
              "ended_at",
              "updated_at",
              "created_at",
              "version",
              "span_type",
              "is_event"),
          "traceId",
          List.of("tenantId", "endedAt", "updatedAt", "createdAt"),
          "TraceId",
          List.of("TenantId", "EndedAt", "UpdatedAt", "CreatedAt"));

  private final MongoDatabase database;
  private final SpanTable table;

  SpanCollection(MongoDatabase database, SpanTable table) {
    this.database = database;
    this.table = table;
  }

  SpanTable table() {
    return table;
  }

  private MongoCollection<BsonDocument> documents() {
    return database.getCollection(table.name(), BsonDocument.class);
  }

  private @Nullable BsonDocument description() {
    return database.listCollections(BsonDocument.class).into(new ArrayList<>()).stream()
        .filter(collection -> collection.getString("name").getValue().equals(table.name()))
        .findFirst()
        .orElse(null);
  }

  boolean exists() {
    return description() != null;
  }

  /** Why spans cannot be kept here, one sentence each; empty if they can, or nothing is there. */
  List<String> obstacles() {
    BsonDocument description = description();
    return description == null
        ? List.of()
        : obstacles(table, description, () -> SpanIndexes.list(documents()));
  }

  /**
   * The same of a collection as it was described.
   *
   * @param description an entry of listCollections
   * @param indexes the answer to listIndexes, which a view refuses
   */
  static List<String> obstacles(
      SpanTable table, BsonDocument description, Supplier<List<BsonDocument>> indexes) {
    String type = description.getString("type", new BsonString("collection")).getValue();
    if (!type.equals("collection")) {
      return List.of(
          table + " is a " + type + " and no plain collection: name what it is made from.");
    }
    List<String> obstacles = new ArrayList<>();
    String locale =
        description
            .getDocument("options", new BsonDocument())
            .getDocument("collation", new BsonDocument())
            .getString("locale", new BsonString("simple"))
            .getValue();
    if (!locale.equals("simple")) {
      obstacles.add(
          "The collection "
              + table
              + " compares text by the collation "
              + locale
              + ", and ids must be compared byte by byte: copy it into a collection without one.");
    }
    String name = SpanIndexes.keyName(table.name());
    indexes.get().stream()
        .filter(index -> index.getString("name").getValue().equals(name))
        .filter(index -> !index.getBoolean("unique", BsonBoolean.FALSE).getValue())
        .forEach(
            index ->
                obstacles.add(
                    "The index "
                        + name
                        + " of "
                        + table
                        + " has the name that the unique index will get: drop it."));
    return obstacles;
  }

  /** Whether an index keeps each key once. */
  ConstraintState state(SpanTable.Columns columns) {
    return SpanIndexes.state(documents(), columns.key());
  }

  /**
   * What the fields mean.
   *
   * @throws IllegalArgumentException if that was not said, and their names do not show it
   */
  SpanTable.Columns columns() {
    return table.columnsAmong(table.columns() == null ? fields() : Set.of());
  }

  /** The fields that some document has; of rare ones, those that are asked for by name. */
  private Set<String> fields() {
    Set<String> fields = new HashSet<>(table.named().values().stream().filter(this::has).toList());
    for (int direction : new int[] {1, -1}) {
      documents()
          .find()
          .sort(new BsonDocument("$natural", new BsonInt32(direction)))
          .limit(SEEN)
          .forEach(document -> fields.addAll(document.keySet()));
    }
    // To find that no document has a field takes a whole scan: not for the other namings too.
    RARE.keySet().stream()
        .filter(trace -> fields.contains(trace) || has(trace))
        .findFirst()
        .ifPresent(
            trace -> {
              fields.add(trace);
              RARE.get(trace).stream().filter(this::has).forEach(fields::add);
            });
    return fields;
  }

  private boolean has(String field) {
    return documents().find(Filters.exists(field)).first() != null;
  }
}
