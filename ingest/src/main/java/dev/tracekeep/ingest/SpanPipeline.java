package dev.tracekeep.ingest;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.TracingStrategy;
import dev.tracekeep.storage.WriteResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way of spans from a program into a store.
 *
 * <p>Any number of threads report spans. What arrives within a few milliseconds is written in one
 * call; a call that failed is repeated; while the store is away, spans go to the dead-letter log,
 * from where they are replayed when it is back, also by the next process that opens the same log. A
 * span that the store will never take is found by halving its batch and goes to the log with the
 * reason, and the rest is stored.
 *
 * <p><b>What is promised.</b> The stage that each call returns completes when each of its
 * operations is durable in the store or synced to the log, or is lost to the pipeline, which the
 * {@link Receipt} says. Whoever did not hear that may report the span again: nothing changes twice.
 * Every operation is in exactly one bucket of the {@link #statistics()}.
 *
 * <p><b>What it costs the caller.</b> Some bounded work and two compare-and-sets. If the buffer is
 * full, the caller waits at most as long as {@link PipelineOptions.Builder#maxWait} says; an
 * interrupted caller does not wait.
 *
 * <p>Stages complete on the pipeline's thread: hand longer work to another one ({@code
 * thenAcceptAsync}).
 *
 * <p>Thread-safe. The pipeline does not close the store.
 */
