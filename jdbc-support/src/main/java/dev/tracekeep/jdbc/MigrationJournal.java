package dev.tracekeep.jdbc;

import dev.tracekeep.dedupe.JournalEntry;
import dev.tracekeep.dedupe.JournalEntry.Field;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.SpanColumn;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The table {@value JournalEntry#JOURNAL} beside the migrated one. Written in the same transactions
 * as the rows, so a killed migration is found as it was.
 */
final class MigrationJournal {
  private final MigrationDialect engine;
  private final SpanTable table;
  private final String name;

  MigrationJournal(MigrationDialect engine, SpanTable table) {
    this.engine = engine;
    this.table = table;
    this.name = engine.qualified(table, JournalEntry.JOURNAL);
  }

  private Set<String> present(Connection connection) throws SQLException {
    Set<String> present = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    present.addAll(engine.columns(connection, table.schema(), JournalEntry.JOURNAL).keySet());
    return present;
  }

  /** Makes the journal, or gives an older release's the columns that it lacks. */
  void createIfAbsent(Connection connection) throws SQLException {
    Set<String> present = present(connection);
    if (present.isEmpty()) {
      new SqlStatement(
              "CREATE TABLE "
                  + name
                  + Arrays.stream(Field.values())
                      .map(this::definition)
                      .collect(Collectors.joining(", ", " (", ")")))
          .execute(connection);
      return;
    }
    for (Field field : Field.values()) {
      if (!present.contains(field.columnName())) {
        new SqlStatement("ALTER TABLE " + name + " ADD " + definition(field)).execute(connection);
      }
    }
  }

  private String definition(Field field) {
    return quoted(field)
        + " "
        + (field.isNumber() ? "BIGINT" : engine.dialect().columnType(SpanColumn.NAME));
  }

  /** Every entry, of whatever table; empty if there is no journal. */
  List<JournalEntry> entries(Connection connection) throws SQLException {
    Set<String> present = present(connection);
    List<Field> fields =
        Arrays.stream(Field.values()).filter(f -> present.contains(f.columnName())).toList();
    return fields.isEmpty() ? List.of() : read(connection, fields, new SqlStatement("1 = 1"));
  }

  /** The entry as it is written down now; of a journal of this release, that has it. */
  JournalEntry current(Connection connection, String migrationId) throws SQLException {
    return read(
            connection,
            List.of(Field.values()),
            new SqlStatement(quoted(Field.MIGRATION_ID) + " = ?", migrationId))
        .get(0);
  }

  private List<JournalEntry> read(Connection connection, List<Field> fields, SqlStatement which)
      throws SQLException {
    return new SqlStatement(
            "SELECT "
                + fields.stream().map(this::quoted).collect(Collectors.joining(", "))
                + (" FROM " + name + " WHERE "))
        .append(which)
        .list(
            connection,
            row -> {
              Map<String, @Nullable String> values = new HashMap<>();
              for (int i = 0; i < fields.size(); i++) {
                values.put(fields.get(i).columnName(), row.getString(i + 1));
              }
              return JournalEntry.of(values);
            });
  }

  /** Writes an entry in the place of what was written about that migration before. */
  void write(Connection connection, JournalEntry entry) throws SQLException {
    SqlStatement delete =
        new SqlStatement(
            "DELETE FROM " + name + " WHERE " + quoted(Field.MIGRATION_ID) + " = ?",
            entry.migrationId());
    delete.execute(connection);
    Map<String, @Nullable String> values = entry.toMap();
    SqlStatement insert = new SqlStatement("INSERT INTO " + name + " (");
    List<Field> filled =
        Arrays.stream(Field.values()).filter(f -> values.get(f.columnName()) != null).toList();
    insert.append(filled.stream().map(this::quoted).collect(Collectors.joining(", ")));
    String separator = ") VALUES (";
    for (Field field : filled) {
      String value = Objects.requireNonNull(values.get(field.columnName()));
      insert.append(separator + "?", field.isNumber() ? Long.valueOf(value) : value);
      separator = ", ";
    }
    insert.append(")").execute(connection);
  }

  private String quoted(Field field) {
    return engine.dialect().quote(field.columnName());
  }
}
