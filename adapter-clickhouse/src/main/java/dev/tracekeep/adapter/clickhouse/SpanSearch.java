package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.adapter.clickhouse.Candidates.Candidate;
import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.RootPresence;
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
import dev.tracekeep.storage.ValueSource;
import dev.tracekeep.storage.spi.TracePages;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What is found across traces. Where the engine can decide, it does; where a filter looks into
 * JSON, the rows that the engine has narrowed down to come here one by one, and core decides.
 */
final class SpanSearch {
  /** At most so many rows are looked at in one turn. */
  private static final int MAX_WINDOW = 20_000;

  /** A part of a scan has at most so many spans, and so many bytes of content. */
  private static final int SCANNED_SPANS = 1_000;

  private static final long SCANNED_BYTES = 4 << 20;

  private static final String TENANT = name(SpanColumn.TENANT_ID);
  private static final String TRACE = name(SpanColumn.TRACE_ID);
  private static final String SPAN = name(SpanColumn.SPAN_ID);
  private static final String PARENT = name(SpanColumn.PARENT_SPAN_ID);
  private static final String STARTED = name(SpanColumn.STARTED_AT);
  private static final String ERROR = name(SpanColumn.ERROR);
  private static final String SERVICE = name(SpanColumn.SERVICE_NAME);
  private static final String VERSION = SqlText.name(SpanColumn.VERSION_NAME);

  private final ClickHouseClient client;
  private final NewestRows rows;
  private final HeadList heads;
  private final String source;

  /**
   * @param source what is read: the table, quoted, or a subquery
   */
  SpanSearch(ClickHouseClient client, String source) {
    this.client = client;
    this.rows = new NewestRows(client, source);
    this.heads = new HeadList(client, source);
    this.source = source;
  }

  private static String name(SpanColumn column) {
    return SqlText.name(column.columnName());
  }

  /** The first heads that a query asks for, in order. */
  List<Span> heads(TraceQuery query, int limit) throws Exception {
    return heads.list(query, limit);
  }

  // ---- spans -----------------------------------------------------------------------------------

  /** The first light spans that a query asks for, in order. */
  List<Span> spans(SpanQuery query, int limit) throws Exception {
    Candidates candidates =
        new Candidates(
            source,
            query.tenantId(),
            FilterSql.condition(query.filter()),
            List.of(true, false),
            query.order().isByDuration() ? FilterSql.DURATION : STARTED,
            query.order().isByDuration(),
            query.order().isDescending());
    List<Span> spans = new ArrayList<>();
    SpanPosition after = query.after().orElse(null);
    int window = limit;
    while (true) {
      List<Candidate> found = candidates.next(client, after, window);
      spans.addAll(current(query, found));
      if (spans.size() >= limit || found.size() < window) {
        return spans.subList(0, Math.min(spans.size(), limit));
      }
      after = found.get(found.size() - 1).position();
      window = Math.min(2 * window, MAX_WINDOW);
    }
  }

  private List<Span> current(SpanQuery query, List<Candidate> found) throws Exception {
    Map<SpanKey, Candidate> listed = new LinkedHashMap<>();
    for (Candidate row : found) {
      SpanPosition place = row.position();
      SpanKey key = new SpanKey(query.tenantId(), place.traceId(), place.spanId());
      // An older row of the span may come first; only one of its rows is the newest.
      listed.merge(key, row, (a, b) -> a.version().compareTo(b.version()) >= 0 ? a : b);
    }
    Map<SpanKey, Span> now = new HashMap<>();
    for (NewestRows.Row row :
        rows.light(query.tenantId(), List.copyOf(listed.keySet()), query.filter())) {
      Span span = row.light();
      if (row.version().equals(listed.get(span.key()).version())
          && query.filter().matches(row::value)) {
        now.put(span.key(), span);
      }
    }
    List<Span> current = new ArrayList<>();
    for (Candidate row : found) {
      SpanPosition place = row.position();
      SpanKey key = new SpanKey(query.tenantId(), place.traceId(), place.spanId());
      if (row.version().equals(listed.get(key).version())) {
        Span span = now.remove(key);
        if (span != null) {
          current.add(span);
        }
      }
    }
    return current;
  }

