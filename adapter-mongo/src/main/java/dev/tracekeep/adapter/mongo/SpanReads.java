package dev.tracekeep.adapter.mongo;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.TraceQuery;
import java.util.List;
import java.util.Optional;

/** How spans are read: from a collection that holds each once, or from one that does not yet. */
interface SpanReads {
  Optional<Span> span(SpanKey key);

  /** The first root of a trace. */
  Optional<Span> root(TraceKey trace);

  /** All spans of a trace, in any order. */
  List<Span> trace(TraceKey trace, List<SpanColumn> columns);

  /** Light roots as {@code AbstractObservabilityStorage.readHeads} wants them. */
  List<Span> roots(TraceQuery query, int limit);

  StorageStatistics statistics();
}
