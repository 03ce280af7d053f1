package dev.tracekeep.adapter.mongo;

import com.mongodb.ReadConcern;
import com.mongodb.ReadPreference;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoDatabase;
import com.mongodb.connection.ClusterType;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The one client of a store: the program's, or one that is made when it is first needed.
 * Thread-safe.
 */
final class MongoConnection {
  private final MongoAddress address;

  /** The program's own client; null where this store makes one. */
  private final @Nullable MongoClient given;

  private @Nullable MongoClient client;
  private @Nullable MongoServer server;
  private boolean closed;

  MongoConnection(MongoAddress address) {
    this.address = address;
    this.given = address.given();
  }

  private synchronized MongoClient client() {
    if (closed) {
      throw new IllegalStateException("The client is closed");
    }
    MongoClient known = given == null ? client : given;
    if (known == null) {
      known = MongoClients.create(address.settings());
      client = known;
    }
    return known;
  }

  private MongoDatabase named(String database) {
    MongoDatabase named = client().getDatabase(database);
    return given == null ? named : address.asConfigured(named);
  }

  /** The database, read as the address says. */
  MongoDatabase database() {
    return named(address.database());
  }

  /** The database, read where it is written. */
  MongoDatabase primary() {
    return database().withReadPreference(ReadPreference.primary());
  }

  /**
   * The database as the majority of a replica set has it: what is read there is never rolled back.
   */
  MongoDatabase settled() {
    ClusterType type = client().getClusterDescription().getType();
    boolean replicated = type == ClusterType.REPLICA_SET || type == ClusterType.SHARDED;
    return replicated ? primary().withReadConcern(ReadConcern.MAJORITY) : primary();
  }

  /** The primary, for what takes as long as it takes: whole scans and the building of indexes. */
  MongoDatabase unhurried() {
    return primary().withTimeout(0, TimeUnit.MILLISECONDS);
  }

  /** The same of another database; null for the configured one. */
  MongoDatabase unhurried(@Nullable String database) {
    return database == null
        ? unhurried()
        : named(database)
            .withReadPreference(ReadPreference.primary())
            .withTimeout(0, TimeUnit.MILLISECONDS);
  }

  /** What the server is. */
  synchronized MongoServer server() {
    if (server == null) {
      server = MongoServer.of(primary());
    }
    return server;
  }

  synchronized void close() {
    closed = true;
    if (client != null) {
      client.close();
    }
  }
}
