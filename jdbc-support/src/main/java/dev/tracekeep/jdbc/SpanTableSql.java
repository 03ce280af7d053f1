package dev.tracekeep.jdbc;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.PruneRequest;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

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

  SqlStatement select(List<SpanColumn> columns) {
    String list =
        columns.stream()
            .map(column -> dialect.select(column, "r." + name(column)))
            .collect(Collectors.joining(", "));
    return new SqlStatement("SELECT " + list + " FROM " + table + " r");
  }

  /** Selects all columns, then the version. */
  SqlStatement selectStored() {
    String columns = select(SpanColumn.all()).text();
    int from = columns.lastIndexOf(" FROM " + table + " r");
    return new SqlStatement(
        columns.substring(0, from) + ", r." + versionName() + columns.substring(from));
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
  String comparesId(String alias, SpanColumn column, String operator) {
    return (alias.isEmpty() ? "" : alias + ".")
        + name(column)
        + " "
        + operator
        + " "
        + dialect.idParameter();
  }

  /** Reads a row of {@link #select} with the given columns. */
  Span readSpan(ResultSet row, List<SpanColumn> columns) throws SQLException {
    return Span.fromColumns(columns, readValues(row, columns)::get);
  }

  /** Reads the values of a row of {@link #select}; what is null has none. */
  Map<SpanColumn, Object> readValues(ResultSet row, List<SpanColumn> columns) throws SQLException {
    Map<SpanColumn, Object> values = new EnumMap<>(SpanColumn.class);
    for (int i = 0; i < columns.size(); i++) {
      Object value = dialect.read(row, i + 1, columns.get(i));
      if (value != null) {
        values.put(columns.get(i), value);
      }
    }
    return values;
  }

  // ---- conditions ------------------------------------------------------------------------------

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

  /** {@code a.tenant_id = b.tenant_id AND a.trace_id = b.trace_id}. */
  String sameTrace(String left, String right) {
    return left
        + "."
        + name(SpanColumn.TENANT_ID)
        + " = "
        + right
        + "."
        + name(SpanColumn.TENANT_ID)
        + " AND "
        + left
        + "."
        + name(SpanColumn.TRACE_ID)
        + " = "
        + right
        + "."
        + name(SpanColumn.TRACE_ID);
  }

  /** A condition: the row is of this tenant. */
  SqlStatement ofTenant(String alias, String tenantId) {
    return new SqlStatement(
        comparesId(alias, SpanColumn.TENANT_ID, "="), dialect.storedId(tenantId));
  }

  /** A condition: the row is of one of some traces of one tenant. */
  SqlStatement ofTraces(String alias, String tenantId, Collection<String> traceIds) {
    return ofTenant(alias, tenantId)
        .append(" AND ")
        .append(in(alias, SpanColumn.TRACE_ID, traceIds));
  }

  /** A condition: an id is one of some. */
  SqlStatement in(String alias, SpanColumn id, Collection<String> ids) {
    return new SqlStatement(
        alias
            + "."
            + name(id)
            + " IN ("
            + String.join(", ", Collections.nCopies(ids.size(), dialect.idParameter()))
            + ")",
        ids.stream().map(dialect::storedId).toArray());
  }

  // ---- counting and pruning --------------------------------------------------------------------

  /**
   * Selects spans, traces, running spans, errors and tenants: counted in each trace first, which a
   * distributed engine does where the trace lies.
   */
  SqlStatement selectStatistics() {
    String trace = name(SpanColumn.TENANT_ID) + ", " + name(SpanColumn.TRACE_ID);
    return new SqlStatement(
        "SELECT coalesce(sum(d.spans), 0), count(*), coalesce(sum(d.running), 0),"
            + (" coalesce(sum(d.errors), 0), count(DISTINCT d." + name(SpanColumn.TENANT_ID) + ")")
            + (" FROM (SELECT " + trace + ", count(*) AS spans, ")
            + (countIf(SpanStatus.RUNNING) + " AS running, ")
            + (countIf(SpanStatus.ERROR) + " AS errors FROM " + table + " r")
            + (" GROUP BY " + trace + ") d"));
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
