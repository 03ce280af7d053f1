package dev.tracekeep.adapter.mongo;

import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageProvider;
import java.util.List;

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

  @Override
  public ObservabilityStorage open(StorageConfig config) {
    MongoAddress address = new MongoAddress(config);
    if (!address.problems().isEmpty()) {
      throw new ConfigurationException(address.problems());
    }
    return new MongoStorage(config, address);
  }
}
