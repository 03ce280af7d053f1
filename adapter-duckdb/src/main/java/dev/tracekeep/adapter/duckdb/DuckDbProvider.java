package dev.tracekeep.adapter.duckdb;

import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageProvider;
import java.util.List;

/**
 * Makes stores in DuckDB. {@code jdbc:duckdb:} is a database in memory that no other store shares;
 * {@code jdbc:duckdb:FILE} is a file, which one process at a time may open.
 */
public final class DuckDbProvider implements StorageProvider {
  /** For {@link java.util.ServiceLoader}. */
  public DuckDbProvider() {}

  @Override
  public String name() {
    return "duckdb";
  }

  @Override
  public List<String> uriPrefixes() {
    return List.of("jdbc:duckdb:");
  }

  @Override
  public ObservabilityStorage open(StorageConfig config) {
    return new DuckDbStorage(config, new DuckDbConnections(config));
  }
}
