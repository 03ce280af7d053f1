package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.WriteResult;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Many at once. */
@CheckGroup("Concurrency")
abstract class ConcurrencyChecks extends NegotiationChecks {
  /** 32 threads write versions of one span: one row, the best version. */
  @Test
  public final void sameSpanFrom32Threads_oneRow() throws Exception {
    ObservabilityStorage storage = storage();
    Span best = Spans.root("hot").endedAt(Spans.at(31)).updatedAt(Spans.at(31)).build();
    List<WriteResult> results =
        atOnce(
            32,
            thread ->
                patiently(
                    () ->
                        storage.createSpan(
                            best.toBuilder()
                                .endedAt(Spans.at(thread))
                                .updatedAt(Spans.at(thread))
                                .build())));
    assertThat(storage.getTrace(best.key().trace()).orElseThrow().spans()).containsExactly(best);
    assertThat(storage.statistics().spans()).isEqualTo(1);
    if (has(Capability.EXACT_WRITE_COUNTS)) {
      assertThat(results.stream().mapToLong(result -> counts(result).created()).sum())
          .as("rows that were created")
          .isEqualTo(1);
    }
  }

  private static WriteResult.Counts counts(WriteResult result) {
    WriteResult.Counts counts = result.counts();
    assertThat(counts).isNotNull();
    return counts;
  }

  /**
   * Batches that overlap in opposite orders all succeed; a deadlock never surfaces as permanent.
   */
  @Test
  public final void overlappingBatchesInOppositeOrder_allSucceed() throws Exception {
    ObservabilityStorage storage = storage();
    List<Span> forward =
        IntStream.range(0, 100).mapToObj(i -> Spans.root("t" + i).build()).toList();
    atOnce(
        6,
        thread -> {
          for (int round = 0; round < 4; round++) {
            List<Span> batch = new ArrayList<>();
            int time = round * 10 + thread;
            forward.forEach(span -> batch.add(span.toBuilder().updatedAt(Spans.at(time)).build()));
            if (thread % 2 == 0) {
              Collections.reverse(batch);
            }
            patiently(() -> storage.batchCreateSpans(batch));
          }
          return thread;
        });
    assertThat(storage.statistics().spans()).isEqualTo(100);
    for (Span span : forward) {
      assertThat(storage.getSpan(span.key()).orElseThrow().times().updatedAt())
          .isEqualTo(Spans.at(35));
    }
  }

  /** Updates of one span by many at once are all applied where that is declared. */
  @Test
  public final void concurrentUpdates_areAllApplied() throws Exception {
    ObservabilityStorage storage = storage();
    // Of every other row all updates are older: they fill what is absent, and keep its place in the
    // order but for a step, so that two of them may come to the same version.
    List<Span> rows =
        IntStream.range(0, 10)
            .mapToObj(i -> Spans.root("t" + i).updatedAt(Spans.at(i % 2 == 0 ? 0 : 50)).build())
            .toList();
    storage.batchCreateSpans(rows);
    List<SpanColumn> columns =
        List.of(
            SpanColumn.INPUT,
            SpanColumn.OUTPUT,
            SpanColumn.METADATA,
            SpanColumn.ATTRIBUTES,
            SpanColumn.LINKS,
            SpanColumn.EVENTS,
            SpanColumn.REQUEST_CONTEXT,
            SpanColumn.SCOPE);
    int threads = has(Capability.ATOMIC_UPDATE) ? columns.size() : 1;
    atOnce(
        threads,
        thread -> {
          for (Span row : rows) {
            for (int i = thread; i < columns.size(); i += threads) {
              SpanUpdate update =
                  SpanUpdate.builder(row.key(), Spans.at(i + 1))
                      .set(columns.get(i), Json.of(i))
                      .build();
              patiently(() -> storage.updateSpan(update));
            }
          }
          return thread;
        });
    for (Span row : rows) {
      Span now = storage.getSpan(row.key()).orElseThrow();
      for (int i = 0; i < columns.size(); i++) {
        assertThat(columns.get(i).read(now))
            .as("%s of %s", columns.get(i).columnName(), row.key())
            .isEqualTo(Json.of(i));
      }
    }
    if (threads == 1) {
      refusedAsDeclared(
          "updates of one span at once may be lost; one after the other they are not");
    }
  }

  /** Several stores initialize one empty database together: all succeed, one table. */
  @Test
  public final void concurrentInit_onEmptyDatabase() throws Exception {
    int stores = has(Capability.SHARED) || has(Capability.DURABLE) ? 8 : 1;
    List<ObservabilityStorage> made = new ArrayList<>();
    for (int i = 0; i < stores; i++) {
      made.add(open(Map.of()));
    }
    atOnce(stores, thread -> made.get(thread).init());
    Span span = Spans.root("t").build();
    for (ObservabilityStorage storage : made) {
      storage.createSpan(span);
    }
    for (ObservabilityStorage storage : made) {
      assertThat(storage.statistics().spans()).isEqualTo(1);
      assertThat(storage.getSpan(span.key())).contains(span);
    }
  }

  /** Work of one thread, by its number. */
  interface Work<T> {
    T run(int thread) throws Exception;
  }

  /** Runs work on many threads that start together, and waits for all. */
  static <T> List<T> atOnce(int threads, Work<T> work) throws Exception {
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    try {
      CyclicBarrier start = new CyclicBarrier(threads);
      List<Future<T>> futures = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        int thread = i;
        futures.add(
            executor.submit(
                () -> {
                  start.await(5, TimeUnit.MINUTES);
                  return work.run(thread);
                }));
      }
      List<T> results = new ArrayList<>();
      for (Future<T> future : futures) {
        results.add(future.get(30, TimeUnit.MINUTES));
      }
      return results;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw e.getCause() instanceof Exception cause ? cause : e;
    } finally {
      executor.shutdownNow();
    }
  }

  /** Does what a caller does with a failure that may go away: tries again. */
  static <T> T patiently(Callable<T> write) throws Exception {
    for (int attempt = 1; ; attempt++) {
      try {
        return write.call();
      } catch (StorageException e) {
        if (!e.kind().isRetryable() || attempt == 20) {
          throw e;
        }
      }
    }
  }
}
