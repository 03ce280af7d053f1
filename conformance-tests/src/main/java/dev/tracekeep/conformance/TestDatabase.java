package dev.tracekeep.conformance;

import java.util.Map;
import java.util.Optional;

/** One database of a {@link StorageFixture}, used by one check and then thrown away. */
public interface TestDatabase {
  /**
   * The properties with which a store of this database is opened, as {@link
   * dev.tracekeep.storage.StorageConfig} lists them: {@code url} at least. Every store that is
   * opened with them sees the same data, unless the adapter declares neither {@code DURABLE} nor
   * {@code SHARED}. The kit adds {@code migration}, {@code max-span-bytes} and the like.
   */
  Map<String, String> properties();

  /**
   * The way around the adapter: the engine's own driver. Without it, all checks of the migration
   * are left out, and the report says so.
   */
  default Optional<RawAccess> raw() {
    return Optional.empty();
  }

  /** Drops the database. All stores of it are closed by then. */
  default void close() throws Exception {}
}
