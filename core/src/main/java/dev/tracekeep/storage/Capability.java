package dev.tracekeep.storage;

/**
 * What a store can promise beyond the contract of {@link ObservabilityStorage}. A store that does
 * not declare one is the lesser for it, honestly; the conformance kit tests each declaration for
 * truth. Later releases add constants, as to {@link FailureKind} and the other enums.
 */
public enum Capability {
  /** The engine itself refuses a second row of one key, whoever writes it. */
  ENFORCED_UNIQUENESS,
  /** A batch that fails leaves nothing behind. */
  ATOMIC_BATCH,
  /**
   * {@link WriteResult#counts()} is there, and right also while others write; {@link
   * WriteResult#conflictingStarts()} knows the rows that were there.
   */
  EXACT_WRITE_COUNTS,
  /** Concurrent updates of one span are all applied, in some order. */
  ATOMIC_UPDATE,
  /** Each step of a migration happens as a whole or not at all. */
  TRANSACTIONAL_MIGRATION,
  /** What was acknowledged is still there after the process was killed. */
  DURABLE,
  /** Several processes may use the same table at once. */
  SHARED,
  /**
   * A span of a deleted trace stays away when it is written again. Without it, a late write of a
   * deleted span stores it anew.
   */
  DELETION_IS_REMEMBERED,
  /**
   * {@link ObservabilityStorage#listTraces} lists traces without a stored root, too, and takes
   * every {@link SpanFilter}. Without it the list is of traces with a stored root alone, and
   * filters on heavy columns, on any span or on no span (but for an error) are refused.
   */
  SPAN_FILTERS,
  /** {@link ObservabilityStorage#listSpans} is there. */
  SPAN_LISTS,
  /** {@link ObservabilityStorage#listValues} is there. */
  VALUE_LISTS,
  /** {@link ObservabilityStorage#getSpans} and {@link ObservabilityStorage#getTraces} are there. */
  BULK_READS,
  /**
   * {@link ObservabilityStorage#countTraces} and {@link ObservabilityStorage#countSpans} are there.
   */
  COUNTS,
  /**
   * {@link ObservabilityStorage#listTraces} gives {@link TraceStatistics} where they are wanted.
   */
  TRACE_STATISTICS,
  /** {@link ObservabilityStorage#aggregate} is there. */
  AGGREGATES,
  /** {@link ObservabilityStorage#serviceLinks} is there. */
  SERVICE_LINKS,
  /** {@link ObservabilityStorage#scanSpans} is there. */
  SPAN_SCANS
}
