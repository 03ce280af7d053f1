package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Page;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.TraceOrder;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceSummary;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Every order is total, and every page has its part. */
@CheckGroup("Pages and order")
abstract class PageChecks extends FilterChecks {
  /** A limit counts traces, not spans, and takes them from the right end. */
  @Test
  public final void limit_countsTracesExactly() {
    ObservabilityStorage storage = storage();
    List<Span> all = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      Span root = Spans.root("t" + i).startedAt(Spans.at(i * 5 % 12)).build();
      all.add(root);
      for (int child = 0; child < i; child++) {
        all.add(
            Spans.span(SpanKey.of("t" + i, "c" + child))
                .parentSpanId(Spans.SPAN)
                .startedAt(Spans.at(-100 + child))
                .build());
      }
    }
    storage.batchCreateSpans(all);
    for (int limit : List.of(1, 11, 12, 13, TraceQuery.MAX_LIMIT)) {
      Page<TraceSummary> page = storage.listTraces(query().limit(limit).build());
      assertThat(page.items()).hasSize(Math.min(limit, 12));
      assertThat(page.nextCursor().isPresent())
          .as("a page follows %s of 12", limit)
          .isEqualTo(limit < 12);
      assertThat(page.items().get(0).head().times().startedAt()).isEqualTo(Spans.at(11));
    }
  }

  /** For every page size the pages together are the list, also when all times are the same. */
  @Test
  public final void pages_partitionTheResult() {
    ObservabilityStorage storage = storage();
    List<Span> all = new ArrayList<>();
    for (int i = 0; i < 17; i++) {
      Instant end = i % 3 == 0 ? null : Spans.at(i % 2);
      // Ids that a collation would put in another order than their bytes.
      String id = List.of("a", "B", "_", "-", "0").get(i % 5) + (i < 9 ? "x" : "X") + i;
      all.add(Spans.span(SpanKey.of(id, "s" + i % 2)).endedAt(end).build());
    }
    storage.batchCreateSpans(all);
    for (TraceOrder order : TraceOrder.values()) {
      List<Span> expected = all.stream().sorted(order.comparator()).map(Span::toLight).toList();
      for (int size : List.of(1, 2, 3, 5, 8, 16, 17, 18)) {
        assertThat(walk(storage, query -> query.order(order), size))
            .as("%s in pages of %s", order, size)
            .isEqualTo(expected);
      }
    }
  }

  /** A cursor of another query, order or tenant is refused; a walk never repeats a trace. */
  @Test
  public final void pageToken_isBoundToQueryAndTenant_andWalkNeverRepeatsUnderInserts() {
    ObservabilityStorage storage = storage();
    List<Span> all = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      all.add(Spans.root("t" + i).startedAt(Spans.at(i)).build());
    }
    storage.batchCreateSpans(all);
    String cursor = storage.listTraces(query().limit(4).build()).nextCursor().orElseThrow();
    for (TraceQuery.Builder other :
        List.of(
            TraceQuery.builder("other"),
            query().tag("x"),
            query().status(SpanStatus.RUNNING),
            query().order(TraceOrder.STARTED_AT_ASCENDING),
            query().startedAt(TimeRange.since(Spans.T0)))) {
      assertThatThrownBy(() -> storage.listTraces(other.cursor(cursor).build()))
          .isInstanceOf(IllegalArgumentException.class);
    }
    for (String forged : List.of("", "x", "no cursor at all", cursor.substring(8))) {
      assertThatThrownBy(() -> storage.listTraces(query().cursor(forged).build()))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(storage.listTraces(query().limit(2).cursor(cursor).build()).items())
        .hasSize(2)
        .extracting(summary -> summary.key().traceId())
        .containsExactly("t5", "t4");

    List<String> walked = new ArrayList<>();
    String next = null;
    int inserted = 0;
    do {
      Page<TraceSummary> page = storage.listTraces(query().limit(3).cursor(next).build());
      page.items().forEach(summary -> walked.add(summary.key().traceId()));
      storage.createSpan(Spans.root("early" + inserted).startedAt(Spans.at(100)).build());
      storage.createSpan(Spans.root("late" + inserted++).startedAt(Spans.at(-100)).build());
      next = page.cursor();
    } while (next != null && inserted < 50);
    assertThat(walked).doesNotHaveDuplicates();
    assertThat(walked).containsAll(all.stream().map(span -> span.key().traceId()).toList());
  }

  /** The order is total, and a missing end stands at the same place everywhere. */
  @Test
  public final void order_isTotalAndNullsPlaced() {
    ObservabilityStorage storage = storage();
    List<Span> all = new ArrayList<>();
    for (String id : List.of("b", "B", "a", "A", "Z", "_", "~", " ")) {
      all.add(Spans.root(id + "1").build());
      all.add(Spans.root(id + "2").endedAt(Spans.at(1)).build());
      all.add(Spans.root(id + "3").endedAt(Spans.at(-1)).startedAt(Spans.T0.plusNanos(1)).build());
    }
    storage.batchCreateSpans(all);
    for (TraceOrder order : TraceOrder.values()) {
      List<String> listed = new ArrayList<>();
      storage
          .listTraces(query().order(order).limit(100).build())
          .items()
          .forEach(summary -> listed.add(summary.key().traceId()));
      assertThat(listed)
          .as("%s", order)
          .isEqualTo(
              all.stream().sorted(order.comparator()).map(span -> span.key().traceId()).toList());
    }
    // Said once more in words, in case the comparator is wrong.
    assertThat(firstBy(storage, TraceOrder.ENDED_AT_DESCENDING).times().endedAt()).isNull();
    assertThat(firstBy(storage, TraceOrder.ENDED_AT_ASCENDING).times().endedAt())
        .isEqualTo(Spans.at(-1));
    assertThat(firstBy(storage, TraceOrder.STARTED_AT_DESCENDING).key().traceId()).isEqualTo(" 3");
    assertThat(firstBy(storage, TraceOrder.STARTED_AT_ASCENDING).key().traceId()).isEqualTo(" 1");
  }

  private Span firstBy(ObservabilityStorage storage, TraceOrder order) {
    return storage.listTraces(query().order(order).limit(1).build()).items().get(0).head();
  }

  /** All pages of a size, one after the other. */
  static List<Span> walk(
      ObservabilityStorage storage, UnaryOperator<TraceQuery.Builder> filter, int size) {
    List<Span> walked = new ArrayList<>();
    String cursor = null;
    do {
      Page<TraceSummary> page =
          storage.listTraces(filter.apply(query()).limit(size).cursor(cursor).build());
      page.items().forEach(summary -> walked.add(summary.head()));
      cursor = page.cursor();
    } while (cursor != null && walked.size() < 10_000);
    return walked;
  }
}
