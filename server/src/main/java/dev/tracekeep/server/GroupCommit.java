package dev.tracekeep.server;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.WriteResult;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Lets requests that come at the same time share a transaction: one thread writes, and while it
 * does, what comes in waits for its next turn. A request is answered when the turn that took it is
 * committed. Nothing is tried again here: whoever sent a request that failed still has it, and may
 * send it again, since nothing is stored twice. Thread-safe.
 */
final class GroupCommit implements AutoCloseable {
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);

  private final Function<List<Span>, WriteResult> write;
  private final int maxSpans;
  private final ServerMetrics metrics;
  private final ArrayDeque<Entry> waiting = new ArrayDeque<>();
  private final Thread thread;
  private boolean closing;

  /**
   * What became of the spans of one request.
   *
   * @param rejected why the store will never take some of them, by key
   */
  record Commit(Map<SpanKey, String> rejected) {}

  private static final class Entry extends CompletableFuture<Commit> {
    final List<Span> spans;

    Entry(List<Span> spans) {
      this.spans = spans;
    }
  }

  /**
   * @param maxSpans how many spans a turn takes, but for a single request that has more
   */
  GroupCommit(Function<List<Span>, WriteResult> write, int maxSpans, ServerMetrics metrics) {
    this.write = write;
    this.maxSpans = maxSpans;
    this.metrics = metrics;
    this.thread = new Thread(this::run, "tracekeep-commit");
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Hands in the spans of a request.
   *
   * @return completes after the commit, or with what the store threw; on the writing thread
   */
  CompletionStage<Commit> submit(List<Span> spans) {
    Entry entry = new Entry(spans);
    synchronized (waiting) {
      if (closing) {
        entry.completeExceptionally(
            new StorageException(FailureKind.OVERLOADED, "the server is stopping", null));
        return entry;
      }
      waiting.add(entry);
      waiting.notifyAll();
    }
    return entry;
  }

  private void run() {
    List<Entry> turn = next();
    while (!turn.isEmpty()) {
      commit(turn);
      turn = next();
    }
  }

  /** The requests of the next turn; none when all is done and nothing more will come. */
  private List<Entry> next() {
    List<Entry> turn = new ArrayList<>();
    synchronized (waiting) {
      boolean interrupted = false;
      while (waiting.isEmpty() && !closing) {
        try {
          waiting.wait();
        } catch (InterruptedException e) {
          interrupted = true; // nobody but close() ends this thread
        }
      }
      int spans = 0;
      while (!waiting.isEmpty()
          && (turn.isEmpty() || spans + waiting.peek().spans.size() <= maxSpans)) {
        spans += waiting.peek().spans.size();
        turn.add(waiting.remove());
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    return turn;
  }

  private void commit(List<Entry> turn) {
    List<Span> spans =
        turn.size() == 1
            ? turn.get(0).spans
            : turn.stream().flatMap(entry -> entry.spans.stream()).toList();
    WriteResult result;
    try {
      result = write.apply(spans);
    } catch (RuntimeException e) {
      metrics.commitFailed();
      if (turn.size() > 1 && !isTemporary(e)) {
        // One of them may be to blame: the others must not pay for it.
        turn.forEach(entry -> commit(List.of(entry)));
      } else {
        turn.forEach(entry -> entry.completeExceptionally(e));
      }
      return;
    }
    metrics.committed(spans.size(), result);
    Map<SpanKey, String> rejected = new HashMap<>();
    result.rejected().forEach(rejection -> rejected.put(rejection.key(), rejection.reason()));
    turn.forEach(entry -> entry.complete(new Commit(of(entry, rejected))));
  }

  private static Map<SpanKey, String> of(Entry entry, Map<SpanKey, String> rejected) {
    if (rejected.isEmpty()) {
      return Map.of();
    }
    Map<SpanKey, String> own = new HashMap<>();
    for (Span span : entry.spans) {
      @Nullable String reason = rejected.get(span.key());
      if (reason != null) {
        own.put(span.key(), reason);
      }
    }
    return own;
  }

  private static boolean isTemporary(RuntimeException failure) {
    return failure instanceof StorageException storage
        && (storage.kind() == FailureKind.TRANSIENT
            || storage.kind() == FailureKind.OVERLOADED
            || storage.kind() == FailureKind.INTERRUPTED);
  }

  /** Takes nothing more, and waits until what was taken is decided, for up to 30 seconds. */
  @Override
  public void close() {
    synchronized (waiting) {
      closing = true;
      waiting.notifyAll();
    }
    try {
      thread.join(CLOSE_TIMEOUT.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
