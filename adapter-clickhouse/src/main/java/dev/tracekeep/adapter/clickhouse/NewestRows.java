package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.storage.SpanFilter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The newest row of each span, whether the engine has merged yet or not. A condition on the key may
 * stand before that choice; any other comes after it, since an older row may meet what the newest
 * does not.
 */
final class NewestRows {
  /** At most so many keys stand in one statement. */
  private static final int KEYS_AT_ONCE = 4_000;

  private static final String TENANT = name(SpanColumn.TENANT_ID);
  private static final String TRACE = name(SpanColumn.TRACE_ID);
  private static final String SPAN = name(SpanColumn.SPAN_ID);
  private static final String VERSION = SqlText.name(SpanColumn.VERSION_NAME);

  private final ClickHouseClient client;
  private final String source;

  /**
   * @param source what is read: the table, quoted, or a subquery
   */
  NewestRows(ClickHouseClient client, String source) {
    this.client = client;
    this.source = source;
  }

  /** Some columns of a row, and its version. */
  record Row(Map<SpanColumn, Object> values, SpanVersion version) {
    /** The value of a column that was read; null where it is absent. */
    @Nullable Object value(SpanColumn column) {
      return values.get(column);
    }

    /** The light span; of a row of which the light columns were read. */
    Span light() {
      return Span.fromColumns(SpanColumn.light(), values::get);
    }

    /** The whole span. */
    Span whole() {
      return Span.fromColumns(SpanColumn.all(), values::get);
    }
  }

  /** Takes rows one by one. */
  @FunctionalInterface
  interface RowConsumer {
    void accept(Row row) throws Exception;
  }

  private static String name(SpanColumn column) {
    return SqlText.name(column.columnName());
  }

  /** The condition that a row is a tenant's. */
  static String ofTenant(String tenantId) {
    return TENANT + " = " + SqlText.literal(tenantId);
  }

  /** The condition that a row belongs to one of some traces of one tenant. */
  static String inTraces(String tenantId, Collection<String> traceIds) {
    return ofTenant(tenantId) + " AND " + TRACE + " IN " + SqlText.list(traceIds);
  }

  /** The condition that a row has one of some keys of one tenant. */
  static String ofKeys(String tenantId, Collection<SpanKey> keys) {
    List<String> pairs = new ArrayList<>();
    for (SpanKey key : keys) {
      pairs.add("(" + SqlText.literal(key.traceId()) + ", " + SqlText.literal(key.spanId()) + ")");
    }
    return ofTenant(tenantId)
        + " AND ("
        + TRACE
        + ", "
        + SPAN
        + ") IN ("
        + String.join(", ", pairs)
        + ")";
  }

  /**
   * Selects columns of the newest rows.
   *
   * @param columns their names or expressions, as a list
   * @param condition on the key alone
   */
  String select(String columns, String condition) {
    return "SELECT "
        + columns
        + " FROM "
        + source
        + " WHERE "
        + condition
        + " ORDER BY "
        + String.join(", ", TENANT, TRACE, SPAN, VERSION + " DESC")
        + " LIMIT 1 BY "
        + String.join(", ", TENANT, TRACE, SPAN);
  }

  /**
   * Reads columns of the newest rows.
   *
   * @param columns among them all that {@code then} looks at
   * @param condition on the key alone
   * @param then what the newest row must meet; {@code true} for anything
   */
  void forEach(List<SpanColumn> columns, String condition, String then, RowConsumer consumer)
      throws Exception {
    String list = columns.isEmpty() ? VERSION : SpanRows.select(columns) + ", " + VERSION;
    // Every column that the condition looks at is among them.
    String newest = select(list, condition);
    String statement =
        then.equals("true") ? newest : "SELECT " + list + " FROM (" + newest + ") WHERE " + then;
    client.forEach(statement, row -> consumer.accept(read(row, columns)));
  }

  private static Row read(RowBinaryReader row, List<SpanColumn> columns) throws IOException {
    Map<SpanColumn, Object> values = SpanRows.values(row, columns);
    return new Row(values, SpanRows.readVersion(row));
  }

  /** The same as a list. */
  List<Row> list(List<SpanColumn> columns, String condition) throws Exception {
    List<Row> rows = new ArrayList<>();
    forEach(columns, condition, "true", rows::add);
    return rows;
  }

  /** Reads the light columns of some spans of one tenant, and those that a filter looks at. */
  List<Row> light(String tenantId, List<SpanKey> keys, SpanFilter filter) throws Exception {
    List<SpanColumn> columns = new ArrayList<>(SpanColumn.light());
    columns.addAll(FilterSql.beside(columns, filter));
    List<Row> rows = new ArrayList<>();
    for (int from = 0; from < keys.size(); from += KEYS_AT_ONCE) {
      List<SpanKey> some = keys.subList(from, Math.min(keys.size(), from + KEYS_AT_ONCE));
      rows.addAll(list(columns, ofKeys(tenantId, some)));
    }
    return rows;
  }

  /** Those of some traces of one tenant in which a span passes the filter. */
  Set<String> tracesWith(String tenantId, Collection<String> traceIds, SpanFilter filter)
      throws Exception {
    Set<String> found = new HashSet<>();
    List<SpanColumn> columns = new ArrayList<>(List.of(SpanColumn.TRACE_ID));
    columns.addAll(FilterSql.beside(columns, filter));
    List<String> all = List.copyOf(new TreeSet<>(traceIds));
    for (int from = 0; from < all.size(); from += KEYS_AT_ONCE) {
      List<String> some = all.subList(from, Math.min(all.size(), from + KEYS_AT_ONCE));
      forEach(
          columns,
          inTraces(tenantId, some),
          FilterSql.condition(filter),
          row -> {
            if (filter.matches(row::value)) {
              found.add((String) row.values().get(SpanColumn.TRACE_ID));
            }
          });
    }
    return found;
  }
}
