package dev.tracekeep.adapter.libsql;

import dev.tracekeep.jdbc.SpanTableSql;
import dev.tracekeep.jdbc.SqlDialect;
import dev.tracekeep.span.SpanColumn;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The indexes of the span table beside the one of its key. Those of roots and errors are partial,
 * one entry in fifty spans; those of correlations cost the spans nothing that have none.
 */
final class SpanIndexes {
  /** What spans are most often looked for by, each with an index of its own. */
  private static final List<SpanColumn> CORRELATIONS =
      List.of(SpanColumn.SESSION_ID, SpanColumn.USER_ID, SpanColumn.THREAD_ID, SpanColumn.RUN_ID);

  private final SqlDialect dialect;
  private final SpanTableSql sql;
  private final String table;

  /**
   * @param table the table's name, neither quoted nor qualified
   */
  SpanIndexes(SqlDialect dialect, SpanTableSql sql, String table) {
    this.dialect = dialect;
    this.sql = sql;
    this.table = table;
  }

  /** The columns of the indexes behind the tenant, whose values are found by them. */
  static List<List<SpanColumn>> values() {
    List<List<SpanColumn>> indexed = new ArrayList<>();
    indexed.add(List.of(SpanColumn.TRACE_ID));
    indexed.add(List.of(SpanColumn.SERVICE_NAME, SpanColumn.NAME));
    CORRELATIONS.forEach(column -> indexed.add(List.of(column)));
    return indexed;
  }

  /** From the name of each index to the statement that makes it, safe to repeat. */
  Map<String, String> statements() {
    String tenant = sql.name(SpanColumn.TENANT_ID);
    String trace = sql.name(SpanColumn.TRACE_ID);
    String span = sql.name(SpanColumn.SPAN_ID);
    String started = sql.name(SpanColumn.STARTED_AT);
    String ended = sql.name(SpanColumn.ENDED_AT);
    String root = sql.name(SpanColumn.PARENT_SPAN_ID) + " IS NULL";
    String running = "CASE WHEN " + ended + " IS NULL THEN 1 ELSE 0 END";
    Map<String, String> statements = new LinkedHashMap<>();
    // Spans by start, among them the heads of traces without a root. Without ids: of equal starts
    // the few are sorted, and an entry is half as long.
    add(statements, "spans", List.of(tenant, started + " DESC"), "");
    // The services, and the names of each.
    add(
        statements,
        "services",
        List.of(tenant, sql.name(SpanColumn.SERVICE_NAME), sql.name(SpanColumn.NAME)),
        "");
    for (SpanColumn column : CORRELATIONS) {
      add(
          statements,
          column.columnName().replace("_id", "s"),
          List.of(tenant, sql.name(column)),
          sql.name(column) + " IS NOT NULL");
    }
    // First of roots: of two indexes that seem equally good, SQLite takes the one that was made
    // last.
    add(statements, "roots_of_trace", List.of(tenant, trace, started, span), root);
    add(statements, "roots", List.of(tenant, started + " DESC", trace, span), root);
    add(
        statements,
        "roots_ended",
        List.of(tenant, running + " DESC", ended + " DESC", trace, span),
        root);
    String failed = sql.name(SpanColumn.ERROR) + " IS NOT NULL";
    // The errors of a day.
    add(statements, "errors_started", List.of(tenant, started + " DESC"), failed);
    add(statements, "errors", List.of(tenant, trace), failed);
    return statements;
  }

  private void add(
      Map<String, String> statements, String what, List<String> columns, String condition) {
    String name = SqlDialect.derivedName(table, what);
    statements.put(
        name,
        "CREATE INDEX IF NOT EXISTS "
            + dialect.quote(name)
            + " ON "
            + dialect.quote(table)
            + " ("
            + String.join(", ", columns)
            + ")"
            + (condition.isEmpty() ? "" : " WHERE " + condition));
  }
}
