package dev.tracekeep.adapter.mongo;

import com.mongodb.MongoException;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Projections;
import com.mongodb.client.model.Sorts;
import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.PruneReport;
import dev.tracekeep.storage.PruneRequest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.bson.BsonArray;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonInt64;
import org.bson.BsonString;
import org.bson.conversions.Bson;

/**
 * Deletes whole traces. Of each the roots go last, so what was cut off can be seen and repeated.
 */
final class TraceRemover {
  private static final int TRACES_PER_COMMAND = 300;

  /** Traces found by one look at all spans of a tenant. */
  private static final int TRACES_PER_LOOK = 10_000;

  private static final String ENDED = SpanColumn.ENDED_AT.columnName();
  private static final String STARTED = SpanColumn.STARTED_AT.columnName();

  private final MongoConnection connection;
  private final String table;

  TraceRemover(MongoConnection connection, String table) {
    this.connection = connection;
    this.table = table;
  }

  private MongoCollection<BsonDocument> spans(MongoDatabase database) {
    return database.getCollection(table, BsonDocument.class);
  }

  /** Deletes traces; returns how many there were. */
  int delete(List<TraceKey> traces) {
    SortedMap<String, List<String>> byTenant = new TreeMap<>();
    traces.forEach(
        t -> byTenant.computeIfAbsent(t.tenantId(), any -> new ArrayList<>()).add(t.traceId()));
    int deleted = 0;
    for (var tenant : byTenant.entrySet()) {
      for (List<String> chunk : chunks(tenant.getValue())) {
        Bson filter = SpanKeys.inTraces(tenant.getKey(), chunk);
        deleted += SpanKeys.tracesOf(connection.primary(), table, filter).size();
        deleteSpans(filter);
      }
    }
    return deleted;
  }

  private long deleteSpans(Bson filter) {
    Bson children = Filters.and(filter, Filters.ne(SpanCodec.ROOT, true));
    return spans(connection.primary()).deleteMany(children).getDeletedCount()
        + spans(connection.primary()).deleteMany(filter).getDeletedCount();
  }

  /** Deletes traces whose last activity lies before the cut, oldest first. */
  PruneReport prune(PruneRequest request) {
    long traces = 0;
    long spans = 0;
    while (traces < request.maxTraces()) {
      int wanted = (int) Math.min(TRACES_PER_LOOK, request.maxTraces() - traces);
      List<String> old = oldTraces(request, wanted);
      for (List<String> chunk : chunks(old)) {
        List<String> idle = idle(request, chunk);
        spans += deleteSpans(SpanKeys.inTraces(request.tenantId(), idle));
        traces += idle.size();
      }
      if (old.size() < wanted) {
        return new PruneReport(traces, spans, true);
      }
    }
    return new PruneReport(traces, spans, oldTraces(request, 1).isEmpty());
  }

  /** The traces that still have no span at or behind the cut: others may have written meanwhile. */
  private List<String> idle(PruneRequest request, List<String> traceIds) {
    BsonInt64 cut = new BsonInt64(EpochNanos.of(request.before()));
    Bson active =
        Filters.or(
            Filters.gte(ENDED, cut),
            Filters.and(Filters.eq(ENDED, null), Filters.gte(STARTED, cut)));
    Set<String> busy =
        SpanKeys.tracesOf(
            connection.primary(),
            table,
            Filters.and(SpanKeys.inTraces(request.tenantId(), traceIds), active));
    return traceIds.stream().filter(trace -> !busy.contains(trace)).toList();
  }

  private List<String> oldTraces(PruneRequest request, int limit) {
    try {
      return oldTracesByServer(request, limit);
    } catch (MongoException e) {
      if (!MongoFailures.isNotSupported(e)) {
        throw e;
      }
      // FerretDB 1 can add up, and find no greatest.
      return oldTracesByClient(request, limit);
    }
  }

  List<String> oldTracesByServer(PruneRequest request, int limit) {
    BsonDocument activity =
        new BsonDocument(
            "$ifNull",
            new BsonArray(List.of(new BsonString("$" + ENDED), new BsonString("$" + STARTED))));
    BsonDocument group =
        new BsonDocument("_id", new BsonString("$" + SpanKeys.TRACE))
            .append("last", new BsonDocument("$max", activity));
    BsonDocument isOld =
        new BsonDocument(
            "last", new BsonDocument("$lt", new BsonInt64(EpochNanos.of(request.before()))));
    List<String> traceIds = new ArrayList<>();
    spans(connection.primary())
        .aggregate(
            List.of(
                new BsonDocument(
                    "$match",
                    new BsonDocument(SpanKeys.TENANT, new BsonString(request.tenantId()))),
                new BsonDocument("$group", group),
                new BsonDocument("$match", isOld),
                new BsonDocument("$sort", SpanIndexes.on(List.of("last", "_id"))),
                new BsonDocument("$limit", new BsonInt32(limit))))
        .allowDiskUse(true)
        .forEach(trace -> traceIds.add(trace.getString("_id").getValue()));
    return traceIds;
  }

  private record Activity(String traceId, long last) {}

  List<String> oldTracesByClient(PruneRequest request, int limit) {
    long cut = EpochNanos.of(request.before());
    Comparator<Activity> oldestFirst =
        Comparator.comparing(Activity::last).thenComparing(Activity::traceId);
    PriorityQueue<Activity> oldest = new PriorityQueue<>(oldestFirst.reversed());
    Activity[] current = {null};
    Runnable finish =
        () -> {
          if (current[0] != null && current[0].last() < cut) {
            oldest.add(current[0]);
            if (oldest.size() > limit) {
              oldest.remove();
            }
          }
        };
    spans(connection.primary())
        .find(Filters.eq(SpanKeys.TENANT, request.tenantId()))
        .projection(Projections.include(SpanKeys.TRACE, STARTED, ENDED))
        .sort(Sorts.ascending(SpanKeys.TRACE))
        .forEach(
            span -> {
              String trace = span.getString(SpanKeys.TRACE).getValue();
              long last = span.getNumber(span.containsKey(ENDED) ? ENDED : STARTED).longValue();
              if (current[0] == null || !current[0].traceId().equals(trace)) {
                finish.run();
                current[0] = new Activity(trace, last);
              } else if (last > current[0].last()) {
                current[0] = new Activity(trace, last);
              }
            });
    finish.run();
    return oldest.stream().sorted(oldestFirst).map(Activity::traceId).toList();
  }

  private static List<List<String>> chunks(Collection<String> all) {
    List<String> list = List.copyOf(all);
    List<List<String>> chunks = new ArrayList<>();
    for (int i = 0; i < list.size(); i += TRACES_PER_COMMAND) {
      chunks.add(list.subList(i, Math.min(list.size(), i + TRACES_PER_COMMAND)));
    }
    return chunks;
  }
}
