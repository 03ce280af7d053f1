package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageProvider;
import java.util.List;

/**
 * Makes stores in ClickHouse, over its HTTP interface: {@code
 * jdbc:clickhouse://host:8123/database}, with {@code ?ssl=true} for HTTPS.
 */
public final class ClickHouseProvider implements StorageProvider {
  /** For {@link java.util.ServiceLoader}. */
  public ClickHouseProvider() {}

  @Override
  public String name() {
    return "clickhouse";
  }

  @Override
  public List<String> uriPrefixes() {
    return List.of(ClickHouseAddress.PREFIX);
  }

  @Override
  public ObservabilityStorage open(StorageConfig config) {
    return new ClickHouseStorage(config, ClickHouseAddress.of(config));
  }
}
