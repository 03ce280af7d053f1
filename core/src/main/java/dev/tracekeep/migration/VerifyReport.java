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
 * @param notes what has changed since and is no fault, one sentence each
 */
public record VerifyReport(
    String migrationId,
    long rowsBefore,
    long rowsAfter,
    long rowsArchived,
    List<String> faults,
    List<String> notes) {
  /** Copies the lists. */
  public VerifyReport {
    faults = List.copyOf(faults);
    notes = List.copyOf(notes);
  }

  /** A report without notes. */
  public VerifyReport(
      String migrationId, long rowsBefore, long rowsAfter, long rowsArchived, List<String> faults) {
    this(migrationId, rowsBefore, rowsAfter, rowsArchived, faults, List.of());
  }

  /** Whether nothing is wrong. */
  public boolean isSound() {
    return faults.isEmpty();
  }
}
