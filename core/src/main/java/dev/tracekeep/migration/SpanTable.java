package dev.tracekeep.migration;

import dev.tracekeep.span.SpanColumn;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A table of spans, ours or another system's: its name, and which of its columns mean what the rule
 * asks for. All other columns are carried along untouched.
 *
 * @param schema the schema, database or catalog as the engine writes it, unquoted; null for the
 *     default one
 * @param name the table or collection, unquoted
 * @param columns what its columns mean; null to find out by their names ({@link Columns#detect})
 */
public record SpanTable(@Nullable String schema, String name, @Nullable Columns columns) {
  /** Neither the name nor anything of the columns is blank. */
  public SpanTable {
    Objects.requireNonNull(name, "name");
    if (name.isBlank() || (schema != null && schema.isBlank())) {
      throw new IllegalArgumentException("A table's name and schema must not be blank");
    }
  }

  /**
   * The table of that name, {@code table} or {@code schema.table}, with its columns to be detected.
   */
  public static SpanTable named(String name) {
    int dot = name.indexOf('.');
    return dot < 0
        ? new SpanTable(null, name, null)
        : new SpanTable(name.substring(0, dot), name.substring(dot + 1), null);
  }

  /** The same table with the given columns. */
  public SpanTable withColumns(Columns value) {
    return new SpanTable(schema, name, value);
  }

  /** {@code schema.name} or {@code name}, for people; not quoted for SQL. */
  @Override
  public String toString() {
    return schema == null ? name : schema + "." + name;
  }

  /**
   * Which columns the rule reads.
   *
   * @param tenantId the tenant; null where the table knows none, so that all rows are one tenant's
   * @param traceId the trace id
   * @param spanId the span id
   * @param endedAt the end; null in a row means running
   * @param updatedAt the last change; null where the table has no such column
   * @param createdAt the first record; null where the table has no such column
   * @param version {@link dev.tracekeep.span.SpanVersion} bytes, which then decide alone; null
   *     where the table has no such column, or one that means something else
   */
  public record Columns(
      @Nullable String tenantId,
      String traceId,
      String spanId,
      String endedAt,
      @Nullable String updatedAt,
      @Nullable String createdAt,
      @Nullable String version) {
    /** The three columns that every span table has are not null. */
    public Columns {
      Objects.requireNonNull(traceId, "traceId");
      Objects.requireNonNull(spanId, "spanId");
      Objects.requireNonNull(endedAt, "endedAt");
    }

    /** The columns that make the key, in the order of the key. */
    public List<String> key() {
      return tenantId == null ? List.of(traceId, spanId) : List.of(tenantId, traceId, spanId);
    }

    /**
     * Recognizes the two namings in use: snake_case ({@code trace_id}, ours) and camelCase ({@code
     * traceId}, Mastra's). A column {@code version} counts only beside {@code tenant_id}, {@code
     * span_type} and {@code is_event}, as in our own tables: elsewhere it can be anything.
     *
     * @param table for the message
     * @param present the table's columns, in the case that the engine shows them
     * @throws IllegalArgumentException if neither naming is complete; names the missing columns
     */
    public static Columns detect(String table, Set<String> present) {
      if (present.contains("traceId")) {
        return of(
            table, present, "tenantId", "traceId", "spanId", "endedAt", "updatedAt", "createdAt");
      }
      return of(
          table,
          present,
          "tenant_id",
          "trace_id",
          "span_id",
          "ended_at",
          "updated_at",
          "created_at");
    }

    private static Columns of(
        String table,
        Set<String> present,
        String tenantId,
        String traceId,
        String spanId,
        String endedAt,
        String updatedAt,
        String createdAt) {
      List<String> missing =
          List.of(traceId, spanId, endedAt).stream().filter(c -> !present.contains(c)).toList();
      if (!missing.isEmpty()) {
        throw new IllegalArgumentException(
            "The table "
                + table
                + " is no span table: it has no column "
                + String.join(", ", missing)
                + ". Say which columns mean trace id, span id and end.");
      }
      return new Columns(
          ifPresent(present, tenantId),
          traceId,
          spanId,
          endedAt,
          ifPresent(present, updatedAt),
          ifPresent(present, createdAt),
          isOurs(present) ? ifPresent(present, SpanColumn.VERSION_NAME) : null);
    }

    /** By columns that our tables had from the first release on. */
    private static boolean isOurs(Set<String> present) {
      return Stream.of(SpanColumn.TENANT_ID, SpanColumn.SPAN_TYPE, SpanColumn.IS_EVENT)
          .allMatch(column -> present.contains(column.columnName()));
    }

    private static @Nullable String ifPresent(Set<String> present, String column) {
      return present.contains(column) ? column : null;
    }
  }
}
