package dev.tracekeep.migration;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A migration as the journal remembers it.
 *
 * @param migrationId its name, for verify and undo
 * @param table the table, qualified as the engine shows it
 * @param state how far it came
 * @param startedAt when its first attempt started, by the clock of the process that ran it
 * @param finishedAt when it was finished or undone; null if it is neither
 * @param rowsBefore rows in the table when it started
 * @param rowsArchived rows that it moved to the archive and that are there
 * @param duplicateGroups keys that had more than one row
 * @param rowsRestored rows that its undo put back into the table; 0 where it was not undone
 */
public record MigrationRecord(
    String migrationId,
    String table,
    State state,
    Instant startedAt,
    @Nullable Instant finishedAt,
    long rowsBefore,
    long rowsArchived,
    long duplicateGroups,
    long rowsRestored) {
  /** A migration that was not undone. */
  public MigrationRecord(
      String migrationId,
      String table,
      State state,
      Instant startedAt,
      @Nullable Instant finishedAt,
      long rowsBefore,
      long rowsArchived,
      long duplicateGroups) {
    this(
        migrationId,
        table,
        state,
        startedAt,
        finishedAt,
        rowsBefore,
        rowsArchived,
        duplicateGroups,
        0);
  }

  /** A new name for a migration that starts now, which no other migration has. */
  public static String newId(Instant now) {
    // The time is for people; the random part keeps two hosts apart whose clocks agree.
    String time = now.toString().replaceAll("[-:]|\\..*", "");
    return "dedupe-" + time + "-" + UUID.randomUUID().toString().substring(0, 8);
  }

  /** How far a migration came. */
  public enum State {
    /** Running, or interrupted: run it again to finish it. */
    UNFINISHED,
    /** Finished. */
    FINISHED,
    /** Being taken back, or interrupted in that: run undo again. */
    UNDOING,
    /** Taken back. */
    UNDONE
  }
}
