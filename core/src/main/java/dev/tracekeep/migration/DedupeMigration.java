package dev.tracekeep.migration;

import java.util.List;
import java.util.function.Consumer;

/**
 * Makes a span table hold each span once, and keeps it so.
 *
 * <p>Of the rows of one key the best {@linkplain dev.tracekeep.span.SpanVersion version} stays; the
 * others move to {@code <table>_dedupe_archive}, whole, with the migration's id, the time, the
 * reason and the winner. Killed at any point, {@link #apply} is run again and ends in the same
 * state. Only one process migrates a table at a time, however it spells the table's name. Other
 * columns, indexes, triggers and grants stay as they are.
 *
 * <p>All methods fail with {@link dev.tracekeep.storage.StorageException}; what a listener or an
 * audit throws reaches the caller as it was thrown. Thread-safe. Implementations extend {@code
 * dev.tracekeep.dedupe.AbstractDedupeMigration}, and so get methods that are added here later.
 */
public interface DedupeMigration {
  /** Says what {@link #apply} with {@link MigrationOptions#DEFAULT} would do. */
  default MigrationPlan plan() {
    return plan(MigrationOptions.DEFAULT);
  }

  /** Says what {@link #apply} with these options would do; changes nothing. */
  MigrationPlan plan(MigrationOptions options);

  /** Migrates with {@link MigrationOptions#DEFAULT}. */
  default MigrationReport apply(MigrationListener listener) {
    return apply(MigrationOptions.DEFAULT, listener);
  }

  /** Migrates with the given options; nobody hears how far it is. */
  default MigrationReport apply(MigrationOptions options) {
    return apply(options, MigrationListener.NONE);
  }

  /**
   * Migrates, or resumes a migration that was interrupted.
   *
   * @throws dev.tracekeep.storage.StorageException of kind {@code TRANSIENT} if another process is
   *     migrating this table, {@code CONFIGURATION} if the plan has refusals, {@code PERMANENT} if
   *     the archive did not keep what was moved into it
   */
  MigrationReport apply(MigrationOptions options, MigrationListener listener);

  /**
   * Checks a finished migration: the archive has exactly the rows that were moved, as they were
   * counted and hashed when they were taken out of the table; no duplicate is left; the constraint
   * stands. Rows that writers added, changed or deleted, meanwhile or since, are notes, no faults.
   *
   * @throws dev.tracekeep.storage.StorageException of kind {@code INVALID} if there is no finished
   *     migration of that id
   */
  VerifyReport verify(String migrationId);

  /**
   * Says what {@link #undo} would do; changes nothing.
   *
   * @throws dev.tracekeep.storage.StorageException of kind {@code INVALID} if there is no migration
   *     of that id, or it is undone already
   */
  UndoPlan planUndo(String migrationId);

  /** Takes a migration back with {@link UndoOptions#DEFAULT}. */
  default MigrationRecord undo(String migrationId, MigrationListener listener) {
    return undo(migrationId, UndoOptions.DEFAULT, listener);
  }

  /**
   * Takes a migration back: constraint off, archived rows back in the table. Looks before its first
   * change whether all of it can be done. Interrupted, it is run again.
   *
   * @throws dev.tracekeep.storage.StorageException of kind {@code INVALID} if there is no migration
   *     of that id, or it is undone already; {@code CONFIGURATION} if something stands in the way,
   *     with nothing changed
   */
  MigrationRecord undo(String migrationId, UndoOptions options, MigrationListener listener);

  /**
   * Hands each row that a migration keeps in the archive to {@code each}, one after the other.
   *
   * @throws dev.tracekeep.storage.StorageException of kind {@code INVALID} if there is no migration
   *     of that id
   */
  void archived(String migrationId, Consumer<ArchivedRow> each);

  /**
   * Drops what a finished or undone migration keeps: its archived rows, and the copy of the old
   * table on an engine that builds a new one. It can not be undone any more. Refused where {@link
   * #verify} finds a fault.
   *
   * @return what was dropped, as the engine shows it; empty if there was nothing
   * @throws dev.tracekeep.storage.StorageException of kind {@code INVALID} if there is no finished
   *     or undone migration of that id, {@code CONFIGURATION} if it is not sound
   */
  List<String> drop(String migrationId);

  /** The old word for {@link #drop}. */
  default List<String> finish(String migrationId) {
    return drop(migrationId);
  }

  /** The migrations of this table, latest first; empty if there never was one. */
  List<MigrationRecord> history();
}
