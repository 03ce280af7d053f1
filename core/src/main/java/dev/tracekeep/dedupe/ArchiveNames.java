package dev.tracekeep.dedupe;

import java.util.List;

/** What the archive and its columns are called on every engine, and how its reasons read. */
public final class ArchiveNames {
  /** Which migration moved the row. */
  public static final String MIGRATION_ID = "dedupe_migration_id";

  /** When, ISO-8601; all rows of one batch have the same, and no two batches of a migration. */
  public static final String ARCHIVED_AT = "dedupe_archived_at";

  /** Why it lost. */
  public static final String REASON = "dedupe_reason";

  /** The end of the row that was kept. */
  public static final String WINNER_ENDED_AT = "dedupe_winner_ended_at";

  /** The last change of the row that was kept. */
  public static final String WINNER_UPDATED_AT = "dedupe_winner_updated_at";

  /** The first record of the row that was kept. */
  public static final String WINNER_CREATED_AT = "dedupe_winner_created_at";

  /** The version of the row that was kept, where the table has one. */
  public static final String WINNER_VERSION = "dedupe_winner_version";

  /** A digest of the row that was kept, by which undo sees whether it was changed since. */
  public static final String WINNER_DIGEST = "dedupe_winner_digest";

  /** A loser that is running, where the winner is completed. */
  public static final String RUNNING = "running, and another copy is completed";

  /** A loser with the same times that says less than the winner. */
  public static final String SAYS_LESS = "says less than another copy of the same times";

  /** A loser that nothing but its content tells from the winner. */
  public static final String AS_NEW = "as new as another copy that was kept";

  /** The columns that hold text, in order; {@link #WINNER_VERSION} stands behind them. */
  public static final List<String> TEXT_COLUMNS =
      List.of(
          MIGRATION_ID,
          ARCHIVED_AT,
          REASON,
          WINNER_ENDED_AT,
          WINNER_UPDATED_AT,
          WINNER_CREATED_AT,
          WINNER_DIGEST);

  private ArchiveNames() {}

  /** The archive of a table where no other name was asked for. */
  public static String archive(String table) {
    return table + "_dedupe_archive";
  }

  /** Of a loser whose time is earlier than the winner's, or absent where the winner's is not. */
  public static String older(String column) {
    return "older " + column + " than another copy";
  }
}