  // ---- counts ----------------------------------------------------------------------------------

  long count(SpanQuery query) throws Exception {
    if (!FilterSql.isExact(query.filter())) {
      long[] count = {0};
      forEachMatching(query.tenantId(), query.filter(), List.of(), row -> count[0]++);
      return count[0];
    }
    return client.number(
        "SELECT count() FROM ("
            + decided(query.tenantId(), Map.of("passes", FilterSql.condition(query.filter())))
            + ") WHERE passes");
  }

  long count(TraceQuery query) throws Exception {
    boolean exact =
        FilterSql.isExact(query.root())
            && query.anySpan().stream().allMatch(FilterSql::isExact)
            && query.noSpan().stream().allMatch(FilterSql::isExact);
    if (!exact) {
      return TracePages.count(query, heads::list);
    }
    Map<String, String> flags = new LinkedHashMap<>();
    flags.put("no_root", "isNotNull(" + PARENT + ")");
    flags.put("head_passes", FilterSql.condition(query.root()));
    List<String> wanted = new ArrayList<>();
    wanted.add("argMin(head_passes, (no_root, started, span))");
    if (query.roots() != RootPresence.ANY) {
      wanted.add((query.roots() == RootPresence.STORED ? "NOT " : "") + "min(no_root)");
    }
    flag(flags, wanted, "any", "", query.anySpan());
    flag(flags, wanted, "none", "NOT ", query.noSpan());
    return client.number(
        "SELECT count() FROM (SELECT trace FROM ("
            + decided(query.tenantId(), flags)
            + ") GROUP BY trace HAVING "
            + String.join(" AND ", wanted)
            + ")");
  }

  private static void flag(
      Map<String, String> flags,
      List<String> wanted,
      String prefix,
      String negation,
      List<SpanFilter> filters) {
    for (int i = 0; i < filters.size(); i++) {
      flags.put(prefix + i, FilterSql.condition(filters.get(i)));
      wanted.add(negation + "max(" + prefix + i + ")");
    }
  }

  /** Selects of each span its trace, id, start, and whether its newest row meets conditions. */
  private String decided(String tenantId, Map<String, String> flags) {
    List<String> names = List.copyOf(flags.keySet());
    StringBuilder columns = new StringBuilder();
    StringBuilder values = new StringBuilder(STARTED);
    for (int i = 0; i < names.size(); i++) {
      columns.append(", now.").append(i + 2).append(" AS ").append(names.get(i));
      values.append(", toBool(").append(flags.get(names.get(i))).append(")");
    }
    return "SELECT "
        + TRACE
        + " AS trace, "
        + SPAN
        + " AS span, argMax(("
        + values
        + "), "
        + VERSION
        + ") AS now, now.1 AS started"
        + columns
        + " FROM "
        + source
        + " WHERE "
        + NewestRows.ofTenant(tenantId)
        + " GROUP BY "
        + TRACE
        + ", "
        + SPAN;
  }

  /** Goes through the spans of a tenant that pass a filter, with the columns that are wanted. */
  private void forEachMatching(
      String tenantId, SpanFilter filter, List<SpanColumn> wanted, NewestRows.RowConsumer consumer)
      throws Exception {
    List<SpanColumn> columns = new ArrayList<>(wanted);
    columns.addAll(FilterSql.beside(columns, filter));
    rows.forEach(
        columns,
        NewestRows.ofTenant(tenantId),
        FilterSql.condition(filter),
        row -> {
          if (filter.matches(row::value)) {
            consumer.accept(row);
          }
        });
  }

  // ---- values ----------------------------------------------------------------------------------

