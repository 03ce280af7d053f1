package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.storage.SpanPosition;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.spi.RootConditions;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The two statements by which traces are listed; see {@link RootList}. */
final class RootQuery {
  private static final String VERSION = SqlText.name(SpanColumn.VERSION_NAME);
  private static final String TRACE = name(SpanColumn.TRACE_ID);
  private static final String SPAN = name(SpanColumn.SPAN_ID);
  private static final String ERROR = name(SpanColumn.ERROR);

  private final String source;

  /**
   * @param source what is read: the table, quoted, or a subquery
   */
  RootQuery(String source) {
    this.source = source;
  }

  private static String name(SpanColumn column) {
    return SqlText.name(column.columnName());
  }

  /**
   * Selects light rows and their versions that may be what is asked for, in the order of the list.
   * A row that a better one has replaced or that was deleted may be among them, and a row may come
   * twice; none that is asked for is missing.
   */
  String candidates(TraceQuery query, @Nullable SpanPosition after, int limit) {
    RootConditions root = RootConditions.of(query);
    StringBuilder sql =
        new StringBuilder("SELECT ")
            .append(SpanRows.select(SpanColumn.light()))
            .append(", ")
            .append(VERSION)
            .append(" FROM ")
            .append(source)
            .append(" WHERE ")
            .append(name(SpanColumn.TENANT_ID))
            .append(" = ")
            .append(SqlText.literal(query.tenantId()))
            .append(" AND ")
            .append(SqlText.name(ClickHouseTable.IS_ROOT))
            .append(" = true");
    appendRange(sql, SpanColumn.STARTED_AT, root.startedAt());
    appendRange(sql, SpanColumn.ENDED_AT, root.endedAt());
    root.status().ifPresent(status -> sql.append(" AND ").append(hasStatus(status)));
    root.equal()
        .forEach(
            (column, value) ->
                sql.append(" AND ")
                    .append(name(column))
                    .append(" = ")
                    .append(SqlText.literal(value)));
    root.tags()
        .forEach(
            tag ->
                sql.append(" AND has(")
                    .append(name(SpanColumn.TAGS))
                    .append(", ")
                    .append(SqlText.literal(tag))
                    .append(")"));
    appendMembers(sql, SpanColumn.METADATA, root.metadata());
    appendMembers(sql, SpanColumn.SCOPE, root.scope());
    if (root.hasChildError().orElse(false)) {
      sql.append(" AND ").append(TRACE).append(" GLOBAL IN (SELECT ").append(TRACE);
      sql.append(" FROM ").append(source).append(" WHERE ").append(name(SpanColumn.TENANT_ID));
      sql.append(" = ").append(SqlText.literal(query.tenantId()));
      sql.append(" AND isNotNull(").append(ERROR).append("))");
    }
    if (after != null) {
      appendPosition(sql, query, after);
    }
    String direction = query.order().isDescending() ? " DESC NULLS FIRST" : " ASC NULLS LAST";
    return sql.append(" ORDER BY ")
        .append(name(query.order().column()))
        // A column that is never null is read in the projection's own order only if it says so.
        .append(
            query.order().column().isRequired()
                ? (query.order().isDescending() ? " DESC" : " ASC")
                : direction)
        .append(", ")
        .append(TRACE)
        .append(", ")
        .append(SPAN)
        // Of rows in the same place the best must come first: what follows it is skipped.
        .append(", ")
        .append(VERSION)
        .append(" DESC LIMIT ")
        .append(limit)
        .append(" SETTINGS optimize_use_projections = 1")
        .toString();
  }

