package dev.tracekeep.storage;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.TraceKey;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * All spans of a trace.
 *
 * @param key the trace
 * @param spans at least one, by start and then by span id; unmodifiable
 */
public record Trace(TraceKey key, List<Span> spans) {
  /** The order of spans within a trace: by start, ties by span id. */
  public static final Comparator<Span> ORDER =
      Comparator.comparing((Span span) -> span.times().startedAt())
          .thenComparing(span -> span.key().spanId());

  /** Sorts a copy of the spans. */
  public Trace {
    if (spans.isEmpty()) {
      throw new IllegalArgumentException("A trace has at least one span");
    }
    spans = spans.stream().sorted(ORDER).toList();
  }

  /** The first span without a parent; empty where the root was never written. */
  public Optional<Span> root() {
    return spans.stream().filter(Span::isRoot).findFirst();
  }

  /**
   * All {@linkplain Span#isRoot() roots}, in order: more than one where a trace was begun twice.
   */
  public List<Span> roots() {
    return spans.stream().filter(Span::isRoot).toList();
  }

  /** The spans whose parent a span is, in order; a span is no child of itself. */
  public List<Span> children(Span parent) {
    String id = parent.key().spanId();
    return spans.stream()
        .filter(span -> id.equals(span.parentSpanId()) && !id.equals(span.key().spanId()))
        .toList();
  }

  /** The spans that name a parent which is not stored, in order. */
  public List<Span> orphans() {
    Set<String> stored =
        spans.stream().map(span -> span.key().spanId()).collect(Collectors.toSet());
    return spans.stream()
        .filter(span -> !span.isRoot() && !stored.contains(span.parentSpanId()))
        .toList();
  }

  /** The span by which the trace is listed: its root, or where none is stored its first span. */
  public Span head() {
    return root().orElse(spans.get(0));
  }
}