  /** The first values that a query asks for, in order. */
  List<SpanValue> values(ValueQuery query, int limit) throws Exception {
    boolean isText =
        query.source() instanceof ValueSource.Column || query.source() instanceof ValueSource.Tags;
    if (isText && FilterSql.isExact(query.filter())) {
      return textValues(query, limit);
    }
    ValueQuery.Collector collector = query.collector(limit);
    forEachMatching(
        query.tenantId(),
        query.filter(),
        List.of(query.source().column()),
        row -> collector.add(row::value));
    return collector.values();
  }

  private List<SpanValue> textValues(ValueQuery query, int limit) throws Exception {
    String column = name(query.source().column());
    boolean isList = query.source() instanceof ValueSource.Tags;
    String value = isList ? "arrayJoin(arrayDistinct(" + column + "))" : column;
    String condition =
        FilterSql.condition(query.filter()) + (isList ? "" : " AND isNotNull(" + column + ")");
    String having =
        "startsWith(assumeNotNull(value), "
            + SqlText.literal(query.prefix())
            + ")"
            + query
                .after()
                .map(after -> " AND assumeNotNull(value) > " + SqlText.literal(after))
                .orElse("");
    String statement =
        "SELECT assumeNotNull(value), count() FROM (SELECT "
            + value
            + " AS value FROM ("
            + newest(query.tenantId(), List.of(query.source().column()), query.filter())
            + ") WHERE "
            + condition
            + ") WHERE "
            + having
            + " GROUP BY value ORDER BY value LIMIT "
            + limit;
    return client.list(
        statement,
        row -> {
          String text = row.text();
          long spans = row.number();
          return new SpanValue(text, query.wantsCounts() ? spans : null);
        });
  }

  /** Selects some columns of the newest rows of a tenant, and those that a filter looks at. */
  private String newest(String tenantId, List<SpanColumn> wanted, SpanFilter filter) {
    List<SpanColumn> columns = new ArrayList<>(wanted);
    columns.addAll(FilterSql.beside(columns, filter));
    return rows.select(SpanRows.select(columns), NewestRows.ofTenant(tenantId));
  }

  // ---- aggregates ------------------------------------------------------------------------------

  List<SpanAggregate> aggregates(SpanAggregation question) throws Exception {
    if (!FilterSql.isExact(question.filter())) {
      SpanAggregation.Collector collector = question.collector();
      rows.forEach(
          question.columnsRead(),
          NewestRows.ofTenant(question.tenantId()),
          FilterSql.condition(question.filter()),
          row -> collector.add(row::value));
      return collector.groups();
    }
    List<SpanAggregate> groups =
        client.list(aggregateStatement(question), row -> aggregate(question, row));
    if (groups.size() > SpanAggregation.MAX_GROUPS) {
      throw SpanAggregation.tooManyGroups();
    }
    return groups.stream().filter(group -> group.spans() > 0).toList();
  }

  private String aggregateStatement(SpanAggregation question) {
    List<String> keys = new ArrayList<>();
    question
        .width()
        .ifPresent(
            width ->
                keys.add(
                    "toInt64(toUnixTimestamp64Nano("
                        + STARTED
                        + ") - toInt64(positiveModulo(toUnixTimestamp64Nano("
                        + STARTED
                        + "), toInt64("
                        + width.toNanos()
                        + "))))"));
    question.columns().forEach(column -> keys.add("toNullable(" + name(column) + ")"));
    List<String> values = new ArrayList<>(keys);
    values.add("count()");
    values.add("countIf(isNotNull(" + ERROR + "))");
    if (!question.percentiles().isEmpty()) {
      values.add(
          "arraySort(groupArrayIf(assumeNotNull("
              + FilterSql.DURATION
              + "), isNotNull("
              + name(SpanColumn.ENDED_AT)
              + "))) AS durations");
    }
    for (SpanColumn column : question.sums()) {
      // In 128 bits: the sum of a few thousand of the greatest counts does not fit 64.
      values.add(
          "toString(sum("
              + (column.scale() == 0 ? "toInt128(" + name(column) + ")" : name(column))
              + "))");
    }
    String inner =
        "SELECT "
            + String.join(", ", values)
            + " FROM ("
            + newest(question.tenantId(), question.columnsRead(), SpanFilter.ANY)
            + ") WHERE "
            + FilterSql.condition(question.filter())
            + (keys.isEmpty() ? "" : " GROUP BY " + String.join(", ", keys));
    return inner + " LIMIT " + (SpanAggregation.MAX_GROUPS + 1);
  }

