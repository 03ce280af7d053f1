package dev.tracekeep.ingest;

import java.util.random.RandomGenerator;

/**
 * When to try again, and when to stop trying: retries with backoff and jitter inside of a circuit
 * breaker (M. Nygard, Release It!, 2007). It knows no clock and no chance but those it is given.
 */
final class Breaker {
  private final PipelineOptions options;
  private final RandomGenerator random;
  private StoreState state = StoreState.AVAILABLE;
  private int attempts;
  private int openings;
  private long firstFailureAt;
  private long allowedAt;

  Breaker(PipelineOptions options, RandomGenerator random) {
    this.options = options;
    this.random = random;
  }

  StoreState state() {
    return state;
  }

  boolean isOpen() {
    return state == StoreState.UNAVAILABLE;
  }

  /** When the next call is allowed; in the past if it is allowed now. */
  long allowedAt() {
    return state == StoreState.RETRYING || state == StoreState.UNAVAILABLE
        ? allowedAt
        : Long.MIN_VALUE;
  }

  /** An open breaker lets a probe through when its time has come. */
  void pass(long now) {
    if (state == StoreState.UNAVAILABLE && now >= allowedAt) {
      state = StoreState.PROBING;
    }
  }

  void succeeded() {
    state = StoreState.AVAILABLE;
    attempts = 0;
    openings = 0;
  }

  /** A call failed in a way that may pass. */
  void failed(long now) {
    if (attempts++ == 0) {
      firstFailureAt = now;
    }
    if (state == StoreState.PROBING
        || attempts >= options.maxAttempts()
        || now - firstFailureAt >= options.maxRetryTime()) {
      open(now);
    } else {
      state = StoreState.RETRYING;
      allowedAt =
          plus(now, jittered(doubled(options.retryDelay(), attempts - 1, options.maxRetryDelay())));
    }
  }

  /** The store cannot be used: there is no point in trying again soon. */
  void open(long now) {
    state = StoreState.UNAVAILABLE;
    attempts = 0;
    allowedAt =
        plus(now, jittered(doubled(options.openDelay(), openings++, options.maxOpenDelay())));
  }

  private static long doubled(long delay, int times, long longest) {
    return times >= 30 || delay > longest >> times ? longest : delay << times;
  }

  /** Between half of the delay and all of it, so that pipelines which failed together spread. */
  private long jittered(long delay) {
    return delay - (long) (random.nextDouble() * (delay / 2));
  }

  static long plus(long now, long delay) {
    long sum = now + delay;
    return sum < now ? Long.MAX_VALUE : sum;
  }
}
