package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.dedupe.JournalEntry;
import dev.tracekeep.span.Json;
import java.util.List;
import java.util.Locale;

/** What a migration of this engine writes down beside what it does on every engine. */
record Remembered(JournalEntry entry) {
  /** How far a migration came: what is done, in order. */
  enum Phase {
    STARTED,
    PREPARED,
    RANKED,
    ARCHIVED,
    COPIED,
    CAUGHT_UP,
    SWAPPED,
    TAKEN_OVER
  }

  /** A thing that is written down. */
  enum Note {
    PHASE,
    /** Names the old table, whatever it is called by now. */
    OLD_UUID,
    /** Names the new table: another one in its place is not the migration's. */
    NEW_UUID,
    /** Names the table that undo fills. */
    UNDO_UUID,
    /** What the old table is called afterwards. */
    KEPT,
    /** The columns that every row takes along, in the order in which they are hashed. */
    CARRIED,
    /** The columns of the new table when it was made. */
    NEW_COLUMNS,
    /** The old table's definition when the migration looked at it. */
    DEFINITION,
    /** The last block that the snapshot has for certain. */
    SNAPSHOT_BLOCK,
    /** The last change of rows in place, a mutation or a patch, that the snapshot has. */
    LAST_CHANGE,
    /** The last block of the old table of which every row was taken over. */
    OLD_BLOCK,
    /** Rows that came while the migration ran. */
    ROWS_LATE,
    /** The last block of the new table that undo has copied. */
    UNDO_BLOCK,
    /** Whether undo brings back rows of keys that were deleted since. */
    UNDO_DELETED
  }

  Phase phase() {
    return entry.note(key(Note.PHASE)).map(Phase::valueOf).orElse(Phase.STARTED);
  }

  /** Whether the migration came at least so far. */
  boolean isPast(Phase wanted) {
    return phase().compareTo(wanted) >= 0;
  }

  /** A note's text; empty where it was not written down. */
  String text(Note note) {
    return entry.note(key(note)).orElse("");
  }

  /** A note's number, 0 where it was not written down. */
  long number(Note note) {
    String text = text(note);
    return text.isEmpty() ? 0 : Long.parseLong(text);
  }

  /** A note's list. */
  List<String> names(Note note) {
    String text = text(note);
    return text.isEmpty()
        ? List.of()
        : Json.ofStored(text).elements().stream().map(Json::asText).toList();
  }

  Remembered with(Note note, Object value) {
    return new Remembered(entry.withNote(key(note), value.toString()));
  }

  Remembered with(Note note, List<String> names) {
    return with(note, Json.array(names.stream().map(Json::of).toList()));
  }

  private static String key(Note note) {
    return note.name().toLowerCase(Locale.ROOT);
  }
}