  private static SpanAggregate aggregate(SpanAggregation question, RowBinaryReader row)
      throws IOException {
    Instant from = question.width().isPresent() ? EpochNanos.toInstant(row.number()) : null;
    List<@Nullable String> group = new ArrayList<>();
    for (int i = 0; i < question.columns().size(); i++) {
      group.add(row.nullableText());
    }
    long spans = row.number();
    long errors = row.number();
    Map<Integer, Duration> percentiles = new TreeMap<>();
    if (!question.percentiles().isEmpty()) {
      long[] durations = new long[row.count()];
      for (int i = 0; i < durations.length; i++) {
        durations[i] = row.number();
      }
      if (durations.length > 0) {
        for (int percentile : question.percentiles()) {
          int rank = (int) (((long) percentile * durations.length + 99) / 100);
          percentiles.put(percentile, Duration.ofNanos(durations[rank - 1]));
        }
      }
    }
    Map<SpanColumn, BigDecimal> sums = new HashMap<>();
    for (SpanColumn column : question.sums()) {
      String sum = row.nullableText();
      if (sum != null) {
        sums.put(column, new BigDecimal(sum));
      }
    }
    return new SpanAggregate(group, from, spans, errors, percentiles, sums);
  }

  List<ServiceLink> serviceLinks(String tenantId, TimeRange startedAt) throws Exception {
    String statement =
        "SELECT assumeNotNull(p.service), assumeNotNull(c.service), count(), countIf(c.failed) FROM"
            + " (SELECT "
            + columns(
                TRACE + " AS trace",
                PARENT + " AS parent",
                SERVICE + " AS service",
                "isNotNull(" + ERROR + ") AS failed")
            + " FROM ("
            + newest(
                tenantId,
                List.of(
                    SpanColumn.TRACE_ID,
                    SpanColumn.PARENT_SPAN_ID,
                    SpanColumn.SERVICE_NAME,
                    SpanColumn.STARTED_AT,
                    SpanColumn.ERROR),
                SpanFilter.ANY)
            + ") WHERE isNotNull("
            + PARENT
            + ") AND isNotNull("
            + SERVICE
            + ") AND "
            + FilterSql.within(SpanColumn.STARTED_AT, startedAt)
            + ") AS c GLOBAL INNER JOIN (SELECT "
            + columns(TRACE + " AS trace", SPAN + " AS span", SERVICE + " AS service")
            + " FROM ("
            + newest(
                tenantId,
                List.of(SpanColumn.TRACE_ID, SpanColumn.SPAN_ID, SpanColumn.SERVICE_NAME),
                SpanFilter.ANY)
            + ") WHERE isNotNull("
            + SERVICE
            + ")) AS p ON c.trace = p.trace AND c.parent = p.span WHERE c.service != p.service"
            + " GROUP BY p.service, c.service";
    return client.list(
        statement, row -> new ServiceLink(row.text(), row.text(), row.number(), row.number()));
  }

  private static String columns(String... columns) {
    return String.join(", ", columns);
  }

  // ---- by keys ---------------------------------------------------------------------------------

  /** Whole spans of some keys. */
  List<Span> spans(List<SpanKey> keys) throws Exception {
    Map<String, List<SpanKey>> tenants =
        keys.stream()
            .collect(Collectors.groupingBy(SpanKey::tenantId, TreeMap::new, Collectors.toList()));
    List<Span> spans = new ArrayList<>();
    for (Map.Entry<String, List<SpanKey>> tenant : tenants.entrySet()) {
      rows.forEach(
          SpanColumn.all(),
          NewestRows.ofKeys(tenant.getKey(), tenant.getValue()),
          "true",
          row -> spans.add(row.whole()));
    }
    return spans;
  }

