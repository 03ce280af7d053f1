package dev.tracekeep.migration;

import java.util.List;

/**
 * Makes a span table hold each span once, and keeps it so.
 *
 * <p>Of the rows of one key the best {@linkplain dev.tracekeep.span.SpanVersion version} stays; the
 * others move to {@code <table>_dedupe_archive}, whole, with the migration's id, the time, the
 * reason and the winner. Killed at any point, {@link #apply} is run again and ends in the same
 * state. Only one process migrates a table at a time. Other columns, indexes, triggers and grants
 * stay as they are.
 *
 * <p>All methods fail with {@link dev.tracekeep.storage.StorageException}. Thread-safe.
 */
public interface DedupeMigration {
  /** Looks, and changes nothing. */
  MigrationPlan plan();

  /** Migrates with {@link MigrationOptions#DEFAULT}. */
  default MigrationReport apply(MigrationListener listener) {
    return apply(MigrationOptions.DEFAULT, listener);
  }

  /**
   * Migrates, or resumes a migration that was interrupted.
   *
   * @throws dev.tracekeep.storage.StorageException of kind {@code TRANSIENT} if another process is
   *     migrating this table, {@code CONFIGURATION} if the plan has refusals
   */
  MigrationReport apply(MigrationOptions options, MigrationListener listener);

  /**
   * Checks a finished migration: rows before = rows after + archived, no duplicate left, the
   * constraint stands.
   *
   * @throws dev.tracekeep.storage.StorageException of kind {@code INVALID} if there is no finished
   *     migration of that id
   */
  VerifyReport verify(String migrationId);

  /**
   * Takes a migration back: constraint off, archived rows back in the table. Interrupted, it is run
   * again.
   *
   * @throws dev.tracekeep.storage.StorageException of kind {@code INVALID} if there is no migration
   *     of that id, or it is undone already
   */
  MigrationRecord undo(String migrationId, MigrationListener listener);

  /**
   * Lets go of what a finished migration keeps for {@link #undo} beside the archive: the copy of
   * the old table, on an engine that builds a new one. Such a migration cannot be undone any more.
   * The archive stays, and so do the table's rows. An engine that keeps no copy has nothing to do.
   *
   * @return the tables that were dropped, as the engine shows them; empty if there was none
   * @throws dev.tracekeep.storage.StorageException of kind {@code INVALID} if there is no finished
   *     migration of that id
   */
  List<String> finish(String migrationId);

  /** The migrations of this table, latest first; empty if there never was one. */
  List<MigrationRecord> history();
}
