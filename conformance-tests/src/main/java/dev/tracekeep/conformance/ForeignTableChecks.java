package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.conformance.RawAccess.ForeignType;
import dev.tracekeep.migration.ColumnRole;
import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Tables of other systems: what their columns mean, and what must not be taken for what it is not.
 */
@CheckGroup("Tables of other systems")
abstract class ForeignTableChecks extends CrashChecks {
  private static final String TABLE = "kit_foreign";
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

  // ---- means -----------------------------------------------------------------------------------

  private static Map<String, ForeignType> columns(Object... namesAndTypes) {
    Map<String, ForeignType> columns = new LinkedHashMap<>();
    for (int i = 0; i < namesAndTypes.length; i += 2) {
      columns.put((String) namesAndTypes[i], (ForeignType) namesAndTypes[i + 1]);
    }
    return columns;
  }

  private static List<@Nullable Object> row(@Nullable Object... values) {
    return Arrays.asList(values);
  }

  private DedupeMigration migration(
      Map<String, ForeignType> columns, List<List<@Nullable Object>> rows) throws Exception {
    return migration(columns, rows, SpanTable.named(TABLE));
  }

  private DedupeMigration migration(
      Map<String, ForeignType> columns, List<List<@Nullable Object>> rows, SpanTable table)
      throws Exception {
    lay(columns, rows);
    return open(Map.of()).migration(table);
  }

  private void lay(Map<String, ForeignType> columns, List<List<@Nullable Object>> rows)
      throws Exception {
    if (!raw().createForeignTable(TABLE, columns, rows)) {
      throw new NotApplicable("the fixture lays down no table of another system");
    }
  }

  /** The notes of the rows that are left, by key. */
  private Map<String, String> left(String key, String note) throws Exception {
    closeStorage();
    Map<String, String> left = new TreeMap<>();
    for (Map<String, @Nullable String> row : raw().rowsOf(TABLE)) {
      left.merge(
          String.valueOf(row.get(key)), String.valueOf(row.get(note)), (a, b) -> a + " and " + b);
    }
    return left;
  }

  // ---- what the columns mean -------------------------------------------------------------------

  /** A serial id, and the names that OpenTelemetry's SDKs and many tables use. */
  @Test
  public final void commonNames_areDetected() throws Exception {
    DedupeMigration migration =
        migration(
            columns(
                "id", ForeignType.INTEGER,
                "trace_id", ForeignType.TEXT,
                "span_id", ForeignType.TEXT,
                "name", ForeignType.TEXT,
                "start_time", ForeignType.TIME,
                "end_time", ForeignType.TIME),
            List.of(
                row(1L, "t", "s", "run", NOON, null),
                row(2L, "t", "s", "done", NOON, NOON.plusSeconds(1))));
    assertThat(migration.plan().surplusRows()).isEqualTo(1);
    assertThat(migration.apply(MigrationListener.NONE).rowsArchived()).isEqualTo(1);
    assertThat(left("span_id", "name")).isEqualTo(Map.of("s", "done"));
  }

  /** The Collector's names: a duration beside a start is as good as an end. */
  @Test
  public final void pascalCaseWithDuration_isDetected() throws Exception {
    DedupeMigration migration =
        migration(
            columns(
                "Timestamp", ForeignType.TIME,
                "TraceId", ForeignType.TEXT,
                "SpanId", ForeignType.TEXT,
                "SpanName", ForeignType.TEXT,
                "Duration", ForeignType.INTEGER),
            List.of(
                row(NOON, "t", "s", "running", 0L),
                row(NOON, "t", "s", "done", 1_000L),
                row(NOON, "t", "other", "alone", 5L)));
    assertThat(migration.plan().surplusRows()).isEqualTo(1);
    migration.apply(MigrationListener.NONE);
    closeStorage();
    Set<String> names = new TreeSet<>();
    for (Map<String, @Nullable String> row : raw().rowsOf(TABLE)) {
      row.forEach(
          (column, value) -> {
            if (column.equalsIgnoreCase("SpanName")) {
              names.add(String.valueOf(value));
            }
          });
    }
    assertThat(names).containsExactly("alone", "done");
  }