  /** All spans of some traces, whole. */
  List<Span> traces(List<TraceKey> traces) throws Exception {
    List<Span> spans = new ArrayList<>();
    for (Map.Entry<String, List<String>> tenant : byTenant(traces).entrySet()) {
      rows.forEach(
          SpanColumn.all(),
          NewestRows.inTraces(tenant.getKey(), tenant.getValue()),
          "true",
          row -> spans.add(row.whole()));
    }
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
  Map<TraceKey, TraceStatistics> statistics(List<TraceKey> traces) throws Exception {
    List<SpanColumn> columns =
        TraceStatistics.COLUMNS.stream().filter(column -> column != SpanColumn.ERROR).toList();
    Map<TraceKey, List<Span>> found = new HashMap<>();
    for (Map.Entry<String, List<String>> tenant : byTenant(traces).entrySet()) {
      String statement =
          rows.select(
              SpanRows.select(columns) + ", isNotNull(" + ERROR + ")",
              NewestRows.inTraces(tenant.getKey(), tenant.getValue()));
      client.forEach(
          statement,
          row -> {
            Map<SpanColumn, Object> values = SpanRows.values(row, columns);
            if (row.flag()) {
              values.put(SpanColumn.ERROR, Json.NULL);
            }
            Span span = Span.fromColumns(SpanColumn.light(), values::get);
            found.computeIfAbsent(span.key().trace(), key -> new ArrayList<>()).add(span);
          });
    }
    Map<TraceKey, TraceStatistics> statistics = new HashMap<>();
    found.forEach((key, spans) -> statistics.put(key, TraceStatistics.of(spans)));
    return statistics;
  }

  // ---- scans -----------------------------------------------------------------------------------

  /**
   * The next spans in key order. Keys and versions are looked at first: a version tells how large a
   * span is, so that no more of them are read than fit the memory.
   */
  List<StoredSpan> next(SpanScan scan) throws Exception {
    List<SpanKey> keys = new ArrayList<>();
    long[] bytes = {0};
    String statement =
        rows.select(columns(TENANT, TRACE, SPAN, VERSION), range(scan)) + " LIMIT " + SCANNED_SPANS;
    client.forEach(
        statement,
        row -> {
          SpanKey key = new SpanKey(row.text(), row.text(), row.text());
          SpanVersion version = SpanRows.readVersion(row);
          if (keys.isEmpty() || bytes[0] + version.contentBytes() <= SCANNED_BYTES) {
            keys.add(key);
          }
          bytes[0] += version.contentBytes();
        });
    if (keys.isEmpty()) {
      return List.of();
    }
    List<StoredSpan> spans = new ArrayList<>();
    rows.forEach(
        SpanColumn.all(),
        range(scan.upTo(keys.get(keys.size() - 1))),
        "true",
        row -> spans.add(new StoredSpan(row.whole(), row.version())));
    return spans;
  }

  private static String range(SpanScan scan) {
    List<String> conditions = new ArrayList<>();
    scan.tenantId().ifPresent(tenant -> conditions.add(NewestRows.ofTenant(tenant)));
    scan.after().ifPresent(key -> conditions.add(compared(key, ">")));
    scan.upTo().ifPresent(key -> conditions.add(compared(key, "<")));
    return conditions.isEmpty() ? "true" : String.join(" AND ", conditions);
  }

  /** Behind a key, or up to it and with it. */
  private static String compared(SpanKey key, String operator) {
    String key1 = SqlText.literal(key.tenantId());
    String key2 = SqlText.literal(key.traceId());
    String key3 = SqlText.literal(key.spanId());
    String last = operator.equals("<") ? " <= " : " > ";
    // Spelled out: the sort key serves its first column, which a comparison of tuples hides.
    return "(%s %s= %s AND (%s %s %s OR %s = %s AND (%s %s %s OR %s = %s AND %s%s%s)))"
        .formatted(
            TENANT, operator, key1, TENANT, operator, key1, TENANT, key1, TRACE, operator, key2,
            TRACE, key2, SPAN, last, key3);
  }
}
