package dev.tracekeep.adapter.mongo;

import com.mongodb.client.FindIterable;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Projections;
import com.mongodb.client.model.Sorts;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.RootPresence;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.SpanPosition;
import dev.tracekeep.storage.SpanScan;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.StoredSpan;
import dev.tracekeep.storage.TraceQuery;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bson.BsonDocument;
import org.bson.BsonString;
import org.bson.conversions.Bson;
import org.jspecify.annotations.Nullable;

/** Reads a collection that holds each span once. Thread-safe. */
final class UniqueReads implements SpanReads {
  /** Spans asked for at once where a question remains that only a second look can answer. */
  private static final int FIRST_LOOK = 100;

  private static final int LARGEST_LOOK = 2000;

  private static final SpanFilter FAILED = SpanFilter.builder().present(SpanColumn.ERROR).build();

  private static final Bson LIGHT = light();

  private final MongoConnection connection;
  private final String table;

  UniqueReads(MongoConnection connection, String table) {
    this.connection = connection;
    this.table = table;
  }

  private static Bson light() {
    List<String> without = new ArrayList<>(List.of("_id", SpanCodec.DERIVED));
    without.add(SpanColumn.VERSION_NAME);
    SpanColumn.all().stream()
        .filter(SpanColumn::isHeavy)
        .forEach(column -> without.add(column.columnName()));
    return Projections.exclude(without);
  }

  private MongoCollection<SpanCodec.Row> rows() {
    return connection.database().getCollection(table, SpanCodec.Row.class);
  }

  @Override
  public Optional<Span> span(SpanKey key) {
    return Optional.ofNullable(rows().find(SpanKeys.of(key)).first())
        .map(row -> row.span(SpanColumn.all()));
  }

  @Override
  public Optional<Span> root(TraceKey trace) {
    return Optional.ofNullable(
            rows()
                .find(SpanKeys.of(trace).append(SpanCodec.ROOT, RootFilters.TRUE))
                .sort(Sorts.ascending(SpanColumn.STARTED_AT.columnName(), SpanKeys.SPAN))
                .first())
        .map(row -> row.span(SpanColumn.all()));
  }

  @Override
  public List<Span> trace(TraceKey trace, List<SpanColumn> columns) {
    FindIterable<SpanCodec.Row> found = rows().find(SpanKeys.of(trace));
    if (columns.size() < SpanColumn.all().size()) {
      found = found.projection(LIGHT);
    }
    List<Span> spans = new ArrayList<>();
    found.forEach(row -> spans.add(row.span(columns)));
    return spans;
  }

  // ---- the list of traces ----------------------------------------------------------------------

  /**
   * Two walks, each in the order of the list: one through the roots, one through all other spans
   * for those that a trace without a root is listed by. Each asks the index for some spans, and
   * then, for all traces of that answer at once, what one span cannot tell: whether it is what its
   * trace is listed by, and what other spans are. A join on the server would ask as often, once for
   * each span, and not every server has one.
   */
  @Override
  public List<Span> heads(TraceQuery query, int limit) {
    List<Span> heads = new ArrayList<>();
    if (query.roots() != RootPresence.MISSING) {
      heads.addAll(
          walk(
              query,
              limit,
              query.after().orElse(null),
              after -> RootFilters.of(query, after),
              RootFilters.order(query.order()),
              true));
    }
    if (query.roots() != RootPresence.STORED) {
      List<Span> rootless = new ArrayList<>();
      for (OtherSpans part : OtherSpans.inOrder(query)) {
        if (rootless.size() < limit) {
          rootless.addAll(
              walk(query, limit - rootless.size(), part.after(), part::filter, part.sort(), false));
        }
      }
      heads.addAll(rootless);
      heads.sort(query.order().comparator());
    }
    return heads.subList(0, Math.min(heads.size(), limit));
  }

  /**
   * @param filter the spans to walk through behind a position
   * @param roots whether these are roots
   */
  private List<Span> walk(
      TraceQuery query,
      int limit,
      @Nullable SpanPosition start,
      Function<@Nullable SpanPosition, BsonDocument> filter,
      BsonDocument sort,
      boolean roots) {
    boolean exact =
        roots
            && RootFilters.decides(query.root())
            && query.anySpan().isEmpty()
            && query.noSpan().isEmpty();
    int look = exact ? limit : Math.max(limit, FIRST_LOOK);
    List<SpanColumn> columns =
        Stream.concat(SpanColumn.light().stream(), query.root().columns().stream())
            .distinct()
            .toList();
    List<Span> heads = new ArrayList<>();
    @Nullable SpanPosition after = start;
    while (true) {
      List<SpanCodec.Row> found =
          rows()
              .find(filter.apply(after))
              .projection(only(columns))
              .sort(sort)
              .limit(look)
              .into(new ArrayList<>());
      heads.addAll(listed(query, found, roots));
      if (heads.size() >= limit || found.size() < look) {
        return heads.subList(0, Math.min(heads.size(), limit));
      }
      after = query.order().positionOf(found.get(found.size() - 1).span(SpanColumn.light()));
      look = Math.min(look * 2, LARGEST_LOOK);
    }
  }

