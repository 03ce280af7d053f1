package dev.tracekeep.adapter.mongo;

import com.mongodb.client.MongoClient;
import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageProvider;
import java.util.List;
import java.util.Set;

/**
 * Makes stores in MongoDB. The address is one of its connection strings, {@code
 * mongodb://HOST/DATABASE} or {@code mongodb+srv://HOST/DATABASE}, with any of the driver's
 * options. The database can also be given as the property {@code schema}.
 *
 * <p>Writes are acknowledged by the majority of a replica set unless the address says otherwise.
 */
public final class MongoProvider implements StorageProvider {
  /** For {@link java.util.ServiceLoader}. */
  public MongoProvider() {}

  @Override
  public String name() {
    return "mongo";
  }

  @Override
  public List<String> uriPrefixes() {
    return List.of("mongodb:", "mongodb+srv:");
  }

  /**
   * A client. The address then need say no more than {@code mongodb:}, with the database in the
   * property {@code schema}; where the servers are, who logs in, the pool and a time-out that the
   * client has are the client's to say.
   */
  @Override
  public Set<Class<?>> resources() {
    return Set.of(MongoClient.class);
  }

  @Override
  public ObservabilityStorage open(StorageConfig config) {
    MongoAddress address = new MongoAddress(config);
    if (!address.problems().isEmpty()) {
      throw new ConfigurationException(address.problems());
    }
    return new MongoStorage(config, address);
  }
}
