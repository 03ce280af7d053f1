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
 * are wrong whatever the store are {@link IllegalArgumentException}s.
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
   * Stores a span, if its key is new or its version better than what is there.
   *
   * @throws StorageException of kind {@link FailureKind#INVALID} if it can never be stored
   */
  WriteResult createSpan(Span span);

  /**
   * Stores spans. The order does not matter, and a key may come more than once. Spans that can
   * never be stored are {@linkplain WriteResult#rejected() reported} and do not hurt the others.
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
   * Lists traces by their roots. A trace whose root was never written is not listed. A walk forward
   * by cursors never shows a trace twice, and never skips one that was there throughout.
   */
  Page<TraceSummary> listTraces(TraceQuery query);

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