  /** What no name shows can be said, and the message that asks for it says how. */
  @Test
  public final void namedColumns_meanWhatIsSaid() throws Exception {
    Map<String, ForeignType> columns =
        columns(
            "tr", ForeignType.TEXT,
            "span_id", ForeignType.TEXT,
            "note", ForeignType.TEXT,
            "closed", ForeignType.INTEGER,
            "touched", ForeignType.INTEGER);
    DedupeMigration unnamed =
        migration(
            columns,
            List.of(
                row("t", "s", "run", null, 9L),
                row("t", "s", "old", 5L, 1L),
                row("t", "s", "new", 5L, 2L)));
    StorageException refused = thrown(StorageException.class, unnamed::plan);
    assertThat(refused.kind()).isEqualTo(FailureKind.CONFIGURATION);
    assertThat(refused)
        .hasMessageContaining("--column trace-id=NAME")
        .hasMessageContaining("--column ended-at=NAME")
        .hasMessageContaining("closed");
    SpanTable named =
        SpanTable.named(TABLE)
            .withNamed(
                Map.of(
                    ColumnRole.TRACE_ID, "tr",
                    ColumnRole.ENDED_AT, "closed",
                    ColumnRole.UPDATED_AT, "touched"));
    DedupeMigration migration = open(Map.of()).migration(named);
    assertThat(migration.plan().surplusRows()).isEqualTo(2);
    migration.apply(MigrationListener.NONE);
    assertThat(left("span_id", "note")).isEqualTo(Map.of("s", "new"));
  }

  // ---- what decides ----------------------------------------------------------------------------

  /** Nothing, nought and what is no number are no end, in whatever type. */
  @Test
  public final void emptyEnd_isRunning() throws Exception {
    List<List<@Nullable Object>> texts = new ArrayList<>();
    List<String> empty = List.of("", " ", "0", "false", "NaN", "Infinity");
    for (String end : empty) {
      texts.add(row("t", "<" + end + ">", "done", "2026-01-01T12:00:05Z", "2026-01-01T12:00:05Z"));
      texts.add(row("t", "<" + end + ">", "running", end, "2026-01-01T12:00:10Z"));
    }
    migration(
            columns(
                "trace_id", ForeignType.TEXT,
                "span_id", ForeignType.TEXT,
                "note", ForeignType.TEXT,
                "ended_at", ForeignType.TEXT,
                "updated_at", ForeignType.TEXT),
            texts)
        .apply(MigrationListener.NONE);
    Map<String, String> left = left("span_id", "note");
    assertThat(left).hasSize(empty.size());
    assertThat(left.entrySet())
        .allSatisfy(e -> assertThat(e.getValue()).as(e.getKey()).isEqualTo("done"));
  }

  /** The same of whole numbers. */
  @Test
  public final void endOfNought_isRunning() throws Exception {
    migration(
            columns(
                "trace_id", ForeignType.TEXT,
                "span_id", ForeignType.TEXT,
                "note", ForeignType.TEXT,
                "ended_at", ForeignType.INTEGER,
                "updated_at", ForeignType.INTEGER),
            List.of(
                row("t", "s", "done", 1_764_000_005_000_000_000L, 1_764_000_005_000_000_000L),
                row("t", "s", "running", 0L, 1_764_000_009_000_000_000L)))
        .apply(MigrationListener.NONE);
    assertThat(left("span_id", "note")).isEqualTo(Map.of("s", "done"));
  }

