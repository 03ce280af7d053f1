package dev.tracekeep.storage;

import dev.tracekeep.migration.MigrationReport;
import org.jspecify.annotations.Nullable;

/**
 * What {@link ObservabilityStorage#init()} found and did.
 *
 * @param outcome what was done
 * @param table the table, qualified as the engine shows it
 * @param migration what the migration did; null unless the outcome is {@link Outcome#MIGRATED}
 */
public record InitReport(Outcome outcome, String table, @Nullable MigrationReport migration) {
  /** What an initialization can come to. */
  public enum Outcome {
    /** The table was made. */
    CREATED,
    /** The table was there and is as this release wants it. */
    OPENED,
    /** The table was migrated. */
    MIGRATED,
    /** The table needs a migration, the policy is {@link MigrationPolicy#OFF}: reads only. */
    READ_ONLY
  }
}
