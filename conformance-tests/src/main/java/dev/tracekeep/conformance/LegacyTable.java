package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A table of an older release with every class of duplicates, and the witness that none of its rows
 * is lost: what the raw driver read before must be what it reads afterwards, in the table and in
 * the archive together.
 */
final class LegacyTable {
  /** The columns that the old table has: the new ones of a migration are not compared. */
  private static final Set<String> COLUMNS = columns();

  private final RawAccess raw;
  private final List<Span> rows;
  private final List<String> before;

  private LegacyTable(RawAccess raw, List<Span> rows, List<String> before) {
    this.raw = raw;
    this.rows = rows;
    this.before = before;
  }

  private static Set<String> columns() {
    Set<String> columns = new TreeSet<>();
    SpanColumn.all().forEach(column -> columns.add(column.columnName()));
    columns.add(RawAccess.USER_COLUMN);
    return columns;
  }

  /** Lays the table down with every class of duplicates. */
  static LegacyTable create(RawAccess raw) throws Exception {
    return create(raw, duplicates(4));
  }

  /** A small one, for the checks that lay down many. */
  static LegacyTable createSmall(RawAccess raw) throws Exception {
    return create(raw, duplicates(1));
  }

  static LegacyTable create(RawAccess raw, List<Span> rows) throws Exception {
    raw.createLegacyTable(rows);
    List<String> before = comparable(raw.rows());
    assertThat(before).as("rows that the fixture laid down").hasSize(rows.size());
    return new LegacyTable(raw, rows, before);
  }

  List<Span> rows() {
    return rows;
  }

  long surplus() {
    return rows.size() - winners().size();
  }

  long groups() {
    Map<SpanKey, Integer> copies = new TreeMap<>();
    rows.forEach(row -> copies.merge(row.key(), 1, Integer::sum));
    return copies.values().stream().filter(count -> count > 1).count();
  }

  /** The rows that must survive. */
  Map<SpanKey, Span> winners() {
    Map<SpanKey, Span> winners = new TreeMap<>();
    rows.forEach(row -> winners.merge(row.key(), row, TheRule::better));
    return winners;
  }

  /** Before = after + archived, as multisets of whole rows, by the raw driver. */
  void assertNothingLost() throws Exception {
    assertNothingLost(List.of());
  }

  /** The same where copies of those rows were inserted meanwhile. */
  void assertNothingLost(List<String> inserted) throws Exception {
    assertNothingLost(inserted, List.of());
  }

  /** The same where writers inserted and deleted those rows, or left one in another's place. */
  void assertNothingLost(List<String> inserted, List<String> deleted) throws Exception {
    List<String> now =
        comparable(Stream.concat(raw.rows().stream(), raw.archivedRows().stream()).toList());
    List<String> wanted =
        without(Stream.concat(before.stream(), inserted.stream()).toList(), deleted);
    assertThat(without(wanted, now)).as("rows neither in the table nor in the archive").isEmpty();
    assertThat(without(now, wanted)).as("rows that were never written").isEmpty();
  }

  /** The difference of two bags; the bags themselves would bury the row that matters. */
  static List<String> without(List<String> rows, List<String> others) {
    Map<String, Integer> counts = new TreeMap<>();
    others.forEach(row -> counts.merge(row, 1, Integer::sum));
    List<String> left = new ArrayList<>();
    for (String row : rows) {
      if (counts.merge(row, -1, Integer::sum) < 0) {
        left.add(row);
      }
    }
    return left;
  }

  /** The table is what it was, row by row. */
  void assertUntouched() throws Exception {
    List<String> now = comparable(raw.rows());
    assertThat(without(before, now)).as("rows that are gone").isEmpty();
    assertThat(without(now, before)).as("rows that were not there").isEmpty();
  }

  /** The table holds each key once. */
  void assertUnique() throws Exception {
    assertThat(raw.rows()).hasSize(winners().size());
  }

  /** The rows of a key as they are compared. */
  List<String> rowsOf(SpanKey key) throws Exception {
    return comparable(present(key));
  }

  /** The rows of all traces whose id begins so, as they are compared. */
  List<String> rowsOfTraces(String beginning) throws Exception {
    return comparable(
        raw.rows().stream()
            .filter(row -> String.valueOf(row.get("trace_id")).startsWith(beginning))
            .toList());
  }

  /** The numbers of the rows of a key, in the order in which they were laid down. */
  List<String> notesOf(SpanKey key) throws Exception {
    return present(key).stream()
        .map(row -> Objects.requireNonNull(row.get(RawAccess.USER_COLUMN)))
        .sorted(Comparator.comparing(Integer::valueOf))
        .toList();
  }

  private List<Map<String, @Nullable String>> present(SpanKey key) throws Exception {
    return raw.rows().stream()
        .filter(row -> key.traceId().equals(row.get("trace_id")))
        .filter(row -> key.spanId().equals(row.get("span_id")))
        .filter(row -> key.tenantId().equals(row.get("tenant_id")))
        .toList();
  }

  private static List<String> comparable(List<Map<String, @Nullable String>> rows) {
    List<String> texts = new ArrayList<>();
    for (Map<String, @Nullable String> row : rows) {
      Map<String, @Nullable String> kept = new TreeMap<>();
      row.forEach(
          (column, value) -> {
            String name = column.toLowerCase(Locale.ROOT);
            if (value != null && COLUMNS.contains(name)) {
              kept.put(name, value);
            }
          });
      texts.add(kept.toString());
    }
    texts.sort(null);
    return texts;
  }

  /** Every way in which rows of one key were seen to differ, so many times; 23 rows each. */
  private static List<Span> duplicates(int times) {
    List<Span> rows = new ArrayList<>();
    for (int i = 0; i < times; i++) {
      SpanKey key = SpanKey.of("trace-" + i, Spans.SPAN);
      Span running = Spans.span(key).build();
      Span done = running.toBuilder().endedAt(Spans.at(5)).updatedAt(Spans.at(5)).build();
      add(rows, "completed-then-running", done, running);
      add(rows, "running-then-completed", running, done);
      add(
          rows,
          "newer-but-ended-earlier",
          done,
          done.toBuilder().endedAt(Spans.at(2)).updatedAt(Spans.at(9)).build());
      add(rows, "both-running", running, running.toBuilder().updatedAt(Spans.at(3)).build());
      add(rows, "five-copies", done, running, done, running, done);
      add(rows, "identical", done, done, done);
      Payload error = Payload.builder().error(Json.of("boom")).build();
      add(rows, "failed-running", running.toBuilder().payload(error).build(), done);
      add(rows, "newer-created", done, done.toBuilder().createdAt(Spans.at(1)).build());
      add(rows, "never-updated", done.toBuilder().updatedAt(null).build(), done);
      add(rows, "alone", Spans.full(key));
    }
    return List.copyOf(rows);
  }

  private static void add(List<Span> rows, String kind, Span... spans) {
    for (Span span : spans) {
      rows.add(Spans.inTrace(span, kind + "-" + span.key().traceId()));
    }
  }
}
