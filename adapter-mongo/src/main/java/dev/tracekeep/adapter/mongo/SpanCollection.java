package dev.tracekeep.adapter.mongo;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import dev.tracekeep.dedupe.EventStores;
import dev.tracekeep.dedupe.RowCounts;
import dev.tracekeep.dedupe.TableIdentity;
import dev.tracekeep.dedupe.TableLook;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.SpanTable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.bson.BsonBoolean;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonString;
import org.jspecify.annotations.Nullable;

/**
 * A collection of spans as the server describes it, looked at once. Whatever takes a scan is asked
 * for only when it is needed. Belongs to one call of the migration.
 */
final class SpanCollection implements TableLook {
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

  /** How many documents are read at either end to see whether they have versions. */
  private static final int SEEN_FOR_VERSIONS = 1000;

  private final MongoDatabase database;
  private final SpanTable table;
  private final boolean own;
  private @Nullable BsonDocument description;
  private boolean described;
  private SpanTable.@Nullable Columns columns;
  private @Nullable DuplicateDocuments duplicates;
  private @Nullable RowCounts counts;
  private @Nullable Boolean withoutVersion;

  /**
   * @param own whether it is the store's own, whatever way it was named
   */
  SpanCollection(MongoDatabase database, SpanTable table, boolean own) {
    this.database = database;
    this.table = table;
    this.own = own;
  }

  MongoDatabase database() {
    return database;
  }

  MongoCollection<BsonDocument> documents() {
    return database.getCollection(table.name(), BsonDocument.class);
  }

  /** What only our own collections need. */
  OwnDocuments ownDocuments() {
    return new OwnDocuments(database, table.name());
  }

  DuplicateDocuments duplicates() {
    DuplicateDocuments known = duplicates;
    if (known == null) {
      known = new DuplicateDocuments(database, table.name(), columns());
      duplicates = known;
    }
    return known;
  }

  private @Nullable BsonDocument description() {
    if (!described) {
      description =
          database.listCollections(BsonDocument.class).into(new ArrayList<>()).stream()
              .filter(collection -> collection.getString("name").getValue().equals(table.name()))
              .findFirst()
              .orElse(null);
      described = true;
    }
    return description;
  }

  // ---- the template's questions ----------------------------------------------------------------

  @Override
  public TableIdentity identity() {
    return new TableIdentity(null, table.name());
  }

  @Override
  public boolean exists() {
    return description() != null;
  }

  @Override
  public boolean isOwn() {
    return own;
  }

  @Override
  public List<String> keyColumns() {
    return columns().key();
  }

  /** A document may have any field: those that the migration reads. */
  @Override
  public List<String> columnNames() {
    List<String> names = new ArrayList<>(keyColumns());
    names.addAll(DocumentRank.decisiveFields(columns()));
    return names;
  }

  @Override
  public List<String> missingColumns() {
    return hasRowsWithoutVersion() && !ownDocuments().anyHasVersion()
        ? OwnDocuments.FIELDS
        : List.of();
  }

  @Override
  public ConstraintState constraint() {
    return SpanIndexes.state(documents(), keyColumns());
  }

  /** To find that every document has one takes a whole scan, so a start looks at both ends. */
  @Override
  public boolean hasRowsWithoutVersion() {
    Boolean known = withoutVersion;
    if (known == null) {
      known =
          own
              && IntStream.of(1, -1)
                  .anyMatch(end -> ownDocuments().lackVersion(end, SEEN_FOR_VERSIONS));
      withoutVersion = known;
    }
    return known;
  }

  @Override
  public RowCounts counts() {
    RowCounts known = counts;
    if (known == null) {
      known = exists() ? duplicates().count(own) : RowCounts.NONE;
      counts = known;
    }
    return known;
  }

  @Override
  public List<String> refusals() {
    List<String> refusals = new ArrayList<>(obstacles());
    duplicates()
        .eventField()
        .ifPresent(field -> refusals.add(EventStores.refusal(identity(), field)));
    return refusals;
  }

  @Override
  public MigrationPlan.Details details() {
    List<String> dependents = new ArrayList<>();
    SpanIndexes.list(documents())
        .forEach(index -> dependents.add("index " + index.getString("name").getValue()));
    for (BsonDocument other : database.listCollections(BsonDocument.class)) {
      BsonDocument options = other.getDocument("options", new BsonDocument());
      if (options.getString("viewOn", new BsonString("")).getValue().equals(table.name())) {
        dependents.add("view " + other.getString("name").getValue());
      }
    }
    List<String> notes = new ArrayList<>();
    if (!own && counts().groups() > 0) {
      EventStores.note(duplicates().pairs(counts().groups()), counts().keys())
          .ifPresent(notes::add);
    }
    return new MigrationPlan.Details(
        counts().largestGroups(),
        Math.round(counts().surplus() * Streams.averageBytes(database, table.name())),
        dependents,
        null,
        "No lock: the index is built while others read and write. From then on a document whose key"
            + " is there already is refused.",
        notes);
  }

  /** Why spans cannot be kept here, one sentence each; empty if they can, or nothing is there. */
  List<String> obstacles() {
    BsonDocument found = description();
    return found == null ? List.of() : obstacles(table, found, () -> SpanIndexes.list(documents()));
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

  /**
   * What the fields mean.
   *
   * @throws IllegalArgumentException if that was not said, and their names do not show it
   */
  SpanTable.Columns columns() {
    SpanTable.Columns known = columns;
    if (known == null) {
      known = table.columnsAmong(table.columns() == null ? fields() : Set.of());
      columns = known;
    }
    return known;
  }

  /** The fields that some document has; of rare ones, those that are asked for by name. */
  private Set<String> fields() {
    Set<String> fields = new HashSet<>(table.named().values().stream().filter(this::has).toList());
    for (int direction : new int[] {1, -1}) {
      documents()
          .find()
          .sort(new BsonDocument("_id", new BsonInt32(direction)))
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
