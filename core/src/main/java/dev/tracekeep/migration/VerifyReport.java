package dev.tracekeep.migration;

import java.util.List;

/**
 * Whether a migrated table keeps what the migration promised.
 *
 * @param migrationId the migration that was looked at
 * @param rowsBefore rows before the migration
 * @param rowsAfter rows right after it
 * @param rowsArchived rows that it moved to the archive and that are still there
 * @param faults what is wrong, one sentence each; empty if all is well
 */
public record VerifyReport(
    String migrationId, long rowsBefore, long rowsAfter, long rowsArchived, List<String> faults) {
  /** Copies the list. */
  public VerifyReport {
    faults = List.copyOf(faults);
  }

  /** Whether nothing is wrong. */
  public boolean isSound() {
    return faults.isEmpty();
  }
}
