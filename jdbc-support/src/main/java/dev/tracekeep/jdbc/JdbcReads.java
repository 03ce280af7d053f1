package dev.tracekeep.jdbc;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.ServiceLink;
import dev.tracekeep.storage.SpanAggregate;
import dev.tracekeep.storage.SpanAggregation;
import dev.tracekeep.storage.SpanCondition;
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
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The questions over spans, in SQL: what a table can answer by itself it answers, the rest is
 * narrowed by SQL and decided by core. Heavy columns are read where a filter asks for one, and
 * nowhere else. Immutable and thread-safe.
 */
final class JdbcReads {
  /** More traces than these are not asked for by their ids. */
  private static final int MAX_CANDIDATES = 1_000;

  /** Spans that are looked at to find out whether a filter leaves few traces. */
  private static final int CANDIDATE_ROWS = 2_000;

  /** The smallest and the largest number of rows that are looked at for a page. */
  private static final int FIRST_LOOK = 100;

  private static final int LARGEST_LOOK = 2_000;

  /** Ids in one statement; stays far below SQL Server's 2,100 parameters. */
  private static final int IDS_PER_STATEMENT = 300;

  /** What one part of a scan may have. */
  private static final int SCANNED_ROWS = 500;

  private static final long SCANNED_CHARACTERS = 4_000_000;

  private final SqlDialect dialect;
  private final SpanTableSql table;
  private final SpanFilterSql filters;
  private final HeadSql heads;

  JdbcReads(SqlDialect dialect, SpanTableSql table) {
    this.dialect = dialect;
    this.table = table;
    this.filters = new SpanFilterSql(dialect, table);
    this.heads = new HeadSql(dialect, table, filters);
  }

  /** A light span, and what a filter of it looks at. */
  private record Row(Span span, Map<SpanColumn, Object> values) {}

  // ---- traces ----------------------------------------------------------------------------------

  /** The light heads that a query asks for, in order. */
  List<Span> heads(Connection connection, TraceQuery query, int limit) throws SQLException {
    Candidates candidates = candidates(connection, query);
    if (candidates.isEmpty()) {
      return List.of();
    }
    List<SpanFilter> open = candidates.openOf(query, filters);
    boolean decided =
        filters.decides(query.root())
            && open.isEmpty()
            && query.noSpan().stream().allMatch(filters::decides);
    List<Span> found = new ArrayList<>();
    SpanPosition after = query.after().orElse(null);
    // Where the engine only narrowed, a page may need more rows than it has traces.
    int look = decided ? limit : Math.max(limit, FIRST_LOOK);
    while (true) {
      List<Row> rows = nextHeads(connection, query, candidates.traces(), after, look);
      List<Row> passing = new ArrayList<>(rows);
      if (!decided) {
        passing.removeIf(row -> !query.root().matches(row.values()::get));
        keepDecided(connection, query, open, passing);
      }
      passing.forEach(row -> found.add(row.span()));
      if (found.size() >= limit || rows.size() < look) {
        return found.subList(0, Math.min(found.size(), limit));
      }
      after = query.order().positionOf(rows.get(rows.size() - 1).span());
      look = Math.min(2 * look, LARGEST_LOOK);
    }
  }

  private List<Row> nextHeads(
      Connection connection,
      TraceQuery query,
      @Nullable Collection<String> traces,
      @Nullable SpanPosition after,
      int limit)
      throws SQLException {
    List<SpanColumn> columns = lightAnd(filters.columnsToTest(query.root()));
    List<Row> rows = new ArrayList<>();
    SpanPosition last = null;
    for (boolean rooted : HeadSql.kinds(query)) {
      rows.addAll(
          heads
              .select(query, columns, rooted, traces, after, last, limit)
              .list(connection, row -> readRow(table.readValues(row, columns))));
      if (rows.size() == limit) {
        // The page ends here at the latest, so that of the other kind no more is needed.
        last = query.order().positionOf(rows.get(limit - 1).span());
      }
    }
    Comparator<SpanPosition> order = query.order().positions();
    rows.sort(Comparator.comparing((Row row) -> query.order().positionOf(row.span()), order));
    return rows.subList(0, Math.min(rows.size(), limit));
  }

