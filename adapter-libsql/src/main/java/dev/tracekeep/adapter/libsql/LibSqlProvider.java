package dev.tracekeep.adapter.libsql;

import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageProvider;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes stores in libSQL and SQLite.
 *
 * <ul>
 *   <li>{@code jdbc:sqlite:} and {@code jdbc:sqlite::memory:}: a database in memory that no other
 *       store shares;
 *   <li>{@code jdbc:sqlite:FILE} and {@code libsql:file:FILE}: a file, which several processes may
 *       have open;
 *   <li>{@code libsql://HOST}, {@code https://HOST} and, without encryption, {@code http://HOST}: a
 *       libSQL server. Its token is the password, or {@code ?authToken=} of the address.
 * </ul>
 */
public final class LibSqlProvider implements StorageProvider {
  /** For {@link java.util.ServiceLoader}. */
  public LibSqlProvider() {}

  @Override
  public String name() {
    return "libsql";
  }

  @Override
  public List<String> uriPrefixes() {
    return LibSqlAddress.PREFIXES;
  }

  @Override
  public ObservabilityStorage open(StorageConfig config) {
    List<String> problems = new ArrayList<>();
    if (config.schema() != null && !config.schema().equals("main")) {
      problems.add(
          "The property schema is '"
              + config.schema()
              + "': SQLite has no schemas, leave it out or write main.");
    }
    LibSqlAddress.Target address = null;
    try {
      address = LibSqlAddress.of(config);
    } catch (IllegalArgumentException e) {
      problems.add(e.getMessage());
    }
    if (address == null || !problems.isEmpty()) {
      throw new ConfigurationException(problems);
    }
    return new LibSqlStorage(config, LibSqlConnections.to(address, config));
  }
}
