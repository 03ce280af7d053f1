package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.dedupe.JournalEntry;
import dev.tracekeep.dedupe.JournalEntry.Field;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The journal of all migrations of a database. Nothing in it is ever changed: each step adds a row,
 * which is there as a whole or not at all, and the latest row of a migration counts.
 */
final class MigrationJournal {
  private static final String NUMBER = "number";

  /** A column that journals have of builds whose migrations kept their tables in another way. */
  private static final String OF_EARLIER_BUILDS = "carried_columns";

  private final ClickHouseClient client;
  private final Map<String, String> names;

  MigrationJournal(ClickHouseClient client, String database) {
    this.client = client;
    this.names =
        Map.of(
            "journal", SqlText.name(database) + "." + SqlText.name(JournalEntry.JOURNAL),
            "database", SqlText.literal(database),
            "name", SqlText.literal(JournalEntry.JOURNAL),
            "fields",
                Arrays.stream(Field.values())
                    .map(MigrationJournal::definition)
                    .collect(Collectors.joining(", ")));
  }

  private static String definition(Field field) {
    boolean key = field == Field.TABLE_NAME || field == Field.MIGRATION_ID;
    return field.columnName() + (key ? " String" : " Nullable(String)");
  }

  void createIfAbsent() throws Exception {
    client.execute(
        SqlText.fill(
            """
            CREATE TABLE IF NOT EXISTS <journal> (number UInt64, <fields>)
            ENGINE = MergeTree ORDER BY (table_name, migration_id, number)""",
            names));
    Set<String> present = columns();
    for (Field field : Field.values()) {
      if (!present.contains(field.columnName())) {
        client.execute(
            SqlText.fill("ALTER TABLE <journal> ADD COLUMN IF NOT EXISTS ", names)
                + definition(field));
      }
    }
  }

  private Set<String> columns() throws Exception {
    return new HashSet<>(
        client.list(
            SqlText.fill(
                "SELECT name FROM system.columns WHERE database = <database> AND table = <name>",
                names),
            RowBinaryReader::text));
  }

  /** Adds a row. */
  void write(JournalEntry entry) throws Exception {
    Map<String, @Nullable String> values = entry.toMap();
    client.execute(
        SqlText.fill(
            """
            INSERT INTO <journal> (number, <columns>)
            SELECT (SELECT max(number) FROM <journal>) + 1, <values>""",
            Map.of(
                "journal", names.get("journal"),
                "columns", String.join(", ", values.keySet()),
                "values",
                    values.values().stream()
                        .map(value -> value == null ? "NULL" : SqlText.literal(value))
                        .collect(Collectors.joining(", ")))));
  }

  /**
   * The latest row of each migration, of whatever table.
   *
   * @throws StorageException if an earlier build made the journal
   */
  List<JournalEntry> entries() throws Exception {
    Set<String> present = columns();
    if (present.contains(OF_EARLIER_BUILDS)) {
      throw new StorageException(
          FailureKind.CONFIGURATION,
          SqlText.fill(
              "The journal <journal> was made by an earlier build, whose migrations this one can"
                  + " neither go on with nor take back. Finish or undo them with that build; then"
                  + " RENAME TABLE <journal> TO another name, and run this again.",
              names),
          null);
    }
    if (!present.contains(NUMBER)) {
      return List.of();
    }
    List<String> columns =
        Arrays.stream(Field.values()).map(Field::columnName).filter(present::contains).toList();
    return client.list(
        SqlText.fill(
            """
            SELECT <columns> FROM
              (SELECT * FROM <journal> ORDER BY number DESC LIMIT 1 BY table_name, migration_id)""",
            Map.of(
                "journal",
                names.get("journal"),
                "columns",
                columns.stream()
                    .map(column -> "CAST(" + column + ", 'Nullable(String)')")
                    .collect(Collectors.joining(", ")))),
        row -> {
          Map<String, @Nullable String> values = new HashMap<>();
          for (String column : columns) {
            values.put(column, row.nullableText());
          }
          return JournalEntry.of(values);
        });
  }
}