  private static Row readRow(Map<SpanColumn, Object> values) {
    return new Row(Span.fromColumns(SpanColumn.light(), values::get), values);
  }

  private static List<SpanColumn> lightAnd(Collection<SpanColumn> more) {
    Set<SpanColumn> columns = EnumSet.copyOf(SpanColumn.light());
    columns.addAll(more);
    return List.copyOf(columns);
  }

  /**
   * The traces that filters on any span leave.
   *
   * @param traces their ids; null where they are too many to be asked for one by one
   * @param settled the filters that all of these traces pass for certain
   */
  private record Candidates(@Nullable Set<String> traces, Set<SpanFilter> settled) {
    boolean isEmpty() {
      return traces != null && traces.isEmpty();
    }

    /** The filters on any span that the statement on heads does not decide. */
    List<SpanFilter> openOf(TraceQuery query, SpanFilterSql sql) {
      return query.anySpan().stream()
          .filter(filter -> !settled.contains(filter) && !sql.decides(filter))
          .toList();
    }
  }

  /**
   * Looks which filters on any span leave so few traces that these are best asked for by their ids.
   * Walking through all heads instead would look at every span of each until a page is full. It
   * stops as soon as a filter turns out to leave many.
   */
  private Candidates candidates(Connection connection, TraceQuery query) throws SQLException {
    Set<String> traces = null;
    Set<SpanFilter> settled = new HashSet<>();
    for (SpanFilter filter : query.anySpan()) {
      Set<String> few = filter.isAny() ? null : fewTraces(connection, query.tenantId(), filter);
      if (few != null) {
        settled.add(filter);
        if (traces == null) {
          traces = few;
        } else {
          traces.retainAll(few);
        }
      }
    }
    return new Candidates(traces, settled);
  }

  private @Nullable Set<String> fewTraces(Connection connection, String tenantId, SpanFilter filter)
      throws SQLException {
    boolean decided = filters.decides(filter);
    Set<SpanColumn> read = EnumSet.of(SpanColumn.TRACE_ID);
    if (!decided) {
      read.addAll(filter.columns());
    }
    List<SpanColumn> columns = List.copyOf(read);
    SqlStatement statement = table.select(columns).append(" WHERE ");
    statement.append(table.ofTenant("r", tenantId));
    filters.append(statement, "r", filter);
    if (decided) {
      statement.append(dialect.limitUnordered(CANDIDATE_ROWS + 1));
    }
    Set<String> traces = new TreeSet<>();
    int[] passed = {0};
    statement.forEachWhile(
        connection,
        dialect,
        row -> {
          Map<SpanColumn, Object> values = table.readValues(row, columns);
          if (decided || filter.matches(values::get)) {
            passed[0]++;
            traces.add((String) values.get(SpanColumn.TRACE_ID));
          }
          return passed[0] <= CANDIDATE_ROWS && traces.size() <= MAX_CANDIDATES;
        });
    return passed[0] <= CANDIDATE_ROWS && traces.size() <= MAX_CANDIDATES ? traces : null;
  }

  /** Removes the heads of traces that do not pass what the engine has only narrowed by. */
  private void keepDecided(
      Connection connection, TraceQuery query, List<SpanFilter> anySpan, List<Row> rows)
      throws SQLException {
    for (SpanFilter filter : anySpan) {
      Set<String> with = tracesWith(connection, query.tenantId(), filter, rows);
      rows.removeIf(row -> !with.contains(row.span().key().traceId()));
    }
    for (SpanFilter filter : query.noSpan()) {
      if (!filters.decides(filter)) {
        Set<String> with = tracesWith(connection, query.tenantId(), filter, rows);
        rows.removeIf(row -> with.contains(row.span().key().traceId()));
      }
    }
  }

