package dev.tracekeep.adapter.mongo;

import com.mongodb.client.model.Filters;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.ServiceLink;
import dev.tracekeep.storage.SpanAggregate;
import dev.tracekeep.storage.SpanAggregation;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.SpanPosition;
import dev.tracekeep.storage.SpanQuery;
import dev.tracekeep.storage.SpanScan;
import dev.tracekeep.storage.SpanValue;
import dev.tracekeep.storage.StoredSpan;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceStatistics;
import dev.tracekeep.storage.ValueQuery;
import dev.tracekeep.storage.spi.TracePages;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.bson.conversions.Bson;
import org.jspecify.annotations.Nullable;

/**
 * What is found across traces. The server narrows, and sends the fields that are looked at of what
 * is left; core decides, and keeps no more than the answer needs.
 */
final class SpanSearch {
  /** A part of a scan has at most so many spans, and so many bytes of content. */
  private static final int SCANNED_SPANS = 1_000;

  private static final long SCANNED_BYTES = 4 << 20;

  private final SpanReads reads;

  SpanSearch(SpanReads reads) {
    this.reads = reads;
  }

  private static Bson ofTenant(String tenantId) {
    return Filters.eq(SpanKeys.TENANT, tenantId);
  }

  private void forEachMatching(
      String tenantId,
      SpanFilter filter,
      List<SpanColumn> wanted,
      Consumer<SpanCodec.Row> consumer) {
    Set<SpanColumn> columns = new TreeSet<>(wanted);
    columns.addAll(filter.columns());
    reads.forEach(
        ofTenant(tenantId),
        FilterBson.of(filter),
        List.copyOf(columns),
        row -> {
          if (filter.matches(row::value)) {
            consumer.accept(row);
          }
        });
  }

  // ---- spans -----------------------------------------------------------------------------------

  /** A span and where it stands. */
  private record Place(SpanPosition position, SpanKey key) {}

  /** The first light spans that a query asks for, in order. */
  List<Span> spans(SpanQuery query, int limit) {
    Comparator<SpanPosition> order = query.order().positions();
    @Nullable SpanPosition after = query.after().orElse(null);
    PriorityQueue<Place> first =
        new PriorityQueue<>(Comparator.comparing(Place::position, order.reversed()));
    forEachMatching(
        query.tenantId(),
        query.filter(),
        List.of(
            SpanColumn.TENANT_ID,
            SpanColumn.TRACE_ID,
            SpanColumn.SPAN_ID,
            SpanColumn.NAME,
            SpanColumn.SPAN_TYPE,
            SpanColumn.STARTED_AT,
            SpanColumn.ENDED_AT),
        row -> {
          Span span = row.span(SpanColumn.light());
          SpanPosition position = query.order().positionOf(span);
          if (after == null || order.compare(position, after) > 0) {
            first.add(new Place(position, span.key()));
            if (first.size() > limit) {
              first.remove();
            }
          }
        });
    List<Place> places =
        first.stream().sorted(Comparator.comparing(Place::position, order)).toList();
    Map<SpanKey, Span> light = new HashMap<>();
    reads.forEach(
        places.stream().map(Place::key).toList(),
        SpanColumn.light(),
        row -> {
          Span span = row.span(SpanColumn.light());
          light.put(span.key(), span);
        });
    // One that was deleted between the two looks is on no page.
    return places.stream()
        .map(place -> light.get(place.key()))
        .filter(span -> span != null)
        .toList();
  }

  long count(SpanQuery query) {
    long[] count = {0};
    forEachMatching(
        query.tenantId(), query.filter(), List.of(SpanColumn.SPAN_ID), row -> count[0]++);
    return count[0];
  }

  /** Counts what the pages of a list show. */
  long count(TraceQuery query) {
    return TracePages.count(query, reads::heads);
  }

  // ---- values and aggregates -------------------------------------------------------------------

  /** The first values that a query asks for, in order. */
  List<SpanValue> values(ValueQuery query, int limit) {
    ValueQuery.Collector collector = query.collector(limit);
    forEachMatching(
        query.tenantId(),
        query.filter(),
        List.of(query.source().column()),
        row -> collector.add(row::value));
    return collector.values();
  }

