package dev.tracekeep.ingest;

import dev.tracekeep.storage.TracingStrategySupport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** How a {@link SpanPipeline} works. Immutable; every option has a default that suits a service. */
public final class PipelineOptions {
  private final String strategy;
  private final int maxSpans;
  private final long maxBytes;
  private final Duration maxWait;
  private final int maxBatchSpans;
  private final long maxBatchBytes;
  private final Duration linger;
  private final Duration retryDelay;
  private final Duration maxRetryDelay;
  private final int maxAttempts;
  private final Duration maxRetryTime;
  private final Duration openDelay;
  private final Duration maxOpenDelay;
  private final int probeSpans;
  private final int outageAfterRefusals;
  private final List<SpanTransformer> transformers;
  private final PipelineListener listener;
  private final boolean initializesStore;

  private PipelineOptions(Builder builder) {
    strategy = builder.strategy;
    maxSpans = builder.maxSpans;
    maxBytes = builder.maxBytes;
    maxWait = builder.maxWait;
    maxBatchSpans = builder.maxBatchSpans;
    maxBatchBytes = builder.maxBatchBytes;
    linger = builder.linger;
    retryDelay = builder.retryDelay;
    maxRetryDelay = builder.maxRetryDelay;
    maxAttempts = builder.maxAttempts;
    maxRetryTime = builder.maxRetryTime;
    openDelay = builder.openDelay;
    maxOpenDelay = builder.maxOpenDelay;
    probeSpans = builder.probeSpans;
    outageAfterRefusals = builder.outageAfterRefusals;
    transformers = List.copyOf(builder.transformers);
    listener = builder.listener;
    initializesStore = builder.initializesStore;
  }

  /** A builder with the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** The defaults. */
  public static PipelineOptions defaults() {
    return builder().build();
  }

  String strategy() {
    return strategy;
  }

  int maxSpans() {
    return maxSpans;
  }

  long maxBytes() {
    return maxBytes;
  }

  long maxWait() {
    return Intake.nanos(maxWait);
  }

  int maxBatchSpans() {
    return Math.min(maxBatchSpans, maxSpans);
  }

  long maxBatchBytes() {
    return maxBatchBytes;
  }

  long linger() {
    return Intake.nanos(linger);
  }

  long retryDelay() {
    return Intake.nanos(retryDelay);
  }

  long maxRetryDelay() {
    return Intake.nanos(maxRetryDelay);
  }

  int maxAttempts() {
    return maxAttempts;
  }

  long maxRetryTime() {
    return Intake.nanos(maxRetryTime);
  }

  long openDelay() {
    return Intake.nanos(openDelay);
  }

  long maxOpenDelay() {
    return Intake.nanos(maxOpenDelay);
  }

  int probeSpans() {
    return probeSpans;
  }

  int outageAfterRefusals() {
    return outageAfterRefusals;
  }

  List<SpanTransformer> transformers() {
    return transformers;
  }

  PipelineListener listener() {
    return listener;
  }

  boolean initializesStore() {
    return initializesStore;
  }

  /** Collects the options by name. Not thread-safe. */
  public static final class Builder {
    private String strategy = TracingStrategySupport.AUTO;
    private int maxSpans = 20_000;
    private long maxBytes = 64L << 20;
    private Duration maxWait = Duration.ofMillis(100);
    private int maxBatchSpans = 2_000;
    private long maxBatchBytes = 16L << 20;
    private Duration linger = Duration.ofMillis(5);
    private Duration retryDelay = Duration.ofMillis(100);
    private Duration maxRetryDelay = Duration.ofSeconds(5);
    private int maxAttempts = 5;
    private Duration maxRetryTime = Duration.ofSeconds(10);
    private Duration openDelay = Duration.ofSeconds(2);
    private Duration maxOpenDelay = Duration.ofMinutes(1);
    private int probeSpans = 100;
    private int outageAfterRefusals = 10;
    private final List<SpanTransformer> transformers = new ArrayList<>();
    private PipelineListener listener = PipelineListener.NONE;
    private boolean initializesStore;

    private Builder() {}