  /** The same of numbers with a point; and such an update is older than every other. */
  @Test
  public final void endThatIsNoNumber_isRunning_andSuchAnUpdateIsOldest() throws Exception {
    List<List<@Nullable Object>> rows = new ArrayList<>();
    double[] nones =
        raw().hasNonFiniteNumbers()
            ? new double[] {0, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}
            : new double[] {0};
    for (double none : nones) {
      rows.add(row("t", "end " + none, "good", 5.0, 5.0));
      rows.add(row("t", "end " + none, "bad", none, 9.0));
      rows.add(row("t", "update " + none, "good", 5.0, 1_764_000_005.5));
      rows.add(row("t", "update " + none, "bad", 5.0, none));
    }
    migration(
            columns(
                "trace_id", ForeignType.TEXT,
                "span_id", ForeignType.TEXT,
                "note", ForeignType.TEXT,
                "ended_at", ForeignType.NUMBER,
                "updated_at", ForeignType.NUMBER),
            rows)
        .apply(MigrationListener.NONE);
    Map<String, String> left = left("span_id", "note");
    assertThat(left).hasSize(rows.size() / 2);
    assertThat(left.entrySet())
        .allSatisfy(e -> assertThat(e.getValue()).as(e.getKey()).isEqualTo("good"));
  }

  /** Text that is no time ranks below every time, and breaks nothing. */
  @Test
  public final void updateThatIsNoTime_isOldest() throws Exception {
    List<List<@Nullable Object>> rows = new ArrayList<>();
    for (String none : List.of("", "yesterday", "zzz", "2026-13-45T00:00:00Z")) {
      rows.add(row("t", "<" + none + ">", "good", "2026-01-01T12:00:00Z", "2026-01-01T12:00:00Z"));
      rows.add(row("t", "<" + none + ">", "bad", "2026-01-01T12:00:00Z", none));
    }
    migration(
            columns(
                "trace_id", ForeignType.TEXT,
                "span_id", ForeignType.TEXT,
                "note", ForeignType.TEXT,
                "ended_at", ForeignType.TEXT,
                "updated_at", ForeignType.TEXT),
            rows)
        .apply(MigrationListener.NONE);
    Map<String, String> left = left("span_id", "note");
    assertThat(left.entrySet())
        .allSatisfy(e -> assertThat(e.getValue()).as(e.getKey()).isEqualTo("good"));
  }

  /** Times of one column in more than one form rank as times, and the archive says so. */
  @Test
  public final void timesOfMixedForms_rankAsTimes_andTheReasonSaysSo() throws Exception {
    DedupeMigration migration =
        migration(
            columns(
                "trace_id", ForeignType.TEXT,
                "span_id", ForeignType.TEXT,
                "note", ForeignType.TEXT,
                "ended_at", ForeignType.TEXT,
                "updated_at", ForeignType.TEXT),
            List.of(
                row("t", "s", "new", "2026-01-01T08:00:00Z", "2026-01-01T09:00:00Z"),
                // As text it would be the later one.
                row("t", "s", "old", "2026-01-01T08:00:00Z", "2026-01-01T10:00:00+02:00")));
    String id = migrationId(migration.apply(MigrationListener.NONE));
    List<String> reasons = new ArrayList<>();
    migration.archived(id, row -> reasons.add(row.reason()));
    assertThat(reasons).containsExactly("older updated_at than another copy");
    assertThat(left("span_id", "note")).isEqualTo(Map.of("s", "new"));
  }

  /** At equal times the copy that says more stays: first by its columns, then by its text. */
  @Test
  public final void copyThatSaysMore_staysAtEqualTimes() throws Exception {
    String time = "2026-01-01T12:00:00Z";
    List<List<@Nullable Object>> rows = new ArrayList<>();
    for (int turn = 0; turn < 2; turn++) {
      List<List<@Nullable Object>> copies = new ArrayList<>();
      copies.add(row("t", "columns" + turn, "more", "in", "out", time, time));
      copies.add(row("t", "columns" + turn, "less and yet longer text", "in", null, time, time));
      copies.add(row("t", "text" + turn, "more", "in", "out put", time, time));
      copies.add(row("t", "text" + turn, "less", "in", "out", time, time));
      if (turn == 1) {
        java.util.Collections.reverse(copies);
      }
      rows.addAll(copies);
    }
    DedupeMigration migration =
        migration(
            columns(
                "trace_id", ForeignType.TEXT,
                "span_id", ForeignType.TEXT,
                "note", ForeignType.TEXT,
                "input", ForeignType.TEXT,
                "output", ForeignType.TEXT,
                "ended_at", ForeignType.TEXT,
                "updated_at", ForeignType.TEXT),
            rows);
    String id = migrationId(migration.apply(MigrationListener.NONE));
    Set<String> reasons = new TreeSet<>();
    migration.archived(id, row -> reasons.add(row.reason()));
    assertThat(reasons).containsExactly("says less than another copy of the same times");
    assertThat(left("span_id", "note"))
        .isEqualTo(
            Map.of("columns0", "more", "columns1", "more", "text0", "more", "text1", "more"));
  }

