package dev.tracekeep.storage.spi;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * A batch reduced to the best description of each span, in the order of the keys. Engines never see
 * a key twice in one statement (PostgreSQL refuses it, DuckDB lets the first row win without a
 * word), and two overlapping batches take their row locks in the same order.
 *
 * @param spans one for each key, in key order; unmodifiable
 * @param duplicates how many of the given spans were left out for a better one of the same key
 * @param conflictingStarts the keys under which spans of two or more starts were given, in order: a
 *     span keeps its start, so these are different spans under one identity
 */
public record SpanBatch(List<Span> spans, int duplicates, List<SpanKey> conflictingStarts) {
  /** Copies the lists. */
  public SpanBatch {
    spans = List.copyOf(spans);
    conflictingStarts = List.copyOf(conflictingStarts);
  }

  /** Reduces the given spans; their order does not matter. */
  public static SpanBatch of(Collection<Span> given) {
    Span[] sorted = given.toArray(Span[]::new);
    Arrays.sort(sorted, (left, right) -> left.key().compareTo(right.key()));
    List<Span> best = new ArrayList<>(sorted.length);
    SortedSet<SpanKey> conflicting = new TreeSet<>();
    for (Span span : sorted) {
      int last = best.size() - 1;
      if (last < 0 || !best.get(last).key().equals(span.key())) {
        best.add(span);
        continue;
      }
      Span known = best.get(last);
      if (!known.times().startedAt().equals(span.times().startedAt())) {
        conflicting.add(span.key());
      }
      best.set(last, known.orBetter(span));
    }
    return new SpanBatch(best, sorted.length - best.size(), List.copyOf(conflicting));
  }
}
