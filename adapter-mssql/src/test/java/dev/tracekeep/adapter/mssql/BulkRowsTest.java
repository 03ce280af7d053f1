package dev.tracekeep.adapter.mssql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BulkRowsTest {
  private static final Instant START = Instant.parse("2026-01-02T03:04:05.123456789Z");

  private static final Span SPAN =
      Span.builder(new SpanKey("tenant", "trace", "s "))
          .name("über")
          .startedAt(START)
          .tags(List.of("a", "\"b\""))
          .payload(Payload.builder().input(Json.parse("{\"b\":1.0}")).build())
          .build();

  private static Map<String, Object> row(BulkRows rows) {
    Object[] data = rows.getRowData();
    Map<String, Object> row = new HashMap<>();
    for (int i = 0; i < data.length; i++) {
      row.put(rows.getColumnName(i + 1), data[i]);
    }
    return row;
  }

  @Test
  void whole_hasEveryColumnInTheFormThatCrosses() {
    BulkRows rows = BulkRows.whole(List.of(SPAN));
    List<String> names = new ArrayList<>();
    SpanColumn.all().forEach(column -> names.add(column.columnName()));
    names.add("version");
    assertThat(rows.columnNames()).isEqualTo(names);
    assertThat(rows.getColumnOrdinals()).hasSize(names.size()).startsWith(1, 2);
    assertThat(rows.next()).isTrue();
    assertThat(row(rows))
        .containsEntry("tenant_id", "tenant")
        .containsEntry("span_id", String.format("%-128s002", "s "))
        .containsEntry("parent_span_id", null)
        .containsEntry("name", "über")
        .containsEntry("is_event", false)
        .containsEntry("started_at", EpochNanos.of(START))
        .containsEntry("ended_at", null)
        .containsEntry("tags", "[\"a\",\"\\\"b\\\"\"]")
        .containsEntry("input", "{\"b\":1.0}")
        .containsEntry("version", SPAN.version().toBytes());
    assertThat(rows.next()).isFalse();
  }

  @Test
  void keys_haveTheirPlaceInTheBatch() {
    BulkRows rows = BulkRows.keys(List.of(SPAN, SPAN));
    assertThat(rows.columnNames())
        .containsExactly("position", "tenant_id", "trace_id", "span_id", "started_at", "version");
    assertThat(rows.next()).isTrue();
    assertThat(rows.getRowData()[0]).isEqualTo(0);
    assertThat(rows.next()).isTrue();
    assertThat(rows.getRowData()[0]).isEqualTo(1);
    assertThat(rows.next()).isFalse();
  }

  /** A temporal type would go as text, and a server may make another time of it. */
  @Test
  void types_areNoTemporalOnes() {
    BulkRows rows = BulkRows.whole(List.of(SPAN));
    assertThat(rows.getColumnOrdinals().stream().map(rows::getColumnType).distinct())
        .containsExactlyInAnyOrder(
            Types.VARCHAR,
            Types.LONGNVARCHAR,
            Types.BIT,
            Types.BIGINT,
            Types.DECIMAL,
            Types.BINARY);
    assertThat(Arrays.asList(rows.getPrecision(1), rows.getPrecision(53))).containsExactly(131, 29);
  }
}
