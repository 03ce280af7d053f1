package dev.tracekeep.migration;

import org.jspecify.annotations.Nullable;

/**
 * Where a migration stands.
 *
 * @param migrationId which migration
 * @param step the step at work
 * @param phase whether the statement is about to run or has run (and is committed)
 * @param statement a short name of what is run within the step, for example {@code batch 3}
 * @param rowsDone rows dealt with in this step so far
 * @param rowsTotal rows to deal with in this step; null where unknown
 */
public record MigrationProgress(
    String migrationId,
    MigrationStep step,
    Phase phase,
    String statement,
    long rowsDone,
    @Nullable Long rowsTotal) {
  /** When the listener is told. */
  public enum Phase {
    /** Before the statement. */
    BEFORE,
    /** After it, and after the commit that ends its transaction. */
    AFTER
  }
}
