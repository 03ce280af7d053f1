package dev.tracekeep.storage.spi;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A batch reduced to the best description of each span, in the order of the keys. Engines never see
 * a key twice in one statement (PostgreSQL refuses it, DuckDB lets the first row win without a
 * word), and two overlapping batches take their row locks in the same order.
 *
 * @param spans one for each key, in key order; unmodifiable
 * @param duplicates how many of the given spans were left out for a better one of the same key
 */
public record SpanBatch(List<Span> spans, int duplicates) {
  /** Copies the list. */
  public SpanBatch {
    spans = List.copyOf(spans);
  }

  /** Reduces the given spans; their order does not matter. */
  public static SpanBatch of(Collection<Span> given) {
    SortedMap<SpanKey, Span> best = new TreeMap<>();
    for (Span span : given) {
      best.merge(span.key(), span, Span::orBetter);
    }
    return new SpanBatch(List.copyOf(best.values()), given.size() - best.size());
  }
}
