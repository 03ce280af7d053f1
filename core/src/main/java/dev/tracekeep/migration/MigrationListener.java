package dev.tracekeep.migration;

/** Is told how far a migration is. Called on the thread that migrates, between statements. */
@FunctionalInterface
public interface MigrationListener {
  /** Hears nothing. */
  MigrationListener NONE = progress -> {};

  /** Called before and after each statement. What it throws ends the migration, resumable. */
  void onProgress(MigrationProgress progress);
}
