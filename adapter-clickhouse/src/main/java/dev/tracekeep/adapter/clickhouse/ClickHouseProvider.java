package dev.tracekeep.adapter.clickhouse;

import com.clickhouse.client.api.Client;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageProvider;
import java.util.List;
import java.util.Set;

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

  /** The property {@code cluster}: the name of a cluster on which the span table is spread. */
  @Override
  public Set<String> engineProperties() {
    return Set.of(ClusterTables.PROPERTY);
  }

  /**
   * A client. The address then need say no more than {@code jdbc:clickhouse:}; where the server is,
   * who logs in, and the limits on connections are the client's to say.
   */
  @Override
  public Set<Class<?>> resources() {
    return Set.of(Client.class);
  }

  @Override
  public ObservabilityStorage open(StorageConfig config) {
    ClusterTables.check(config);
    return new ClickHouseStorage(config, ClickHouseAddress.of(config));
  }
}
