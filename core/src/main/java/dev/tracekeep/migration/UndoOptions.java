package dev.tracekeep.migration;

/**
 * How a migration is taken back.
 *
 * @param deletedKeys what becomes of archived rows whose key the table does not have any more
 */
public record UndoOptions(DeletedKeys deletedKeys) {
  /** Rows of keys that were deleted since stay in the archive. */
  public static final UndoOptions DEFAULT = new UndoOptions(DeletedKeys.STAY_ARCHIVED);

  /** What becomes of archived rows whose key was deleted from the table since. */
  public enum DeletedKeys {
    /** They stay where they are: whoever deleted a span does not get a copy of it back. */
    STAY_ARCHIVED,
    /** They come back like all others. */
    COME_BACK
  }
}
