package dev.tracekeep.benchmark;

import com.mongodb.ConnectionString;
import com.mongodb.MongoClientSettings;
import com.mongodb.WriteConcern;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.InsertManyOptions;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.bson.BsonArray;
import org.bson.BsonBinary;
import org.bson.BsonBoolean;
import org.bson.BsonDecimal128;
import org.bson.BsonDocument;
import org.bson.BsonInt64;
import org.bson.BsonString;
import org.bson.BsonValue;
import org.bson.RawBsonDocument;
import org.bson.codecs.BsonDocumentCodec;
import org.bson.types.Decimal128;
import org.jspecify.annotations.Nullable;

/**
 * A database on the server that TRACEKEEP_BENCHMARK_MONGO_URL names, or in a stand-in within this
 * process, and unordered insertMany of documents that were encoded before the clock started.
 */
final class MongoBenchmarkStore implements BenchmarkStore {
  private static final AtomicInteger DATABASES = new AtomicInteger();

  private final String url;
  private final @Nullable MongoServer standIn;

  MongoBenchmarkStore() {
    String given = System.getenv("TRACEKEEP_BENCHMARK_MONGO_URL");
    String name =
        "tracekeep_benchmark_" + ProcessHandle.current().pid() + "_" + DATABASES.incrementAndGet();
    if (given == null || given.isBlank()) {
      this.standIn = new MongoServer(new MemoryBackend());
      this.url = standIn.bindAndGetConnectionString() + "/" + name;
    } else {
      this.standIn = null;
      // mongodb://host:port/database?options, of which the database may be missing
      this.url = given.replaceFirst("(//[^/?]+)/?[^?]*", "$1/" + name);
    }
  }

  @Override
  public String url() {
    return url;
  }

  @Override
  public List<Object[]> rawRows(List<Span> spans) {
    return spans.stream()
        .map(span -> new Object[] {new RawBsonDocument(document(span), new BsonDocumentCodec())})
        .toList();
  }

  private static BsonDocument document(Span span) {
    BsonDocument document = new BsonDocument();
    for (SpanColumn column : SpanColumn.all()) {
      Object value = column.read(span);
      if (value != null) {
        document.append(column.columnName(), value(column, value));
      }
    }
    document.append(SpanColumn.VERSION_NAME, new BsonBinary(span.version().toBytes()));
    BsonDocument derived = new BsonDocument();
    if (span.payload().error() != null) {
      derived.append("failed", BsonBoolean.TRUE);
    }
    if (span.isRoot()) {
      Instant endedAt = span.times().endedAt();
      derived
          .append("root", BsonBoolean.TRUE)
          .append(
              "ended_at", new BsonInt64(endedAt == null ? Long.MAX_VALUE : EpochNanos.of(endedAt)));
    }
    return derived.isEmpty() ? document : document.append("derived", derived);
  }

  private static BsonValue value(SpanColumn column, Object value) {
    if (value instanceof Instant time) {
      return new BsonInt64(EpochNanos.of(time));
    }
    if (value instanceof BigDecimal number) {
      return column.scale() > 0
          ? new BsonDecimal128(new Decimal128(number))
          : new BsonInt64(number.longValueExact());
    }
    if (value instanceof Boolean flag) {
      return BsonBoolean.valueOf(flag);
    }
    if (value instanceof List<?> tags) {
      return new BsonArray(tags.stream().map(tag -> new BsonString((String) tag)).toList());
    }
    return new BsonString(value instanceof Json json ? json.text() : (String) value);
  }

  @Override
  public void writeRaw(List<Object[]> rows, int batch) {
    MongoClientSettings settings =
        MongoClientSettings.builder()
            .writeConcern(WriteConcern.MAJORITY)
            .applyConnectionString(new ConnectionString(url))
            .build();
    try (MongoClient client = MongoClients.create(settings)) {
      MongoCollection<RawBsonDocument> spans =
          client
              .getDatabase(String.valueOf(new ConnectionString(url).getDatabase()))
              .getCollection("tracekeep_spans", RawBsonDocument.class);
      for (int from = 0; from < rows.size(); from += batch) {
        spans.insertMany(
            rows.subList(from, Math.min(rows.size(), from + batch)).stream()
                .map(row -> (RawBsonDocument) row[0])
                .toList(),
            new InsertManyOptions().ordered(false));
      }
    }
  }

  @Override
  public void close() {
    try (MongoClient client = MongoClients.create(url)) {
      client.getDatabase(String.valueOf(new ConnectionString(url).getDatabase())).drop();
    }
    if (standIn != null) {
      standIn.shutdownNow();
    }
  }
}