  private Set<String> tracesWith(
      Connection connection, String tenantId, SpanFilter filter, List<Row> rows)
      throws SQLException {
    Set<SpanColumn> read = filter.columns();
    read.add(SpanColumn.TRACE_ID);
    List<SpanColumn> columns = List.copyOf(read);
    Set<String> found = new HashSet<>();
    for (List<Row> some : chunks(rows)) {
      SqlStatement statement = table.select(columns).append(" WHERE ");
      statement.append(
          table.ofTraces(
              "r", tenantId, some.stream().map(row -> row.span().key().traceId()).toList()));
      filters.append(statement, "r", filter);
      statement.forEach(
          connection,
          row -> {
            Map<SpanColumn, Object> values = table.readValues(row, columns);
            if (filter.matches(values::get)) {
              found.add((String) values.get(SpanColumn.TRACE_ID));
            }
          });
    }
    return found;
  }

  /** How many traces a query lists on all of its pages. */
  long count(Connection connection, TraceQuery query) throws SQLException {
    boolean all = query.root().isAny() && query.anySpan().isEmpty() && query.noSpan().isEmpty();
    if (all && HeadSql.kinds(query).size() == 2) {
      return heads.countAll(query.tenantId()).number(connection);
    }
    Candidates candidates = candidates(connection, query);
    if (candidates.isEmpty()) {
      return 0;
    }
    boolean decided =
        filters.decides(query.root())
            && candidates.openOf(query, filters).isEmpty()
            && query.noSpan().stream().allMatch(filters::decides);
    if (!decided) {
      return TracePages.count(query, (page, limit) -> heads(connection, page, limit));
    }
    long count = 0;
    for (boolean rooted : HeadSql.kinds(query)) {
      count += heads.count(query, rooted, candidates.traces()).number(connection);
    }
    return count;
  }

  /** The statistics of traces, from narrow columns alone. */
  Map<TraceKey, TraceStatistics> statistics(Connection connection, List<TraceKey> traces)
      throws SQLException {
    List<SpanColumn> columns = TraceStatistics.COLUMNS;
    Map<TraceKey, List<Span>> spans = new TreeMap<>();
    forEachOf(
        traces,
        (tenantId, traceIds) ->
            selectNarrow(columns)
                .append(" WHERE ")
                .append(table.ofTraces("r", tenantId, traceIds))
                .forEach(
                    connection,
                    row -> {
                      Span span = table.readSpan(row, columns);
                      spans.computeIfAbsent(span.key().trace(), any -> new ArrayList<>()).add(span);
                    }));
    Map<TraceKey, TraceStatistics> statistics = new HashMap<>();
    spans.forEach((trace, all) -> statistics.put(trace, TraceStatistics.of(all)));
    return statistics;
  }

  /** Selects columns, and of JSON whether it is there: {@code null} for any value. */
  private SqlStatement selectNarrow(List<SpanColumn> columns) {
    return new SqlStatement(
        "SELECT "
            + columns.stream()
                .map(
                    column -> {
                      String name = "r." + table.name(column);
                      return column.type() == SpanColumn.Type.JSON
                          ? "CASE WHEN " + name + " IS NULL THEN NULL ELSE '" + Json.NULL + "' END"
                          : dialect.select(column, name);
                    })
                .collect(Collectors.joining(", "))
            + " FROM "
            + table.table()
            + " r");
  }

  // ---- spans -----------------------------------------------------------------------------------