public final class SpanPipeline implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SpanPipeline.class);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);

  /** For the thread to come to its end when the time is up; a sync of the log may take it. */
  private static final long CLOSE_GRACE_NANOS = 1_000_000_000L;

  private final ObservabilityStorage storage;
  private final PipelineOptions options;
  private final PipelineListener listener;
  private final TracingStrategy strategy;
  private final @Nullable DeadLetterLog log;
  private final Intake intake;
  private final PipelineDriver driver;
  private final ExecutorService storeThread;
  private final Thread thread;
  private final long linger;
  private final CompletableFuture<Void> ended = new CompletableFuture<>();

  private final LongAdder accepted = new LongAdder();
  private final LongAdder notNeeded = new LongAdder();
  private final LongAdder refusedAtTheDoor = new LongAdder();

  /** Whether the store can be written to; the store's thread alone looks at it. */
  private boolean initialized;

  /** Whether the thread sleeps until something happens. */
  private volatile boolean asleep;

  private volatile boolean closing;
  private volatile boolean ending;

  /**
   * What a flush or a close has left undone.
   *
   * @param isComplete whether everything was decided in time
   * @param notYetSafe how many operations are neither in the store nor in the log; after a flush
   *     they still wait, after a close they are refused
   */
  public record FlushResult(boolean isComplete, long notYetSafe) {}

  private SpanPipeline(
      ObservabilityStorage storage, PipelineOptions options, @Nullable DeadLetterLog log)
      throws IOException {
    this.storage = storage;
    this.strategy = storage.tracingStrategy().resolve(options.strategy());
    this.listener = new GuardedListener(options.listener());
    this.options = options;
    this.initialized = !options.initializesStore();
    this.log = log;
    this.linger = strategy == TracingStrategy.REALTIME ? 0 : options.linger();
    this.intake = new Intake(options.maxSpans(), options.maxBytes());
    PipelineCore core =
        new PipelineCore(
            options,
            listener,
            linger,
            sendsUpdates(strategy),
            log != null,
            log != null && log.hasDeferred(),
            new SplittableRandom());
    Clock clock = Clock.systemUTC();
    this.driver =
        new PipelineDriver(core, intake, log, this::callStore, System::nanoTime, clock::instant);
    this.storeThread =
        Executors.newSingleThreadExecutor(task -> daemon(task, "tracekeep-pipeline-store"));
    this.thread = daemon(this::run, "tracekeep-pipeline");
    thread.start();
  }

  /**
   * Opens a pipeline without a dead-letter log: while the store is away, spans stay in memory as
   * long as there is room, and a span that it will never take is refused.
   *
   * @param storage an initialized store, unless {@link PipelineOptions.Builder#initializesStore the
   *     pipeline does that}; the caller closes it after the pipeline
   * @throws dev.tracekeep.storage.UnsupportedCapabilityException if the store does not support the
   *     strategy
   */
  public static SpanPipeline open(ObservabilityStorage storage, PipelineOptions options) {
    try {
      return new SpanPipeline(storage, options, null);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // there is no file that could fail
    }
  }

  /**
   * Opens a pipeline with a dead-letter log. Deferred letters of an earlier run are replayed.
   *
   * @param storage an initialized store, unless {@link PipelineOptions.Builder#initializesStore the
   *     pipeline does that}; the caller closes it after the pipeline
   * @param log which the pipeline closes
   * @throws IOException if the log cannot be read
   * @throws dev.tracekeep.storage.UnsupportedCapabilityException if the store does not support the
   *     strategy
   */
  public static SpanPipeline open(
      ObservabilityStorage storage, PipelineOptions options, DeadLetterLog log) throws IOException {
    return new SpanPipeline(storage, options, log);
  }

  static boolean sendsUpdates(TracingStrategy strategy) {
    return strategy == TracingStrategy.REALTIME || strategy == TracingStrategy.BATCH_WITH_UPDATES;
  }

  /** What is sent when a span starts, changes and ends. */
  public TracingStrategy strategy() {
    return strategy;
  }

  // ---- the way in ------------------------------------------------------------------------------

  /**
   * A span has started. Strategies that send no starts, and events, ignore it.
   *
   * @param span as far as it is known, without an end
   * @return completes with what became of it; at once where there is nothing to do
   * @throws IllegalArgumentException if the span is light
   */
  public CompletionStage<Receipt> spanStarted(Span span) {
    requireWhole(span);
    if (strategy == TracingStrategy.INSERT_ONLY || span.isEvent()) {
      return nothingToDo();
    }
    Acceptance acceptance = new Acceptance(1);
    handIn(Operation.create(span, acceptance));
    return acceptance;
  }

  /**
   * A span has changed. Strategies that send no updates ignore it.
   *
   * @return completes with what became of it; at once where there is nothing to do
   */
  public CompletionStage<Receipt> spanUpdated(SpanUpdate update) {
    if (!sendsUpdates(strategy)) {
      return nothingToDo();
    }
    Acceptance acceptance = new Acceptance(1);
    handIn(Operation.update(update, acceptance));
    return acceptance;
  }

  /**
   * A span has ended. Where the strategy sends updates, its fields override those of the row, and
   * what updates have set beside them stays; if there is no row, it is stored as it is.
   *
   * @param span the whole span as its writer knows it
   * @return completes with what became of it
   * @throws IllegalArgumentException if the span is light
   */
  public CompletionStage<Receipt> spanEnded(Span span) {
    requireWhole(span);
    Acceptance acceptance = new Acceptance(1);
    handIn(
        sendsUpdates(strategy) && !span.isEvent()
            ? Operation.end(span, acceptance)
            : Operation.create(span, acceptance));
    return acceptance;
  }

  /**
   * Takes whole spans, running or ended, as creates: what is better than the row replaces it.
   *
   * @return completes when all of them are decided
   * @throws IllegalArgumentException if a span is light; none of them is taken
   */
  public CompletionStage<Receipt> accept(Collection<Span> spans) {
    spans.forEach(SpanPipeline::requireWhole);
    if (spans.isEmpty()) {
      return CompletableFuture.completedStage(new Receipt(0, 0, 0, 0, 0));
    }
    Acceptance acceptance = new Acceptance(spans.size());
    spans.forEach(span -> handIn(Operation.create(span, acceptance)));
    return acceptance;
  }

  private static void requireWhole(Span span) {
    if (span.isLight()) {
      throw new IllegalArgumentException(
          "The span "
              + span.key()
              + " was read without its heavy fields and cannot be written back:"
              + " read it with getSpan or getTrace");
    }
  }

  private CompletionStage<Receipt> nothingToDo() {
    notNeeded.increment();
    return CompletableFuture.completedStage(new Receipt(0, 0, 0, 0, 0));
  }

  private void handIn(Operation operation) {
    accepted.increment();
    if (closing) {
      refuse(operation, "the pipeline is closed");
      return;
    }
    int inside = intake.tryAdmit(operation.bytes());
    if (inside == 0) {
      wake();
      if (!awaitRoom(operation)) {
        refuse(operation, "there was no room in the buffer in time");
        return;
      }
    }
    intake.push(operation);
    // A full batch need not wait for its time.
    if (asleep || inside == options.maxBatchSpans()) {
      wake();
    }
  }

  private boolean awaitRoom(Operation operation) {
    try {
      return options.maxWait() > 0 && intake.awaitRoom(operation.bytes(), options.maxWait());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void refuse(Operation operation, String reason) {
    refusedAtTheDoor.increment();
    listener.refused(operation.key(), reason);
    operation.outcome = Outcome.REFUSED;
    operation.settle();
  }

  private void wake() {
    asleep = false;
    LockSupport.unpark(thread);
  }

  // ---- the way out -----------------------------------------------------------------------------

  /**
   * Sends everything that was handed in before this call, and waits until it is decided.
   *
   * @param timeout how long to wait at most
   */
  public FlushResult flush(Duration timeout) {
    CompletableFuture<Void> flushed = new CompletableFuture<>();
    driver.post(core -> core.flush(flushed));
    wake();
    try {
      CompletableFuture.anyOf(flushed, ended).get(Intake.nanos(timeout), TimeUnit.NANOSECONDS);
    } catch (TimeoutException | ExecutionException e) {
      return flushResult(flushed);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return flushResult(flushed);
  }

  private FlushResult flushResult(CompletableFuture<Void> flushed) {
    long waiting = flushed.isDone() ? 0 : statistics().waiting();
    return new FlushResult(waiting == 0, waiting);
  }

  /**
   * Waits until no deferred letter is left in the log, or the store is found unavailable.
   *
   * @param includingRefused whether letters that the store has refused are tried again first
   * @param timeout how long to wait at most
   * @return whether the log holds no deferred letter any more
   */
  public boolean replayDeadLetters(boolean includingRefused, Duration timeout) {
    if (log == null) {
      return true;
    }
    long deadline = System.nanoTime() + Intake.nanos(timeout);
    if (includingRefused) {
      requeue(log, deadline);
    }
    while (true) {
      CompletableFuture<Boolean> drained = new CompletableFuture<>();
      driver.post(core -> drained.complete(core.isLogDrained()));
      wake();
      long left = deadline - System.nanoTime();
      try {
        CompletableFuture.anyOf(drained, ended).get(Math.max(left, 1), TimeUnit.NANOSECONDS);
        if (drained.getNow(false)) {
          return true;
        }
        if (ended.isDone()
            || left <= 0
            || driver.decided().storeState() == StoreState.UNAVAILABLE) {
          return false;
        }
        TimeUnit.MILLISECONDS.sleep(20);
      } catch (TimeoutException | ExecutionException e) {
        return false;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
  }

  private void requeue(DeadLetterLog letters, long deadline) {
    CompletableFuture<Void> requeued = new CompletableFuture<>();
    driver.post(
        core -> {
          try {
            letters.requeueRefused();
            core.deferredFound();
            requeued.complete(null);
          } catch (IOException e) {
            requeued.completeExceptionally(e);
          }
        });
    wake();
    try {
      CompletableFuture.anyOf(requeued, ended)
          .get(Math.max(deadline - System.nanoTime(), 1), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw new UncheckedIOException((IOException) e.getCause());
    } catch (TimeoutException e) {
      return;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Closes and waits for up to 10 seconds. */
  @Override
  public void close() {
    close(CLOSE_TIMEOUT);
  }

  /**
   * Takes nothing more, sends what waits, and ends. When three quarters of the time are over, what
   * the store has not acknowledged goes to the dead-letter log; what is still not safe at the end
   * is refused. Idempotent.
   *
   * @param timeout how long to wait; up to a second more where the log's disk hangs
   */
  public FlushResult close(Duration timeout) {
    long nanos = Intake.nanos(timeout);
    long start = System.nanoTime();
    closing = true;
    driver.post(core -> core.close(start + nanos / 4 * 3));
    flush(timeout);
    CompletableFuture<Long> abandoned = new CompletableFuture<>();
    driver.post(
        core -> {
          long undecided = core.undecided();
          core.abandon();
          ending = true;
          abandoned.complete(undecided);
        });
    wake();
    long notSafe;
    try {
      long left = nanos - (System.nanoTime() - start);
      ended.get(Math.max(left, CLOSE_GRACE_NANOS), TimeUnit.NANOSECONDS);
      notSafe = abandoned.getNow(0L);
    } catch (TimeoutException | ExecutionException e) {
      notSafe = statistics().waiting();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      notSafe = statistics().waiting();
    }
    return new FlushResult(notSafe == 0, notSafe);
  }

  /**
   * Closes this pipeline when the JVM ends in an orderly way, unless it is closed before.
   *
   * @param timeout how long the JVM waits for it at most
   */
  public void closeOnShutdown(Duration timeout) {
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> close(timeout), "tracekeep-pipeline-shutdown"));
  }

  /** What was done since the pipeline was opened; a consistent snapshot. */
  public PipelineStatistics statistics() {
    // In this order: whatever is counted as decided or refused was counted as accepted before.
    Tally.Snapshot decided = driver.decided();
    long refused = refusedAtTheDoor.sum();
    long in = accepted.sum();
    return new PipelineStatistics(
        in,
        in - decided.decided() - refused,
        decided.written(),
        decided.deadLettered(),
        decided.refused() + refused,
        decided.dropped(),
        decided.missing(),
        notNeeded.sum(),
        decided.writtenAs(),
        decided.replay(),
        decided.storeCalls(),
        decided.storeFailures(),
        decided.storeState());
  }

  // ---- threads ---------------------------------------------------------------------------------

  private static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  private void run() {
    try {
      while (!ending) {
        long until = driver.run();
        if (ending) {
          break;
        }
        long nanos = until - System.nanoTime();
        // A short sleep ends by itself: callers pay for waking the thread once a group, at most.
        asleep = until == Long.MAX_VALUE || nanos > Math.max(linger, 1_000_000L);
        if (driver.isQuiet()) {
          if (until == Long.MAX_VALUE) {
            LockSupport.park(this);
          } else {
            LockSupport.parkNanos(this, nanos);
          }
        }
        asleep = false;
      }
    } catch (RuntimeException | Error e) {
      LOG.error("The pipeline has failed and takes no more spans: this is a fault of Tracekeep", e);
      closing = true;
      throw e;
    } finally {
      release();
      ended.complete(null);
    }
  }

  private void release() {
    storeThread.shutdown();
    if (log != null) {
      try {
        log.close();
      } catch (IOException e) {
        LOG.warn("Closing the dead-letter log {} left something open: {}", log, e.toString());
      }
    }
  }

  private void callStore(Batch.Chunk chunk) {
    try {
      storeThread.execute(
          () -> {
            try {
              if (!initialized) {
                storage.init();
                initialized = true;
              }
              WriteResult result =
                  chunk.creates()
                      ? storage.batchCreateSpans(chunk.spans())
                      : storage.batchUpdateSpans(chunk.updates());
              driver.written(chunk, result);
            } catch (RuntimeException | Error e) {
              driver.failed(chunk, e);
            }
            LockSupport.unpark(thread);
          });
    } catch (RejectedExecutionException e) {
      driver.failed(chunk, new IllegalStateException("The pipeline is closed", e));
    }
  }

  /** A listener that throws must not end the pipeline. */
  private record GuardedListener(PipelineListener listener) implements PipelineListener {
    private void tell(Runnable call) {
      try {
        call.run();
      } catch (RuntimeException e) {
        LOG.warn("The pipeline's listener has failed", e);
      }
    }

    @Override
    public void refused(SpanKey span, String reason) {
      tell(() -> listener.refused(span, reason));
    }

    @Override
    public void deadLettered(SpanKey span, String reason) {
      tell(() -> listener.deadLettered(span, reason));
    }

    @Override
    public void missing(SpanKey span) {
      tell(() -> listener.missing(span));
    }

    @Override
    public void stateChanged(StoreState from, StoreState to, String reason) {
      if (to == StoreState.UNAVAILABLE) {
        LOG.warn("The store is unavailable: {}", reason);
      } else if (to == StoreState.AVAILABLE && from == StoreState.PROBING) {
        LOG.info("The store is back");
      }
      tell(() -> listener.stateChanged(from, to, reason));
    }

    @Override
    public void logFailed(String reason) {
      LOG.warn("{}", reason);
      tell(() -> listener.logFailed(reason));
    }
  }
}
