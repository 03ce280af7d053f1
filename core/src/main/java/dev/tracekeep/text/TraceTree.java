package dev.tracekeep.text;

import dev.tracekeep.span.Span;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The spans of a trace as the lines of a tree, parents before children, siblings by start. Spans
 * whose parent was never stored, and spans whose parents form a circle, stand under a marker of
 * their own: none is lost. Iterative, so that no chain of spans is too deep.
 */
final class TraceTree {
  /** From here on the lines are not indented any further: names must stay readable. */
  static final int MAX_INDENT = 16;

  /**
   * A line.
   *
   * @param lead what stands before the text: indentation and branch
   * @param span the span; null for a marker
   * @param marker why the spans under this line are not under their parent; null for a span
   */
  record Line(String lead, @Nullable Span span, @Nullable String marker) {}

  private record Pending(Line line, int depth, String childLead) {}

  private final Glyphs glyphs;
  private final Map<String, List<Span>> children = new HashMap<>();
  private final Set<String> visited = new HashSet<>();
  private final List<Line> lines = new ArrayList<>();

  private TraceTree(Glyphs glyphs) {
    this.glyphs = glyphs;
  }

  /**
   * The lines.
   *
   * @param spans of one trace, in the order in which siblings shall stand
   */
  static List<Line> lines(List<Span> spans, Glyphs glyphs) {
    TraceTree tree = new TraceTree(glyphs);
    tree.build(spans);
    return tree.lines;
  }

  private void build(List<Span> spans) {
    Set<String> present = new HashSet<>();
    spans.forEach(span -> present.add(span.key().spanId()));
    List<Span> roots = new ArrayList<>();
    Map<String, List<Span>> orphans = new LinkedHashMap<>();
    for (Span span : spans) {
      String parent = span.parentSpanId();
      if (parent == null) {
        roots.add(span);
      } else if (present.contains(parent)) {
        children.computeIfAbsent(parent, id -> new ArrayList<>()).add(span);
      } else {
        orphans.computeIfAbsent(parent, id -> new ArrayList<>()).add(span);
      }
    }
    roots.forEach(this::addRoot);
    orphans.forEach(
        (parent, below) -> addMarked("parent " + parent + " is not in this trace", below));
    for (Span span : spans) {
      // Whatever was not reached from a root or an orphan hangs below a circle of parents.
      if (!visited.contains(span.key().spanId())) {
        addMarked("the parents of these spans form a circle", List.of(span));
      }
    }
  }

  private void addRoot(Span root) {
    walk(List.of(new Pending(new Line("", root, null), 0, "")));
  }

  private void addMarked(String marker, List<Span> spans) {
    lines.add(new Line("", null, marker));
    walk(pending(spans, 1, ""));
  }

  private void walk(List<Pending> start) {
    Deque<Pending> stack = new ArrayDeque<>(start);
    while (!stack.isEmpty()) {
      Pending next = stack.pop();
      Span span = next.line.span();
      if (span == null || !visited.add(span.key().spanId())) {
        continue;
      }
      lines.add(next.line);
      List<Span> below = children.getOrDefault(span.key().spanId(), List.of());
      List<Pending> pending = pending(below, next.depth + 1, next.childLead);
      for (int i = pending.size() - 1; i >= 0; i--) {
        stack.push(pending.get(i));
      }
    }
  }

  private List<Pending> pending(List<Span> siblings, int depth, String lead) {
    List<Span> open =
        siblings.stream().filter(span -> !visited.contains(span.key().spanId())).toList();
    List<Pending> pending = new ArrayList<>(open.size());
    for (int i = 0; i < open.size(); i++) {
      boolean last = i == open.size() - 1;
      boolean deepest = depth >= MAX_INDENT;
      String childLead = deepest ? lead : lead + (last ? "  " : glyphs.trunk);
      String branch = (last ? glyphs.lastBranch : glyphs.branch) + (deepest ? depth + ": " : "");
      pending.add(new Pending(new Line(lead + branch, open.get(i), null), depth, childLead));
    }
    return pending;
  }
}
