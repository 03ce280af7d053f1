package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.storage.SpanPosition;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Rows that may be what a list shows, in its order, by way of the projection of roots, and without
 * asking whether a better row has replaced them or their trace was deleted. A row may come twice;
 * the newest row of each span that meets the condition is among them.
 */
final class Candidates {
  private static final String TENANT = name(SpanColumn.TENANT_ID);
  private static final String TRACE = name(SpanColumn.TRACE_ID);
  private static final String SPAN = name(SpanColumn.SPAN_ID);
  private static final String VERSION = SqlText.name(SpanColumn.VERSION_NAME);

  private final String source;
  private final String tenantId;
  private final String condition;
  private final List<Boolean> roots;
  private final String value;
  private final boolean mayBeNull;
  private final boolean descending;

  /**
   * @param source what is read: the table, quoted, or a subquery
   * @param condition what a row must meet
   * @param roots whether it is a root: {@code true}, {@code false} or both
   * @param value the expression that is sorted by: nanoseconds, or a time column
   * @param mayBeNull whether the value can be absent, which is more than any
   */
  Candidates(
      String source,
      String tenantId,
      String condition,
      List<Boolean> roots,
      String value,
      boolean mayBeNull,
      boolean descending) {
    this.source = source;
    this.tenantId = tenantId;
    this.condition = condition;
    this.roots = roots;
    this.value = value;
    this.mayBeNull = mayBeNull;
    this.descending = descending;
  }

  /** A row: its place and its version. */
  record Candidate(SpanPosition position, SpanVersion version) {}

  private static String name(SpanColumn column) {
    return SqlText.name(column.columnName());
  }

  /** The next rows behind a position. */
  List<Candidate> next(ClickHouseClient client, @Nullable SpanPosition after, int limit)
      throws Exception {
    return client.list(statement(after, limit), this::read);
  }

  private Candidate read(RowBinaryReader row) throws IOException {
    String trace = row.text();
    String span = row.text();
    Long place = mayBeNull ? row.nullableNumber() : Long.valueOf(row.number());
    return new Candidate(new SpanPosition(place, trace, span), SpanRows.readVersion(row));
  }

  /** Selects them: trace id, span id, value and version. */
  String statement(@Nullable SpanPosition after, int limit) {
    // Each part is read in the projection's own order, and no further than it has to be.
    String parts =
        roots.stream()
            .map(
                isRoot ->
                    "(SELECT "
                        + String.join(", ", TRACE, SPAN, value + " AS place", VERSION)
                        + " FROM "
                        + source
                        + " WHERE "
                        + TENANT
                        + " = "
                        + SqlText.literal(tenantId)
                        + " AND "
                        + SqlText.name(ClickHouseTable.IS_ROOT)
                        + " = "
                        + isRoot
                        + " AND "
                        + condition
                        + (after == null ? "" : behind(after))
                        + order(value)
                        + " LIMIT "
                        + limit
                        + ")")
            .collect(Collectors.joining(" UNION ALL "));
    return "SELECT * FROM ("
        + parts
        + ")"
        + order("place")
        + " LIMIT "
        + limit
        + " SETTINGS optimize_use_projections = 1";
  }

  private String order(String sorted) {
    String direction = descending ? " DESC" : " ASC";
    // A column that is never null is read in the projection's own order only if it says so.
    String nulls = mayBeNull ? (descending ? " NULLS FIRST" : " NULLS LAST") : "";
    return Stream.of(sorted + direction + nulls, TRACE, SPAN, VERSION + " DESC")
        // Of rows in the same place the best must come first: what follows it is skipped.
        .collect(Collectors.joining(", ", " ORDER BY ", ""));
  }

  private String behind(SpanPosition after) {
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
    Long position = after.value();
    if (position == null) {
      return " AND ((isNull("
          + value
          + ") AND "
          + tie
          + ")"
          + (descending ? " OR isNotNull(" + value + "))" : ")");
    }
    String bound = isTime() ? SqlText.nanos(position) : "toInt64(" + position + ")";
    boolean nullsFollow = !descending && mayBeNull;
    return (nullsFollow
            ? ""
            // Says nothing new, but lets the engine start at the right place.
            : " AND " + value + (descending ? " <= " : " >= ") + bound)
        + " AND ("
        + value
        + (descending ? " < " : " > ")
        + bound
        + " OR ("
        + value
        + " = "
        + bound
        + " AND "
        + tie
        + ")"
        + (nullsFollow ? " OR isNull(" + value + "))" : ")");
  }

  private boolean isTime() {
    return !value.equals(FilterSql.DURATION);
  }
}
