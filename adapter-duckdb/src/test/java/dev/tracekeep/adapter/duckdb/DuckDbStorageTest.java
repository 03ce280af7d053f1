package dev.tracekeep.adapter.duckdb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.InitReport;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.Storages;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceSummary;
import dev.tracekeep.storage.WriteResult.Counts;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DuckDbStorageTest {
  private static final Instant START = Instant.parse("2026-01-02T03:04:05.123456789Z");

  private static Span span(String trace, String id) {
    return Span.builder(SpanKey.of(trace, id))
        .name("work " + id)
        .startedAt(START)
        .createdAt(START)
        .updatedAt(START.plusNanos(1))
        .tags(List.of("a", "b"))
        .payload(
            Payload.builder()
                .input(Json.parse("{\"b\":1.0,\"a\":[]}"))
                .metadata(Json.parse("{\"k\":\"v\",\"n\":1}"))
                .build())
        .build();
  }

  @Test
  void create_readsBackExactly() {
    try (ObservabilityStorage storage = Storages.open("jdbc:duckdb:")) {
      assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.CREATED);
      assertThat(storage.init().outcome()).isEqualTo(InitReport.Outcome.OPENED);
      Span span = span("t1", "s1");
      assertThat(storage.createSpan(span).counts()).isEqualTo(new Counts(1, 0, 0));
      assertThat(storage.createSpan(span).counts()).isEqualTo(new Counts(0, 0, 1));
      assertThat(storage.getSpan(span.key())).contains(span);
      assertThat(storage.getTrace(TraceKey.of("t1")).orElseThrow().spans()).containsExactly(span);
      assertThat(
              storage
                  .listTraces(
                      TraceQuery.builder("default").metadata("n", Json.parse("1e0")).build())
                  .items())
          .containsExactly(new TraceSummary(span.toLight()));
      assertThat(
              storage
                  .listTraces(TraceQuery.builder("default").metadata("k", Json.of("w")).build())
                  .items())
          .isEmpty();
      assertThat(storage.statistics()).isEqualTo(new StorageStatistics(1, 1, 1, 0, 1));
    }
  }

  @Test
  void update_overridesFillsAndReportsMissing() {
    try (ObservabilityStorage storage = Storages.open("jdbc:duckdb:")) {
      storage.init();
      Span span = span("t1", "s1");
      storage.createSpan(span);
      SpanUpdate end =
          SpanUpdate.builder(span.key(), START.plusSeconds(5))
              .endedAt(START.plusSeconds(4))
              .output(Json.of("done"))
              .build();
      assertThat(storage.updateSpan(end).counts()).isEqualTo(new Counts(0, 1, 0));
      assertThat(storage.updateSpan(end).counts()).isEqualTo(new Counts(0, 0, 1));
      assertThat(storage.createSpan(span).counts()).isEqualTo(new Counts(0, 0, 1));
      assertThat(storage.getSpan(span.key()).orElseThrow().payload().output())
          .isEqualTo(Json.of("done"));
      SpanKey unknown = SpanKey.of("t1", "nobody");
      assertThat(storage.updateSpan(SpanUpdate.builder(unknown, START).name("x").build()).missing())
          .containsExactly(unknown);
    }
  }

  @Test
  void batch_ofNewThenMixedKeys_countsExactly() {
    try (ObservabilityStorage storage = Storages.open("jdbc:duckdb:")) {
      storage.init();
      List<Span> spans = new ArrayList<>();
      for (int i = 0; i < 5000; i++) {
        spans.add(span("t" + i / 50, "s" + i));
      }
      assertThat(storage.batchCreateSpans(spans).counts()).isEqualTo(new Counts(5000, 0, 0));
      assertThat(storage.batchCreateSpans(spans).counts()).isEqualTo(new Counts(0, 0, 5000));
      spans.add(span("new", "new"));
      spans.set(0, spans.get(0).toBuilder().endedAt(START.plusSeconds(1)).build());
      assertThat(storage.batchCreateSpans(spans).counts()).isEqualTo(new Counts(1, 1, 4999));
      assertThat(storage.batchDeleteTraces(List.of(TraceKey.of("t1"), TraceKey.of("nobody"))))
          .isEqualTo(1);
      assertThat(storage.statistics().spans()).isEqualTo(4951);
    }
  }
}
