package dev.tracekeep.migration;

import java.util.List;

/**
 * What taking a migration back would do. Making it changes nothing.
 *
 * @param migrationId which migration
 * @param rowsToRestore archived rows whose key is still in the table
 * @param rowsOfDeletedKeys archived rows whose key is not: they stay in the archive unless {@link
 *     UndoOptions} asks for them
 * @param changedKeys keys whose kept row was changed since, so that it may lack what the archived
 *     copies still have: after a redaction, for example
 * @param obstacles why it would be refused, one sentence each; empty if it would run
 */
public record UndoPlan(
    String migrationId,
    long rowsToRestore,
    long rowsOfDeletedKeys,
    long changedKeys,
    List<String> obstacles) {
  /** Copies the list. */
  public UndoPlan {
    obstacles = List.copyOf(obstacles);
  }
}
