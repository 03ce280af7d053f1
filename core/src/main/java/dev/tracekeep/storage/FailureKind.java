package dev.tracekeep.storage;

/** What a failure means for the caller: whether to try again, and who has to act. */
public enum FailureKind {
  /**
   * The same call may succeed now: a lost connection, a deadlock, a time-out. All writes are safe
   * to repeat.
   */
  TRANSIENT,
  /** The engine or the pool has too much to do: try again later, with less. */
  OVERLOADED,
  /** This input can never be stored; the exception names the keys. Never retry. */
  INVALID,
  /** Somebody must change the configuration: wrong password, missing database, missing table. */
  CONFIGURATION,
  /** The table must be migrated first; the message says how. */
  MIGRATION_REQUIRED,
  /**
   * The calling thread was interrupted, before the call or during it; its flag is set. Somebody
   * wants the thread to end, so there is no point in trying again in it. Of a write nobody knows
   * how much was done; it is safe to repeat elsewhere.
   */
  INTERRUPTED,
  /** Anything else. Retrying will not help. */
  PERMANENT;

  /** Whether the same call may succeed later without anybody acting. */
  public boolean isRetryable() {
    return this == TRANSIENT || this == OVERLOADED;
  }
}
