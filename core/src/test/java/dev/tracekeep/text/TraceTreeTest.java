package dev.tracekeep.text;

import static dev.tracekeep.text.TestSpans.ended;
import static dev.tracekeep.text.TestSpans.trace;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Span;
import dev.tracekeep.storage.Trace;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class TraceTreeTest {
  private static List<String> lines(Trace trace) {
    return TraceTree.lines(trace.spans(), Glyphs.UNICODE).stream()
        .map(
            line ->
                line.span() == null
                    ? line.lead() + "(" + line.marker() + ")"
                    : line.lead() + line.span().key().spanId())
        .toList();
  }

  @Test
  void lines_childrenUnderParentsByStart() {
    assertThat(
            lines(
                trace(
                    ended("root", null, 0, 9),
                    ended("b", "root", 3, 4),
                    ended("a", "root", 1, 2),
                    ended("a2", "a", 1, 2),
                    ended("b1", "b", 3, 4),
                    ended("a1", "a", 1, 1))))
        .containsExactly("root", "├ a", "│ ├ a1", "│ └ a2", "└ b", "  └ b1");
  }

  @Test
  void lines_severalRoots_standSideBySide() {
    assertThat(lines(trace(ended("r1", null, 0, 1), ended("r2", null, 2, 3))))
        .containsExactly("r1", "r2");
  }

  @Test
  void lines_missingParents_standUnderAMarkerEach() {
    assertThat(
            lines(
                trace(
                    ended("root", null, 0, 9),
                    ended("x", "gone", 1, 2),
                    ended("x1", "x", 1, 2),
                    ended("y", "gone", 3, 4),
                    ended("z", "lost", 5, 6))))
        .containsExactly(
            "root",
            "(parent gone is not in this trace)",
            "├ x",
            "│ └ x1",
            "└ y",
            "(parent lost is not in this trace)",
            "└ z");
  }

  @Test
  void lines_parentsInACircle_areAllShownOnce_andTheOwnParentIsARoot() {
    assertThat(
            lines(
                trace(
                    ended("root", null, 0, 9),
                    ended("a", "b", 1, 2),
                    ended("b", "a", 2, 3),
                    ended("c", "b", 3, 4),
                    ended("self", "self", 5, 6))))
        .containsExactly(
            "root",
            "self",
            "(the parents of these spans form a circle)",
            "└ a",
            "  └ b",
            "    └ c");
  }

  @Test
  void lines_deepChain_stopsIndentingAndCountsInstead() {
    List<Span> chain = new ArrayList<>();
    chain.add(ended("s0", null, 0, 1));
    for (int i = 1; i < 10_000; i++) {
      chain.add(ended("s" + i, "s" + (i - 1), i, i + 1));
    }
    List<String> lines = lines(new Trace(TestSpans.TRACE, chain));
    assertThat(lines).hasSize(10_000);
    assertThat(lines.get(2)).isEqualTo("  └ s2");
    assertThat(lines.get(9_999)).isEqualTo(" ".repeat(30) + "└ 9999: s9999");
  }

  @Test
  @Timeout(1200)
  void lines_manySpans_areFast() {
    List<Span> spans = new ArrayList<>();
    spans.add(ended("root", null, 0, 1));
    for (int i = 0; i < 10_000; i++) {
      spans.add(ended("s" + i, "root", i, i + 1));
    }
    // Of the processor alone, so that what else the machine does is no matter.
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long start = threads.getCurrentThreadCpuTime();
    assertThat(TraceTree.lines(spans, Glyphs.ASCII)).hasSize(10_001);
    assertThat(Duration.ofNanos(threads.getCurrentThreadCpuTime() - start))
        .isLessThan(Duration.ofSeconds(10));
  }
}
