package dev.tracekeep.migration;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a migration would do. Making it changes nothing.
 *
 * @param table the table, qualified as the engine shows it
 * @param rows how many rows it has
 * @param keys how many different keys they have
 * @param duplicateGroups how many keys have more than one row
 * @param surplusRows how many rows would move to the archive: {@code rows - keys}
 * @param constraint the state of the uniqueness constraint
 * @param steps what would run, in order; empty if there is nothing to do
 * @param refusals why it would be refused, one sentence each; empty if it would run
 * @param unfinishedMigrationId the migration that was interrupted and would be resumed, or null
 */
public record MigrationPlan(
    String table,
    long rows,
    long keys,
    long duplicateGroups,
    long surplusRows,
    ConstraintState constraint,
    List<Step> steps,
    List<String> refusals,
    @Nullable String unfinishedMigrationId) {
  /** The state of the uniqueness constraint. */
  public enum ConstraintState {
    /** There is none. */
    ABSENT,
    /** It stands. */
    PRESENT,
    /** A failed attempt left something behind that enforces nothing. */
    INVALID
  }

  /**
   * A step that would run.
   *
   * @param step which one
   * @param statement what the engine would be told, for people; null where it depends on the data
   */
  public record Step(MigrationStep step, @Nullable String statement) {}

  /** Copies the lists. */
  public MigrationPlan {
    steps = List.copyOf(steps);
    refusals = List.copyOf(refusals);
  }

  /** Whether there is anything to do. */
  public boolean isNeeded() {
    return !steps.isEmpty();
  }
}
