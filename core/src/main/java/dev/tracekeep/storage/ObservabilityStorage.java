package dev.tracekeep.storage;

import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.span.TraceKey;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A store of spans.
 *
 * <p><b>The promise.</b> A span is stored once, the best {@linkplain dev.tracekeep.span.SpanVersion
 * version} of it wins, and the same creates in any order, any number of times, give the same rows.
 * Every read sees each span once, right after the write, without waiting for the engine to tidy up.
 * So every write is safe to repeat, and a caller that lost an acknowledgement repeats it.
 *
 * <p><b>Life.</b> Making a store does no I/O. {@link #init()} comes first; then everything else,
 * from any number of threads; then {@link #close()}, after which everything else throws {@link
 * IllegalStateException}. Before {@code init()} only {@link #tracingStrategy()}, {@link
 * #capabilities()}, {@link #check()}, {@link #migration()} and empty batches work.
 *
 * <p><b>Failures.</b> All are {@link StorageException}s with a {@link FailureKind}; arguments that
 * are wrong whatever the store are {@link IllegalArgumentException}s, and those that are null are
 * {@link NullPointerException}s that name them. A call in an interrupted thread does nothing, and
 * fails with {@link FailureKind#INTERRUPTED}; so does one that is interrupted while it waits.
 *
 * <p><b>Growth.</b> Stores are built on {@code dev.tracekeep.storage.spi}, not on this interface
 * alone: methods that later releases add come as {@code default} ones, which refuse with {@link
 * UnsupportedCapabilityException} until a store has them. Calls block until they are answered; a
 * program that wants them elsewhere brings its own threads.
 *
 * <p><b>Tenants.</b> Every read, write and delete names its tenant, and touches no other. {@link
 * #statistics()}, {@link #dangerouslyClearAll()} and {@link #migration()} are an operator's, over
 * all.
 */
public interface ObservabilityStorage extends AutoCloseable {
  /** The strategies that this store supports; the same before and after {@link #init()}. */
  TracingStrategySupport tracingStrategy();

  /** What this store promises beyond the contract; unmodifiable, constant. */
  Set<Capability> capabilities();

  /**
   * Makes the table, or opens it, or migrates it as {@link StorageConfig#migration()} says.
   * Idempotent, and safe when ten processes call it at once.
   *
   * @throws MigrationRequiredException if the policy is {@link MigrationPolicy#CHECK} and the table
   *     must be migrated; nothing is changed
   */
  InitReport init();

  /** How the store is now. Never throws, not even after {@link #close()}. */
  Health check();

  /**
   * Stores a span, if its key is new or its version better than what is there. A span is replaced
   * as a whole: fields that the better one lacks are gone, and never united with those of the one
   * before. What comes bit by bit goes in by {@link #updateSpan}.
   *
   * @throws StorageException of kind {@link FailureKind#INVALID} if it can never be stored
   */
  WriteResult createSpan(Span span);

  /**
   * Stores spans, each as {@link #createSpan} does. The order does not matter, and a key may come
   * more than once. Spans that can never be stored, such as {@linkplain Span#isLight() light} ones,
   * are {@linkplain WriteResult#rejected() reported} and do not hurt the others.
   */
  WriteResult batchCreateSpans(List<Span> spans);

  /**
   * Changes fields of a span as {@link SpanUpdate} says; a span that is not there is reported.
   *
   * @throws StorageException of kind {@link FailureKind#INVALID} if it can never be stored
   */
  WriteResult updateSpan(SpanUpdate update);

  /**
   * Changes fields of spans. Several updates of one span are applied in {@link SpanUpdate#ORDER}.
   * Updates that can never be stored are {@linkplain WriteResult#rejected() reported} and do not
   * hurt the others.
   */
  WriteResult batchUpdateSpans(List<SpanUpdate> updates);

  /** A span. */
  Optional<Span> getSpan(SpanKey key);

  /** The first span of a trace (by start, then span id) that has no parent. */
  Optional<Span> getRootSpan(TraceKey trace);

  /** All spans of a trace, however many. */
  Optional<Trace> getTrace(TraceKey trace);

  /** All spans of a trace, {@linkplain Span#isLight() light}. */
  Optional<Trace> getTraceLight(TraceKey trace);

  /**
   * Whole spans of the given keys; those that are not there are passed over.
   *
   * @return in key order, each once, however often its key was given
   * @throws UnsupportedCapabilityException if the store lacks {@link Capability#BULK_READS}
   */
  default List<Span> getSpans(Collection<SpanKey> keys) {
    throw refused(Capability.BULK_READS, "getSpans");
  }

  /**
   * All spans of the given traces, a trace at a time; those that are not there are passed over. No
   * more than a few traces are in memory at once.
   *
   * @param each is told of each trace, once, in key order, by the calling thread; what it throws
   *     ends the reading and comes out as it is
   * @throws UnsupportedCapabilityException if the store lacks {@link Capability#BULK_READS}
   */
  default void getTraces(Collection<TraceKey> keys, Consumer<? super Trace> each) {
    throw refused(Capability.BULK_READS, "getTraces");
  }

  /**
   * Lists traces by their {@linkplain Trace#head() heads}: the first root by start and span id, or
   * where no root is stored the first span. A store without {@link Capability#SPAN_FILTERS} lists
   * traces with a stored root alone.
   *
   * <p><b>A walk</b> forward by cursors shows each trace that was there throughout exactly once,
   * and no trace twice, as long as what it is listed by stays the same: whatever else is written
   * meanwhile. A trace takes another place when its head changes: its root arrives, its root's
   * start (or end, where that is sorted by) is updated, or an earlier root or first span comes in.
   * If it moves from behind the walk to ahead of it, the walk shows it again; if it moves the other
   * way, this walk does not show it. Each page is right by itself, and the next walk shows the
   * trace at its new place.
   *
   * @throws UnsupportedCapabilityException if the query needs {@link Capability#SPAN_FILTERS} or
   *     {@link Capability#TRACE_STATISTICS}, and the store lacks it
   */
  Page<TraceSummary> listTraces(TraceQuery query);

  /**
   * How many traces all pages of a query have together; limit, cursor and order count for nothing.
   *
   * @throws UnsupportedCapabilityException if the store lacks {@link Capability#COUNTS}
   */
  default long countTraces(TraceQuery query) {
    throw refused(Capability.COUNTS, "countTraces");
  }

  /**
   * Lists spans across traces, {@linkplain Span#isLight() light}. A walk forward by cursors never
   * shows a span twice, and never skips one that was there throughout, as long as what it is sorted
   * by stays the same.
   *
   * @throws UnsupportedCapabilityException if the store lacks {@link Capability#SPAN_LISTS}
   */
  default Page<Span> listSpans(SpanQuery query) {
    throw refused(Capability.SPAN_LISTS, "listSpans");
  }

  /**
   * How many spans all pages of a query have together; limit, cursor and order count for nothing.
   *
   * @throws UnsupportedCapabilityException if the store lacks {@link Capability#COUNTS}
   */
  default long countSpans(SpanQuery query) {
    throw refused(Capability.COUNTS, "countSpans");
  }

  /**
   * Lists the distinct values of a column, of tags or of members of JSON. A walk forward by cursors
   * never shows a value twice, and never skips one that was there throughout.
   *
   * @throws UnsupportedCapabilityException if the store lacks {@link Capability#VALUE_LISTS}
   */
  default Page<SpanValue> listValues(ValueQuery query) {
    throw refused(Capability.VALUE_LISTS, "listValues");
  }

  /**
   * Counts, durations and sums over spans, in groups.
   *
   * @return the groups that have a span, in {@link SpanAggregation#ORDER}
   * @throws StorageException of kind {@link FailureKind#INVALID} if there are more than {@value
   *     SpanAggregation#MAX_GROUPS}
   * @throws UnsupportedCapabilityException if the store lacks {@link Capability#AGGREGATES}
   */
  default List<SpanAggregate> aggregate(SpanAggregation aggregation) {
    throw refused(Capability.AGGREGATES, "aggregate");
  }

  /**
   * Which services call which: for each pair how many spans of the one have a parent of the other,
   * stored in the same trace. Spans without a service, and calls within one, count for nothing.
   *
   * @param startedAt when the called span started
   * @return in {@link ServiceLink#ORDER}
   * @throws UnsupportedCapabilityException if the store lacks {@link Capability#SERVICE_LINKS}
   */
  default List<ServiceLink> serviceLinks(String tenantId, TimeRange startedAt) {
    throw refused(Capability.SERVICE_LINKS, "serviceLinks");
  }

  /**
   * Goes through spans in key order, whole, with the versions that are stored for them. Each span
   * that was there throughout comes once; the memory that this takes does not grow with their
   * number. Where it ended, it goes on with {@link SpanScan#after}.
   *
   * @param each is told of each span by the calling thread; what it throws ends the scan and comes
   *     out as it is
   * @throws UnsupportedCapabilityException if the store lacks {@link Capability#SPAN_SCANS}
   */
  default void scanSpans(SpanScan scan, Consumer<? super StoredSpan> each) {
    throw refused(Capability.SPAN_SCANS, "scanSpans");
  }

  private UnsupportedCapabilityException refused(Capability lacking, String method) {
    return UnsupportedCapabilityException.of(lacking, getClass().getSimpleName(), method);
  }

  /** Deletes traces as a whole; unknown ones are passed over. Returns how many there were. */
  int batchDeleteTraces(Collection<TraceKey> traces);

  /** Deletes old traces as a whole. */
  PruneReport pruneTraces(PruneRequest request);

  /** Counts what is stored, over all tenants. */
  StorageStatistics statistics();

  /** Deletes every span of every tenant. The archive of a migration is not touched. */
  void dangerouslyClearAll();

  /** The migration of this store's own table. */
  DedupeMigration migration();

  /**
   * The migration of another table in the same database, for example {@code mastra_ai_spans}.
   *
   * @param table the table; its columns are detected unless given
   */
  DedupeMigration migration(SpanTable table);

  /** Lets go of what the store opened itself. Idempotent, never throws. */
  @Override
  void close();
}
