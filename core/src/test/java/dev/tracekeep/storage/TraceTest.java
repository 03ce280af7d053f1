package dev.tracekeep.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TraceTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private static Span span(String id, @Nullable String parent, int second) {
    return Span.builder(SpanKey.of("t", id))
        .name(id)
        .parentSpanId(parent)
        .startedAt(START.plusSeconds(second))
        .build();
  }

  @Test
  void trace_tellsRootsChildrenAndOrphans() {
    Span root = span("a", null, 1);
    Span second = span("b", null, 2);
    Span late = span("d", "a", 9);
    Span early = span("c", "a", 3);
    Span own = span("e", "e", 4);
    Span orphan = span("f", "nowhere", 5);
    Trace trace = new Trace(TraceKey.of("t"), List.of(orphan, own, late, early, second, root));

    assertThat(trace.roots()).containsExactly(root, second, own);
    assertThat(trace.children(root)).containsExactly(early, late);
    assertThat(trace.children(second)).isEmpty();
    assertThat(trace.children(own)).isEmpty();
    assertThat(trace.orphans()).containsExactly(orphan);
  }

  @Test
  void walk_readsAPageWhenTheOneBeforeIsUsedUp() {
    Map<String, Page<Integer>> pages =
        Map.of(
            "first", new Page<>(List.of(1, 2), "second"),
            "second", new Page<>(List.of(), "third"),
            "third", new Page<>(List.of(3), null));
    List<String> read = new ArrayList<>();

    assertThat(
            Page.walk(
                    cursor -> {
                      String at = cursor == null ? "first" : cursor;
                      read.add(at);
                      return pages.get(at);
                    })
                .toList())
        .containsExactly(1, 2, 3);
    assertThat(read).containsExactly("first", "second", "third");
  }

  @Test
  void closedRange_hasBothEnds() {
    TimeRange range = TimeRange.closed(START, START.plusSeconds(1));

    assertThat(range.contains(START)).isTrue();
    assertThat(range.contains(START.plusSeconds(1))).isTrue();
    assertThat(range.contains(START.plusSeconds(1).plusNanos(1))).isFalse();
  }
}
