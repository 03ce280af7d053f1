package dev.tracekeep.migration;

/** Whose names and forms a constraint follows, so that its owner does not add a second one. */
public enum MigrationLayout {
  /** {@link #MASTRA} where the table has Mastra's name and columns, else {@link #TRACEKEEP}. */
  AUTO,
  /** A unique index {@code <table>_key}, on every engine. */
  TRACEKEEP,
  /** What the newest release of Mastra looks for on each engine. */
  MASTRA
}