  /** Those by which a trace is listed that passes the query. */
  private List<Span> listed(TraceQuery query, List<SpanCodec.Row> found, boolean roots) {
    List<Span> heads =
        found.stream()
            .filter(row -> query.root().matches(row::value))
            .map(row -> row.span(SpanColumn.light()))
            .toList();
    heads = onlyHeads(query.tenantId(), heads, roots);
    for (SpanFilter filter : query.anySpan()) {
      Set<String> passing = traces(query.tenantId(), heads, filter);
      heads = heads.stream().filter(head -> passing.contains(head.key().traceId())).toList();
    }
    for (SpanFilter filter : query.noSpan()) {
      Set<String> passing = traces(query.tenantId(), heads, filter);
      heads = heads.stream().filter(head -> !passing.contains(head.key().traceId())).toList();
    }
    return heads;
  }

  private List<Span> onlyHeads(String tenantId, List<Span> spans, boolean roots) {
    SortedSet<String> traceIds = traceIds(spans);
    if (traceIds.isEmpty()) {
      return spans;
    }
    Map<String, String> first = firstSpans(tenantId, traceIds, true);
    if (!roots) {
      traceIds.removeAll(first.keySet());
      first = traceIds.isEmpty() ? Map.of() : firstSpans(tenantId, traceIds, false);
    }
    Map<String, String> heads = first;
    return spans.stream()
        .filter(span -> roots || traceIds.contains(span.key().traceId()))
        .filter(
            span ->
                // Absent if it was deleted meanwhile: then it was there when it was found.
                span.key()
                    .spanId()
                    .equals(heads.getOrDefault(span.key().traceId(), span.key().spanId())))
        .toList();
  }

