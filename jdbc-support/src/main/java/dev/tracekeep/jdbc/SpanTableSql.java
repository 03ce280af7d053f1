package dev.tracekeep.jdbc;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.PruneRequest;
import dev.tracekeep.storage.SpanPosition;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.spi.RootConditions;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The statements on our own span table, and the rows they give. Immutable and thread-safe. */
public final class SpanTableSql {
  private final SqlDialect dialect;
  private final String table;

  /**
   * @param dialect how the engine spells things
   * @param qualifiedTable the table, quoted and qualified
   */
  public SpanTableSql(SqlDialect dialect, String qualifiedTable) {
    this.dialect = dialect;
    this.table = qualifiedTable;
  }

  /** The table, quoted and qualified. */
  public String table() {
    return table;
  }

  /**
   * The names of all columns, quoted, in the order of {@link SpanColumn#all()}, then the version.
   */
  public List<String> columnNames() {
    List<String> names = new ArrayList<>();
    SpanColumn.all().forEach(column -> names.add(name(column)));
    names.add(versionName());
    return names;
  }

  /** The definitions of all columns for CREATE TABLE, in the order of {@link #columnNames()}. */
  public String columnDefinitions() {
    return SpanColumn.all().stream().map(this::definition).collect(Collectors.joining(", "))
        + ", "
        + versionDefinition();
  }

  /** The definition of one column, for engines to which the order of the columns matters. */
  public String definition(SpanColumn column) {
    return name(column)
        + " "
        + dialect.columnType(column)
        + dialect.collation(column)
        + (column.isRequired() ? " NOT NULL" : "");
  }

  /** The definition of the version column. */
  public String versionDefinition() {
    return versionName() + " " + dialect.versionType() + " NOT NULL";
  }

  /** A column's name, quoted. */
  public String name(SpanColumn column) {
    return dialect.quote(column.columnName());
  }

  /** The version column's name, quoted. */
  public String versionName() {
    return dialect.quote(SpanColumn.VERSION_NAME);
  }

  /** {@code tenant_id, trace_id, span_id}, quoted. */
  public String keyNames() {
    return SpanColumn.all().stream()
        .filter(SpanColumn::isKey)
        .map(this::name)
        .collect(Collectors.joining(", "));
  }

  /** {@code a.tenant_id = b.tenant_id AND …}. */
  public String sameKey(String left, String right) {
    return SpanColumn.all().stream()
        .filter(SpanColumn::isKey)
        .map(column -> left + "." + name(column) + " = " + right + "." + name(column))
        .collect(Collectors.joining(" AND "));
  }

  /** {@code name = excluded.name, …} for all columns but the key. */
  public String assignments(String source) {
    return columnNames().stream()
        .skip(SpanColumn.all().stream().filter(SpanColumn::isKey).count())
        .map(name -> name + " = " + source + "." + name)
        .collect(Collectors.joining(", "));
  }

  /**
   * A condition: the version of the one beats that of the other, which may be null in an old row.
   */
  public String beats(String better, String worse) {
    String version = versionName();
    return "("
        + worse
        + "."
        + version
        + " IS NULL OR "
        + better
        + "."
        + version
        + " > "
        + worse
        + "."
        + version
        + ")";
  }

  /** A condition: the two start at different times. Unknown where one of them is not there. */
  public String otherStart(String left, String right) {
    String started = name(SpanColumn.STARTED_AT);
    return left + "." + started + " <> " + right + "." + started;
  }

  // ---- reads -----------------------------------------------------------------------------------

  SqlStatement selectSpan(SpanKey key) {
    return select(SpanColumn.all())
        .append(" WHERE ")
        .append(inTrace("r", key.trace()))
        .append(isSpan("r", key));
  }

  SqlStatement selectRoots(TraceKey trace) {
    return select(SpanColumn.all())
        .append(" WHERE ")
        .append(inTrace("r", trace))
        .append(" AND r." + name(SpanColumn.PARENT_SPAN_ID) + " IS NULL");
  }

  SqlStatement selectTrace(TraceKey trace, List<SpanColumn> columns) {
    return select(columns).append(" WHERE ").append(inTrace("r", trace));
  }

  /** Selects the rows of keys that are in key order, locked until the commit. */
  SqlStatement selectForUpdate(List<SpanKey> keys) {
    SqlStatement statement = select(SpanColumn.all()).append(dialect.forUpdateHint() + " WHERE ");
    String separator = "";
    for (SpanKey key : keys) {
      statement
          .append(separator + "(")
          .append(inTrace("r", key.trace()))
          .append(isSpan("r", key))
          .append(")");
      separator = " OR ";
    }
    return statement.append(" ORDER BY " + keyNames() + dialect.forUpdate());
  }

  private SqlStatement select(List<SpanColumn> columns) {
    String list =
        columns.stream()
            .map(column -> dialect.select(column, "r." + name(column)))
            .collect(Collectors.joining(", "));
    return new SqlStatement("SELECT " + list + " FROM " + table + " r");
  }

