package dev.tracekeep.copy;

import dev.failsafe.Failsafe;
import dev.failsafe.FailsafeException;
import dev.failsafe.RetryPolicy;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanVersion;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.SpanScan;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StoredSpan;
import dev.tracekeep.storage.WriteResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Copies the spans of one store into another, in the order of their keys. A span goes in as {@link
 * ObservabilityStorage#batchCreateSpans} takes it: once, and the better version stays. So a copy
 * may be stopped anywhere and run again, may run beside writers, and may overlap with another one:
 * the rows are the same in the end. What is written behind it meanwhile is found by running it
 * again.
 *
 * <p>While one batch is written the next one is read; memory does not grow with the number of
 * spans. A failure that may pass is tried again for about a minute.
 *
 * <p>Not thread-safe. The stores are the caller's.
 */
public final class StoreCopy {
  private static final int MAX_REJECTED = 100;
  private static final int MAX_KEYS = 100;

  private final ObservabilityStorage from;
  private final ObservabilityStorage to;
  private final SpanScan scan;
  private final SpanFilter filter;
  private final int batchSpans;
  private final long batchBytes;
  private final @Nullable CopyCheckpoint checkpoint;
  private final LongConsumer progress;

  private StoreCopy(Builder builder) {
    this.from = builder.from;
    this.to = builder.to;
    this.scan = builder.scan;
    this.filter = builder.filter;
    this.batchSpans = builder.batchSpans;
    this.batchBytes = builder.batchBytes;
    this.checkpoint = builder.checkpoint;
    this.progress = builder.progress;
  }

  /**
   * A builder.
   *
   * @param from the source, initialized, with {@link dev.tracekeep.storage.Capability#SPAN_SCANS}
   * @param to the target, initialized
   */
  public static Builder builder(ObservabilityStorage from, ObservabilityStorage to) {
    return new Builder(from, to);
  }

  /**
   * Copies.
   *
   * @throws StorageException if a store fails; what was committed stays, and the checkpoint says
   *     how far that is
   * @throws IOException if the checkpoint cannot be written
   */
  public CopyReport run() throws IOException {
    try (Run run = new Run()) {
      SpanKey start = checkpoint == null ? null : checkpoint.after().orElse(null);
      from.scanSpans(
          start == null ? scan : scan.after(start),
          stored -> {
            if (filter.matches(stored.span())) {
              run.add(stored);
            }
          });
      run.finish();
      if (checkpoint != null) {
        checkpoint.done();
      }
      return run.report(start);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** One run: what is collected, and the batch that is being written. */
  private final class Run implements AutoCloseable {
    private final ExecutorService writer =
        Executors.newSingleThreadExecutor(
            task -> {
              Thread thread = new Thread(task, "tracekeep-copy");
              thread.setDaemon(true);
              return thread;
            });
    private final RetryPolicy<WriteResult> retries =
        RetryPolicy.<WriteResult>builder()
            .handleIf(
                (Throwable e) ->
                    e instanceof StorageException failed && failed.kind().isRetryable())
            .withBackoff(Duration.ofMillis(250), Duration.ofSeconds(15))
            .withJitter(0.2)
            .withMaxRetries(8)
            .build();
    private final List<WriteResult.Rejection> rejected = new ArrayList<>();
    private List<Span> batch = new ArrayList<>();
    private long bytes;
    private long read;
    private long rejectedSpans;
    private WriteResult.@Nullable Counts counts = WriteResult.Counts.NONE;
    private CompletableFuture<Void> writing = CompletableFuture.completedFuture(null);

    void add(StoredSpan stored) {
      batch.add(stored.span());
      bytes += stored.version().contentBytes();
      progress.accept(++read);
      if (batch.size() >= batchSpans || bytes >= batchBytes) {
        handOver();
      }
    }

    private void handOver() {
      await();
      List<Span> full = batch;
      batch = new ArrayList<>();
      bytes = 0;
      writing = CompletableFuture.runAsync(() -> write(full), writer);
    }

    private void write(List<Span> spans) {
      WriteResult result = written(spans);
      WriteResult.Counts some = result.counts();
      counts = counts == null || some == null ? null : counts.plus(some);
      rejectedSpans += result.rejected().size();
      result.rejected().stream()
          .limit(Math.max(0, MAX_REJECTED - rejected.size()))
          .forEach(rejected::add);
      if (checkpoint != null) {
        try {
          checkpoint.reached(spans.get(spans.size() - 1).key());
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }

    private WriteResult written(List<Span> spans) {
      try {
        return Failsafe.with(retries).get(() -> to.batchCreateSpans(spans));
      } catch (FailsafeException e) {
        throw e.getCause() instanceof RuntimeException cause ? cause : e;
      }
    }

    /** Waits for the batch that is being written, and fails as it has failed. */
    private void await() {
      try {
        writing.join();
      } catch (CompletionException e) {
        throw e.getCause() instanceof RuntimeException cause ? cause : e;
      }
    }

    void finish() {
      if (!batch.isEmpty()) {
        handOver();
      }
      await();
    }

    CopyReport report(@Nullable SpanKey start) {
      return new CopyReport(read, counts, rejectedSpans, rejected, start);
    }

    @Override
    public void close() {
      writer.shutdown();
      writing.handle((done, failure) -> done).join();
    }
  }

  /**
   * Looks whether the target has what the source has now, by the versions of all keys. What others
   * write to the source meanwhile may show as missing.
   */
  public CopyComparison compare() {
    Comparing comparing = new Comparing();
    from.scanSpans(
        scan,
        stored -> {
          if (filter.matches(stored.span())) {
            comparing.add(stored.span().key(), stored.span().version());
          }
        });
    comparing.finish();
    return comparing.result();
  }

  /** Compares the keys of one part after the other. */
  private final class Comparing {
    private final TreeMap<SpanKey, SpanVersion> part = new TreeMap<>();
    private @Nullable SpanKey before;
    private long equal;
    private long better;
    private long missing;
    private long worse;
    private final List<SpanKey> firstKeys = new ArrayList<>();
    private long read;

    void add(SpanKey key, SpanVersion version) {
      part.put(key, version);
      progress.accept(++read);
      if (part.size() >= batchSpans) {
        finish();
      }
    }

    void finish() {
      if (part.isEmpty()) {
        return;
      }
      SpanScan range = scan.upTo(part.lastKey());
      to.scanSpans(
          before == null ? range : range.after(before),
          stored -> {
            // The content decides: somebody may have changed a row and left its version.
            SpanVersion wanted = part.remove(stored.span().key());
            if (wanted != null) {
              count(stored.span().key(), stored.span().version().compareTo(wanted));
            }
          });
      before = range.upTo().orElseThrow();
      missing += part.size();
      part.keySet().forEach(this::note);
      part.clear();
    }

    private void count(SpanKey key, int order) {
      if (order == 0) {
        equal++;
      } else if (order > 0) {
        better++;
      } else {
        worse++;
        note(key);
      }
    }

    private void note(SpanKey key) {
      if (firstKeys.size() < MAX_KEYS) {
        firstKeys.add(key);
      }
    }

    CopyComparison result() {
      return new CopyComparison(equal, better, missing, worse, firstKeys);
    }
  }

  /** Collects the settings by name. Not thread-safe. */
  public static final class Builder {
    private final ObservabilityStorage from;
    private final ObservabilityStorage to;
    private SpanScan scan = SpanScan.ALL;
    private SpanFilter filter = SpanFilter.builder().build();
    private int batchSpans = 10_000;
    private long batchBytes = 16L << 20;
    private @Nullable CopyCheckpoint checkpoint;
    private LongConsumer progress = read -> {};

    private Builder(ObservabilityStorage from, ObservabilityStorage to) {
      this.from = Objects.requireNonNull(from, "from");
      this.to = Objects.requireNonNull(to, "to");
    }

    /** Sets which keys are copied; all of every tenant if never called. */
    public Builder scan(SpanScan value) {
      scan = Objects.requireNonNull(value, "scan");
      return this;
    }

    /** Sets which spans are copied; all if never called. */
    public Builder filter(SpanFilter value) {
      filter = Objects.requireNonNull(value, "filter");
      return this;
    }

    /**
     * Sets how much is written at once; 10,000 spans and 16 MiB of text and JSON if never called.
     *
     * @throws IllegalArgumentException if a bound is not positive
     */
    public Builder batch(int spans, long bytes) {
      if (spans < 1 || bytes < 1) {
        throw new IllegalArgumentException("A batch has at least one span and one byte");
      }
      batchSpans = spans;
      batchBytes = bytes;
      return this;
    }

    /** Sets where it is kept how far the copy has come; nowhere if never called. */
    public Builder checkpoint(CopyCheckpoint value) {
      checkpoint = Objects.requireNonNull(value, "checkpoint");
      return this;
    }

    /** Sets who hears how many spans were read so far, on the reading thread. */
    public Builder progress(LongConsumer value) {
      progress = Objects.requireNonNull(value, "progress");
      return this;
    }

    /** A copy that has not begun. */
    public StoreCopy build() {
      return new StoreCopy(this);
    }
  }
}
