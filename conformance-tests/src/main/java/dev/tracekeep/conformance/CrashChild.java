package dev.tracekeep.conformance;

import dev.tracekeep.migration.MigrationListener;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageProvider;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * The process that is killed. It is told what to do by its arguments, and which store by lines on
 * its standard input, so that no password stands in a list of processes. It says how far it is on
 * its standard output, one line each, and the parent kills it where it likes.
 */
final class CrashChild {
  /** How many spans each batch of {@code write} has. */
  static final int BATCH = 40;

  private CrashChild() {}

  /** {@code PROVIDER ACTION [ARGUMENT…]}, with properties {@code key=value} on standard input. */
  public static void main(String[] arguments) throws Exception {
    StorageProvider provider =
        (StorageProvider) Class.forName(arguments[0]).getConstructor().newInstance();
    StorageConfig config = StorageConfig.fromProperties(properties(), provider.engineProperties());
    try (ObservabilityStorage storage = provider.open(config)) {
      switch (arguments[1]) {
        case "apply" -> {
          int halt = Integer.parseInt(arguments[2]);
          storage.migration().apply(InterruptionChecks.SMALL_BATCHES, stoppingAt(halt));
        }
        case "undo" -> {
          int halt = Integer.parseInt(arguments[2]);
          storage.migration().undo(arguments[3], stoppingAt(halt));
        }
        case "write" -> write(storage);
        case "hold" -> {
          storage.init();
          say("READY");
          stop();
        }
        default -> throw new IllegalArgumentException("No such action: " + arguments[1]);
      }
      say("DONE");
    }
  }

  private static Map<String, String> properties() throws IOException {
    Map<String, String> properties = new HashMap<>();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
      int equals = line.indexOf('=');
      properties.put(line.substring(0, equals), line.substring(equals + 1));
    }
    return properties;
  }

  /** Says that it is there, and waits for its end. */
  private static MigrationListener stoppingAt(int event) {
    AtomicInteger heard = new AtomicInteger();
    return progress -> {
      if (heard.incrementAndGet() == event) {
        say("READY");
        stop();
      }
    };
  }

  private static void write(ObservabilityStorage storage) {
    storage.init();
    for (int i = 0; i < 100_000; i++) {
      storage.batchCreateSpans(batch(i));
      say("ACK " + i);
    }
  }

  /** The spans of one batch: a trace of its own. */
  static List<Span> batch(int number) {
    return IntStream.range(0, BATCH)
        .mapToObj(i -> Spans.full(SpanKey.of("batch-" + number, "s" + i)))
        .toList();
  }

  private static void say(String line) {
    System.out.println("kit: " + line);
    System.out.flush();
  }

  private static void stop() {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      throw new IllegalStateException("Nobody was to interrupt this", e);
    }
  }
}
