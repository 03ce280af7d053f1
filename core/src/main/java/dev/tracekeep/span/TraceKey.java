package dev.tracekeep.span;

import java.util.Comparator;

/**
 * The identity of a trace: all spans of one tenant that share a trace id.
 *
 * @param tenantId the tenant that owns the trace; 1 to 128 printable ASCII characters
 * @param traceId the trace; 1 to 128 printable ASCII characters
 */
public record TraceKey(String tenantId, String traceId) implements Comparable<TraceKey> {
  private static final Comparator<TraceKey> ORDER =
      Comparator.comparing(TraceKey::tenantId).thenComparing(TraceKey::traceId);

  /**
   * @throws InvalidSpanException if an id is not 1 to 128 printable ASCII characters
   */
  public TraceKey {
    Text.requireId(tenantId, "tenant_id");
    Text.requireId(traceId, "trace_id");
  }

  /** A trace of the {@linkplain SpanKey#DEFAULT_TENANT default tenant}. */
  public static TraceKey of(String traceId) {
    return new TraceKey(SpanKey.DEFAULT_TENANT, traceId);
  }

  /** The key of one span of this trace. */
  public SpanKey span(String spanId) {
    return new SpanKey(tenantId, traceId, spanId);
  }

  @Override
  public int compareTo(TraceKey other) {
    return ORDER.compare(this, other);
  }

  /** {@code tenant/trace}, for messages and logs. */
  @Override
  public String toString() {
    return tenantId + "/" + traceId;
  }
}