  // ---- what is no duplicate --------------------------------------------------------------------

  private static List<List<@Nullable Object>> events(String second) {
    List<List<@Nullable Object>> rows = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      rows.add(row("start", "t", "s" + i, NOON, null));
      rows.add(row(second, "t", "s" + i, NOON, NOON.plusSeconds(1)));
    }
    return rows;
  }

  /** Start and end events of one span are both needed, so such a table is refused. */
  @Test
  public final void eventStore_isRefused_andNothingIsChanged() throws Exception {
    DedupeMigration migration =
        migration(
            columns(
                "eventType", ForeignType.TEXT,
                "traceId", ForeignType.TEXT,
                "spanId", ForeignType.TEXT,
                "timestamp", ForeignType.TIME,
                "endedAt", ForeignType.TIME),
            events("end"));
    assertThat(migration.plan().refusals())
        .anySatisfy(refusal -> assertThat(refusal).contains("eventType"));
    StorageException refused =
        thrown(StorageException.class, () -> migration.apply(MigrationListener.NONE));
    assertThat(refused.kind()).isEqualTo(FailureKind.CONFIGURATION);
    assertThat(refused).hasMessageContaining("eventType");
    closeStorage();
    assertThat(raw().rowsOf(TABLE)).hasSize(10);
  }

  /** One kind of event in each key is no event store; that most keys are pairs is told. */
  @Test
  public final void pairsOfRunningAndCompleted_areToldAndMigrated() throws Exception {
    DedupeMigration migration =
        migration(
            columns(
                "event_type", ForeignType.TEXT,
                "trace_id", ForeignType.TEXT,
                "span_id", ForeignType.TEXT,
                "timestamp", ForeignType.TIME,
                "ended_at", ForeignType.TIME),
            events("start"));
    MigrationPlan plan = migration.plan();
    assertThat(plan.refusals()).isEmpty();
    assertThat(plan.details().notes())
        .anySatisfy(note -> assertThat(note).contains("exactly one running and one completed row"));
    assertThat(migration.apply(MigrationListener.NONE).rowsArchived()).isEqualTo(5);
  }

  /** Rows that other tables refer to can't be moved, so the plan refuses them. */
  @Test
  public final void rowsReferredTo_areRefusedInThePlan() throws Exception {
    lay(
        columns(
            "id", ForeignType.INTEGER,
            "trace_id", ForeignType.TEXT,
            "span_id", ForeignType.TEXT,
            "ended_at", ForeignType.TIME),
        List.of(row(1L, "t", "s", null), row(2L, "t", "s", NOON)));
    if (!raw().referTo(TABLE, "id")) {
      refusedAsDeclared("the engine has no foreign keys");
      return;
    }
    DedupeMigration migration = open(Map.of()).migration(SpanTable.named(TABLE));
    assertThat(migration.plan().refusals())
        .anySatisfy(refusal -> assertThat(refusal).contains(TABLE + "_scores"));
    assertThat(thrown(StorageException.class, () -> migration.apply(MigrationListener.NONE)).kind())
        .isEqualTo(FailureKind.CONFIGURATION);
    closeStorage();
    assertThat(raw().rowsOf(TABLE)).hasSize(2);
  }
}
