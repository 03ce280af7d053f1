package dev.tracekeep.migration;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A table of spans, ours or another system's: its name, and which of its columns mean what the rule
 * asks for. All other columns are carried along untouched.
 *
 * @param schema the schema, database or catalog as the engine writes it, unquoted; null for the
 *     default one
 * @param name the table or collection, unquoted
 * @param columns what its columns mean; null to find out by their names
 * @param named the columns whose meaning is said while the others are found out; empty where {@code
 *     columns} is given
 */
public record SpanTable(
    @Nullable String schema,
    String name,
    @Nullable Columns columns,
    Map<ColumnRole, String> named) {
  /** Neither the name nor anything of the columns is blank. */
  public SpanTable {
    Objects.requireNonNull(name, "name");
    if (name.isBlank() || (schema != null && schema.isBlank())) {
      throw new IllegalArgumentException("A table's name and schema must not be blank");
    }
    if (columns != null && !named.isEmpty()) {
      throw new IllegalArgumentException(
          "Either all columns of " + name + " are said or some of them, not both");
    }
    named = Map.copyOf(named);
  }

  /** A table of which all columns are said, or none. */
  public SpanTable(@Nullable String schema, String name, @Nullable Columns columns) {
    this(schema, name, columns, Map.of());
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

  /** The same table, in which some columns mean what is said here. */
  public SpanTable withNamed(Map<ColumnRole, String> value) {
    return new SpanTable(schema, name, null, value);
  }

  /**
   * What the columns mean: as the table says, or else as their names show.
   *
   * @param present the table's columns, in the case that the engine shows them
   * @throws IllegalArgumentException if that cannot be told; says how to tell it
   */
  public Columns columnsAmong(Set<String> present) {
    return columns != null ? columns : ColumnDetection.of(toString(), present, named);
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
   * @param endedAt the end, or the duration of spans that are written when they end; null in a row
   *     means running
   * @param updatedAt the last change; null where the table has no such column
   * @param createdAt the first record; null where the table has no such column
   * @param version {@link dev.tracekeep.span.SpanVersion} bytes, which then decide alone; null
   *     where the table has no such column, or one that means something else
   * @param startedAt the start, which decides nothing; null where the table has no such column
   */
  public record Columns(
      @Nullable String tenantId,
      String traceId,
      String spanId,
      String endedAt,
      @Nullable String updatedAt,
      @Nullable String createdAt,
      @Nullable String version,
      @Nullable String startedAt) {
    /** The three columns that every span table has are not null. */
    public Columns {
      Objects.requireNonNull(traceId, "traceId");
      Objects.requireNonNull(spanId, "spanId");
      Objects.requireNonNull(endedAt, "endedAt");
    }

    /** Columns of which the start is not known. */
    public Columns(
        @Nullable String tenantId,
        String traceId,
        String spanId,
        String endedAt,
        @Nullable String updatedAt,
        @Nullable String createdAt,
        @Nullable String version) {
      this(tenantId, traceId, spanId, endedAt, updatedAt, createdAt, version, null);
    }

    /**
     * A builder with the three columns that every span table has.
     *
     * @param traceId the column of the trace's id
     * @param spanId the column of the span's id
     * @param endedAt the column of the end, which is null or says nothing while the span is running
     */
    public static Builder builder(String traceId, String spanId, String endedAt) {
      return new Builder(traceId, spanId, endedAt);
    }

    /** Collects columns by what they mean. Not thread-safe. */
    public static final class Builder {
      private final String traceId;
      private final String spanId;
      private final String endedAt;
      private @Nullable String tenantId;
      private @Nullable String startedAt;
      private @Nullable String updatedAt;
      private @Nullable String createdAt;
      private @Nullable String version;

      private Builder(String traceId, String spanId, String endedAt) {
        this.traceId = Objects.requireNonNull(traceId, "traceId");
        this.spanId = Objects.requireNonNull(spanId, "spanId");
        this.endedAt = Objects.requireNonNull(endedAt, "endedAt");
      }

      /** The column of the tenant, the first of the key; null where there is one tenant. */
      public Builder tenantId(@Nullable String column) {
        tenantId = column;
        return this;
      }

      /** The column of the start. */
      public Builder startedAt(@Nullable String column) {
        startedAt = column;
        return this;
      }

      /** The column of the last change. */
      public Builder updatedAt(@Nullable String column) {
        updatedAt = column;
        return this;
      }

      /** The column of the creation. */
      public Builder createdAt(@Nullable String column) {
        createdAt = column;
        return this;
      }

      /** The column of the version, of our own tables. */
      public Builder version(@Nullable String column) {
        version = column;
        return this;
      }

      /** The immutable columns. */
      public Columns build() {
        return new Columns(
            tenantId, traceId, spanId, endedAt, updatedAt, createdAt, version, startedAt);
      }
    }

    /** The columns that make the key, in the order of the key. */
    public List<String> key() {
      return tenantId == null ? List.of(traceId, spanId) : List.of(tenantId, traceId, spanId);
    }

    /**
     * Recognizes columns by their names, in any spelling: {@code trace_id}, {@code traceId}, {@code
     * TraceId}; {@code ended_at}, {@code end_time}, {@code endTimeUnixNano}, {@code Duration}
     * beside a start, and others. A column {@code version} counts only beside {@code tenant_id},
     * {@code span_type} and {@code is_event}, as in our own tables: elsewhere it can be anything.
     *
     * @param table for the message
     * @param present the table's columns, in the case that the engine shows them
     * @throws IllegalArgumentException if trace id, span id or end are not recognized, or two
     *     columns could mean the same; says how to name them
     */
    public static Columns detect(String table, Set<String> present) {
      return ColumnDetection.of(table, present, Map.of());
    }
  }
}