  List<SpanAggregate> aggregates(SpanAggregation question) {
    SpanAggregation.Collector collector = question.collector();
    forEachMatching(
        question.tenantId(),
        question.filter(),
        question.columnsRead(),
        row -> collector.add(row::value));
    return collector.groups();
  }

  /** Goes through the spans trace by trace, which is the order of the key. */
  List<ServiceLink> serviceLinks(String tenantId, TimeRange startedAt) {
    Map<List<String>, long[]> links = new HashMap<>();
    reads.forEachTrace(
        ofTenant(tenantId),
        List.of(
            SpanColumn.TENANT_ID,
            SpanColumn.TRACE_ID,
            SpanColumn.SPAN_ID,
            SpanColumn.PARENT_SPAN_ID,
            SpanColumn.STARTED_AT,
            SpanColumn.SERVICE_NAME,
            SpanColumn.ERROR),
        trace -> {
          Map<String, String> services = new HashMap<>();
          for (SpanCodec.Row row : trace) {
            String service = (String) row.value(SpanColumn.SERVICE_NAME);
            if (service != null) {
              services.put(String.valueOf(row.value(SpanColumn.SPAN_ID)), service);
            }
          }
          for (SpanCodec.Row row : trace) {
            String parent = (String) row.value(SpanColumn.PARENT_SPAN_ID);
            String service = (String) row.value(SpanColumn.SERVICE_NAME);
            String caller = parent == null ? null : services.get(parent);
            boolean counts =
                caller != null
                    && service != null
                    && !caller.equals(service)
                    && startedAt.contains((Instant) row.value(SpanColumn.STARTED_AT));
            if (counts) {
              long[] link = links.computeIfAbsent(List.of(caller, service), k -> new long[2]);
              link[0]++;
              link[1] += row.value(SpanColumn.ERROR) != null ? 1 : 0;
            }
          }
        });
    List<ServiceLink> answer = new ArrayList<>();
    links.forEach(
        (pair, link) -> answer.add(new ServiceLink(pair.get(0), pair.get(1), link[0], link[1])));
    return answer;
  }

  // ---- by keys ---------------------------------------------------------------------------------

  /** Whole spans of some keys. */
  List<Span> spans(List<SpanKey> keys) {
    List<Span> spans = new ArrayList<>();
    reads.forEach(keys, SpanColumn.all(), row -> spans.add(row.span()));
    return spans;
  }

  /** All spans of some traces, whole. */
  List<Span> traces(List<TraceKey> traces) {
    List<Span> spans = new ArrayList<>();
    byTenant(traces)
        .forEach(
            (tenant, ids) ->
                reads.forEach(
                    SpanKeys.inTraces(tenant, ids),
                    Filters.empty(),
                    SpanColumn.all(),
                    row -> spans.add(row.span())));
    return spans;
  }

  private static Map<String, List<String>> byTenant(List<TraceKey> traces) {
    return traces.stream()
        .collect(
            Collectors.groupingBy(
                TraceKey::tenantId,
                TreeMap::new,
                Collectors.mapping(TraceKey::traceId, Collectors.toList())));
  }

  /** What some traces come to over all of their spans. */
  Map<TraceKey, TraceStatistics> statistics(List<TraceKey> traces) {
    Map<TraceKey, List<Span>> found = new HashMap<>();
    byTenant(traces)
        .forEach(
            (tenant, ids) ->
                reads.forEach(
                    SpanKeys.inTraces(tenant, ids),
                    Filters.empty(),
                    TraceStatistics.COLUMNS,
                    row -> {
                      Span span = row.span(SpanColumn.light());
                      found.computeIfAbsent(span.key().trace(), k -> new ArrayList<>()).add(span);
                    }));
    Map<TraceKey, TraceStatistics> statistics = new HashMap<>();
    found.forEach((key, spans) -> statistics.put(key, TraceStatistics.of(spans)));
    return statistics;
  }

  /** The next spans in key order, as many as fit the memory. */
  List<StoredSpan> next(SpanScan scan) {
    return reads.next(scan, SCANNED_SPANS, SCANNED_BYTES);
  }
}
