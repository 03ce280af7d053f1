package dev.tracekeep.jdbc;

import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.SpanPosition;
import dev.tracekeep.storage.TraceOrder;
import dev.tracekeep.storage.TraceQuery;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The heads of traces in SQL: of the traces with a stored root their first root, and of those
 * without their first span. The two are asked for one after the other, because the first have an
 * index of their own, which is one entry in fifty. Immutable and thread-safe.
 */
final class HeadSql {
  private final SqlDialect dialect;
  private final SpanTableSql table;
  private final SpanFilterSql filters;

  HeadSql(SqlDialect dialect, SpanTableSql table, SpanFilterSql filters) {
    this.dialect = dialect;
    this.table = table;
    this.filters = filters;
  }

  /** The kinds of heads that a query asks for, those with a root first. */
  static List<Boolean> kinds(TraceQuery query) {
    return switch (query.roots()) {
      case ANY -> List.of(true, false);
      case STORED -> List.of(true);
      case MISSING -> List.of(false);
    };
  }

  /**
   * Selects heads in the order of the list.
   *
   * @param rooted whether of traces with a stored root, or of the others
   * @param traces the traces to look at; null for all
   * @param last where the list may end: what is sorted behind this value is not needed; null for
   *     the end of the list
   */
  SqlStatement select(
      TraceQuery query,
      List<SpanColumn> columns,
      boolean rooted,
      @Nullable Collection<String> traces,
      @Nullable SpanPosition after,
      @Nullable SpanPosition last,
      int limit) {
    SqlStatement statement = table.select(columns).append(" WHERE ");
    appendConditions(statement, query, rooted, traces);
    TraceOrder order = query.order();
    String time = "r." + table.name(order.column());
    boolean mayBeNull = !order.column().isRequired();
    if (after != null) {
      appendBehind(
          statement, time, dialect.nanosToTime("?"), mayBeNull, order.isDescending(), after);
    }
    if (last != null) {
      appendUpTo(statement, time, mayBeNull, order.isDescending(), last);
    }
    return statement.append(orderBy(time, mayBeNull, order.isDescending()) + dialect.limit(limit));
  }

  /** Counts heads. */
  SqlStatement count(TraceQuery query, boolean rooted, @Nullable Collection<String> traces) {
    SqlStatement statement =
        new SqlStatement("SELECT count(*) FROM " + table.table() + " r WHERE ");
    appendConditions(statement, query, rooted, traces);
    return statement;
  }

  /** Counts all traces of a tenant. */
  SqlStatement countAll(String tenantId) {
    return new SqlStatement(
            "SELECT count(*) FROM (SELECT DISTINCT r."
                + table.name(SpanColumn.TRACE_ID)
                + " FROM "
                + table.table()
                + " r WHERE ")
        .append(table.ofTenant("r", tenantId))
        .append(") d");
  }

  private void appendConditions(
      SqlStatement statement,
      TraceQuery query,
      boolean rooted,
      @Nullable Collection<String> traces) {
    statement.append(table.ofTenant("r", query.tenantId()));
    if (traces != null) {
      statement.append(" AND ").append(table.in("r", SpanColumn.TRACE_ID, traces));
    }
    String parent = table.name(SpanColumn.PARENT_SPAN_ID);
    statement.append(" AND r." + parent + (rooted ? " IS NULL" : " IS NOT NULL"));
    filters.append(statement, "r", query.root());
    if (rooted) {
      appendNone(statement, "f." + parent + " IS NULL AND " + isEarlier());
    } else {
      appendNone(statement, "f." + parent + " IS NULL");
      appendNone(statement, isEarlier());
    }
    for (SpanFilter filter : query.anySpan()) {
      appendSome(statement, " AND EXISTS", filter);
    }
    for (SpanFilter filter : query.noSpan()) {
      // What is only narrowed by would leave out traces that belong to the list.
      if (filters.decides(filter)) {
        appendSome(statement, " AND NOT EXISTS", filter);
      }
    }
  }

  private void appendSome(SqlStatement statement, String exists, SpanFilter filter) {
    statement.append(
        exists + " (SELECT 1 FROM " + table.table() + " c WHERE " + table.sameTrace("c", "r"));
    filters.append(statement, "c", filter);
    statement.append(dialect.askedRowByRow() + ")");
  }

  private void appendNone(SqlStatement statement, String condition) {
    statement.append(
        " AND NOT EXISTS (SELECT 1 FROM "
            + table.table()
            + " f WHERE "
            + table.sameTrace("f", "r")
            + " AND "
            + condition
            + dialect.askedRowByRow()
            + ")");
  }

  private String isEarlier() {
    String started = table.name(SpanColumn.STARTED_AT);
    String span = table.name(SpanColumn.SPAN_ID);
    // The trace is what to look up: an index by start would find half of the table.
    String other = dialect.notByIndex("f." + started);
    return "(" + other + " < r." + started + " OR (" + other + " = r." + started + " AND f." + span
        + " < r." + span + "))";
  }

  /** ORDER BY a value, then by trace and span id. */
  String orderBy(String value, boolean mayBeNull, boolean descending) {
    String direction = descending ? " DESC" : " ASC";
    return " ORDER BY "
        + (mayBeNull ? dialect.nullsLatest(value, direction) : value + direction)
        + ", r."
        + table.name(SpanColumn.TRACE_ID)
        + ", r."
        + table.name(SpanColumn.SPAN_ID);
  }

  /**
   * Appends a condition: the row is behind a place in the order.
   *
   * @param bound a parameter as the value is compared with it
   */
  void appendBehind(
      SqlStatement statement,
      String value,
      String bound,
      boolean mayBeNull,
      boolean descending,
      SpanPosition after) {
    String tie =
        "("
            + table.comparesId("r", SpanColumn.TRACE_ID, ">")
            + " OR ("
            + table.comparesId("r", SpanColumn.TRACE_ID, "=")
            + " AND "
            + table.comparesId("r", SpanColumn.SPAN_ID, ">")
            + "))";
    String trace = dialect.storedId(after.traceId());
    Object[] tieValues = {trace, trace, dialect.storedId(after.spanId())};
    Long position = after.value();
    if (position == null) {
      statement.append(" AND ((" + value + " IS NULL AND ").append(tie, tieValues).append(")");
      statement.append(descending ? " OR " + value + " IS NOT NULL)" : ")");
      return;
    }
    boolean nullsFollow = !descending && mayBeNull;
    if (!nullsFollow) {
      // Says nothing new, but lets the engine start its index scan at the right place.
      statement.append(" AND " + value + (descending ? " <= " : " >= ") + bound, position);
    }
    statement
        .append(" AND (" + value + (descending ? " < " : " > ") + bound, position)
        .append(" OR (" + value + " = " + bound + " AND ", position)
        .append(tie, tieValues)
        .append(")" + (nullsFollow ? " OR " + value + " IS NULL" : "") + ")");
  }

  /** Appends a condition: the row is sorted no later than a value, whatever its ids. */
  private void appendUpTo(
      SqlStatement statement,
      String value,
      boolean mayBeNull,
      boolean descending,
      SpanPosition last) {
    Long position = last.value();
    if (position == null) {
      if (descending) {
        statement.append(" AND " + value + " IS NULL");
      }
      return;
    }
    String bound = dialect.nanosToTime("?");
    if (!descending) {
      statement.append(" AND " + value + " <= " + bound, position);
    } else if (mayBeNull) {
      statement.append(" AND (" + value + " >= " + bound + " OR " + value + " IS NULL)", position);
    } else {
      statement.append(" AND " + value + " >= " + bound, position);
    }
  }
}
