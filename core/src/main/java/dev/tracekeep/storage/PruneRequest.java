package dev.tracekeep.storage;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.TraceKey;
import java.time.Instant;
import java.util.Objects;

/**
 * Which traces are old enough to go. A trace goes as a whole, when all of its spans ended (or,
 * where one never did, started) before the cut: no child outlives its root.
 *
 * @param tenantId whose traces
 * @param before the cut, by the caller's clock; activity at this very instant is kept
 * @param maxTraces at most so many traces in this call, those with the oldest last activity first
 */
public record PruneRequest(String tenantId, Instant before, int maxTraces) {
  /**
   * @throws IllegalArgumentException if the tenant is no id, the cut is out of range, or no trace
   *     is allowed
   */
  public PruneRequest {
    new TraceKey(tenantId, "any"); // refuses a bad tenant by name
    Objects.requireNonNull(before, "before");
    if (before.isBefore(EpochNanos.MIN) || before.isAfter(EpochNanos.MAX)) {
      throw new IllegalArgumentException(
          "before is "
              + before
              + ": times lie between "
              + EpochNanos.MIN
              + " and "
              + EpochNanos.MAX);
    }
    if (maxTraces < 1) {
      throw new IllegalArgumentException("maxTraces is " + maxTraces + ": at least 1 is needed");
    }
  }

  /** All traces of the tenant whose last activity lies before the cut. */
  public static PruneRequest before(String tenantId, Instant before) {
    return new PruneRequest(tenantId, before, Integer.MAX_VALUE);
  }
}
