package dev.tracekeep.adapter.pg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.TraceOrder;
import dev.tracekeep.storage.TraceQuery;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * That lists read what they show, not what there is: the blocks that the server counts for the
 * table and its indexes, in a table of 10,000 blocks and more.
 */
@Timeout(1200)
@Tag("engine")
class PgIndexesTest {
  @RegisterExtension static final PgDatabase DATABASE = new PgDatabase();

  private static final Instant START = Instant.parse("2026-01-02T03:04:05Z");
  private static final int TRACES = 400;
  private static final int SPANS_PER_TRACE = 50;

  private static void fill(ObservabilityStorage storage) {
    Json input = Json.of("x".repeat(1900));
    for (int t = 0; t < TRACES; t += 40) {
      List<Span> batch = new ArrayList<>();
      for (int i = 0; i < 40 * SPANS_PER_TRACE; i++) {
        int trace = t + i / SPANS_PER_TRACE;
        int number = i % SPANS_PER_TRACE;
        Json error = trace % 20 == 0 && number == 7 ? Json.of("boom") : null;
        batch.add(
            Span.builder(SpanKey.of("t" + trace, "s" + number))
                .name("work")
                .parentSpanId(number == 0 ? null : "s0")
                .startedAt(START.plusSeconds(trace * 61L % 400))
                .endedAt(START.plusSeconds(trace * 61L % 400 + 1))
                .payload(Payload.builder().input(input).error(error).build())
                .build());
      }
      storage.batchCreateSpans(batch);
    }
  }

  /** Blocks of the table and its indexes that were read so far, by connections that are closed. */
  private static long blocks() throws SQLException {
    return Long.parseLong(
        DATABASE
            .rows(
                "SELECT heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0)"
                    + " FROM pg_statio_user_tables WHERE relname = 'tracekeep_spans'")
            .get(0));
  }

  /** Counters arrive some time after a connection is closed. */
  private static long blocksAbove(long before) throws SQLException {
    awaitDisconnected();
    long now = blocks();
    while (now <= before) {
      now = blocks();
    }
    return now;
  }

  /** A server process reports its counters before it is gone. */
  private static void awaitDisconnected() throws SQLException {
    while (!DATABASE
        .rows(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                + " AND application_name = 'tracekeep'")
        .isEmpty()) {
      Thread.onSpinWait();
    }
  }

  /** Waits until the counters of everything that is done have arrived: unchanged for a second. */
  private static void settle() throws SQLException {
    awaitDisconnected();
    long last = blocks();
    long since = System.nanoTime();
    while (System.nanoTime() - since < 1_000_000_000L) {
      long now = blocks();
      if (now != last) {
        last = now;
        since = System.nanoTime();
      }
    }
  }

  private static long blocksOf(Consumer<ObservabilityStorage> reading) throws SQLException {
    long before = blocks();
    try (ObservabilityStorage storage = DATABASE.open("pool-size", "1")) {
      storage.init();
      reading.accept(storage);
    }
    return blocksAbove(before) - before;
  }

  private static TraceQuery.Builder query() {
    return TraceQuery.builder("default").limit(10);
  }

  @Test
  void lists_readAHandfulOfBlocks() throws SQLException {
    try (ObservabilityStorage storage = DATABASE.open()) {
      storage.init();
      fill(storage);
    }
    DATABASE.execute(
        "ALTER TABLE tracekeep_spans SET (autovacuum_enabled = off)",
        "VACUUM ANALYZE tracekeep_spans");
    settle();
    // The spans within the page are looked at, too: a trace among them may have no root.
    assertThat(blocksOf(s -> s.listTraces(query().build()))).isLessThan(3000);
    for (TraceOrder order : TraceOrder.values()) {
      assertThat(blocksOf(s -> s.listTraces(query().order(order).build())))
          .as(order.toString())
          .isLessThan(3000);
    }
    assertThat(blocksOf(s -> s.listTraces(query().hasChildError(false).build()))).isLessThan(3000);
    assertThat(blocksOf(s -> s.listTraces(query().hasChildError(true).build()))).isLessThan(6000);
    assertThat(blocksOf(s -> s.getTrace(TraceKey.of("t1")))).isLessThan(100);
    assertThat(blocksOf(s -> s.getRootSpan(TraceKey.of("t1")))).isLessThan(50);
  }
}
