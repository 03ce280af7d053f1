package dev.tracekeep.storage;

import dev.tracekeep.migration.MigrationPlan;

/** The table has to be migrated before this store can keep its promises. Nothing was changed. */
public final class MigrationRequiredException extends StorageException {
  private static final long serialVersionUID = 1L;

  private final transient MigrationPlan plan;

  /**
   * Names the table, the counts, and the command to run.
   *
   * @param plan what would be done
   */
  public MigrationRequiredException(MigrationPlan plan) {
    super(FailureKind.MIGRATION_REQUIRED, message(plan), null);
    this.plan = plan;
  }

  private static String message(MigrationPlan plan) {
    String found =
        plan.duplicateGroups() == 0
            ? "it holds no duplicates, but is not as this release needs it"
            : plan.duplicateGroups()
                + " spans are stored more than once, in "
                + plan.surplusRows()
                + " surplus rows";
    return "The table "
        + plan.table()
        + " must be migrated: "
        + found
        + missing(plan)
        + ". Nothing was changed. Run 'tracekeep migrate plan' to see what would be done, and"
        + " 'tracekeep migrate apply' to do it.";
  }

  private static String missing(MigrationPlan plan) {
    return plan.missingColumns().isEmpty()
        ? ""
        : ", and it lacks the columns " + String.join(", ", plan.missingColumns());
  }

  /** What would be done. */
  public MigrationPlan plan() {
    return plan;
  }
}
