package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tracekeep.adapter.clickhouse.ClickHouseTestServer;
import dev.tracekeep.adapter.pg.PgTestServer;
import dev.tracekeep.ingest.DeadLetterLog;
import dev.tracekeep.ingest.PipelineStatistics;
import dev.tracekeep.ingest.SpanPipeline;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.Storages;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/**
 * What a pipeline has called safe is stored on real engines, once, although its process is killed
 * or its connections break at any byte. {@code -Dtracekeep.pipeline.spans=200000} for the long run.
 */
@Tag("slow")
class PipelineOnEnginesTest {
  private static final int SPANS = Integer.getInteger("tracekeep.pipeline.spans", 20_000);
  private static final int KILLS = 3;
  private static final Duration LONG = Duration.ofMinutes(5);

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"jdbc:duckdb:", "jdbc:sqlite:"})
  void killedProcess_losesNothingThatItCalledSafe(String scheme)
      throws IOException, InterruptedException {
    String url = scheme + folder.resolve("spans.db");
    Set<Integer> safe = ConcurrentHashMap.newKeySet();
    int each = SPANS / (KILLS + 1);
    for (int i = 0; i <= KILLS; i++) {
      // A different place each time; the last one comes to its end.
      runProgram(url, i * each, each, i == KILLS ? Integer.MAX_VALUE : each / (i + 2), safe);
    }
    assertThat(safe).hasSizeGreaterThan(SPANS / 4);
    checkStored(url, safe, SPANS);
    try (DeadLetterLog log = DeadLetterLog.openForReading(folder.resolve("log"))) {
      assertThat(log.segments()).isEmpty();
    }
  }

  private void runProgram(String url, int first, int count, int killAfter, Set<Integer> safe)
      throws IOException, InterruptedException {
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-cp",
                classPath,
                PipelineProgram.class.getName(),
                url,
                folder.resolve("log").toString(),
                Integer.toString(first),
                Integer.toString(count))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    boolean done = false;
    int heard = 0;
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        if (line.matches("SAFE \\d+")) {
          safe.add(Integer.parseInt(line.substring("SAFE ".length())));
          if (++heard == killAfter) {
            process.destroyForcibly(); // SIGKILL
          }
        } else if (line.equals("DONE")) {
          done = true;
        }
      }
    } catch (IOException e) {
      assertThat(e).as("a kill closes the stream").hasMessageContaining("closed");
    } finally {
      process.destroyForcibly().waitFor();
    }
    assertThat(done).as("came to its end").isEqualTo(killAfter == Integer.MAX_VALUE);
  }

  @Test
  void brokenConnections_andAFullLog_loseNothingOnPostgres()
      throws IOException, InterruptedException, SQLException {
    String direct = PgTestServer.get().newDatabase();
    try {
      Properties parts = Driver.parseURL(direct, null);
      reportThroughARelay(
          direct,
          PGProperty.PG_HOST.getOrDefault(parts),
          Integer.parseInt(PGProperty.PG_PORT.getOrDefault(parts)));
    } finally {
      PgTestServer.get().drop(direct);
    }
  }

  @Test
  void brokenConnections_andAFullLog_loseNothingOnClickHouse()
      throws IOException, InterruptedException {
    // NOT RUN without the engine, as its kit is; -Dtracekeep.require makes that a failure there.
    assumeTrue(ClickHouseTestServer.get().isThere(), ClickHouseTestServer.get().way());
    String direct = ClickHouseTestServer.get().newDatabase();
    try {
      URI address = URI.create(direct.substring("jdbc:clickhouse:".length()));
      reportThroughARelay(direct, address.getHost(), address.getPort());
    } finally {
      ClickHouseTestServer.get().drop(direct);
    }
  }

  private void reportThroughARelay(String direct, String host, int port)
      throws IOException, InterruptedException {
    Set<Integer> safe = ConcurrentHashMap.newKeySet();
    try (TcpRelay relay = new TcpRelay(host, port, 42, 3_000_000);
        ObservabilityStorage setUp = Storages.open(direct)) {
      setUp.init();
      String url = direct.replace(host + ":" + port, "127.0.0.1:" + relay.port());
      assertThat(url).isNotEqualTo(direct);
      PipelineStatistics statistics;
      try (ObservabilityStorage storage = initialized(url)) {
        // So small a log is full soon after the server has gone, as on a disk without room.
        SpanPipeline pipeline =
            SpanPipeline.open(
                storage,
                PipelineProgram.options(LONG),
                DeadLetterLog.open(folder.resolve("log"), 1L << 20));
        Thread weather =
            new Thread(
                () -> {
                  for (int share = 1; share <= 3; share++) {
                    int outage = SPANS / 4 * share;
                    waitUntil(() -> safe.size() >= outage);
                    relay.goDown();
                    // Two thousand spans are more than the log may hold: callers wait, then.
                    waitUntil(() -> pipeline.statistics().deadLettered() > 0);
                    waitUntil(() -> pipeline.statistics().waiting() > 1_000);
                    relay.comeUp();
                  }
                });
        weather.start();
        PipelineProgram.report(pipeline, 0, SPANS, safe::add);
        weather.interrupt();
        weather.join();
        relay.calmDown();
        pipeline.flush(LONG);
        boolean drained = pipeline.replayDeadLetters(false, LONG);
        while (!drained) {
          drained = pipeline.replayDeadLetters(false, LONG);
        }
        pipeline.close(LONG);
        statistics = pipeline.statistics();
      }
      assertThat(relay.cuts()).as("cut connections").isPositive();
      assertThat(statistics.sum()).isEqualTo(statistics.accepted()).isEqualTo(2L * SPANS);
      assertThat(statistics.waiting()).isZero();
      assertThat(statistics.deadLettered()).as("the log was used").isPositive();
      assertThat(statistics.refused() == 0 ? safe.size() : SPANS).isEqualTo(SPANS);
      checkStored(direct, safe, SPANS);
    }
  }

  private static void waitUntil(BooleanSupplier condition) {
    while (!condition.getAsBoolean() && !Thread.currentThread().isInterrupted()) {
      Thread.onSpinWait();
      LockSupport.parkNanos(1_000_000);
    }
  }

  private static ObservabilityStorage initialized(String url) {
    ObservabilityStorage storage = Storages.open(Map.of("url", url, "connect-timeout", "500ms"));
    while (true) {
      try {
        storage.init();
        return storage;
      } catch (StorageException cut) {
        assertThat(cut.kind().isRetryable()).as(cut.getMessage()).isTrue();
      }
    }
  }

  /** Every safe span is there as it was reported; nothing is there that was not; nothing twice. */
  private static void checkStored(String url, Set<Integer> safe, int sent) {
    try (ObservabilityStorage storage = Storages.open(url)) {
      storage.init();
      Map<SpanKey, Span> stored = new HashMap<>();
      for (int first = 0; first < sent; first += PipelineProgram.SPANS_IN_A_TRACE) {
        storage
            .getTrace(new TraceKey(SpanKey.DEFAULT_TENANT, PipelineProgram.traceId(first)))
            .ifPresent(
                trace -> {
                  List<Span> spans = trace.spans();
                  spans.forEach(span -> stored.put(span.key(), span));
                });
      }
      assertThat(storage.statistics().spans()).as("rows").isEqualTo(stored.size());
      assertThat(stored.size()).isLessThanOrEqualTo(sent);
      for (int number : safe) {
        Span expected = PipelineProgram.ended(number);
        assertThat(stored.get(expected.key())).as("span " + number).isEqualTo(expected);
      }
    }
  }
}