  private static SortedSet<String> traceIds(List<Span> spans) {
    return spans.stream()
        .map(span -> span.key().traceId())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Those of the spans' traces that have a span which passes. */
  private Set<String> traces(String tenantId, List<Span> spans, SpanFilter filter) {
    SortedSet<String> traceIds = traceIds(spans);
    if (traceIds.isEmpty()) {
      return Set.of();
    }
    if (filter.equals(FAILED)) {
      return failed(tenantId, traceIds);
    }
    Set<String> passing = new HashSet<>();
    List<SpanColumn> columns =
        Stream.concat(Stream.of(SpanColumn.TRACE_ID), filter.columns().stream())
            .distinct()
            .toList();
    forEach(
        SpanKeys.inTraces(tenantId, traceIds),
        FilterBson.of(filter),
        columns,
        row -> {
          if (filter.matches(row::value)) {
            passing.add(String.valueOf(row.value(SpanColumn.TRACE_ID)));
          }
        });
    return passing;
  }

  /** From each trace to the span id of its first root, or of its first span. */
  private Map<String, String> firstSpans(
      String tenantId, Collection<String> traceIds, boolean roots) {
    record Start(long time, String spanId) {}
    String started = SpanColumn.STARTED_AT.columnName();
    Map<String, Start> first = new HashMap<>();
    connection
        .database()
        .getCollection(table, BsonDocument.class)
        .find(
            Filters.and(
                SpanKeys.inTraces(tenantId, traceIds),
                roots ? new BsonDocument(SpanCodec.ROOT, RootFilters.TRUE) : new BsonDocument()))
        .projection(
            Projections.fields(
                Projections.include(SpanKeys.TRACE, SpanKeys.SPAN, started),
                Projections.excludeId()))
        .forEach(
            row ->
                first.merge(
                    row.getString(SpanKeys.TRACE).getValue(),
                    new Start(
                        row.getInt64(started).getValue(), row.getString(SpanKeys.SPAN).getValue()),
                    (a, b) ->
                        a.time() < b.time()
                                || a.time() == b.time() && a.spanId().compareTo(b.spanId()) < 0
                            ? a
                            : b));
    Map<String, String> spanIds = new HashMap<>();
    first.forEach((trace, start) -> spanIds.put(trace, start.spanId()));
    return spanIds;
  }

  private Set<String> failed(String tenantId, Collection<String> traceIds) {
    return SpanKeys.tracesOf(
        connection.database(),
        table,
        Filters.and(
            SpanKeys.inTraces(tenantId, traceIds),
            new BsonDocument(SpanCodec.FAILED, RootFilters.TRUE)));
  }

  // ---- many spans ------------------------------------------------------------------------------

  private static Bson only(List<SpanColumn> columns) {
    return columns.size() == SpanColumn.all().size()
        ? Projections.excludeId()
        : Projections.fields(
            Projections.include(columns.stream().map(SpanColumn::columnName).toList()),
            Projections.excludeId());
  }

  @Override
  public void forEach(
      Bson keys, Bson narrowing, List<SpanColumn> columns, Consumer<SpanCodec.Row> consumer) {
    rows()
        .find(Filters.and(keys, narrowing))
        .projection(only(columns))
        .forEach(row -> consumer.accept(row));
  }

  @Override
  public void forEach(
      List<SpanKey> keys, List<SpanColumn> columns, Consumer<SpanCodec.Row> consumer) {
    Set<SpanKey> wanted = new HashSet<>(keys);
    SpanKeys.forEachRow(
        connection.database(),
        table,
        keys,
        only(columns),
        row -> {
          if (wanted.contains(SpanKeys.key(row))) {
            consumer.accept(row);
          }
        });
  }

  @Override
  public void forEachTrace(
      Bson keys, List<SpanColumn> columns, Consumer<List<SpanCodec.Row>> consumer) {
    List<SpanCodec.Row> trace = new ArrayList<>();
    rows()
        .find(keys)
        .projection(only(columns))
        .sort(Sorts.ascending(SpanKeys.TENANT, SpanKeys.TRACE, SpanKeys.SPAN))
        .forEach(
            row -> {
              if (!trace.isEmpty()
                  && !SpanKeys.key(trace.get(0)).trace().equals(SpanKeys.key(row).trace())) {
                consumer.accept(List.copyOf(trace));
                trace.clear();
              }
              trace.add(row);
            });
    if (!trace.isEmpty()) {
      consumer.accept(List.copyOf(trace));
    }
  }

  @Override
  public List<StoredSpan> next(SpanScan scan, int spans, long bytes) {
    List<SpanKey> keys = new ArrayList<>();
    long[] size = {0};
    rows()
        .find(SpanKeys.within(scan))
        .projection(SpanKeys.VERSION_ONLY)
        .sort(Sorts.ascending(SpanKeys.TENANT, SpanKeys.TRACE, SpanKeys.SPAN))
        .limit(spans)
        .forEach(
            row -> {
              // A version tells how large its span is.
              long content = SpanKeys.version(row).contentBytes();
              if (keys.isEmpty() || size[0] + content <= bytes) {
                keys.add(SpanKeys.key(row));
              }
              size[0] += content;
            });
    List<StoredSpan> next = new ArrayList<>();
    if (!keys.isEmpty()) {
      rows()
          .find(SpanKeys.within(scan.upTo(keys.get(keys.size() - 1))))
          .sort(Sorts.ascending(SpanKeys.TENANT, SpanKeys.TRACE, SpanKeys.SPAN))
          .forEach(row -> next.add(new StoredSpan(row.span(), SpanKeys.version(row))));
    }
    return next;
  }

  // ---- counting --------------------------------------------------------------------------------

  @Override
  public StorageStatistics statistics() {
    BsonDocument failed = new BsonDocument(SpanCodec.FAILED, RootFilters.TRUE);
    Bson running =
        Filters.and(
            Filters.eq(SpanColumn.ENDED_AT.columnName(), null),
            Filters.eq(SpanColumn.ERROR.columnName(), null));
    return new StorageStatistics(
        rows().countDocuments(),
        groups(SpanKeys.TENANT, SpanKeys.TRACE),
        rows().countDocuments(running),
        rows().countDocuments(failed),
        groups(SpanKeys.TENANT));
  }

  private long groups(String... fields) {
    BsonDocument id = new BsonDocument();
    for (String field : fields) {
      id.append(field, new BsonString("$" + field));
    }
    BsonDocument counted =
        connection
            .database()
            .getCollection(table, BsonDocument.class)
            .aggregate(
                List.of(
                    new BsonDocument("$group", new BsonDocument("_id", id)),
                    new BsonDocument("$count", new BsonString("n"))))
            .allowDiskUse(true)
            .first();
    return counted == null ? 0 : counted.getNumber("n").longValue();
  }
}