  /** The light spans that a query asks for, in order. */
  List<Span> spans(Connection connection, SpanQuery query, int limit) throws SQLException {
    boolean decided = filters.decides(query.filter());
    List<SpanColumn> columns = lightAnd(filters.columnsToTest(query.filter()));
    boolean byDuration = query.order().isByDuration();
    boolean descending = query.order().isDescending();
    String sorted = byDuration ? durationOrNull() : "r." + table.name(SpanColumn.STARTED_AT);
    List<Span> found = new ArrayList<>();
    SpanPosition after = query.after().orElse(null);
    int look = decided ? limit : Math.max(limit, FIRST_LOOK);
    while (true) {
      SqlStatement statement = table.select(columns).append(" WHERE ");
      statement.append(table.ofTenant("r", query.tenantId()));
      filters.append(statement, "r", query.filter());
      if (after != null) {
        heads.appendBehind(
            statement,
            sorted,
            byDuration ? "?" : dialect.nanosToTime("?"),
            byDuration,
            descending,
            after);
      }
      statement.append(heads.orderBy(sorted, byDuration, descending) + dialect.limit(look));
      List<Row> rows = statement.list(connection, row -> readRow(table.readValues(row, columns)));
      rows.stream()
          .filter(row -> decided || query.filter().matches(row.values()::get))
          .forEach(row -> found.add(row.span()));
      if (found.size() >= limit || rows.size() < look) {
        return found.subList(0, Math.min(found.size(), limit));
      }
      after = query.order().positionOf(rows.get(rows.size() - 1).span());
      look = Math.min(2 * look, LARGEST_LOOK);
    }
  }

  private String durationOrNull() {
    return "(CASE WHEN r."
        + table.name(SpanColumn.ENDED_AT)
        + " IS NULL THEN NULL ELSE "
        + filters.duration("r")
        + " END)";
  }

  /** How many spans a query lists on all of its pages. */
  long count(Connection connection, SpanQuery query) throws SQLException {
    if (filters.decides(query.filter())) {
      SqlStatement statement =
          new SqlStatement("SELECT count(*) FROM " + table.table() + " r WHERE ")
              .append(table.ofTenant("r", query.tenantId()));
      filters.append(statement, "r", query.filter());
      return statement.number(connection);
    }
    long[] count = {0};
    forEachPassing(
        connection,
        query.tenantId(),
        query.filter(),
        List.copyOf(query.filter().columns()),
        values -> count[0] += query.filter().matches(values) ? 1 : 0);
    return count[0];
  }

  private void forEachPassing(
      Connection connection,
      String tenantId,
      SpanFilter filter,
      List<SpanColumn> columns,
      Consumer<Function<SpanColumn, @Nullable Object>> each)
      throws SQLException {
    SqlStatement statement = table.select(columns).append(" WHERE ");
    statement.append(table.ofTenant("r", tenantId));
    filters.append(statement, "r", filter);
    statement.forEachWhile(
        connection,
        dialect,
        row -> {
          each.accept(table.readValues(row, columns)::get);
          return true;
        });
  }

  /** Whole spans of keys. */
  List<Span> spans(Connection connection, List<SpanKey> keys) throws SQLException {
    Map<TraceKey, List<String>> byTrace = new TreeMap<>();
    keys.forEach(
        key -> byTrace.computeIfAbsent(key.trace(), any -> new ArrayList<>()).add(key.spanId()));
    List<Span> spans = new ArrayList<>();
    for (Map.Entry<TraceKey, List<String>> trace : byTrace.entrySet()) {
      for (List<String> spanIds : chunks(trace.getValue())) {
        table
            .select(SpanColumn.all())
            .append(" WHERE ")
            .append(table.inTrace("r", trace.getKey()))
            .append(" AND ")
            .append(table.in("r", SpanColumn.SPAN_ID, spanIds))
            .forEach(connection, row -> spans.add(table.readSpan(row, SpanColumn.all())));
      }
    }
    return spans;
  }

  /** All spans of traces, whole. */
  List<Span> traces(Connection connection, List<TraceKey> traces) throws SQLException {
    List<Span> spans = new ArrayList<>();
    forEachOf(
        traces,
        (tenantId, traceIds) ->
            table
                .select(SpanColumn.all())
                .append(" WHERE ")
                .append(table.ofTraces("r", tenantId, traceIds))
                .forEach(connection, row -> spans.add(table.readSpan(row, SpanColumn.all()))));
    return spans;
  }

  private interface OfTenant {
    void read(String tenantId, List<String> traceIds) throws SQLException;
  }