  /** A condition: the row is of this trace. */
  SqlStatement inTrace(String alias, TraceKey trace) {
    return new SqlStatement("")
        .append(comparesId(alias, SpanColumn.TENANT_ID, "="), dialect.storedId(trace.tenantId()))
        .append(" AND ")
        .append(comparesId(alias, SpanColumn.TRACE_ID, "="), dialect.storedId(trace.traceId()));
  }

  private SqlStatement isSpan(String alias, SpanKey key) {
    return new SqlStatement(
        " AND " + comparesId(alias, SpanColumn.SPAN_ID, "="), dialect.storedId(key.spanId()));
  }

  /** Selects one row of any, if there is one. */
  SqlStatement selectAnyRow() {
    return new SqlStatement("SELECT 1 FROM " + table + dialect.limitUnordered(1));
  }

  /** Selects the version of any one row that has one. */
  SqlStatement selectAnyVersion() {
    return new SqlStatement(
        "SELECT "
            + versionName()
            + " FROM "
            + table
            + " WHERE "
            + versionName()
            + " IS NOT NULL"
            + dialect.limitUnordered(1));
  }

  /** Whether the column holds ids, which are stored and compared as the engine needs it. */
  static boolean isId(SpanColumn column) {
    return column.isKey() || column == SpanColumn.PARENT_SPAN_ID;
  }

  /** A comparison of an id column with a parameter. */
  private String comparesId(String alias, SpanColumn column, String operator) {
    return (alias.isEmpty() ? "" : alias + ".")
        + name(column)
        + " "
        + operator
        + " "
        + dialect.idParameter();
  }

  /** Reads a row of {@link #select} with the given columns. */
  Span readSpan(ResultSet row, List<SpanColumn> columns) throws SQLException {
    Map<SpanColumn, Object> values = new EnumMap<>(SpanColumn.class);
    for (int i = 0; i < columns.size(); i++) {
      Object value = dialect.read(row, i + 1, columns.get(i));
      if (value != null) {
        values.put(columns.get(i), value);
      }
    }
    return Span.fromColumns(columns, values::get);
  }

  // ---- the list of traces ----------------------------------------------------------------------

  /**
   * Selects light roots in order. Metadata and scope filters are only narrowed here, so the caller
   * looks again with {@link TraceQuery#matches}.
   */
  SqlStatement selectRoots(TraceQuery query, @Nullable SpanPosition after, int limit) {
    RootConditions root = RootConditions.of(query);
    SqlStatement statement =
        select(SpanColumn.light())
            .append(" WHERE ")
            .append(comparesId("r", SpanColumn.TENANT_ID, "="), dialect.storedId(query.tenantId()))
            .append(" AND r." + name(SpanColumn.PARENT_SPAN_ID) + " IS NULL");
    appendRange(statement, SpanColumn.STARTED_AT, root.startedAt());
    appendRange(statement, SpanColumn.ENDED_AT, root.endedAt());
    root.status().ifPresent(status -> statement.append(" AND " + hasStatus("r", status)));
    root.equal()
        .forEach(
            (column, value) ->
                statement
                    .append(" AND ")
                    .append(
                        isId(column) ? comparesId("r", column, "=") : "r." + name(column) + " = ?",
                        isId(column) ? dialect.storedId(value) : value));
    root.tags()
        .forEach(
            tag ->
                statement.append(
                    " AND " + dialect.hasTag("r." + name(SpanColumn.TAGS)),
                    dialect.soughtTag(tag)));
    appendMembers(statement, SpanColumn.METADATA, root.metadata());
    appendMembers(statement, SpanColumn.SCOPE, root.scope());
    root.hasChildError().ifPresent(wanted -> appendChildError(statement, wanted));
    appendFirstRootOnly(statement);
    if (after != null) {
      appendPosition(statement, query, after);
    }
    String time = "r." + name(query.order().column());
    String direction = query.order().isDescending() ? " DESC" : " ASC";
    boolean mayBeNull = query.order().column() == SpanColumn.ENDED_AT;
    return statement
        .append(" ORDER BY ")
        .append(mayBeNull ? dialect.nullsLatest(time, direction) : time + direction)
        .append(", r." + name(SpanColumn.TRACE_ID) + ", r." + name(SpanColumn.SPAN_ID))
        .append(dialect.limit(limit));
  }

  /** The condition that {@link Span#status()} is. */
  String hasStatus(String alias, SpanStatus status) {
    String error = alias + "." + name(SpanColumn.ERROR);
    String ended = alias + "." + name(SpanColumn.ENDED_AT);
    return switch (status) {
      case ERROR -> error + " IS NOT NULL";
      case RUNNING -> error + " IS NULL AND " + ended + " IS NULL";
      case OK -> error + " IS NULL AND " + ended + " IS NOT NULL";
    };
  }

  private void appendRange(SqlStatement statement, SpanColumn column, TimeRange range) {
    String condition = " AND r." + name(column) + " %s " + dialect.nanosToTime("?");
    Instant from = range.from();
    if (from != null) {
      statement.append(String.format(condition, range.fromExclusive() ? ">" : ">="), from);
    }
    Instant to = range.to();
    if (to != null) {
      statement.append(String.format(condition, range.toExclusive() ? "<" : "<="), to);
    }
  }

