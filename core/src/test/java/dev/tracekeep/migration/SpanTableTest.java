package dev.tracekeep.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.migration.SpanTable.Columns;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SpanTableTest {
  @Test
  void named_splitsTheSchemaOff() {
    assertThat(SpanTable.named("spans")).isEqualTo(new SpanTable(null, "spans", null));
    assertThat(SpanTable.named("s.spans")).isEqualTo(new SpanTable("s", "spans", null));
    assertThat(SpanTable.named("s.spans")).hasToString("s.spans");
    for (String blank : List.of("", " ", ".", "s.", ".spans")) {
      assertThatThrownBy(() -> SpanTable.named(blank))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("A table's name and schema must not be blank");
    }
  }

  @Test
  void detect_knowsBothNamings() {
    assertThat(Columns.detect("t", Set.of("traceId", "spanId", "endedAt", "createdAt", "x")))
        .isEqualTo(new Columns(null, "traceId", "spanId", "endedAt", null, "createdAt", null));
    Columns ours =
        Columns.detect(
            "t",
            Set.of(
                "tenant_id",
                "trace_id",
                "span_id",
                "span_type",
                "is_event",
                "ended_at",
                "updated_at",
                "created_at",
                "version"));
    assertThat(ours)
        .isEqualTo(
            new Columns(
                "tenant_id",
                "trace_id",
                "span_id",
                "ended_at",
                "updated_at",
                "created_at",
                "version"));
    assertThat(ours.key()).containsExactly("tenant_id", "trace_id", "span_id");
  }

  @Test
  void detect_takesNoForeignVersionForOurs() {
    assertThat(Columns.detect("t", Set.of("trace_id", "span_id", "ended_at", "version")).version())
        .isNull();
    assertThat(Columns.detect("t", Set.of("traceId", "spanId", "endedAt", "version")).version())
        .isNull();
  }

  /** The columns of the OpenTelemetry Collector's table in ClickHouse, and of others. */
  @Test
  void detect_knowsTheNamesOfTheField() {
    assertThat(
            Columns.detect(
                "otel_traces",
                Set.of("Timestamp", "TraceId", "SpanId", "ParentSpanId", "Duration", "Events")))
        .isEqualTo(
            new Columns(null, "TraceId", "SpanId", "Duration", null, null, null, "Timestamp"));
    assertThat(
            Columns.detect(
                "spans", Set.of("id", "trace_id", "span_id", "start_time", "end_time", "name")))
        .isEqualTo(
            new Columns(null, "trace_id", "span_id", "end_time", null, null, null, "start_time"));
    assertThat(
            Columns.detect(
                "spans",
                Set.of("TRACE_ID", "SPAN_ID", "START_TIME_UNIX_NANO", "END_TIME_UNIX_NANO")))
        .isEqualTo(
            new Columns(
                null,
                "TRACE_ID",
                "SPAN_ID",
                "END_TIME_UNIX_NANO",
                null,
                null,
                null,
                "START_TIME_UNIX_NANO"));
  }

  @Test
  void detect_takesADurationForAnEndOnlyBesideAStartAndWithoutAnEnd() {
    assertThatThrownBy(() -> Columns.detect("t", Set.of("trace_id", "span_id", "duration")))
        .hasMessageContaining("no column is known to mean ended-at");
    assertThat(
            Columns.detect("t", Set.of("trace_id", "span_id", "start", "duration", "end"))
                .endedAt())
        .isEqualTo("end");
  }

  @Test
  void detect_doesNotChooseBetweenTwoSpellings() {
    assertThatThrownBy(
            () -> Columns.detect("t", Set.of("trace_id", "traceId", "span_id", "ended_at")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "In the table t more than one column can mean trace-id: traceId, trace_id."
                + " Say which one does: 'tracekeep migrate' takes --column trace-id=NAME.");
  }

  @Test
  void named_leavesTheRestToTheNames() {
    SpanTable table =
        SpanTable.named("t")
            .withNamed(
                Map.of(
                    ColumnRole.ENDED_AT,
                    "closed",
                    ColumnRole.UPDATED_AT,
                    "UPDATED",
                    ColumnRole.TENANT_ID,
                    "org"));
    assertThat(table.columnsAmong(Set.of("trace_id", "span_id", "closed", "updated", "org")))
        .isEqualTo(new Columns("org", "trace_id", "span_id", "closed", "updated", null, null));
    assertThatThrownBy(() -> table.columnsAmong(Set.of("trace_id", "span_id", "ended_at")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("The table t has no column ")
        .hasMessageContaining("Its columns are ended_at, span_id, trace_id.");
  }

  @Test
  void named_turnsTheVersionOffWhereAnotherColumnIsTheEnd() {
    Set<String> ours =
        Set.of(
            "tenant_id",
            "trace_id",
            "span_id",
            "span_type",
            "is_event",
            "ended_at",
            "version",
            "stop");
    assertThat(SpanTable.named("t").columnsAmong(ours).version()).isEqualTo("version");
    assertThat(
            SpanTable.named("t")
                .withNamed(Map.of(ColumnRole.ENDED_AT, "stop"))
                .columnsAmong(ours)
                .version())
        .isNull();
  }

  @Test
  void named_isRefusedBesideAllColumns() {
    Columns all = new Columns(null, "t", "s", "e", null, null, null);
    assertThatThrownBy(() -> new SpanTable(null, "t", all, Map.of(ColumnRole.SPAN_ID, "s")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(SpanTable.named("t").withColumns(all).columnsAmong(Set.of())).isEqualTo(all);
  }

  @Test
  void detect_namesWhatIsMissingAndHowToSayIt() {
    assertThatThrownBy(() -> Columns.detect("s.t", Set.of("trace_id", "name")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "In the table s.t no column is known to mean span-id, ended-at. Its columns are name,"
                + " trace_id. Say which one does: 'tracekeep migrate' takes --column span-id=NAME"
                + " --column ended-at=NAME.");
  }

  @Test
  void labels_areTheirOwnInverse() {
    for (ColumnRole role : ColumnRole.values()) {
      assertThat(ColumnRole.labelled(role.label())).contains(role);
    }
    assertThat(ColumnRole.labelled("end")).isEmpty();
  }
}
