package dev.tracekeep.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.Usage;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TraceStatisticsTest {
  private static final Instant T = Instant.parse("2026-11-20T10:00:00Z");

  private static Span span(String id, @Nullable String parent, long tokens, String cost) {
    return Span.builder(SpanKey.of("trace", id))
        .name(id)
        .parentSpanId(parent)
        .startedAt(T)
        .createdAt(T)
        .updatedAt(T)
        .usage(Usage.builder().inputTokens(tokens).cost(new BigDecimal(cost)).build())
        .build();
  }

  @Test
  void whatAnAgentRepeatsOfItsCalls_countsOnce() {
    TraceStatistics statistics =
        TraceStatistics.of(
            List.of(
                span("agent", null, 7, "0.70"),
                span("call 1", "agent", 3, "0.30"),
                span("call 2", "agent", 4, "0.40")));

    assertThat(statistics.sums())
        .isEqualTo(
            Map.of(
                SpanColumn.INPUT_TOKENS, new BigDecimal("7"),
                SpanColumn.COST, new BigDecimal("0.7")));
  }
}