  private static void forEachOf(List<TraceKey> traces, OfTenant read) throws SQLException {
    Map<String, List<String>> byTenant = new TreeMap<>();
    traces.forEach(
        trace ->
            byTenant
                .computeIfAbsent(trace.tenantId(), any -> new ArrayList<>())
                .add(trace.traceId()));
    for (Map.Entry<String, List<String>> tenant : byTenant.entrySet()) {
      for (List<String> traceIds : chunks(tenant.getValue())) {
        read.read(tenant.getKey(), traceIds);
      }
    }
  }

  // ---- values ----------------------------------------------------------------------------------

  /**
   * The values that a query asks for, in order.
   *
   * @param indexed the columns of indexes that begin with the tenant, behind the tenant
   */
  List<SpanValue> values(
      Connection connection, ValueQuery query, int limit, List<List<SpanColumn>> indexed)
      throws SQLException {
    if (query.source() instanceof ValueSource.Column source && filters.decides(query.filter())) {
      if (dialect.sortsByCodePoint()) {
        boolean loose =
            dialect.hasLooseIndexScans()
                && !query.wantsCounts()
                && isServed(query.filter(), source.column(), indexed);
        SqlStatement statement =
            loose
                ? looseScan(query, source.column(), limit)
                : grouped(query, source.column())
                    .append(
                        " ORDER BY "
                            + dialect.byteOrder("r." + table.name(source.column()))
                            + dialect.limit(limit));
        return statement.list(
            connection,
            row ->
                new SpanValue(
                    String.valueOf(dialect.read(row, 1, source.column())),
                    query.wantsCounts() ? row.getLong(2) : null));
      }
      TreeMap<String, SpanValue> values = new TreeMap<>(ValueQuery.ORDER);
      grouped(query, source.column())
          .forEach(
              connection,
              row -> {
                String text = String.valueOf(dialect.read(row, 1, source.column()));
                boolean behind =
                    query.after().map(a -> ValueQuery.ORDER.compare(text, a) > 0).orElse(true);
                if (behind && text.startsWith(query.prefix())) {
                  values.put(
                      text, new SpanValue(text, query.wantsCounts() ? row.getLong(2) : null));
                  if (values.size() > limit) {
                    values.pollLastEntry();
                  }
                }
              });
      return List.copyOf(values.values());
    }
    ValueQuery.Collector collector = query.collector(limit);
    Set<SpanColumn> columns = query.filter().columns();
    columns.add(query.source().column());
    forEachPassing(
        connection, query.tenantId(), withValue(query), List.copyOf(columns), collector::add);
    return collector.values();
  }

  /** Spans that have the column at all, besides what they must be. */
  private static SpanFilter withValue(ValueQuery query) {
    return query.filter().and(SpanFilter.builder().present(query.source().column()).build());
  }

  /** Whether an index has the values of a column in order, for spans that pass the filter. */
  private static boolean isServed(
      SpanFilter filter, SpanColumn column, List<List<SpanColumn>> indexed) {
    Set<SpanColumn> fixed = new HashSet<>();
    boolean onlyEqual =
        filter.conditions().stream()
            .allMatch(
                condition ->
                    condition instanceof SpanCondition.TextIs text
                        && text.anyOf().size() == 1
                        && fixed.add(text.column()));
    return onlyEqual
        && indexed.stream()
            .anyMatch(
                columns ->
                    columns.size() > fixed.size()
                        && new HashSet<>(columns.subList(0, fixed.size())).equals(fixed)
                        && columns.get(fixed.size()) == column);
  }

  private SqlStatement grouped(ValueQuery query, SpanColumn column) {
    String text = dialect.byteOrder("r." + table.name(column));
    SqlStatement statement =
        new SqlStatement(
            "SELECT "
                + text
                + (query.wantsCounts() ? ", count(*)" : "")
                + " FROM "
                + table.table()
                + " r WHERE ");
    appendValueConditions(statement, "r", query, column);
    return statement.append(" GROUP BY " + dialect.groupedExactly(text));
  }

