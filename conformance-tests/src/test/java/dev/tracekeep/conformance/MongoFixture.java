package dev.tracekeep.conformance;

import com.mongodb.ConnectionString;
import com.mongodb.ErrorCategory;
import com.mongodb.MongoWriteException;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.IndexOptions;
import com.mongodb.client.model.Indexes;
import com.mongodb.client.model.Updates;
import dev.tracekeep.adapter.mongo.MongoProvider;
import dev.tracekeep.adapter.mongo.MongoTestServer;
import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageProvider;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonValue;
import org.bson.Document;
import org.bson.types.Binary;
import org.bson.types.Decimal128;
import org.jspecify.annotations.Nullable;

/**
 * MongoDB: the server that is given, a container, or the stand-in. A given one has a name of its
 * own, so that its results stand beside those of the others.
 */
final class MongoFixture implements StorageFixture {
  @Override
  public String name() {
    return MongoTestServer.get().way().equals("url") ? "mongo-url" : "mongo";
  }

  @Override
  public StorageProvider provider() {
    return new MongoProvider();
  }

  @Override
  public EngineAccess access() {
    String way = MongoTestServer.get().way();
    if (way.startsWith("docker ")) {
      return EngineAccess.docker(way.substring("docker ".length()));
    }
    if (!way.equals("url")) {
      return EngineAccess.standIn("mongo-java-server");
    }
    String product = MongoTestServer.get().product();
    return product.startsWith("MongoDB ")
        ? EngineAccess.url("TRACEKEEP_TEST_MONGO_URL")
        : EngineAccess.standIn(product);
  }

  @Override
  public Optional<Map<String, String>> at(int port) {
    return Optional.of(Map.of("url", "mongodb://127.0.0.1:" + port + "/spans"));
  }

  @Override
  public Optional<Map<String, String>> unreachable() {
    return Optional.of(
        Map.of(
            "url", "mongodb://localhost:1/spans",
            "username", "kit",
            "password", StorageConformanceKit.SECRET,
            "connect-timeout", "1s"));
  }

  @Override
  public TestDatabase newDatabase() {
    String url = MongoTestServer.get().newDatabase();
    return new TestDatabase() {
      @Override
      public Map<String, String> properties() {
        return Map.of("url", url);
      }

      @Override
      public Optional<RawAccess> raw() {
        return Optional.of(new Raw(url));
      }

      @Override
      public void close() {
        MongoTestServer.get().drop(url);
      }
    };
  }

  /** Reads and writes a database through the bare driver. */
  private static final class Raw implements RawAccess {
    private static final String TABLE = StorageConfig.DEFAULT_TABLE;

    /** The stand-in sends as many as it is asked for, however large they are. */
    private static final int ROWS_AT_ONCE = 20;

    private final String url;

    Raw(String url) {
      this.url = url;
    }

    private <T> T in(Function<MongoDatabase, T> work) {
      try (MongoClient client = MongoClients.create(url)) {
        return work.apply(
            client.getDatabase(String.valueOf(new ConnectionString(url).getDatabase())));
      }
    }

    @Override
    public void createLegacyTable(List<Span> rows) {
      in(
          database -> {
            MongoCollection<Document> table = database.getCollection(TABLE);
            table.createIndex(
                new BsonDocument(USER_COLUMN, new BsonInt32(1)),
                new IndexOptions().name("user_note_idx"));
            List<Document> some = new ArrayList<>();
            for (int i = 0; i < rows.size(); i++) {
              some.add(legacy(rows.get(i)).append(USER_COLUMN, Integer.toString(i)));
              if (some.size() == ROWS_AT_ONCE || i == rows.size() - 1) {
                table.insertMany(some);
                some.clear();
              }
            }
            return true;
          });
    }

    private static Document legacy(Span span) {
      Document document = new Document();
      for (SpanColumn column : SpanColumn.all()) {
        Object value = column.read(span);
        if (value instanceof Instant time) {
          document.append(column.columnName(), EpochNanos.of(time));
        } else if (value instanceof Json json) {
          document.append(column.columnName(), json.text());
        } else if (value instanceof BigDecimal number) {
          document.append(
              column.columnName(),
              column == SpanColumn.COST ? new Decimal128(number) : number.longValueExact());
        } else if (value != null) {
          document.append(column.columnName(), value);
        }
      }
      return document;
    }

    @Override
    public List<Map<String, @Nullable String>> rows() {
      return in(
          database ->
              database
                  .getCollection(TABLE, BsonDocument.class)
                  .find()
                  .batchSize(ROWS_AT_ONCE)
                  .map(Raw::text)
                  .into(new ArrayList<>()));
    }

    @Override
    public boolean createForeignTable(
        String table, Map<String, ForeignType> columns, List<List<@Nullable Object>> rows) {
      return in(
          database -> {
            List<String> names = List.copyOf(columns.keySet());
            for (List<@Nullable Object> row : rows) {
              Document document = new Document();
              for (int i = 0; i < names.size(); i++) {
                document.append(names.get(i), row.get(i));
              }
              database.getCollection(table).insertOne(document);
            }
            return true;
          });
    }

    @Override
    public List<Map<String, @Nullable String>> rowsOf(String table) {
      return in(
          database ->
              database
                  .getCollection(table, BsonDocument.class)
                  .find()
                  .map(
                      document -> {
                        Map<String, @Nullable String> row = new TreeMap<>();
                        text(document)
                            .forEach(
                                (name, value) -> row.put(name.toLowerCase(Locale.ROOT), value));
                        return row;
                      })
                  .into(new ArrayList<>()));
    }

