package dev.tracekeep.adapter.libsql;

import dev.tracekeep.jdbc.SpanTableSql;
import dev.tracekeep.jdbc.SqlDialect;
import dev.tracekeep.span.SpanColumn;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The indexes of the span table beside the one of its key. All are partial, so that a span which is
 * neither a root nor an error, as most are, costs none of them anything.
 */
final class SpanIndexes {
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
    // First: of two indexes that seem equally good, SQLite takes the one that was made last.
    add(statements, "roots_of_trace", List.of(tenant, trace, started, span), root);
    add(statements, "roots", List.of(tenant, started + " DESC", trace, span), root);
    add(
        statements,
        "roots_ended",
        List.of(tenant, running + " DESC", ended + " DESC", trace, span),
        root);
    add(statements, "errors", List.of(tenant, trace), sql.name(SpanColumn.ERROR) + " IS NOT NULL");
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
            + ") WHERE "
            + condition);
  }
}
