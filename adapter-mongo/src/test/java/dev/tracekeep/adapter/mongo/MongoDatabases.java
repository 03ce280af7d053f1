package dev.tracekeep.adapter.mongo;

import com.mongodb.ConnectionString;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import java.util.HashMap;
import java.util.Map;
import org.bson.BsonDocument;

/** A database for one test: the bare driver's view of it, and stores in it. */
final class MongoDatabases implements AutoCloseable {
  final String url = MongoTestServer.get().newDatabase();
  private final MongoClient client = MongoClients.create(url);

  MongoDatabase raw() {
    return client.getDatabase(String.valueOf(new ConnectionString(url).getDatabase()));
  }

  MongoCollection<BsonDocument> collection(String name) {
    return raw().getCollection(name, BsonDocument.class);
  }

  MongoCollection<BsonDocument> spans() {
    return collection(StorageConfig.DEFAULT_TABLE);
  }

  /** A store that is not initialized yet. */
  ObservabilityStorage store(String... properties) {
    Map<String, String> all = new HashMap<>();
    all.put("url", url);
    for (int i = 0; i < properties.length; i += 2) {
      all.put(properties[i], properties[i + 1]);
    }
    return new MongoProvider().open(StorageConfig.fromProperties(all));
  }

  ObservabilityStorage open(String... properties) {
    ObservabilityStorage store = store(properties);
    store.init();
    return store;
  }

  MongoConnection connection() {
    return new MongoConnection(new MongoAddress(StorageConfig.of(url)));
  }

  @Override
  public void close() {
    MongoTestServer.get().drop(url);
    client.close();
  }
}
