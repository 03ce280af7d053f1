package dev.tracekeep.adapter.mongo;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoCursor;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Sorts;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.SpanScan;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.StoredSpan;
import dev.tracekeep.storage.Trace;
import dev.tracekeep.storage.TraceQuery;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.bson.conversions.Bson;

/**
 * Reads a collection that was not migrated as if it held each span once. It goes through all spans
 * of a tenant for a list, and holds those of one trace at a time: a view for emergencies.
 */
final class DuplicateReads implements SpanReads {
  private final MongoConnection connection;
  private final String table;

  DuplicateReads(MongoConnection connection, String table) {
    this.connection = connection;
    this.table = table;
  }

  private MongoCollection<Span> spans() {
    return connection.unhurried().getCollection(table, Span.class);
  }

  @Override
  public Optional<Span> span(SpanKey key) {
    return best(SpanKeys.of(key)).stream().findFirst();
  }

  @Override
  public Optional<Span> root(TraceKey trace) {
    return root(best(SpanKeys.of(trace)));
  }

  private static Optional<Span> root(Collection<Span> trace) {
    return trace.stream().filter(Span::isRoot).min(Trace.ORDER);
  }

  @Override
  public List<Span> trace(TraceKey trace, List<SpanColumn> columns) {
    boolean light = columns.size() < SpanColumn.all().size();
    return best(SpanKeys.of(trace)).stream().map(span -> light ? span.toLight() : span).toList();
  }

  private List<Span> best(Bson filter) {
    SortedMap<SpanKey, Span> best = new TreeMap<>();
    spans().find(filter).forEach(span -> best.merge(span.key(), span, Span::orBetter));
    return List.copyOf(best.values());
  }

  @Override
  public List<Span> heads(TraceQuery query, int limit) {
    Comparator<Span> order = query.order().comparator();
    PriorityQueue<Span> first = new PriorityQueue<>(order.reversed());
    forEachTrace(
        Filters.eq(SpanKeys.TENANT, query.tenantId()),
        spans ->
            Optional.of(new Trace(spans.iterator().next().key().trace(), List.copyOf(spans)))
                .filter(query::matches)
                .map(Trace::head)
                .filter(
                    head ->
                        query
                            .after()
                            .map(
                                after ->
                                    query
                                            .order()
                                            .positions()
                                            .compare(query.order().positionOf(head), after)
                                        > 0)
                            .orElse(true))
                .ifPresent(
                    head -> {
                      first.add(head.toLight());
                      if (first.size() > limit) {
                        first.remove();
                      }
                    }));
    return first.stream().sorted(order).toList();
  }

  private void forEachTrace(Bson filter, Consumer<Collection<Span>> action) {
    SortedMap<SpanKey, Span> trace = new TreeMap<>();
    Runnable finish =
        () -> {
          if (!trace.isEmpty()) {
            action.accept(List.copyOf(trace.values()));
            trace.clear();
          }
        };
    spans()
        .find(filter)
        .sort(Sorts.ascending(SpanKeys.TENANT, SpanKeys.TRACE))
        .allowDiskUse(true)
        .batchSize(Streams.documentsAtOnce(connection.unhurried(), table))
        .forEach(
            span -> {
              if (!trace.isEmpty() && !trace.firstKey().trace().equals(span.key().trace())) {
                finish.run();
              }
              trace.merge(span.key(), span, Span::orBetter);
            });
    finish.run();
  }

  @Override
  public void forEach(
      Bson keys, Bson narrowing, List<SpanColumn> columns, Consumer<SpanCodec.Row> consumer) {
    // A worse copy may meet what the best one does not, so nothing is narrowed by.
    forEachTrace(keys, trace -> trace.forEach(span -> consumer.accept(SpanCodec.Row.of(span))));
  }

  @Override
  public void forEach(
      List<SpanKey> keys, List<SpanColumn> columns, Consumer<SpanCodec.Row> consumer) {
    keys.forEach(key -> span(key).ifPresent(span -> consumer.accept(SpanCodec.Row.of(span))));
  }

  @Override
  public void forEachTrace(
      Bson keys, List<SpanColumn> columns, Consumer<List<SpanCodec.Row>> consumer) {
    forEachTrace(keys, trace -> consumer.accept(trace.stream().map(SpanCodec.Row::of).toList()));
  }

  @Override
  public List<StoredSpan> next(SpanScan scan, int spans, long bytes) {
    List<StoredSpan> next = new ArrayList<>();
    long size = 0;
    Span best = null;
    try (MongoCursor<Span> copies =
        spans()
            .find(SpanKeys.within(scan))
            .sort(Sorts.ascending(SpanKeys.TENANT, SpanKeys.TRACE, SpanKeys.SPAN))
            .allowDiskUse(true)
            .batchSize(Streams.documentsAtOnce(connection.unhurried(), table))
            .iterator()) {
      while (copies.hasNext()) {
        Span span = copies.next();
        if (best != null && !best.key().equals(span.key())) {
          next.add(new StoredSpan(best, best.version()));
          size += best.version().contentBytes();
          if (next.size() >= spans || size >= bytes) {
            return next;
          }
          best = null;
        }
        best = best == null ? span : best.orBetter(span);
      }
    }
    if (best != null) {
      next.add(new StoredSpan(best, best.version()));
    }
    return next;
  }

  @Override
  public StorageStatistics statistics() {
    long[] counts = new long[5];
    String[] tenant = {""};
    forEachTrace(
        Filters.empty(),
        trace -> {
          counts[0] += trace.size();
          counts[1]++;
          for (Span span : trace) {
            SpanStatus status = span.status();
            counts[2] += status == SpanStatus.RUNNING ? 1 : 0;
            counts[3] += status == SpanStatus.ERROR ? 1 : 0;
            if (!span.key().tenantId().equals(tenant[0])) {
              tenant[0] = span.key().tenantId();
              counts[4]++;
            }
          }
        });
    return new StorageStatistics(counts[0], counts[1], counts[2], counts[3], counts[4]);
  }
}