  private void appendValueConditions(
      SqlStatement statement, String alias, ValueQuery query, SpanColumn column) {
    statement.append(table.ofTenant(alias, query.tenantId()));
    filters.append(
        statement,
        alias,
        query.filter().and(SpanFilter.builder().startsWith(column, query.prefix()).build()));
    if (dialect.sortsByCodePoint()) {
      query.after().ifPresent(after -> appendAfter(statement, alias, column, after));
    }
  }

  private void appendAfter(SqlStatement statement, String alias, SpanColumn column, String after) {
    boolean isId = SpanTableSql.isId(column);
    String text = alias + "." + table.name(column);
    statement.append(
        " AND "
            + (isId ? text : dialect.byteOrder(text))
            + " > "
            + (isId ? dialect.idParameter() : "?"),
        isId ? dialect.storedId(after) : after);
  }

  /**
   * From each value to the next one by the index: a recursive query, because no planner of ours
   * skips through an index by itself.
   */
  private SqlStatement looseScan(ValueQuery query, SpanColumn column, int limit) {
    String text = "r." + table.name(column);
    String sorted = SpanTableSql.isId(column) ? text : dialect.byteOrder(text);
    SqlStatement first =
        new SqlStatement(
            "WITH RECURSIVE v(x) AS (SELECT x FROM (SELECT "
                + sorted
                + " AS x FROM "
                + table.table()
                + " r WHERE ");
    appendValueConditions(first, "r", query, column);
    first.append(" ORDER BY " + sorted + " LIMIT 1) a UNION ALL SELECT (SELECT " + sorted);
    first.append(" FROM " + table.table() + " r WHERE ");
    appendValueConditions(first, "r", query, column);
    return first.append(
        " AND "
            + sorted
            + " > v.x ORDER BY "
            + sorted
            + " LIMIT 1) FROM v WHERE v.x IS NOT NULL) SELECT x FROM v WHERE x IS NOT NULL"
            + dialect.limit(limit));
  }

  // ---- sums ------------------------------------------------------------------------------------

  /** Answers a question over spans, from narrow columns. */
  List<SpanAggregate> aggregate(Connection connection, SpanAggregation question)
      throws SQLException {
    SpanAggregation.Collector collector = question.collector();
    boolean decided = filters.decides(question.filter());
    Set<SpanColumn> read = EnumSet.copyOf(question.columnsRead());
    if (decided) {
      read.removeAll(question.filter().columns());
      read.addAll(question.columns());
      read.addAll(question.sums());
      read.addAll(List.of(SpanColumn.STARTED_AT, SpanColumn.ENDED_AT, SpanColumn.ERROR));
    }
    List<SpanColumn> columns = List.copyOf(read);
    SqlStatement statement =
        (decided ? selectNarrow(columns) : table.select(columns)).append(" WHERE ");
    statement.append(table.ofTenant("r", question.tenantId()));
    filters.append(statement, "r", question.filter());
    statement.forEachWhile(
        connection,
        dialect,
        row -> {
          Map<SpanColumn, Object> values = table.readValues(row, columns);
          if (decided) {
            collector.addPassing(values::get);
          } else {
            collector.add(values::get);
          }
          return true;
        });
    return collector.groups();
  }

