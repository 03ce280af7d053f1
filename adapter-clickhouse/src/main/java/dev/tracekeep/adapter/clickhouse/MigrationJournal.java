package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.MigrationRecord.State;
import dev.tracekeep.span.Json;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The table {@value #NAME}: what every migration set out to do and how far it came. Nothing in it
 * is ever changed: each step adds a row, which is there as a whole or not at all, and the row of
 * the greatest number counts.
 */
final class MigrationJournal {
  static final String NAME = "tracekeep_migrations";

  private final ClickHouseClient client;
  private final String journal;
  private final String there;
  private final String table;

  /** How far a migration came: what is done, in order. */
  enum Phase {
    STARTED,
    PREPARED,
    RANKED,
    ARCHIVED,
    COPIED,
    CAUGHT_UP,
    SWAPPED,
    TAKEN_OVER,
    FINISHED
  }

  /** A number that is written down on the way. */
  enum Count {
    ROWS_BEFORE,
    /** Rows that came while the migration ran. */
    ROWS_LATE,
    ROWS_ARCHIVED,
    DUPLICATE_GROUPS,
    /** The last block that the snapshot has for certain. */
    SNAPSHOT_BLOCK,
    /** The last block of the new table before it took the old one's name. */
    NEW_BLOCK,
    /** The last block of the old table of which every row was taken over. */
    OLD_BLOCK
  }

  /**
   * What is written down about one migration.
   *
   * @param oldUuid names the old table, whatever it is called by now
   * @param kept what the old table is called afterwards; empty when it was dropped
   * @param carried the columns that every row had when the migration began
   */
  record Entry(
      String migrationId,
      long number,
      State state,
      Phase phase,
      Instant startedAt,
      @Nullable Instant finishedAt,
      String oldUuid,
      String kept,
      List<String> key,
      List<String> carried,
      Map<Count, Long> counts) {

    long count(Count count) {
      return counts.getOrDefault(count, 0L);
    }

    Entry with(Phase next) {
      return new Entry(
          migrationId,
          number,
          state,
          next,
          startedAt,
          finishedAt,
          oldUuid,
          kept,
          key,
          carried,
          counts);
    }

    Entry with(State next, Instant now) {
      return new Entry(
          migrationId, number, next, phase, startedAt, now, oldUuid, kept, key, carried, counts);
    }

    Entry with(Count count, long value) {
      Map<Count, Long> changed = new LinkedHashMap<>(counts);
      changed.put(count, value);
      return new Entry(
          migrationId,
          number,
          state,
          phase,
          startedAt,
          finishedAt,
          oldUuid,
          kept,
          key,
          carried,
          changed);
    }

    Entry withoutCopy() {
      return new Entry(
          migrationId,
          number,
          state,
          phase,
          startedAt,
          finishedAt,
          oldUuid,
          "",
          key,
          carried,
          counts);
    }

    private Entry numbered(long next) {
      return new Entry(
          migrationId,
          next,
          state,
          phase,
          startedAt,
          finishedAt,
          oldUuid,
          kept,
          key,
          carried,
          counts);
    }

    /** Whether the migration came at least so far. */
    boolean isPast(Phase wanted) {
      return phase.compareTo(wanted) >= 0;
    }

    /** How many rows the table had from it: one of each key. */
    long rowsAfter() {
      return count(Count.ROWS_BEFORE) + count(Count.ROWS_LATE) - count(Count.ROWS_ARCHIVED);
    }

    MigrationRecord toRecord(String table) {
      return new MigrationRecord(
          migrationId,
          table,
          state,
          startedAt,
          state == State.UNFINISHED || state == State.UNDOING ? null : finishedAt,
          count(Count.ROWS_BEFORE),
          count(Count.ROWS_ARCHIVED),
          count(Count.DUPLICATE_GROUPS));
    }
  }

  MigrationJournal(ClickHouseClient client, String database, String table) {
    this.client = client;
    this.journal = SqlText.name(database) + "." + SqlText.name(NAME);
    this.there =
        "SELECT count() FROM system.tables WHERE database = "
            + SqlText.literal(database)
            + " AND name = "
            + SqlText.literal(NAME);
    this.table = table;
  }

  void createIfAbsent() throws Exception {
    client.execute(
        "CREATE TABLE IF NOT EXISTS "
            + journal
            + " (table_name String, migration_id String, number UInt64, state String, phase String,"
            + " started_at String, finished_at Nullable(String), old_uuid String, kept String,"
            + " key_columns String, carried_columns String, counts String)"
            + " ENGINE = MergeTree ORDER BY (table_name, migration_id, number)");
  }

  /** Writes an entry down and returns it with its number. */
  Entry write(Entry entry) throws Exception {
    Entry next = entry.numbered(entry.number() + 1);
    client.execute(
        "INSERT INTO "
            + journal
            + " SELECT "
            + String.join(
                ", ",
                SqlText.literal(table),
                SqlText.literal(next.migrationId()),
                Long.toString(next.number()),
                SqlText.literal(next.state().name()),
                SqlText.literal(next.phase().name()),
                SqlText.literal(next.startedAt().toString()),
                next.finishedAt() == null ? "NULL" : SqlText.literal(next.finishedAt().toString()),
                SqlText.literal(next.oldUuid()),
                SqlText.literal(next.kept()),
                SqlText.literal(names(next.key())),
                SqlText.literal(names(next.carried())),
                SqlText.literal(counts(next.counts()))));
    return next;
  }

  /** All migrations of the table, latest first. */
  List<Entry> entries() throws Exception {
    if (client.number(there) == 0) {
      return List.of();
    }
    return client.list(
        "SELECT migration_id, number, state, phase, started_at, finished_at, old_uuid, kept,"
            + " key_columns, carried_columns, counts FROM (SELECT * FROM "
            + journal
            + " WHERE table_name = "
            + SqlText.literal(table)
            + " ORDER BY number DESC LIMIT 1 BY migration_id) ORDER BY started_at DESC,"
            + " migration_id DESC",
        MigrationJournal::read);
  }

  Optional<Entry> find(String migrationId) throws Exception {
    return entries().stream().filter(e -> e.migrationId().equals(migrationId)).findFirst();
  }

  Optional<Entry> unfinished() throws Exception {
    return entries().stream()
        .filter(e -> e.state() == State.UNFINISHED || e.state() == State.UNDOING)
        .findFirst();
  }

  private static Entry read(RowBinaryReader row) throws java.io.IOException {
    String id = row.text();
    long number = row.number();
    State state = State.valueOf(row.text());
    Phase phase = Phase.valueOf(row.text());
    Instant startedAt = Instant.parse(row.text());
    String finishedAt = row.nullableText();
    return new Entry(
        id,
        number,
        state,
        phase,
        startedAt,
        finishedAt == null ? null : Instant.parse(finishedAt),
        row.text(),
        row.text(),
        names(row.text()),
        names(row.text()),
        counts(row.text()));
  }

  private static String names(List<String> names) {
    return Json.array(names.stream().map(Json::of).toList()).text();
  }

  private static List<String> names(String json) {
    return Json.ofStored(json).elements().stream().map(Json::asText).toList();
  }

  private static String counts(Map<Count, Long> counts) {
    List<Json> pairs = new ArrayList<>();
    counts.forEach((count, value) -> pairs.add(Json.of(count.name() + "=" + value)));
    return Json.array(pairs).text();
  }

  private static Map<Count, Long> counts(String json) {
    Map<Count, Long> counts = new LinkedHashMap<>();
    for (String pair : names(json)) {
      int equals = pair.indexOf('=');
      counts.put(
          Count.valueOf(pair.substring(0, equals)), Long.parseLong(pair.substring(equals + 1)));
    }
    return counts;
  }
}
