package dev.tracekeep.adapter.mongo;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.SpanScan;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.StoredSpan;
import dev.tracekeep.storage.TraceQuery;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.bson.conversions.Bson;

/** How spans are read: from a collection that holds each once, or from one that does not yet. */
interface SpanReads {
  Optional<Span> span(SpanKey key);

  /** The first root of a trace. */
  Optional<Span> root(TraceKey trace);

  /** All spans of a trace, in any order. */
  List<Span> trace(TraceKey trace, List<SpanColumn> columns);

  /** Light heads as {@code AbstractObservabilityStorage.readHeads} wants them. */
  List<Span> heads(TraceQuery query, int limit);

  /**
   * Goes through spans, each once, in any order.
   *
   * @param keys a condition on the key alone
   * @param narrowing what every span meets that is looked for; it may be passed over
   * @param columns the columns that are needed
   */
  void forEach(
      Bson keys, Bson narrowing, List<SpanColumn> columns, Consumer<SpanCodec.Row> consumer);

  /** Goes through the spans of some keys, sorted and distinct. */
  void forEach(List<SpanKey> keys, List<SpanColumn> columns, Consumer<SpanCodec.Row> consumer);

  /** Goes through spans trace by trace; columns has the key among them. */
  void forEachTrace(Bson keys, List<SpanColumn> columns, Consumer<List<SpanCodec.Row>> consumer);

  /**
   * The next spans in key order, whole: at least one where there is one, else within the limits.
   */
  List<StoredSpan> next(SpanScan scan, int spans, long bytes);

  StorageStatistics statistics();
}
