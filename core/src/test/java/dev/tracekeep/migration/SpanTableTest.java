package dev.tracekeep.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.migration.SpanTable.Columns;
import java.util.List;
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

  @Test
  void detect_namesWhatIsMissing() {
    assertThatThrownBy(() -> Columns.detect("s.t", Set.of("trace_id", "name")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "The table s.t is no span table: it has no column span_id, ended_at."
                + " Say which columns mean trace id, span id and end.");
  }
}
