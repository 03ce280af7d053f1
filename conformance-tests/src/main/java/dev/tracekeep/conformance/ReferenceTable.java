package dev.tracekeep.conformance;

import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.span.TraceKey;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A table of the reference storage: a bag of rows until it is unique. Guarded by its database. */
final class ReferenceTable {
  /** A row: the span, its version, and what stands in the column that is the user's own. */
  record Row(Span span, SpanVersion version, String userNote) {}

  /** A row that a migration removed. */
  record ArchivedRow(Row row, String migrationId, Span winner) {}

  final Map<SpanKey, List<Row>> rows = new TreeMap<>();
  final List<ArchivedRow> archive = new ArrayList<>();
  final List<MigrationRecord> journal = new ArrayList<>();
  final Set<TraceKey> deleted = new HashSet<>();

  /** What each migration has moved, whatever became of it in the archive. */
  final Map<String, List<ArchivedRow>> recorded = new TreeMap<>();

  /** The migrations of which what they kept was dropped. */
  final Set<String> dropped = new HashSet<>();

  boolean unique;

  /** The columns that it lacks, being made by an older release. */
  final Set<SpanColumn> lacking = new HashSet<>();

  /** Whether its versions have another length than those of this release. */
  boolean isOfAnotherFormat;

  /** The number of the format that is kept with it. */
  OptionalInt format = OptionalInt.empty();

  /** Whether an application has made a unique key of its own. */
  boolean hasApplicationKey;

  /** A trigger that keeps rows from being deleted; null if there is none. */
  @Nullable String keepingTrigger;

  /** What is read of a key, whatever the table holds: its best row. */
  static Span best(List<Row> rows) {
    return bestRow(rows).span();
  }

  static Row bestRow(List<Row> rows) {
    Row best = rows.get(0);
    for (Row row : rows) {
      if (TheRule.compare(row.span(), best.span()) > 0) {
        best = row;
      }
    }
    return best;
  }

  /** The span as the table can hold it. */
  private Span held(Span span) {
    return lacking.isEmpty()
        ? span
        : Span.fromColumns(
            SpanColumn.all(), column -> lacking.contains(column) ? null : column.read(span));
  }

  /** Takes columns off, with what stands in them. */
  void drop(Set<SpanColumn> columns) {
    lacking.addAll(columns);
    rows.values()
        .forEach(
            group ->
                group.replaceAll(row -> new Row(held(row.span()), row.version(), row.userNote())));
  }

  void add(Span span, String userNote) {
    rows.computeIfAbsent(span.key(), key -> new ArrayList<>())
        .add(new Row(held(span), span.version(), userNote));
  }

  void put(Span span, SpanVersion version) {
    List<Row> before = rows.get(span.key());
    String userNote = before == null ? "" : before.get(0).userNote();
    rows.put(span.key(), new ArrayList<>(List.of(new Row(held(span), version, userNote))));
  }

  long rowCount() {
    return rows.values().stream().mapToLong(List::size).sum();
  }

  long duplicateGroups() {
    return rows.values().stream().filter(group -> group.size() > 1).count();
  }
}
