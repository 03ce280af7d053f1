package dev.tracekeep.adapter.mssql;

import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageProvider;
import java.util.List;

/**
 * Makes stores in SQL Server and Azure SQL. The address is one of Microsoft's JDBC driver: {@code
 * jdbc:sqlserver://host:1433;databaseName=spans}, with any of the driver's properties. The
 * connection is encrypted, and the server's certificate checked, unless the address says otherwise.
 */
public final class MsSqlProvider implements StorageProvider {
  /** For {@link java.util.ServiceLoader}. */
  public MsSqlProvider() {}

  @Override
  public String name() {
    return "mssql";
  }

  @Override
  public List<String> uriPrefixes() {
    return List.of("jdbc:sqlserver:");
  }

  @Override
  public ObservabilityStorage open(StorageConfig config) {
    return new MsSqlStorage(config, new MsSqlConnections(config));
  }
}
