package dev.tracekeep.cli;

import dev.failsafe.Failsafe;
import dev.failsafe.FailsafeException;
import dev.failsafe.RetryPolicy;
import dev.failsafe.RetryPolicyBuilder;
import dev.tracekeep.span.Span;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.WriteResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The second stage of an import: one thread that writes batches while the caller reads on. At most
 * {@value #BATCHES_IN_FLIGHT} batches wait or are being written, so that a slow store slows the
 * reading down instead of filling the memory. A batch that does not fill up, because its input is a
 * pipe, is written when it is {@link #MAX_AGE} old. Spans are added by one thread; {@link #stop}
 * may be called by another.
 */
final class BatchWriter implements AutoCloseable {
  /** A batch is written when it has so many spans... */
  static final int MAX_SPANS = 10_000;

  /** ...or so many bytes of text and JSON... */
  static final long MAX_BYTES = 32L << 20;

  /** ...or when its first span has waited so long, whichever comes first. */
  static final Duration MAX_AGE = Duration.ofSeconds(1);

  private static final int BATCHES_IN_FLIGHT = 2;

  /** How long {@link #stop} waits for what is being written. */
  private static final Duration STOP_LIMIT = Duration.ofSeconds(30);

  private final Function<List<Span>, WriteResult> store;
  private final Consumer<WriteResult> onWritten;
  private final RetryPolicy<WriteResult> retries;
  private final LongSupplier nanoTime;
  private final ExecutorService thread = Executors.newSingleThreadExecutor(daemon("writer"));
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(daemon("clock"));
  private final Semaphore room = new Semaphore(BATCHES_IN_FLIGHT);
  private volatile @Nullable RuntimeException failure;
  private volatile boolean stopped;
  private List<Span> batch = new ArrayList<>();
  private long bytes;

  /** Written under the lock, and read without it: a thread that is stopped keeps the lock. */
  private volatile long added;

  private long firstAddedAt;

  /**
   * @param store writes a batch; safe to repeat
   * @param onWritten takes each result, on the writing thread
   * @param onRetry is told why a write is tried again, on the writing thread
   */
  BatchWriter(
      Function<List<Span>, WriteResult> store,
      Consumer<WriteResult> onWritten,
      Consumer<Throwable> onRetry) {
    this(store, onWritten, onRetry, System::nanoTime);
    long period = MAX_AGE.toMillis() / 4;
    clock.scheduleAtFixedRate(this::writeOld, period, period, TimeUnit.MILLISECONDS);
  }

  /** The same with another clock, on which {@link #writeOld} has to be called. */
  BatchWriter(
      Function<List<Span>, WriteResult> store,
      Consumer<WriteResult> onWritten,
      Consumer<Throwable> onRetry,
      LongSupplier nanoTime) {
    this.store = store;
    this.onWritten = onWritten;
    this.nanoTime = nanoTime;
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

  static ThreadFactory daemon(String role) {
    return task -> {
      Thread thread = new Thread(task, "tracekeep-import-" + role);
      thread.setDaemon(true);
      return thread;
    };
  }

  /** Seven tries over half a minute or so: long enough for a server that is started anew. */
  private RetryPolicyBuilder<WriteResult> retryPolicy() {
    return RetryPolicy.<WriteResult>builder()
        .handleIf(
            (Throwable e) -> e instanceof StorageException failed && failed.kind().isRetryable())
        .abortIf((result, e) -> stopped)
        .withBackoff(Duration.ofMillis(250), Duration.ofSeconds(10))
        .withJitter(0.2)
        .withMaxRetries(6);
  }

  /**
   * Adds a span to the batch, and hands the batch over if it is full. After {@link #stop} it does
   * not return: the process is about to end.
   *
   * @throws RuntimeException what an earlier batch failed with; nothing is written after it
   */
  void add(Span span) {
    // Mostly known by now, from the decoder; the writing thread is the busier one.
    long size = span.version().contentBytes();
    boolean isFull;
    synchronized (this) {
      parkIfStopped();
      if (batch.isEmpty()) {
        firstAddedAt = nanoTime.getAsLong();
      }
      batch.add(span);
      added++;
      bytes += size;
      isFull = batch.size() >= MAX_SPANS || bytes >= MAX_BYTES;
    }
    if (isFull) {
      handOver(true);
    }
  }

  /** How many spans were added: all of them are written by then, wait, or have failed. */
  long added() {
    return added;
  }

  private void parkIfStopped() {
    while (stopped) {
      LockSupport.park(this);
    }
  }

  /** Writes the batch if its first span has waited long enough. */
  void writeOld() {
    boolean isOld;
    synchronized (this) {
      isOld =
          !stopped && !batch.isEmpty() && nanoTime.getAsLong() - firstAddedAt >= MAX_AGE.toNanos();
    }
    // While there is no room the store is behind, and the batch may as well fill up.
    if (isOld && room.availablePermits() > 0) {
      handOver(false);
    }
  }

  /** Writes what is left, and waits until all is written. */
  void finish() {
    handOver(true);
    room.acquireUninterruptibly(BATCHES_IN_FLIGHT);
    room.release(BATCHES_IN_FLIGHT);
    throwFailure();
  }

  /**
   * Takes no more spans, and writes what was added, for the end of the process. Never fails: what a
   * batch failed with is the caller's to ask for.
   *
   * @return what could not be written, and why; null if all was
   */
  @Nullable String stop() throws InterruptedException {
    List<Span> last;
    synchronized (this) {
      stopped = true;
      last = batch;
      batch = new ArrayList<>();
    }
    if (!last.isEmpty()) {
      // Behind those that wait, and without a wait for room: there will be no more.
      thread.execute(() -> write(last, false));
    }
    thread.shutdown();
    if (!thread.awaitTermination(STOP_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
      return "the store has not answered for " + STOP_LIMIT.toSeconds() + " s";
    }
    RuntimeException failed = failure;
    return failed == null ? null : String.valueOf(failed.getMessage());
  }

  private void handOver(boolean reports) {
    room.acquireUninterruptibly();
    List<Span> full;
    synchronized (this) {
      parkIfStopped();
      full = batch;
      batch = new ArrayList<>();
      bytes = 0;
      if (!full.isEmpty() && failure == null) {
        // Within the lock, so that stop finds a batch either here or there.
        thread.execute(() -> write(full, true));
        return;
      }
    }
    room.release();
    if (reports) {
      throwFailure();
    }
  }

  private void throwFailure() {
    RuntimeException failed = failure;
    if (failed != null) {
      throw failed;
    }
  }

  private void write(List<Span> spans, boolean holdsRoom) {
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
      if (holdsRoom) {
        room.release();
      }
    }
  }

  /** Lets go of the threads; a batch that is being written is waited for. */
  @Override
  public void close() {
    clock.shutdownNow();
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
