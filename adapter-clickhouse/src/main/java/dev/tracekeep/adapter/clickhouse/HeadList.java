package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.adapter.clickhouse.Candidates.Candidate;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.storage.RootPresence;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.SpanPosition;
import dev.tracekeep.storage.TraceQuery;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Lists traces by their heads, without FINAL. The projection gives rows that may be heads in the
 * order of the list; then the traces of these alone are read by key, and a candidate stays if it is
 * the newest row of the head of its trace. Nothing is missed: the newest row of a head that is
 * asked for is a candidate itself.
 */
final class HeadList {
  /** At most so many rows are looked at in one turn. */
  private static final int MAX_WINDOW = 20_000;

  /** At most so many traces are asked for in one statement. */
  private static final int TRACES_AT_ONCE = 4_000;

  /** How many rows are looked at for each trace of a page where any span may be a head. */
  private static final int SPANS_PER_TRACE = 64;

  private static final String TENANT = name(SpanColumn.TENANT_ID);
  private static final String TRACE = name(SpanColumn.TRACE_ID);
  private static final String SPAN = name(SpanColumn.SPAN_ID);
  private static final String VERSION = SqlText.name(SpanColumn.VERSION_NAME);

  private final ClickHouseClient client;
  private final NewestRows rows;
  private final String source;

  /**
   * @param source what is read: the table, quoted, or a subquery
   */
  HeadList(ClickHouseClient client, String source) {
    this.client = client;
    this.rows = new NewestRows(client, source);
    this.source = source;
  }

  private static String name(SpanColumn column) {
    return SqlText.name(column.columnName());
  }

  /** The head of a trace as it is now. */
  private record Head(String spanId, SpanVersion version) {}

  /** The first heads that the query asks for, in order. */
  List<Span> list(TraceQuery query, int limit) throws Exception {
    List<Span> heads = new ArrayList<>();
    Candidates candidates = candidates(query);
    SpanPosition after = query.after().orElse(null);
    int window = window(query, limit);
    while (true) {
      List<Candidate> found = candidates.next(client, after, window);
      heads.addAll(current(query, found));
      if (heads.size() >= limit || found.size() < window) {
        return heads.subList(0, Math.min(heads.size(), limit));
      }
      after = found.get(found.size() - 1).position();
      window = Math.min(2 * window, MAX_WINDOW);
    }
  }

  private static int window(TraceQuery query, int limit) {
    return query.roots() == RootPresence.STORED
        ? limit
        : Math.min(SPANS_PER_TRACE * limit, MAX_WINDOW);
  }

  Candidates candidates(TraceQuery query) {
    StringBuilder condition = new StringBuilder(FilterSql.condition(query.root()));
    for (SpanFilter filter : query.anySpan()) {
      condition.append(" AND ").append(TRACE).append(" GLOBAL IN (SELECT ").append(TRACE);
      condition.append(" FROM ").append(source).append(" WHERE ").append(TENANT).append(" = ");
      condition.append(SqlText.literal(query.tenantId())).append(" AND ");
      condition.append(FilterSql.condition(filter)).append(")");
    }
    return new Candidates(
        source,
        query.tenantId(),
        condition.toString(),
        switch (query.roots()) {
          case ANY -> List.of(true, false);
          case STORED -> List.of(true);
          case MISSING -> List.of(false);
        },
        name(query.order().column()),
        !query.order().column().isRequired(),
        query.order().isDescending());
  }

  /** Those of some rows that are the heads of traces which the query asks for, in their order. */
  private List<Span> current(TraceQuery query, List<Candidate> found) throws Exception {
    Map<String, Candidate> heads = new LinkedHashMap<>();
    Map<String, Head> now = new HashMap<>();
    for (List<String> traces : chunks(found)) {
      now.putAll(heads(query.tenantId(), traces));
    }
    for (Candidate row : found) {
      Head head = now.get(row.position().traceId());
      if (head != null
          && head.spanId().equals(row.position().spanId())
          && head.version().equals(row.version())) {
        heads.putIfAbsent(row.position().traceId(), row);
      }
    }
    for (SpanFilter filter : query.anySpan()) {
      heads.keySet().retainAll(rows.tracesWith(query.tenantId(), heads.keySet(), filter));
    }
    for (SpanFilter filter : query.noSpan()) {
      heads.keySet().removeAll(rows.tracesWith(query.tenantId(), heads.keySet(), filter));
    }
    return heads.isEmpty() ? List.of() : light(query, heads);
  }

  private List<Span> light(TraceQuery query, Map<String, Candidate> heads) throws Exception {
    List<SpanKey> keys = new ArrayList<>();
    heads.forEach(
        (trace, row) -> keys.add(new SpanKey(query.tenantId(), trace, row.position().spanId())));
    Map<String, Span> light = new HashMap<>();
    for (NewestRows.Row row : rows.light(query.tenantId(), keys, query.root())) {
      Span head = row.light();
      Candidate listed = heads.get(head.key().traceId());
      // Changed between the two looks: it stands at another place by now.
      if (listed != null
          && row.version().equals(listed.version())
          && (query.roots() == RootPresence.ANY
              || head.isRoot() == (query.roots() == RootPresence.STORED))
          && query.root().matches(row::value)) {
        light.put(head.key().traceId(), head);
      }
    }
    return heads.keySet().stream().map(light::get).filter(head -> head != null).toList();
  }

  private static List<List<String>> chunks(List<Candidate> found) {
    Set<String> traces = new LinkedHashSet<>();
    found.forEach(row -> traces.add(row.position().traceId()));
    List<String> all = List.copyOf(traces);
    List<List<String>> chunks = new ArrayList<>();
    for (int from = 0; from < all.size(); from += TRACES_AT_ONCE) {
      chunks.add(all.subList(from, Math.min(all.size(), from + TRACES_AT_ONCE)));
    }
    return chunks;
  }

  /**
   * What the heads of some traces are by now: the first root, and where there is none the first
   * span. It looks at the newest row of each span alone, in the table itself: what was deleted is
   * not there.
   */
  private Map<String, Head> heads(String tenantId, Collection<String> traces) throws Exception {
    String statement =
        "SELECT trace, argMin(span, (no_root, started, span)), argMin(newest, (no_root, started,"
            + " span)) FROM (SELECT "
            + TRACE
            + " AS trace, "
            + SPAN
            + " AS span, max("
            + VERSION
            + ") AS newest, argMax((isNotNull("
            + name(SpanColumn.PARENT_SPAN_ID)
            + "), "
            + name(SpanColumn.STARTED_AT)
            + "), "
            + VERSION
            + ") AS now, now.1 AS no_root, now.2 AS started FROM "
            + source
            + " WHERE "
            + NewestRows.inTraces(tenantId, traces)
            + " GROUP BY "
            + TRACE
            + ", "
            + SPAN
            + ") GROUP BY trace";
    Map<String, Head> heads = new HashMap<>();
    client.forEach(
        statement, row -> heads.put(row.text(), new Head(row.text(), SpanRows.readVersion(row))));
    return heads;
  }
}