  /** Which services call which. */
  List<ServiceLink> links(Connection connection, String tenantId, TimeRange startedAt)
      throws SQLException {
    String service = table.name(SpanColumn.SERVICE_NAME);
    String caller = dialect.byteOrder("p." + service);
    String callee = dialect.byteOrder("r." + service);
    SqlStatement statement =
        new SqlStatement(
                "SELECT "
                    + caller
                    + ", "
                    + callee
                    + ", count(*), sum(CASE WHEN r."
                    + table.name(SpanColumn.ERROR)
                    + " IS NULL THEN 0 ELSE 1 END) FROM "
                    + table.table()
                    + " r JOIN "
                    + table.table()
                    + " p ON "
                    + table.sameTrace("p", "r")
                    + " AND p."
                    + table.name(SpanColumn.SPAN_ID)
                    + " = r."
                    + table.name(SpanColumn.PARENT_SPAN_ID)
                    + " WHERE ")
            .append(table.ofTenant("r", tenantId))
            .append(" AND " + caller + " <> " + callee);
    filters.append(statement, "r", SpanFilter.builder().startedAt(startedAt).build());
    return statement
        .append(" GROUP BY " + caller + ", " + callee)
        .list(
            connection,
            row ->
                new ServiceLink(
                    row.getString(1), row.getString(2), row.getLong(3), row.getLong(4)));
  }

  // ---- scans -----------------------------------------------------------------------------------

  /** The next spans of a scan, as many as fit into a few megabytes. */
  List<StoredSpan> next(Connection connection, SpanScan scan) throws SQLException {
    SqlStatement statement = table.selectStored().append(" WHERE 1 = 1");
    scan.tenantId()
        .ifPresent(tenant -> statement.append(" AND ").append(table.ofTenant("r", tenant)));
    scan.after().ifPresent(key -> appendKey(statement, ">", key));
    scan.upTo().ifPresent(key -> appendKey(statement, "<=", key));
    statement.append(
        " ORDER BY r."
            + table.name(SpanColumn.TENANT_ID)
            + ", r."
            + table.name(SpanColumn.TRACE_ID)
            + ", r."
            + table.name(SpanColumn.SPAN_ID)
            + dialect.limit(SCANNED_ROWS));
    List<StoredSpan> spans = new ArrayList<>();
    long[] characters = {0};
    statement.forEachWhile(
        connection,
        dialect,
        row -> {
          Map<SpanColumn, Object> values = table.readValues(row, SpanColumn.all());
          Span span = Span.fromColumns(SpanColumn.all(), values::get);
          byte[] version = row.getBytes(SpanColumn.all().size() + 1);
          spans.add(
              new StoredSpan(
                  span, version == null ? span.version() : SpanVersion.ofBytes(version)));
          for (Object value : values.values()) {
            characters[0] += value instanceof Json json ? json.text().length() : 0;
          }
          return characters[0] < SCANNED_CHARACTERS;
        });
    return spans;
  }

  private void appendKey(SqlStatement statement, String operator, SpanKey key) {
    String tenant = dialect.storedId(key.tenantId());
    String trace = dialect.storedId(key.traceId());
    String span = dialect.storedId(key.spanId());
    if (dialect.comparesRows()) {
      String parameter = dialect.idParameter();
      statement.append(
          " AND (r."
              + table.name(SpanColumn.TENANT_ID)
              + ", r."
              + table.name(SpanColumn.TRACE_ID)
              + ", r."
              + table.name(SpanColumn.SPAN_ID)
              + ") "
              + operator
              + " ("
              + String.join(", ", parameter, parameter, parameter)
              + ")",
          tenant,
          trace,
          span);
      return;
    }
    String beyond = operator.substring(0, 1);
    statement
        .append(" AND (" + table.comparesId("r", SpanColumn.TENANT_ID, beyond), tenant)
        .append(" OR (" + table.comparesId("r", SpanColumn.TENANT_ID, "="), tenant)
        .append(" AND (" + table.comparesId("r", SpanColumn.TRACE_ID, beyond), trace)
        .append(" OR (" + table.comparesId("r", SpanColumn.TRACE_ID, "="), trace)
        .append(" AND " + table.comparesId("r", SpanColumn.SPAN_ID, operator) + "))))", span);
  }

  private static <T> List<List<T>> chunks(List<T> all) {
    List<List<T>> chunks = new ArrayList<>();
    for (int i = 0; i < all.size(); i += IDS_PER_STATEMENT) {
      chunks.add(all.subList(i, Math.min(all.size(), i + IDS_PER_STATEMENT)));
    }
    return chunks;
  }
}