  private void appendMembers(SqlStatement statement, SpanColumn column, Map<String, Json> members) {
    members.forEach(
        (name, value) -> {
          statement.append(" AND ");
          dialect.narrowByMember("r." + name(column), name, value, statement);
        });
  }

  private void appendChildError(SqlStatement statement, boolean wanted) {
    statement.append(
        (wanted ? " AND EXISTS" : " AND NOT EXISTS")
            + " (SELECT 1 FROM "
            + table
            + " c WHERE "
            + sameTrace("c")
            + " AND c."
            + name(SpanColumn.ERROR)
            + " IS NOT NULL"
            + dialect.askedRowByRow()
            + ")");
  }

  /** A trace is listed once, by its first root, however many roots it has. */
  private void appendFirstRootOnly(SqlStatement statement) {
    String started = name(SpanColumn.STARTED_AT);
    String span = name(SpanColumn.SPAN_ID);
    statement.append(
        " AND NOT EXISTS (SELECT 1 FROM "
            + table
            + " f WHERE "
            + sameTrace("f")
            + " AND f."
            + name(SpanColumn.PARENT_SPAN_ID)
            + " IS NULL"
            + " AND (f."
            + started
            + " < r."
            + started
            + " OR (f."
            + started
            + " = r."
            + started
            + " AND f."
            + span
            + " < r."
            + span
            + "))"
            + dialect.askedRowByRow()
            + ")");
  }

  private String sameTrace(String alias) {
    return alias
        + "."
        + name(SpanColumn.TENANT_ID)
        + " = r."
        + name(SpanColumn.TENANT_ID)
        + " AND "
        + alias
        + "."
        + name(SpanColumn.TRACE_ID)
        + " = r."
        + name(SpanColumn.TRACE_ID);
  }

  private void appendPosition(SqlStatement statement, TraceQuery query, SpanPosition after) {
    String time = "r." + name(query.order().column());
    String tie =
        "("
            + comparesId("r", SpanColumn.TRACE_ID, ">")
            + " OR ("
            + comparesId("r", SpanColumn.TRACE_ID, "=")
            + " AND "
            + comparesId("r", SpanColumn.SPAN_ID, ">")
            + "))";
    String trace = dialect.storedId(after.traceId());
    Object[] tieValues = {trace, trace, dialect.storedId(after.spanId())};
    boolean descending = query.order().isDescending();
    Long position = after.value();
    if (position == null) {
      statement.append(" AND ((" + time + " IS NULL AND ").append(tie, tieValues).append(")");
      statement.append(descending ? " OR " + time + " IS NOT NULL)" : ")");
      return;
    }
    String bound = dialect.nanosToTime("?");
    boolean nullsFollow = !descending && query.order().column() == SpanColumn.ENDED_AT;
    if (!nullsFollow) {
      // Says nothing new, but lets the engine start its index scan at the right place.
      statement.append(" AND " + time + (descending ? " <= " : " >= ") + bound, position);
    }
    statement
        .append(" AND (" + time + (descending ? " < " : " > ") + bound, position)
        .append(" OR (" + time + " = " + bound + " AND ", position)
        .append(tie, tieValues)
        .append(")" + (nullsFollow ? " OR " + time + " IS NULL" : "") + ")");
  }

  // ---- counting and pruning --------------------------------------------------------------------

  /** Selects spans, traces, running spans, errors and tenants. */
  SqlStatement selectStatistics() {
    String trace = name(SpanColumn.TENANT_ID) + ", " + name(SpanColumn.TRACE_ID);
    return new SqlStatement(
        "SELECT count(*), (SELECT count(*) FROM (SELECT DISTINCT "
            + trace
            + " FROM "
            + table
            + " u) d), "
            + countIf(SpanStatus.RUNNING)
            + ", "
            + countIf(SpanStatus.ERROR)
            + ", count(DISTINCT r."
            + name(SpanColumn.TENANT_ID)
            + ") FROM "
            + table
            + " r");
  }

  private String countIf(SpanStatus status) {
    return "coalesce(sum(CASE WHEN " + hasStatus("r", status) + " THEN 1 ELSE 0 END), 0)";
  }

  /** Selects the ids of traces whose last activity lies before the cut, oldest first. */
  SqlStatement selectOldTraces(PruneRequest request, int limit) {
    String trace = "r." + name(SpanColumn.TRACE_ID);
    String lastActivity =
        "max(coalesce(r." + name(SpanColumn.ENDED_AT) + ", r." + name(SpanColumn.STARTED_AT) + "))";
    return new SqlStatement(
            "SELECT "
                + trace
                + " FROM "
                + table
                + " r WHERE "
                + comparesId("r", SpanColumn.TENANT_ID, "=")
                + " GROUP BY "
                + trace,
            dialect.storedId(request.tenantId()))
        .append(" HAVING " + lastActivity + " < " + dialect.nanosToTime("?"), request.before())
        .append(" ORDER BY " + lastActivity + ", " + trace + dialect.limit(limit));
  }
}
