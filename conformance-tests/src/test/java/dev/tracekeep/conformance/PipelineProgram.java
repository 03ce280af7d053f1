package dev.tracekeep.conformance;

import dev.tracekeep.ingest.DeadLetterLog;
import dev.tracekeep.ingest.PipelineOptions;
import dev.tracekeep.ingest.SpanPipeline;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Storages;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * A program that reports spans from eight threads, and says which of them it knows to be safe. Run
 * as a process of its own, to be killed.
 */
final class PipelineProgram {
  static final int SPANS_IN_A_TRACE = 100;
  private static final int THREADS = 8;
  private static final Instant START = Instant.parse("2026-01-31T12:00:00Z");
  private static final Duration LONG = Duration.ofMinutes(5);

  private PipelineProgram() {}

  /** URL, folder of the log, number of the first span, how many. */
  public static void main(String[] arguments) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    int first = Integer.parseInt(arguments[2]);
    int count = Integer.parseInt(arguments[3]);
    try (ObservabilityStorage storage = Storages.open(arguments[0])) {
      storage.init();
      SpanPipeline pipeline =
          SpanPipeline.open(
              storage, options(Duration.ofMillis(200)), DeadLetterLog.open(Path.of(arguments[1])));
      report(
          pipeline,
          first,
          count,
          number -> {
            synchronized (out) {
              out.println("SAFE " + number);
            }
          });
      pipeline.flush(LONG);
      pipeline.replayDeadLetters(false, LONG);
      pipeline.close(LONG);
      out.println("DONE");
    }
  }

  /**
   * A small buffer and a store that is given up soon, so that the log is used.
   *
   * @param maxWait how long a caller waits for room
   */
  static PipelineOptions options(Duration maxWait) {
    return PipelineOptions.builder()
        .strategy("event-sourced")
        .buffer(2_000, 16L << 20)
        .batch(500, 4L << 20)
        .maxWait(maxWait)
        .giveUpAfter(2, Duration.ofMillis(200))
        .retryDelay(Duration.ofMillis(5), Duration.ofMillis(50))
        .probeAfter(Duration.ofMillis(20), Duration.ofMillis(200))
        .build();
  }

  static void report(SpanPipeline pipeline, int first, int count, IntConsumer safe)
      throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      int offset = i;
      Thread thread =
          new Thread(
              () -> {
                for (int n = first + offset; n < first + count; n += THREADS) {
                  int number = n;
                  pipeline.spanStarted(started(number));
                  pipeline
                      .spanEnded(ended(number))
                      .thenAccept(
                          receipt -> {
                            if (receipt.isSafe()) {
                              safe.accept(number);
                            }
                          });
                }
              });
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) {
      thread.join();
    }
  }

  static String traceId(int number) {
    return "trace-" + number / SPANS_IN_A_TRACE;
  }

  private static Span started(int number) {
    Instant start = START.plusNanos(number);
    return Span.builder(SpanKey.of(traceId(number), "span-" + number))
        .name("work")
        .startedAt(start)
        .createdAt(start)
        .updatedAt(start)
        .payload(Payload.builder().input(Json.of("in " + number)).build())
        .build();
  }

  static Span ended(int number) {
    Instant end = START.plusSeconds(1).plusNanos(number);
    return started(number).toBuilder()
        .endedAt(end)
        .updatedAt(end)
        .payload(
            Payload.builder()
                .input(Json.of("in " + number))
                .output(Json.of("out ".repeat(20) + number))
                .build())
        .build();
  }
}
