package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.adapter.clickhouse.Remembered.Note;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
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
  private final DuplicateRows rows;
  private final Remembered entry;
  private final Supplier<Instant> clock;

  /**
   * @param clock what the archive is to say of when
   */
  LateRows(
      MigratedTable table,
      MigratorSession session,
      DuplicateRows rows,
      Remembered entry,
      Supplier<Instant> clock) {
    this.table = table;
    this.session = session;
    this.rows = rows;
    this.entry = entry;
    this.clock = clock;
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
    String name = entry.text(Note.KEPT);
    String kept = table.qualified(name);
    WorkTables work = new WorkTables(table, session);
    // An attempt that was cut short may have come further: all of it is looked for again.
    for (int earlier = 2; earlier < MOST_ROUNDS; earlier++) {
      dropRound(earlier);
    }
    long last;
    int round = 2;
    do {
      last = work.lastBlock(name);
      takeOver(round++, kept, table.qualified(table.name()));
    } while (round < MOST_ROUNDS && countSince(kept, last) > 0);
    return last;
  }

  private long countSince(String source, long block) throws Exception {
    return session.number(
        "SELECT count() FROM " + source + " WHERE " + RowExpressions.changedSince(block));
  }

  /** Takes over the rows that a table has and neither the snapshot nor an earlier round. */
  void takeOver(int round, String source, String into) throws Exception {
    dropRound(round);
    long block = entry.number(Note.SNAPSHOT_BLOCK);
    if (countSince(source, block) == 0) {
      return;
    }
    if (rows.row.versionsAreWorkedOut()) {
      workOutVersions(source, rows.row.ofKeysChangedSince(source, block));
    }
    session.execute(rows.ranking.rankLate(source, block, round));
    session.execute(rows.moving.copyWinners(source, into, round));
    long total = session.number(rows.moving.movedIn(round));
    for (String origin : List.of(source, rows.snapshot)) {
      session.execute(
          rows.moving.archive(origin, entry.entry().migrationId(), clock.get(), round, 0, total));
    }
  }

  /** Works out the versions of rows and writes them down. */
  void workOutVersions(String source, String condition) throws Exception {
    OwnVersions.write(
        session,
        rows.versions,
        "SELECT %s, %s FROM %s WHERE %s"
            .formatted(table.select(rows.shape()), rows.row.hash(), source, condition));
  }

  /** Forgets what a round that was cut short wrote down. */
  void dropRound(int round) throws Exception {
    session.execute("ALTER TABLE " + rows.ranks + " DROP PARTITION " + round);
  }
}
