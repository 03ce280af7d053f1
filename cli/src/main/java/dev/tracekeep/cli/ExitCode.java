package dev.tracekeep.cli;

/** What the command's exit status means; documented in {@code --help} and docs/cli.md. */
final class ExitCode {
  /** Done. */
  static final int OK = 0;

  /** Something failed that was asked for. */
  static final int FAILURE = 1;

  /** The command line or the store's configuration is wrong; nothing was tried. */
  static final int USAGE = 2;

  /** An import stored some spans, and refused or could not read others. */
  static final int PARTIAL = 3;

  /** The table has to be migrated first, or a migration of it is refused. */
  static final int MIGRATION_REQUIRED = 4;

  /** The store, the table, the trace or the migration is not there. */
  static final int NOT_FOUND = 5;

  /** Stopped by an interrupt from the keyboard, as shells say it: 128 and the signal's number. */
  static final int INTERRUPTED = 130;

  private ExitCode() {}
}