  /**
   * Selects what some traces are by now: trace id, span id and version of the first root (an empty
   * span id if there is none), and whether any span has an error. It looks at the newest row of
   * each span alone, in the table itself: what was deleted is not there.
   */
  String firstRoots(String tenantId, Collection<String> traceIds) {
    return "SELECT trace, argMinIf(span, (started, span), is_newest_root), argMinIf(newest,"
        + " (started, span), is_newest_root), max(has_error) FROM (SELECT "
        + TRACE
        + " AS trace, "
        + SPAN
        + " AS span, max("
        + VERSION
        + ") AS newest, argMax((isNull("
        + name(SpanColumn.PARENT_SPAN_ID)
        + "), "
        + name(SpanColumn.STARTED_AT)
        + ", isNotNull("
        + ERROR
        + ")), "
        + VERSION
        + ") AS now, now.1 AS is_newest_root, now.2 AS started, now.3 AS has_error FROM "
        + source
        + " WHERE "
        + name(SpanColumn.TENANT_ID)
        + " = "
        + SqlText.literal(tenantId)
        + " AND "
        + TRACE
        + " IN "
        + SqlText.list(traceIds)
        + " GROUP BY "
        + TRACE
        + ", "
        + SPAN
        + ") GROUP BY trace";
  }

  /** The condition that {@link dev.tracekeep.span.Span#status()} is. */
  static String hasStatus(SpanStatus status) {
    String ended = name(SpanColumn.ENDED_AT);
    return switch (status) {
      case ERROR -> "isNotNull(" + ERROR + ")";
      case RUNNING -> "isNull(" + ERROR + ") AND isNull(" + ended + ")";
      case OK -> "isNull(" + ERROR + ") AND isNotNull(" + ended + ")";
    };
  }

  private static void appendRange(StringBuilder sql, SpanColumn column, TimeRange range) {
    Instant from = range.from();
    if (from != null) {
      sql.append(" AND ").append(name(column)).append(range.fromExclusive() ? " > " : " >= ");
      sql.append(SqlText.literal(from));
    }
    Instant to = range.to();
    if (to != null) {
      sql.append(" AND ").append(name(column)).append(range.toExclusive() ? " < " : " <= ");
      sql.append(SqlText.literal(to));
    }
  }

  /**
   * Narrows by members of an object, by its text alone: the engine's own JSON functions give up on
   * numbers that are too large for them, and would lose the row. Without a backslash a text spells
   * each name and string in one way.
   */
  private static void appendMembers(
      StringBuilder sql, SpanColumn column, Map<String, Json> members) {
    members.forEach(
        (key, value) -> {
          appendSpelling(sql, column, Json.of(key).text());
          if (value.kind() == Json.Kind.STRING) {
            appendSpelling(sql, column, Json.of(value.asText()).text());
          }
        });
  }

  private static void appendSpelling(StringBuilder sql, SpanColumn column, String spelling) {
    String text = "assumeNotNull(" + name(column) + ")";
    sql.append(" AND isNotNull(").append(name(column)).append(")");
    sql.append(" AND (position(").append(text).append(", ").append(SqlText.literal(spelling));
    sql.append(") > 0 OR position(").append(text).append(", ").append(SqlText.literal("\\"));
    sql.append(") > 0)");
  }

  private static void appendPosition(StringBuilder sql, TraceQuery query, SpanPosition after) {
    String time = name(query.order().column());
    String tie =
        "("
            + TRACE
            + ", "
            + SPAN
            + ") > ("
            + SqlText.literal(after.traceId())
            + ", "
            + SqlText.literal(after.spanId())
            + ")";
    boolean descending = query.order().isDescending();
    Long position = after.value();
    if (position == null) {
      sql.append(" AND ((isNull(").append(time).append(") AND ").append(tie).append(")");
      sql.append(descending ? " OR isNotNull(" + time + "))" : ")");
      return;
    }
    String bound = SqlText.nanos(position);
    boolean nullsFollow = !descending && query.order().column() == SpanColumn.ENDED_AT;
    if (!nullsFollow) {
      // Says nothing new, but lets the engine start at the right place.
      sql.append(" AND ").append(time).append(descending ? " <= " : " >= ").append(bound);
    }
    sql.append(" AND (").append(time).append(descending ? " < " : " > ").append(bound);
    sql.append(" OR (").append(time).append(" = ").append(bound).append(" AND ").append(tie);
    sql.append(")");
    sql.append(nullsFollow ? " OR isNull(" + time + "))" : ")");
  }
}
