package dev.tracekeep.dedupe;

import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;

/** The right to migrate a table, which dies with its owner, and is given back by closing it. */
public interface MigratorLock extends AutoCloseable {
  /**
   * Makes sure that this migrator still has it; nothing to do where the engine holds it.
   *
   * @throws StorageException of kind {@code TRANSIENT} if another may have it by now
   */
  default void keep() throws Exception {}

  /** Gives it back. Where that fails it is logged: the lock ends with its owner's session. */
  @Override
  void close();

  /**
   * What a second migrator is told.
   *
   * @param table the table, or what else the lock is on
   * @param holder who has it, for example {@code another process}
   */
  static StorageException taken(Object table, String holder) {
    return new StorageException(
        FailureKind.TRANSIENT,
        table + " is being migrated by " + holder + ". Wait for it to end, then try again.",
        null);
  }
}
