package dev.tracekeep.migration;

import java.io.IOException;

/**
 * Is told of each row that a migration moves into the archive, before the transaction that removes
 * it is committed. After a kill it may know of a row that stayed in its table; the resumed
 * migration tells of it again, under the same migration id. Called on the thread that migrates.
 * What it throws ends the migration, resumable, with nothing of the batch moved; an {@link
 * IOException} comes as {@link java.io.UncheckedIOException}.
 */
public interface ArchiveAudit {
  /** A row of the current batch. */
  void removed(ArchivedRow row) throws IOException;

  /** The batch is about to be committed: what was told must be kept for good when this returns. */
  void sync() throws IOException;
}
