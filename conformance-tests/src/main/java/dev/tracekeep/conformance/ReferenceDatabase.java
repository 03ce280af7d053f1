package dev.tracekeep.conformance;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanVersion;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The database of {@link ReferenceStorage}: tables in a map, shared by all stores that are opened
 * on it. Thread-safe: everything is done under its monitor.
 */
final class ReferenceDatabase implements RawAccess {
  private final String mainTable;
  private final boolean enforcesUniqueness;
  private final Map<String, ReferenceTable> tables = new TreeMap<>();

  /** Who migrates; the monitor alone would let the same thread in twice. */
  @Nullable Object migrator;

  /** What dates a migration: the clock of the store that was opened last. */
  Clock clock = Clock.systemUTC();

  ReferenceDatabase(String mainTable, boolean enforcesUniqueness) {
    this.mainTable = mainTable;
    this.enforcesUniqueness = enforcesUniqueness;
  }

  @Nullable ReferenceTable table(String name) {
    return tables.get(name);
  }

  ReferenceTable create(String name) {
    return tables.computeIfAbsent(name, any -> new ReferenceTable());
  }

  @Override
  public synchronized void createLegacyTable(List<Span> rows) {
    ReferenceTable table = create(mainTable);
    int number = 0;
    for (Span row : rows) {
      table.add(row, Integer.toString(number++));
    }
  }

  @Override
  public synchronized List<Map<String, @Nullable String>> rows() {
    ReferenceTable table = tables.get(mainTable);
    return table == null
        ? List.of()
        : table.rows.values().stream()
            .flatMap(List::stream)
            .map(row -> asText(row))
            .peek(row -> table.lacking.forEach(column -> row.remove(column.columnName())))
            .toList();
  }

  @Override
  public synchronized List<Map<String, @Nullable String>> archivedRows() {
    ReferenceTable table = tables.get(mainTable);
    List<Map<String, @Nullable String>> rows = new ArrayList<>();
    if (table != null) {
      for (ReferenceTable.ArchivedRow archived : table.archive) {
        Map<String, @Nullable String> row = asText(archived.row());
        row.put("migration_id", archived.migrationId());
        rows.add(row);
      }
    }
    return rows;
  }

  private static Map<String, @Nullable String> asText(ReferenceTable.Row row) {
    Map<String, @Nullable String> text = new TreeMap<>();
    for (SpanColumn column : SpanColumn.all()) {
      Object value = column.read(row.span());
      text.put(column.columnName(), value == null ? null : value.toString());
    }
    text.put(USER_COLUMN, row.userNote());
    return text;
  }

  @Override
  public synchronized boolean insertCopy(SpanKey key) {
    ReferenceTable table = create(mainTable);
    if (table.unique && enforcesUniqueness) {
      return false;
    }
    List<ReferenceTable.Row> rows = table.rows.get(key);
    if (rows == null) {
      throw new IllegalStateException("There is no row of " + key + " to copy");
    }
    rows.add(rows.get(0));
    return true;
  }

  @Override
  public synchronized boolean dropColumns(List<String> columns) {
    Set<SpanColumn> dropped = new HashSet<>();
    columns.forEach(column -> dropped.add(SpanColumn.named(column).orElseThrow()));
    create(mainTable).drop(dropped);
    return true;
  }

  private void archived(
      String userNote,
      Function<ReferenceTable.ArchivedRow, ReferenceTable.@Nullable ArchivedRow> change) {
    List<ReferenceTable.ArchivedRow> archive = create(mainTable).archive;
    ReferenceTable.ArchivedRow row =
        archive.stream().filter(a -> a.row().userNote().equals(userNote)).findFirst().orElseThrow();
    ReferenceTable.ArchivedRow changed = change.apply(row);
    archive.remove(row);
    if (changed != null) {
      archive.add(changed);
    }
  }

  @Override
  public synchronized void changeArchivedRow(String userNote) {
    archived(
        userNote,
        row ->
            new ReferenceTable.ArchivedRow(
                new ReferenceTable.Row(row.row().span(), row.row().version(), "changed"),
                row.migrationId(),
                row.winner()));
  }

  @Override
  public synchronized void deleteArchivedRow(String userNote) {
    archived(userNote, row -> null);
  }

  @Override
  public synchronized void doubleArchivedRow(String userNote) {
    archived(
        userNote,
        row -> {
          create(mainTable).archive.add(row);
          return row;
        });
  }

  /** The rows among which the one is that has the note. */
  private List<ReferenceTable.Row> group(String userNote) {
    return create(mainTable).rows.values().stream()
        .filter(rows -> rows.stream().anyMatch(row -> row.userNote().equals(userNote)))
        .findFirst()
        .orElseThrow();
  }

  @Override
  public synchronized void changeRow(String userNote) {
    group(userNote)
        .replaceAll(
            row ->
                row.userNote().equals(userNote)
                    ? new ReferenceTable.Row(row.span(), row.version(), "changed")
                    : row);
  }

  @Override
  public synchronized void deleteRow(String userNote) {
    List<ReferenceTable.Row> group = group(userNote);
    group.removeIf(row -> row.userNote().equals(userNote));
    create(mainTable).rows.values().removeIf(List::isEmpty);
  }

  @Override
  public synchronized Optional<String> keepRowsFromDeletion() {
    create(mainTable).keepingTrigger = "keeps_rows";
    return Optional.of("keeps_rows");
  }

  @Override
  public synchronized void letRowsBeDeleted() {
    create(mainTable).keepingTrigger = null;
  }

  @Override
  public synchronized void dropConstraint() {
    create(mainTable).unique = false;
  }

  @Override
  public synchronized byte[] storedVersion(SpanKey key) {
    List<ReferenceTable.Row> rows = create(mainTable).rows.get(key);
    if (rows == null) {
      throw new IllegalStateException("There is no row of " + key);
    }
    return rows.get(0).version().toBytes();
  }

  @Override
  public synchronized void storeVersion(SpanKey key, byte[] version) {
    create(mainTable).isOfAnotherFormat = version.length != SpanVersion.LENGTH;
  }

  @Override
  public synchronized OptionalInt storedFormat() {
    return create(mainTable).format;
  }

  @Override
  public synchronized boolean storeFormat(OptionalInt format) {
    create(mainTable).format = format;
    return true;
  }

  @Override
  public synchronized Optional<String> addUniqueKey() {
    create(mainTable).hasApplicationKey = enforcesUniqueness;
    return enforcesUniqueness ? Optional.of("application_key") : Optional.empty();
  }

  @Override
  public synchronized void dropUniqueKey() {
    create(mainTable).hasApplicationKey = false;
  }

  @Override
  public synchronized void dropArchive() {
    create(mainTable).archive.clear();
  }

  @Override
  public synchronized Set<String> tableNames() {
    Set<String> names = new TreeSet<>();
    tables.forEach(
        (name, table) -> {
          names.add(name);
          if (!table.journal.isEmpty()) {
            names.add(name + "_dedupe_archive");
          }
        });
    return names;
  }
}
