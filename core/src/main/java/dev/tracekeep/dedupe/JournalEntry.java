package dev.tracekeep.dedupe;

import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.MigrationRecord.State;
import dev.tracekeep.span.Json;
import java.time.Instant;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What is written down about one migration: what it set out to do and how far it came. Immutable.
 * The journal is the table {@value #JOURNAL} beside the migrated one and has the same {@linkplain
 * Field fields} on every engine; what only one engine needs to remember is a {@linkplain #note
 * note}.
 */
public final class JournalEntry {
  /** The journal's name on every engine. */
  public static final String JOURNAL = "tracekeep_migrations";

  /** A field of the journal. Its column has the same name in lower case. */
  public enum Field {
    /** Names the migration. */
    MIGRATION_ID(false),
    /** The table: {@link TableIdentity#toString}. */
    TABLE_NAME(false),
    /** {@code own} or {@code foreign}; absent in entries of releases before 0.1.0. */
    TABLE_OWNER(false),
    /** A {@link State}. */
    STATE(false),
    /** When the first attempt started, ISO-8601. */
    STARTED_AT(false),
    /** When it was finished or undone, ISO-8601; absent if it is neither. */
    FINISHED_AT(false),
    /** The key, a JSON array of columns. */
    KEY_COLUMNS(false),
    /** All columns when the migration began, a JSON array. */
    TABLE_COLUMNS(false),
    /** Columns that the migration adds, a JSON array. */
    ADDED_COLUMNS(false),
    /** A {@link ConstraintState}. */
    CONSTRAINT_BEFORE(false),
    /** Rows in the table when the migration began. */
    ROWS_BEFORE(true),
    /** Their hash as a multiset. */
    HASH_BEFORE(false),
    /** Rows in the table when the migration ended. */
    ROWS_AFTER(true),
    /** The hash, as a multiset, of the rows in the table and in the archive when it ended. */
    HASH_AFTER(false),
    /**
     * Rows that were moved to the archive, as counted when they were taken out of the table, batch
     * by batch: whatever the archive has by now.
     */
    ROWS_ARCHIVED(true),
    /** The hash of those rows as a multiset, likewise. */
    HASH_ARCHIVED(false),
    /** Keys that had more than one row. */
    DUPLICATE_GROUPS(true),
    /** Rows that undo put back. */
    ROWS_RESTORED(true),
    /** The archive, beside the table. */
    ARCHIVE_TABLE(false),
    /** What one engine needs to remember, a JSON object of strings. */
    NOTES(false);

    private final boolean number;

    Field(boolean number) {
      this.number = number;
    }

    /** The name of its column. */
    public String columnName() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** Whether it is a whole number; all others are text. */
    public boolean isNumber() {
      return number;
    }
  }

  /** When what it kept was dropped on purpose. */
  static final String DROPPED_AT = "dropped_at";

  /** Whether the archive had exactly the rows that were moved when the migration ended. */
  private static final String EQUATION = "rows_moved_are_rows_archived";

  private final EnumMap<Field, String> values;

  private JournalEntry(EnumMap<Field, String> values) {
    this.values = values;
  }

  /** A migration that begins now. */
  public static JournalEntry begun(String migrationId, TableLook look, String archive, Instant now)
      throws Exception {
    return new JournalEntry(new EnumMap<>(Field.class))
        .with(Field.MIGRATION_ID, migrationId)
        .with(Field.TABLE_NAME, look.identity().toString())
        .with(Field.TABLE_OWNER, owner(look.isOwn()))
        .with(Field.STATE, State.UNFINISHED.name())
        .with(Field.STARTED_AT, now.toString())
        .with(Field.KEY_COLUMNS, look.keyColumns())
        .with(Field.TABLE_COLUMNS, look.columnNames())
        .with(Field.ADDED_COLUMNS, look.missingColumns())
        .with(Field.CONSTRAINT_BEFORE, look.constraint().name())
        .with(Field.ARCHIVE_TABLE, archive);
  }

  private static String owner(boolean own) {
    return own ? "own" : "foreign";
  }

  /** Reads what {@link #toMap} wrote, in this release or an earlier one; ignores other names. */
  public static JournalEntry of(Map<String, ? extends @Nullable String> columns) {
    EnumMap<Field, String> values = new EnumMap<>(Field.class);
    for (Field field : Field.values()) {
      String value = columns.get(field.columnName());
      if (value != null) {
        values.put(field, value);
      }
    }
    return new JournalEntry(values);
  }

  /** Every field's value by its column's name, in the order of the fields; absent ones are null. */
  public Map<String, @Nullable String> toMap() {
    Map<String, @Nullable String> columns = new LinkedHashMap<>();
    for (Field field : Field.values()) {
      columns.put(field.columnName(), values.get(field));
    }
    return Collections.unmodifiableMap(columns);
  }

  // ---- reading ---------------------------------------------------------------------------------

  private String required(Field field) {
    String value = values.get(field);
    if (value == null) {
      throw new IllegalStateException("The journal has no " + field.columnName());
    }
    return value;
  }

  /** Names the migration. */
  public String migrationId() {
    return required(Field.MIGRATION_ID);
  }

