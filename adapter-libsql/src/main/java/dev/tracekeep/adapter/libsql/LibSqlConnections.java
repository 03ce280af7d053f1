package dev.tracekeep.adapter.libsql;

import dev.tracekeep.dedupe.MigratorLock;
import dev.tracekeep.jdbc.ConnectionSource;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The connections to one database, wherever it is. */
interface LibSqlConnections extends ConnectionSource {
  /** Makes them; does no I/O. */
  static LibSqlConnections to(LibSqlAddress.Target address, StorageConfig config) {
    if (address instanceof LibSqlAddress.Memory memory) {
      return new LocalConnections(config, memory);
    }
    if (address instanceof LibSqlAddress.File file) {
      return new LocalConnections(config, file);
    }
    return new RemoteConnections(config, (LibSqlAddress.Server) address);
  }

  /** {@link #transact(Work)}, waiting so long for other writers. */
  <T extends @Nullable Object> T transact(Duration lockTimeout, Work<T> work) throws Exception;

  /**
   * Takes the right to migrate tables of this database, which dies with the process.
   *
   * @throws StorageException of kind {@code TRANSIENT} if another has it
   */
  MigratorLock lockMigrators() throws Exception;

  /** Whether the database outlives the store and other processes may use it too. */
  boolean isShared();

  /** What the engine is called in front of its version. */
  String engineName();
}
