package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.dedupe.ArchiveNames;
import dev.tracekeep.dedupe.JournalEntry;
import dev.tracekeep.dedupe.JournalEntry.Field;
import dev.tracekeep.dedupe.MigrationRun;
import dev.tracekeep.dedupe.RemovedRows;
import dev.tracekeep.migration.ArchivedRow;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads the rows of one migration from its archive. */
final class ArchivedRows {
  private static final List<String> WINNER =
      List.of(
          ArchiveNames.WINNER_ENDED_AT,
          ArchiveNames.WINNER_UPDATED_AT,
          ArchiveNames.WINNER_CREATED_AT,
          ArchiveNames.WINNER_VERSION);

  private final MigratedTable table;
  private final JournalEntry entry;
  private String told = "1970-01-01T00:00:00";

  ArchivedRows(MigratedTable table, JournalEntry entry) {
    this.table = table;
    this.entry = entry;
  }

  /** Tells of the rows that were archived since it was last called. */
  void tell(MigratorSession session, MigrationRun run) throws Exception {
    RemovedRows removed = run.removed();
    removed.begin();
    if (removed.wanted() > 0) {
      session.forEach(
          select("AND dedupe_archived_at > parseDateTime64BestEffort('" + told + "', 9, 'UTC')")
              + (removed.wanted() == Long.MAX_VALUE ? "" : " LIMIT " + removed.wanted()),
          row -> {
            ArchivedRow archived = read(row);
            removed.add(archived);
            if (archived.archivedAt().compareTo(told) > 0) {
              told = archived.archivedAt();
            }
          });
    }
    removed.sync();
    removed.committed();
  }

  /** Hands them over one by one. */
  void forEach(Consumer<ArchivedRow> each) throws Exception {
    if (table.uuid(entry.archive()).isPresent()) {
      table.client().forEachLong(select(""), Map.of(), row -> each.accept(read(row)));
    }
  }

  private List<String> columns() throws Exception {
    return shape().columnNames().stream()
        .filter(column -> !WINNER.contains(column))
        .filter(column -> !ArchiveNames.TEXT_COLUMNS.contains(column))
        .filter(column -> !column.equals(DuplicateRows.HASH))
        .toList();
  }

  private @Nullable TableShape shape;

  private TableShape shape() throws Exception {
    if (shape == null) {
      shape = table.shape(entry.archive()).orElseThrow();
    }
    return shape;
  }

  private String select(String condition) throws Exception {
    return SqlText.fill(
        """
        SELECT concat(replaceOne(toString(dedupe_archived_at), ' ', 'T'), 'Z'), dedupe_reason, <columns>
        FROM <archive> WHERE <ours> <condition> ORDER BY dedupe_archived_at, <key>""",
        Map.of(
            "columns",
                Stream.concat(WINNER.stream(), columns().stream())
                    .map(SqlText::name)
                    .map(column -> "CAST(toString(" + column + "), 'Nullable(String)')")
                    .collect(Collectors.joining(", ")),
            "archive", table.qualified(entry.archive()),
            "ours", DuplicateRows.ofMigration(entry.migrationId()),
            "condition", condition,
            "key", TableShape.names(entry.columns(Field.KEY_COLUMNS))));
  }

  private ArchivedRow read(RowBinaryReader row) throws Exception {
    String at = row.text();
    String reason = row.text();
    Map<String, @Nullable Object> winner = new LinkedHashMap<>();
    for (String column : WINNER) {
      winner.put(column.substring("dedupe_winner_".length()), row.nullableText());
    }
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    for (String column : columns()) {
      values.put(column, value(row, TableShape.baseType(shape().column(column).type())));
    }
    Map<String, @Nullable Object> key = new LinkedHashMap<>();
    entry.columns(Field.KEY_COLUMNS).forEach(column -> key.put(column, values.get(column)));
    return new ArchivedRow(entry.migrationId(), at, reason, key, winner, values);
  }

  private static @Nullable Object value(RowBinaryReader row, String type) throws IOException {
    String text = row.nullableText();
    if (text == null) {
      return null;
    }
    return type.equals("Bool")
        ? (Object) Boolean.valueOf(text)
        : type.matches("Int(8|16|32|64)|UInt(8|16|32)") ? (Object) Long.valueOf(text) : text;
  }
}
