package dev.tracekeep.migration;

import java.time.Duration;
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
 * @param details what an operator wants to know beside that
 * @param missingColumns the columns of this release that the table lacks, in table order; of our
 *     own table alone
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
    @Nullable String unfinishedMigrationId,
    Details details,
    List<String> missingColumns) {
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

  /**
   * A key with more than one row.
   *
   * @param key its parts, in the order of the key
   * @param rows how many rows it has
   */
  public record Group(List<String> key, long rows) {
    /** Copies the list. */
    public Group {
      key = List.copyOf(key);
    }
  }

  /**
   * What an operator wants to know before a migration.
   *
   * @param largestGroups the keys with the most rows, five at most, largest first
   * @param archiveBytes how much room the archive will need, about; null where the engine can't say
   * @param dependents indexes, triggers, views and foreign keys on the table, one line each
   * @param estimate how long it will take, roughly; null where nothing is known
   * @param lock which lock the last step takes, and whom it keeps out meanwhile; empty if none
   * @param notes what else to know, one sentence each: what looks odd, what to do before
   */
  public record Details(
      List<Group> largestGroups,
      @Nullable Long archiveBytes,
      List<String> dependents,
      @Nullable Duration estimate,
      String lock,
      List<String> notes) {
    /** Nothing is known. */
    public static final Details NONE = new Details(List.of(), null, List.of(), null, "", List.of());

    /** Copies the lists. */
    public Details {
      largestGroups = List.copyOf(largestGroups);
      dependents = List.copyOf(dependents);
      notes = List.copyOf(notes);
    }

    /** The same with other notes. */
    public Details withNotes(List<String> value) {
      return new Details(largestGroups, archiveBytes, dependents, estimate, lock, value);
    }
  }

  /** A plan without details. */
  public MigrationPlan(
      String table,
      long rows,
      long keys,
      long duplicateGroups,
      long surplusRows,
      ConstraintState constraint,
      List<Step> steps,
      List<String> refusals,
      @Nullable String unfinishedMigrationId) {
    this(
        table,
        rows,
        keys,
        duplicateGroups,
        surplusRows,
        constraint,
        steps,
        refusals,
        unfinishedMigrationId,
        Details.NONE,
        List.of());
  }

  /** Copies the lists. */
  public MigrationPlan {
    steps = List.copyOf(steps);
    refusals = List.copyOf(refusals);
    missingColumns = List.copyOf(missingColumns);
  }

  /** Whether there is anything to do. */
  public boolean isNeeded() {
    return !steps.isEmpty();
  }
}
