package dev.tracekeep.cli;

import dev.failsafe.Failsafe;
import dev.failsafe.FailsafeException;
import dev.failsafe.RetryPolicy;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.WriteResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The second stage of an import: one thread that writes batches while the caller reads on. At most
 * {@value #BATCHES_IN_FLIGHT} batches wait or are being written, so that a slow store slows the
 * reading down instead of filling the memory. Used by one thread.
 */
final class BatchWriter implements AutoCloseable {
  /** A batch is written when it has so many spans... */
  static final int MAX_SPANS = 10_000;

  /** ...or so many characters of JSON, whichever comes first. */
  static final long MAX_CHARACTERS = 32L << 20;

  private static final int BATCHES_IN_FLIGHT = 2;

  private final Function<List<Span>, WriteResult> store;
  private final Consumer<WriteResult> onWritten;
  private final RetryPolicy<WriteResult> retries;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread writer = new Thread(task, "tracekeep-import-writer");
            writer.setDaemon(true);
            return writer;
          });
  private final Semaphore room = new Semaphore(BATCHES_IN_FLIGHT);
  private volatile @Nullable RuntimeException failure;
  private List<Span> batch = new ArrayList<>();
  private long characters;

  /**
   * @param store writes a batch; safe to repeat
   * @param onWritten takes each result, on the writing thread
   * @param onRetry is told why a write is tried again, on the writing thread
   */
  BatchWriter(
      Function<List<Span>, WriteResult> store,
      Consumer<WriteResult> onWritten,
      Consumer<Throwable> onRetry) {
    this.store = store;
    this.onWritten = onWritten;
    this.retries =
        retryPolicy()
            .onRetry(
                event -> {
                  Throwable last = event.getLastException();
                  if (last != null) {
                    onRetry.accept(last);
                  }
                })
            .build();
  }

  /** Seven tries over half a minute or so: long enough for a server that is started anew. */
  private static dev.failsafe.RetryPolicyBuilder<WriteResult> retryPolicy() {
    return RetryPolicy.<WriteResult>builder()
        .handleIf(
            (Throwable e) -> e instanceof StorageException failed && failed.kind().isRetryable())
        .withBackoff(Duration.ofMillis(250), Duration.ofSeconds(10))
        .withJitter(0.2)
        .withMaxRetries(6);
  }

  /**
   * Adds a span to the batch, and hands the batch over if it is full.
   *
   * @throws RuntimeException what an earlier batch failed with; nothing is written after it
   */
  void add(Span span) {
    span.version(); // Computed here, because the writing thread is the busier one.
    batch.add(span);
    characters += characters(span);
    if (batch.size() >= MAX_SPANS || characters >= MAX_CHARACTERS) {
      handOver();
    }
  }

  private static long characters(Span span) {
    long sum = 0;
    for (SpanColumn column : SpanColumn.all()) {
      if (column.read(span) instanceof Json json) {
        sum += json.text().length();
      }
    }
    return sum;
  }

  /** Writes what is left, and waits until all is written. */
  void finish() {
    if (!batch.isEmpty()) {
      handOver();
    }
    room.acquireUninterruptibly(BATCHES_IN_FLIGHT);
    room.release(BATCHES_IN_FLIGHT);
    throwFailure();
  }

  private void handOver() {
    List<Span> full = batch;
    batch = new ArrayList<>();
    characters = 0;
    room.acquireUninterruptibly();
    if (failure != null) {
      room.release();
      throwFailure();
    }
    thread.execute(() -> write(full));
  }

  private void throwFailure() {
    RuntimeException failed = failure;
    if (failed != null) {
      throw failed;
    }
  }

  private void write(List<Span> spans) {
    try {
      if (failure == null) {
        onWritten.accept(Failsafe.with(retries).get(() -> store.apply(spans)));
      }
    } catch (FailsafeException e) {
      failure = e.getCause() instanceof RuntimeException cause ? cause : e;
    } catch (RuntimeException e) {
      failure = e;
    } catch (Error e) {
      failure = new IllegalStateException("The import's writer died: " + e, e);
    } finally {
      room.release();
    }
  }

  /** Lets go of the thread; a batch that is being written is waited for. */
  @Override
  public void close() {
    thread.shutdown();
    try {
      if (!thread.awaitTermination(1, TimeUnit.MINUTES)) {
        thread.shutdownNow();
      }
    } catch (InterruptedException e) {
      thread.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