    @Override
    public List<Map<String, @Nullable String>> archivedRows() {
      return in(
          database ->
              database
                  .getCollection(TABLE + "_dedupe_archive", BsonDocument.class)
                  .find()
                  .batchSize(ROWS_AT_ONCE)
                  .map(entry -> text(entry.getDocument("dedupe_document")))
                  .into(new ArrayList<>()));
    }

    private static Map<String, @Nullable String> text(BsonDocument document) {
      Map<String, @Nullable String> row = new TreeMap<>();
      for (Map.Entry<String, BsonValue> field : document.entrySet()) {
        BsonValue value = field.getValue();
        row.put(field.getKey(), value.isString() ? value.asString().getValue() : value.toString());
      }
      return row;
    }

    @Override
    public boolean insertCopy(SpanKey key) {
      return in(
          database -> {
            MongoCollection<Document> table = database.getCollection(TABLE);
            Document copy =
                table
                    .find(
                        new Document("tenant_id", key.tenantId())
                            .append("trace_id", key.traceId())
                            .append("span_id", key.spanId()))
                    .first();
            if (copy == null) {
              throw new IllegalStateException("There is no document of " + key + " to copy");
            }
            copy.remove("_id");
            try {
              table.insertOne(copy);
              return true;
            } catch (MongoWriteException e) {
              if (e.getError().getCategory() == ErrorCategory.DUPLICATE_KEY) {
                return false;
              }
              throw e;
            }
          });
    }

    private static Document archived(String userNote) {
      return new Document("dedupe_document." + USER_COLUMN, userNote);
    }

    private void archive(Consumer<MongoCollection<Document>> work) {
      in(
          database -> {
            work.accept(database.getCollection(TABLE + "_dedupe_archive"));
            return true;
          });
    }

    @Override
    public void changeArchivedRow(String userNote) {
      archive(
          rows ->
              rows.updateOne(
                  archived(userNote),
                  new Document("$set", new Document("dedupe_document." + USER_COLUMN, "changed"))));
    }

    @Override
    public void deleteArchivedRow(String userNote) {
      archive(rows -> rows.deleteOne(archived(userNote)));
    }

    @Override
    public void doubleArchivedRow(String userNote) {
      archive(
          rows ->
              rows.insertOne(
                  new Document(rows.find(archived(userNote)).iterator().next())
                      .append("_id", "doubled")));
    }

    @Override
    public void changeRow(String userNote) {
      in(
          database ->
              database
                  .getCollection(TABLE)
                  .updateOne(
                      new Document(USER_COLUMN, userNote), Updates.set(USER_COLUMN, "changed")));
    }

    @Override
    public void deleteRow(String userNote) {
      in(database -> database.getCollection(TABLE).deleteOne(new Document(USER_COLUMN, userNote)));
    }

    @Override
    public void dropConstraint() {
      in(
          database -> {
            for (String name : indexNames()) {
              if (!name.equals("_id_") && !name.contains(USER_COLUMN)) {
                database.getCollection(TABLE).dropIndex(name);
              }
            }
            return true;
          });
    }

    @Override
    public void endClaims() {
      in(
          database ->
              database
                  .getCollection("tracekeep_migrator")
                  .updateMany(new Document(), Updates.set("ends_at", 0L)));
    }

    @Override
    public Optional<String> addUniqueKey() {
      return in(
          database ->
              Optional.of(
                  database
                      .getCollection(TABLE)
                      .createIndex(
                          Indexes.ascending("span_id", "trace_id", "tenant_id"),
                          new IndexOptions().unique(true).name("application_key"))));
    }

    @Override
    public void dropUniqueKey() {
      in(
          database -> {
            database.getCollection(TABLE).dropIndex("application_key");
            return true;
          });
    }

    @Override
    public void dropArchive() {
      in(
          database -> {
            database.getCollection(TABLE + "_dedupe_archive").drop();
            return true;
          });
    }

    @Override
    public OptionalInt storedFormat() {
      return in(
          database ->
              Optional.ofNullable(
                      database
                          .getCollection("tracekeep_formats")
                          .find(new Document("_id", TABLE))
                          .first())
                  .map(kept -> OptionalInt.of(kept.getInteger("format")))
                  .orElse(OptionalInt.empty()));
    }

    @Override
    public boolean storeFormat(OptionalInt format) {
      return in(
          database -> {
            Document key = new Document("_id", TABLE);
            database.getCollection("tracekeep_formats").deleteOne(key);
            if (format.isPresent()) {
              database
                  .getCollection("tracekeep_formats")
                  .insertOne(key.append("format", format.getAsInt()));
            }
            return true;
          });
    }

    @Override
    public void storeVersion(SpanKey key, byte[] version) {
      in(
          database ->
              database
                  .getCollection(TABLE)
                  .updateOne(
                      new Document("span_id", key.spanId()),
                      Updates.set(SpanColumn.VERSION_NAME, new Binary(version))));
    }

    @Override
    public byte[] storedVersion(SpanKey key) {
      return in(
          database ->
              Optional.ofNullable(
                      database
                          .getCollection(TABLE)
                          .find(
                              new Document("tenant_id", key.tenantId())
                                  .append("trace_id", key.traceId())
                                  .append("span_id", key.spanId()))
                          .first())
                  .map(row -> row.get(SpanColumn.VERSION_NAME, Binary.class).getData())
                  .orElseThrow());
    }

    @Override
    public Set<String> tableNames() {
      return in(
          database -> {
            Set<String> names = database.listCollectionNames().into(new TreeSet<>());
            names.remove("tracekeep_formats");
            return names;
          });
    }

    @Override
    public Set<String> indexNames() {
      return in(
          database -> {
            Set<String> names = new TreeSet<>();
            database
                .getCollection(TABLE)
                .listIndexes()
                .forEach(index -> names.add(index.getString("name")));
            return names;
          });
    }
  }
}
