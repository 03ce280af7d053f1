package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.PruneRequest;
import dev.tracekeep.storage.StorageStatistics;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Everything that is read from the span table. Whether the engine has merged yet makes no
 * difference: of each key only the row of the greatest version is looked at. Conditions on anything
 * but the key come after that choice, since an older row may meet what the newest does not.
 */
final class SpanReads {
  private static final String TENANT = name(SpanColumn.TENANT_ID);
  private static final String TRACE = name(SpanColumn.TRACE_ID);
  private static final String SPAN = name(SpanColumn.SPAN_ID);
  private static final String VERSION = SqlText.name(SpanColumn.VERSION_NAME);
  private static final String ALL = SpanRows.select(SpanColumn.all());

  /** Rows of one key lie together, so the engine need not hold them all to tell keys apart. */
  private static final String BY_KEY =
      " SETTINGS optimize_aggregation_in_order = 1, max_bytes_before_external_group_by = 1000000000";

  private final ClickHouseClient client;
  private final String source;
  private final NewestRows rows;
  private final SpanSearch search;

  /**
   * @param source what is read: the table, quoted, or a subquery
   */
  SpanReads(ClickHouseClient client, String source) {
    this.client = client;
    this.source = source;
    this.rows = new NewestRows(client, source);
    this.search = new SpanSearch(client, source);
  }

  /** What is found across traces. */
  SpanSearch search() {
    return search;
  }

  /** A trace and how many spans it has. */
  record OldTrace(TraceKey key, long spans) {}

  private static String name(SpanColumn column) {
    return SqlText.name(column.columnName());
  }

  private static String inTrace(TraceKey trace) {
    return NewestRows.inTraces(trace.tenantId(), List.of(trace.traceId()));
  }

  private String newest(String columns, String condition) {
    return rows.select(columns, condition);
  }

  Optional<Span> span(SpanKey key) throws Exception {
    String condition =
        inTrace(key.trace()) + " AND " + SPAN + " = " + SqlText.literal(key.spanId());
    return client.list(newest(ALL, condition), row -> SpanRows.read(row, SpanColumn.all())).stream()
        .findFirst();
  }

  List<Span> trace(TraceKey trace, List<SpanColumn> columns) throws Exception {
    return client.list(
        newest(SpanRows.select(columns), inTrace(trace)), row -> SpanRows.read(row, columns));
  }

  Optional<Span> root(TraceKey trace) throws Exception {
    // The payloads of the other spans are none of the caller's business, and may be large.
    String statement =
        "SELECT "
            + SPAN
            + " FROM ("
            + newest(
                String.join(
                    ", ",
                    TRACE,
                    SPAN,
                    name(SpanColumn.PARENT_SPAN_ID),
                    name(SpanColumn.STARTED_AT)),
                inTrace(trace))
            + ") WHERE isNull("
            + name(SpanColumn.PARENT_SPAN_ID)
            + ") ORDER BY "
            + name(SpanColumn.STARTED_AT)
            + ", "
            + SPAN
            + " LIMIT 1";
    List<String> first = client.list(statement, RowBinaryReader::text);
    return first.isEmpty() ? Optional.empty() : span(trace.span(first.get(0))).filter(Span::isRoot);
  }

  /** The stored rows of some keys of one tenant; those that are not there are left out. */
  Map<SpanKey, Span> stored(String tenantId, List<SpanKey> keys) throws Exception {
    Map<SpanKey, Span> stored = new LinkedHashMap<>();
    rows.forEach(
        SpanColumn.all(),
        NewestRows.ofKeys(tenantId, keys),
        "true",
        row -> stored.put(row.whole().key(), row.whole()));
    return stored;
  }

  /** How many of some traces of one tenant there are. */
  long countTraces(String tenantId, Collection<String> traceIds) throws Exception {
    return client.number(
        "SELECT uniqExact("
            + TRACE
            + ") FROM "
            + source
            + " WHERE "
            + NewestRows.inTraces(tenantId, traceIds));
  }

  /** Traces whose last activity lies before the cut, oldest first. */
  List<OldTrace> oldTraces(PruneRequest request, int limit) throws Exception {
    // As integers: once max() of a DateTime64 is compiled, after a few runs, 26.7 takes times
    // before 1970 for later than all others.
    String activity =
        "toUnixTimestamp64Nano(coalesce("
            + name(SpanColumn.ENDED_AT)
            + ", "
            + name(SpanColumn.STARTED_AT)
            + "))";
    String statement =
        "SELECT trace, count() FROM (SELECT "
            + TRACE
            + " AS trace, "
            + SPAN
            + ", argMax("
            + activity
            + ", "
            + VERSION
            + ") AS activity FROM "
            + source
            + " WHERE "
            + TENANT
            + " = "
            + SqlText.literal(request.tenantId())
            + " GROUP BY "
            + TRACE
            + ", "
            + SPAN
            + ") GROUP BY trace HAVING max(activity) < "
            + EpochNanos.of(request.before())
            + " ORDER BY max(activity), trace LIMIT "
            + limit
            + BY_KEY;
    return client.list(
        statement, row -> new OldTrace(new TraceKey(request.tenantId(), row.text()), row.number()));
  }

  StorageStatistics statistics() throws Exception {
    String statement =
        "SELECT sum(spans), count(), sum(running), sum(errors), uniqExact(tenant) FROM ("
            + "SELECT tenant, trace, count() AS spans, countIf(now = 'r') AS running,"
            + " countIf(now = 'e') AS errors FROM (SELECT "
            + TENANT
            + " AS tenant, "
            + TRACE
            + " AS trace, "
            + SPAN
            // One letter, since a pair would take twice as long.
            + ", argMax(multiIf("
            + FilterSql.hasStatus(SpanStatus.ERROR)
            + ", 'e', "
            + FilterSql.hasStatus(SpanStatus.RUNNING)
            + ", 'r', 'o'), "
            + VERSION
            + ") AS now FROM "
            + source
            + " GROUP BY "
            + TENANT
            + ", "
            + TRACE
            + ", "
            + SPAN
            + ") GROUP BY tenant, trace)"
            + BY_KEY;
    return client
        .list(
            statement,
            row ->
                new StorageStatistics(
                    row.number(), row.number(), row.number(), row.number(), row.number()))
        .get(0);
  }
}