    /**
     * Sets what is sent when a span starts, changes and ends: {@code auto} (the default) for what
     * the store prefers, or the name of a {@link dev.tracekeep.storage.TracingStrategy}.
     */
    public Builder strategy(String value) {
      strategy = Objects.requireNonNull(value, "strategy");
      return this;
    }

    /**
     * Sets how much may be in memory at once; 20,000 operations and 64 MiB by default. An operation
     * that is larger than that is let in alone.
     *
     * @throws IllegalArgumentException if a bound is not positive, or above 500,000 operations
     */
    public Builder buffer(int spans, long bytes) {
      maxSpans = inRange("buffer", spans, Intake.MAX_OPERATIONS);
      maxBytes = inRange("buffer bytes", bytes, 1L << 42);
      return this;
    }

    /**
     * Sets how long a caller waits at most when the buffer is full; 100 ms by default. Half of that
     * after the buffer has become three quarters full, what waits goes to the dead-letter log, so
     * that there is room again. Zero never blocks a caller.
     */
    public Builder maxWait(Duration value) {
      maxWait = notNegative("maxWait", value);
      return this;
    }

    /**
     * Sets how much one call of the store takes at most; 2,000 spans and 16 MiB by default.
     *
     * @throws IllegalArgumentException if a bound is not positive
     */
    public Builder batch(int spans, long bytes) {
      maxBatchSpans = inRange("batch", spans, Integer.MAX_VALUE);
      maxBatchBytes = inRange("batch bytes", bytes, Long.MAX_VALUE);
      return this;
    }

    /**
     * Sets how long the first operation of a batch waits for others to share its transaction; 5 ms
     * by default. The strategy {@code realtime} does not wait.
     */
    public Builder linger(Duration value) {
      linger = notNegative("linger", value);
      return this;
    }

    /**
     * Sets when a failed call is repeated: after the first delay, doubled each time up to the
     * second one, each shortened at random by up to a half; 100 ms and 5 s by default.
     */
    public Builder retryDelay(Duration first, Duration longest) {
      retryDelay = notNegative("retryDelay", first);
      maxRetryDelay = notNegative("retryDelay", longest);
      return this;
    }

    /**
     * Sets when the store counts as unavailable: after so many failed calls in a row, or when they
     * have failed for so long; 5 and 10 s by default.
     */
    public Builder giveUpAfter(int attempts, Duration time) {
      maxAttempts = inRange("giveUpAfter", attempts, Integer.MAX_VALUE);
      maxRetryTime = notNegative("giveUpAfter", time);
      return this;
    }

    /**
     * Sets how long an unavailable store is left alone before a small batch probes it: the first
     * time, doubled each time up to the second one; 2 s and 1 min by default.
     */
    public Builder probeAfter(Duration first, Duration longest) {
      openDelay = notNegative("probeAfter", first);
      maxOpenDelay = notNegative("probeAfter", longest);
      return this;
    }

    /** Adds a transformer behind those that were added before. */
    public Builder transformer(SpanTransformer value) {
      transformers.add(Objects.requireNonNull(value, "transformer"));
      return this;
    }

    /**
     * Whether the pipeline initializes the store itself, before its first write and on its own
     * thread; {@code false} by default. A program then starts while the database is away, and its
     * spans wait or go to the dead-letter log as at any other time.
     */
    public Builder initializesStore(boolean value) {
      initializesStore = value;
      return this;
    }

    /** Sets who hears of refusals and changes of state. */
    public Builder listener(PipelineListener value) {
      listener = Objects.requireNonNull(value, "listener");
      return this;
    }

    /** The immutable options. */
    public PipelineOptions build() {
      return new PipelineOptions(this);
    }

    private static int inRange(String option, int value, int max) {
      return (int) inRange(option, (long) value, max);
    }

    private static long inRange(String option, long value, long max) {
      if (value < 1 || value > max) {
        throw new IllegalArgumentException(
            option + " is " + value + ": it must lie between 1 and " + max);
      }
      return value;
    }

    private static Duration notNegative(String option, Duration value) {
      if (value.isNegative()) {
        throw new IllegalArgumentException(option + " is negative: " + value);
      }
      return value;
    }
  }
}
