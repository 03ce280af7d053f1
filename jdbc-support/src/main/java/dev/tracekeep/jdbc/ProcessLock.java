package dev.tracekeep.jdbc;

import dev.tracekeep.dedupe.MigratorLock;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The lock of migrators on an engine whose database one process has for itself: what dies with the
 * process is known within it.
 */
public final class ProcessLock {
  private static final Set<String> HELD = ConcurrentHashMap.newKeySet();

  private ProcessLock() {}

  /**
   * Takes the lock.
   *
   * @param database names the database within this process
   * @param table the table as the engine calls it, so that two spellings of a name are one lock
   * @throws dev.tracekeep.storage.StorageException of {@link MigratorLock#taken} if another thread
   *     has it
   */
  public static MigratorLock take(String database, Object table) {
    String key = database + " " + table;
    if (!HELD.add(key)) {
      throw MigratorLock.taken(table, "another thread of this process");
    }
    return () -> HELD.remove(key);
  }
}