  /** How far it came. */
  public State state() {
    return State.valueOf(required(Field.STATE));
  }

  /** When its first attempt started. */
  public Instant startedAt() {
    return Instant.parse(required(Field.STARTED_AT));
  }

  /** The state of the constraint when it began. */
  public ConstraintState constraintBefore() {
    return ConstraintState.valueOf(required(Field.CONSTRAINT_BEFORE));
  }

  /** A field's text. */
  public Optional<String> text(Field field) {
    return Optional.ofNullable(values.get(field));
  }

  /** A field's number; empty where it was not written down yet. */
  public OptionalLong number(Field field) {
    String value = values.get(field);
    return value == null ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(value));
  }

  /** A field's number, 0 where it was not written down yet. */
  public long count(Field field) {
    return number(field).orElse(0);
  }

  /** A field's list of columns. */
  public List<String> columns(Field field) {
    String value = values.get(field);
    return value == null
        ? List.of()
        : Json.ofStored(value).elements().stream().map(Json::asText).toList();
  }

  /** The archive's name, beside the table. */
  public String archive() {
    return text(Field.ARCHIVE_TABLE)
        .orElseGet(
            () -> {
              String table = required(Field.TABLE_NAME);
              return ArchiveNames.archive(table.substring(table.indexOf('.') + 1));
            });
  }

  /** What one engine remembers under that name. */
  public Optional<String> note(String name) {
    return Optional.ofNullable(notes().get(name)).map(Json::asText);
  }

  private Map<String, Json> notes() {
    String value = values.get(Field.NOTES);
    return value == null ? Map.of() : Json.ofStored(value).members();
  }

  /** Whether the table was taken for the store's own; empty where that was not written down. */
  Optional<Boolean> isOwn() {
    return text(Field.TABLE_OWNER).map(owner(true)::equals);
  }

  /** Whether it is about this table, by the name that the engine has for it. */
  boolean isAbout(TableIdentity table) {
    String name = required(Field.TABLE_NAME);
    // Only releases before 0.1.0 wrote the caller's spelling, and did not write whose table it was.
    return isOwn().isPresent() ? name.equals(table.toString()) : table.isMeantBy(name);
  }

  /** Whether it was begun and neither finished nor taken back. */
  boolean isOpen() {
    return state() == State.UNFINISHED || state() == State.UNDOING;
  }

  /** Whether what it kept was dropped on purpose. */
  public boolean isDropped() {
    return note(DROPPED_AT).isPresent();
  }

  /**
   * Whether the archive had exactly the rows that were moved when the migration ended; empty where
   * that was not looked at: in an unfinished one, or by a release before 0.1.0.
   */
  Optional<Boolean> equationHeld() {
    return note(EQUATION).map(Boolean::valueOf);
  }

  // ---- writing ---------------------------------------------------------------------------------

  /** The same with another text; null for none. */
  public JournalEntry with(Field field, @Nullable String value) {
    EnumMap<Field, String> changed = new EnumMap<>(values);
    if (value == null) {
      changed.remove(field);
    } else {
      changed.put(field, value);
    }
    return new JournalEntry(changed);
  }

  /** The same with another number. */
  public JournalEntry with(Field field, long value) {
    return with(field, Long.toString(value));
  }

  /** The same with another list of columns. */
  public JournalEntry with(Field field, List<String> columns) {
    return with(field, Json.array(columns.stream().map(Json::of).toList()).text());
  }

  /** The same in another state, reached now. */
  public JournalEntry with(State state, Instant now) {
    return with(Field.STATE, state.name()).with(Field.FINISHED_AT, now.toString());
  }

  /**
   * The same when it is finished. What was moved is written down already; so rows that writers add,
   * change or delete meanwhile cannot hide one that is missing from the archive.
   *
   * @param archived how many rows of the migration the archive has now
   * @param archivedHash their hash, as {@link Field#HASH_ARCHIVED} has it
   */
  public JournalEntry finished(Instant now, long archived, String archivedHash) {
    boolean held =
        archived == count(Field.ROWS_ARCHIVED)
            && text(Field.HASH_ARCHIVED).filter(archivedHash::equals).isPresent();
    return with(State.FINISHED, now).withNote(EQUATION, Boolean.toString(held));
  }

  /** The same with a note. */
  public JournalEntry withNote(String name, String value) {
    Map<String, Json> notes = new LinkedHashMap<>(notes());
    notes.put(name, Json.of(value));
    return with(Field.NOTES, Json.object(notes).text());
  }

  /** The same when what it kept was dropped on purpose. */
  public JournalEntry dropped(Instant now) {
    return withNote(DROPPED_AT, now.toString());
  }

  /** As it is shown to users; the rows in the archive are counted apart. */
  MigrationRecord toRecord(TableIdentity table, long archived) {
    return new MigrationRecord(
        migrationId(),
        table.toString(),
        state(),
        startedAt(),
        isOpen() ? null : text(Field.FINISHED_AT).map(Instant::parse).orElse(null),
        count(Field.ROWS_BEFORE),
        archived,
        count(Field.DUPLICATE_GROUPS),
        count(Field.ROWS_RESTORED));
  }

  @Override
  public String toString() {
    return values.toString();
  }
}
