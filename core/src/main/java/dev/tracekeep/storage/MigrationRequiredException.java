package dev.tracekeep.storage;

import dev.tracekeep.migration.MigrationPlan;

/** The table has to be migrated before this store can keep its promises. Nothing was changed. */
public final class MigrationRequiredException extends StorageException {
  private static final long serialVersionUID = 1L;

  private final transient MigrationPlan plan;

  /**
   * @param message names the table, the counts, and the command to run
   * @param plan what would be done
   */
  public MigrationRequiredException(String message, MigrationPlan plan) {
    super(FailureKind.MIGRATION_REQUIRED, message, null);
    this.plan = plan;
  }

  /** What would be done. */
  public MigrationPlan plan() {
    return plan;
  }
}
