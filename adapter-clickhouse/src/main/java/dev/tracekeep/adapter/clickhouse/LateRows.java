package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.adapter.clickhouse.MigrationJournal.Count;
import dev.tracekeep.adapter.clickhouse.MigrationJournal.Entry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rows that others write into the old table while it is migrated. They are looked for among the
 * parts that came since the snapshot, and compared with it and with what was taken over before,
 * content by content and copy by copy.
 */
final class LateRows {
  private static final Logger LOG = LoggerFactory.getLogger("dev.tracekeep.migration");

  /** The first round is before the tables change places; more are for writers that lag behind. */
  private static final int MOST_ROUNDS = 6;

  private final MigratedTable table;
  private final MigratorSession session;
  private final TableShape old;
  private final DuplicateRows rows;
  private final Entry entry;

  LateRows(
      MigratedTable table,
      MigratorSession session,
      TableShape old,
      DuplicateRows rows,
      Entry entry) {
    this.table = table;
    this.session = session;
    this.old = old;
    this.rows = rows;
    this.entry = entry;
  }

  /** Waits until the inserts are done that are under way now, as far as this user sees them. */
  static void awaitInserts(MigratorSession session, Duration patience) throws Exception {
    long start = System.nanoTime();
    while (true) {
      double seconds = (System.nanoTime() - start) / 1e9;
      long inserts =
          session.number(
              "SELECT count() FROM system.processes WHERE query_kind = 'Insert' AND elapsed > "
                  + seconds);
      if (inserts == 0) {
        return;
      }
      if (seconds > patience.toMillis() / 1000.0) {
        LOG.warn(
            "{} inserts of before the swap are still running. Rows of them that come later stay in"
                + " the old table, which is not dropped while it has any.",
            inserts);
        return;
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }

  /**
   * Takes over what came into the old table while it changed places: an insert that had begun
   * before goes on into it.
   *
   * @return the last block of the old table of which every row was taken over
   */
  long takeOverTheLast(Duration patience) throws Exception {
    awaitInserts(session, patience);
    String kept = table.qualified(entry.kept());
    // An attempt that was cut short may have come further: all of it is looked for again.
    for (int earlier = 2; earlier < MOST_ROUNDS; earlier++) {
      dropRound(earlier);
    }
    long last;
    int round = 2;
    do {
      last = lastBlock(entry.kept());
      takeOver(round++, kept, table.qualified(table.name()));
    } while (round < MOST_ROUNDS
        && session.number(
                "SELECT count() FROM " + kept + " WHERE " + RowExpressions.changedSince(last))
            > 0);
    return last;
  }

  /** Takes over the rows that a table has and neither the snapshot nor an earlier round. */
  void takeOver(int round, String source, String into) throws Exception {
    dropRound(round);
    long block = entry.count(Count.SNAPSHOT_BLOCK);
    String changed = RowExpressions.changedSince(block);
    if (session.number("SELECT count() FROM " + source + " WHERE " + changed) == 0) {
      return;
    }
    if (table.versionsAreWorkedOut(old)) {
      workOutVersions(source, rows.row.ofKeysChangedSince(source, block));
    }
    session.execute(rows.ranking.rankLate(source, block, round));
    session.execute(rows.moving.copyWinners(source, into, round));
    long total = session.number(rows.moving.movedIn(round));
    for (String origin : List.of(source, rows.snapshot)) {
      session.execute(rows.moving.archive(origin, entry.migrationId(), round, 0, total));
    }
  }

  /** The number of a table's newest block. */
  long lastBlock(String name) throws Exception {
    return session.number(
        "SELECT toInt64(max(max_block_number)) FROM system.parts WHERE active AND database = "
            + SqlText.literal(table.database())
            + " AND table = "
            + SqlText.literal(name));
  }

  /** Works out the versions of rows and writes them down. */
  void workOutVersions(String source, String condition) throws Exception {
    OwnVersions.write(
        session,
        rows.versions,
        "SELECT "
            + table.select(old)
            + ", "
            + rows.row.hash()
            + " FROM "
            + source
            + " WHERE "
            + condition);
  }

  /** Forgets what a round that was cut short wrote down. */
  void dropRound(int round) throws Exception {
    session.execute("ALTER TABLE " + rows.ranks + " DROP PARTITION " + round);
  }
}
