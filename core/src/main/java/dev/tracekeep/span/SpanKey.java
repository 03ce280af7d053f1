package dev.tracekeep.span;

/**
 * The identity of a span. Two spans are the same span exactly if their keys are equal, byte by
 * byte: no case folding and no padding, whatever the collation of the engine says. Nothing mutable
 * (start time, type, name) is part of it.
 *
 * <p>Ids are 1 to 128 printable ASCII characters (U+0020 to U+007E).
 *
 * @param tenantId the tenant that owns the span; {@link #DEFAULT_TENANT} where there is only one
 * @param traceId the trace, usually 32 hexadecimal digits
 * @param spanId the span, usually 16 hexadecimal digits
 */
public record SpanKey(String tenantId, String traceId, String spanId)
    implements Comparable<SpanKey> {
  /** The tenant of programs that know no tenants. */
  public static final String DEFAULT_TENANT = "default";

  /**
   * @throws InvalidSpanException if an id is not 1 to 128 printable ASCII characters
   */
  public SpanKey {
    Text.requireId(tenantId, "tenant_id");
    Text.requireId(traceId, "trace_id");
    Text.requireId(spanId, "span_id");
  }

  /** A key of the {@linkplain #DEFAULT_TENANT default tenant}. */
  public static SpanKey of(String traceId, String spanId) {
    return new SpanKey(DEFAULT_TENANT, traceId, spanId);
  }

  /** The trace that this span belongs to. */
  public TraceKey trace() {
    return new TraceKey(tenantId, traceId);
  }

  /** Orders by tenant, trace and span id; ids are ASCII, so this is their byte order. */
  @Override
  public int compareTo(SpanKey other) {
    // Each batch is sorted by this, and most of its spans share a tenant and stand by their trace.
    int order = tenantId.compareTo(other.tenantId);
    if (order == 0) {
      order = traceId.compareTo(other.traceId);
    }
    return order == 0 ? spanId.compareTo(other.spanId) : order;
  }

  /** {@code tenant/trace/span}, for messages and logs. */
  @Override
  public String toString() {
    return tenantId + "/" + traceId + "/" + spanId;
  }
}
