package dev.tracekeep.migration;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a migration did. Rows and groups are counted apart.
 *
 * @param migrationId names the migration for verify and undo; null if there was nothing to do
 * @param table the table, qualified as the engine shows it
 * @param outcome how it ended
 * @param rowsBefore rows in the table when the migration first started
 * @param rowsAfter rows in the table now
 * @param rowsArchived rows that moved to the archive, earlier attempts included
 * @param duplicateGroups keys that had more than one row
 * @param archive the archive table; null if there was nothing to do
 * @param elapsed how long this attempt took
 */
public record MigrationReport(
    @Nullable String migrationId,
    String table,
    Outcome outcome,
    long rowsBefore,
    long rowsAfter,
    long rowsArchived,
    long duplicateGroups,
    @Nullable String archive,
    Duration elapsed) {
  /** The report of a migration whose plan says that it is not needed. */
  public static MigrationReport nothingToDo(MigrationPlan plan) {
    return new MigrationReport(
        null,
        plan.table(),
        Outcome.NOTHING_TO_DO,
        plan.rows(),
        plan.rows(),
        0,
        0,
        null,
        Duration.ZERO);
  }

  /** How a migration can end. */
  public enum Outcome {
    /** The table was already as it should be. */
    NOTHING_TO_DO,
    /** Done from start to end. */
    MIGRATED,
    /** An interrupted migration was brought to its end. */
    RESUMED
  }
}
