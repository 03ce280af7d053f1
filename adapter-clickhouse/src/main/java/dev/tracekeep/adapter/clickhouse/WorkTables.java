package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.adapter.clickhouse.Remembered.Note;
import dev.tracekeep.dedupe.JournalEntry;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The tables beside the migrated one: which are the migration's own, and may be dropped. */
final class WorkTables {
  private final MigratedTable table;
  private final MigratorSession session;

  WorkTables(MigratedTable table, MigratorSession session) {
    this.table = table;
    this.session = session;
  }

  /** What undo fills. */
  static String undoName(String table) {
    return table + "_dedupe_undo";
  }

  /** The table that a migration found, whatever it is called by now. */
  Optional<TableShape> oldTable(JournalEntry entry) throws Exception {
    Remembered known = new Remembered(entry);
    for (String name :
        List.of(table.name(), known.text(Note.KEPT), DuplicateRows.freshName(table.name()))) {
      Optional<TableShape> found = table.shape(name);
      if (found.isPresent() && found.get().uuid().equals(known.text(Note.OLD_UUID))) {
        return found;
      }
    }
    return Optional.empty();
  }

  /**
   * Drops tables that hold nothing but what is worked out again, if they are what they are called.
   */
  void clear(List<String> qualified) throws Exception {
    for (String work : qualified) {
      String name = work.substring(work.lastIndexOf("`", work.length() - 2) + 1, work.length() - 1);
      Optional<TableShape> there = table.shape(name);
      if (there.isPresent() && !there.get().comment().equals(DuplicateRows.WORK)) {
        throw inTheWay(name);
      }
      session.execute("DROP TABLE IF EXISTS " + work + " SYNC");
    }
  }

  /**
   * Drops a table of that UUID. Without rows it is one that was made right before a kill.
   *
   * @throws StorageException if another has the name
   */
  void dropOurs(String name, String uuid) throws Exception {
    Optional<String> there = table.uuid(name);
    if (there.isPresent()) {
      String qualified = table.qualified(name);
      if (!there.get().equals(uuid) && session.number("SELECT count() FROM " + qualified) > 0) {
        throw inTheWay(name);
      }
      session.execute("DROP TABLE " + qualified + " SYNC");
    }
  }

  private static StorageException inTheWay(String name) {
    return new StorageException(
        FailureKind.CONFIGURATION,
        "There is a table "
            + name
            + " that no migration made, or that is the old one of a migration that nobody knows of."
            + " Look what it holds, and rename it.",
        null);
  }

  /**
   * Links the parts of a table, which costs no copy of them and stands still from then on.
   *
   * @param replaces whether it can be read with FINAL, as the table can
   * @param patience how long to wait for mutations of the table
   * @return the last block that it has for certain: what comes in between counts as late
   */
  long takeSnapshot(TableShape of, boolean replaces, Duration patience) throws Exception {
    String snapshot = DuplicateRows.snapshotName(table.name());
    awaitMutations(of.name(), patience);
    long block = lastBlock(of.name());
    session.execute(
        replaces
            ? of.createAlike(snapshot, DuplicateRows.WORK)
            : of.createSnapshot(snapshot, DuplicateRows.WORK));
    Map<String, String> names =
        Map.of(
            "database", SqlText.literal(table.database()),
            "name", SqlText.literal(of.name()),
            "source", table.qualified(of.name()),
            "snapshot", table.qualified(snapshot));
    List<String> partitions =
        session
            .client()
            .list(
                SqlText.fill(
                    """
                    SELECT DISTINCT partition_id FROM system.parts
                    WHERE active AND database = <database> AND table = <name>""",
                    names),
                RowBinaryReader::text);
    for (String partition : partitions) {
      if (!partition.startsWith("patch-")) {
        session.execute(
            SqlText.fill("ALTER TABLE <snapshot> ATTACH PARTITION ID ", names)
                + SqlText.literal(partition)
                + SqlText.fill(" FROM <source>", names));
      }
    }
    return block;
  }

  /** Parts that a mutation has not reached are linked as they are: the change would be lost. */
  private void awaitMutations(String name, Duration patience) throws Exception {
    String unfinished =
        SqlText.fill(
            """
            SELECT count() FROM system.mutations
            WHERE NOT is_done AND database = <database> AND table = <name>""",
            Map.of("database", SqlText.literal(table.database()), "name", SqlText.literal(name)));
    long deadline = System.nanoTime() + patience.toNanos();
    while (session.number(unfinished) > 0) {
      if (System.nanoTime() - deadline > 0) {
        throw new StorageException(
            FailureKind.TRANSIENT,
            "A mutation of "
                + name
                + " is not done: see system.mutations. Wait for it to end, or KILL MUTATION, then try"
                + " again.",
            null);
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }

  /** The number of a table's newest block. */
  long lastBlock(String name) throws Exception {
    return session.number(
        SqlText.fill(
            """
            SELECT toInt64(max(max_block_number)) FROM system.parts
            WHERE active AND database = <database> AND table = <name>""",
            Map.of("database", SqlText.literal(table.database()), "name", SqlText.literal(name))));
  }
}
