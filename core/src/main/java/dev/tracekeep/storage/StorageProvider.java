package dev.tracekeep.storage;

import java.util.List;
import java.util.Set;

/**
 * Makes stores of one engine. Found by {@link java.util.ServiceLoader}, one in each adapter's jar.
 * Must have a public constructor without parameters, and be thread-safe.
 */
public interface StorageProvider {
  /** The adapter's short name, for example {@code duckdb}. */
  String name();

  /** What the addresses of this engine start with, for example {@code jdbc:duckdb:}; not empty. */
  List<String> uriPrefixes();

  /** Whether an address is this engine's; by default by its prefix. */
  default boolean accepts(StorageUri uri) {
    return uriPrefixes().stream().anyMatch(uri::startsWith);
  }

  /** The properties that only this engine knows, besides those of {@link StorageConfig}. */
  default Set<String> engineProperties() {
    return Set.of();
  }

  /**
   * What of a program's own a store of this engine can use instead of making it, by the types that
   * {@link StorageConfig#resource} is asked for; beside {@link java.time.Clock}, which every store
   * takes. The store never closes it.
   */
  default Set<Class<?>> resources() {
    return Set.of();
  }

  /**
   * Makes a store. Does no I/O.
   *
   * @throws ConfigurationException with all faults of the configuration
   */
  ObservabilityStorage open(StorageConfig config);
}
