package dev.tracekeep.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Storages;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server whose process is killed while spans come in: what was acknowledged is stored, once, and
 * what was not is after its sender has sent it again.
 */
class KilledServerTest {
  private static final int SENDERS = 4;
  private static final int SPANS_PER_REQUEST = 20;
  private static final int KILLS = 3;

  @TempDir private Path folder;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** What runs in the process that is killed: a server before the store of the first argument. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    ObservabilityStorage storage = Storages.open(Map.of("url", arguments[0]));
    storage.init();
    TracekeepServer server = TracekeepServer.builder(storage).ports(0, 0).build().start();
    System.out.println(server.httpUri());
    new CountDownLatch(1).await();
  }

  private static Process started(String url) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            KilledServerTest.class.getName(),
            url)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  private static String traceId(int request) {
    return String.format(Locale.ROOT, "%032x", request + 1);
  }

  private static byte[] body(int request) {
    String spans =
        IntStream.rangeClosed(1, SPANS_PER_REQUEST)
            .mapToObj(
                i ->
                    String.format(
                        Locale.ROOT,
                        "{\"traceId\":\"%s\",\"spanId\":\"%016x\",\"name\":\"work\","
                            + "\"startTimeUnixNano\":\"1796068800000000000\","
                            + "\"endTimeUnixNano\":\"1796068801000000000\"}",
                        traceId(request),
                        i))
            .collect(Collectors.joining(","));
    return ("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[" + spans + "]}]}]}")
        .getBytes(StandardCharsets.UTF_8);
  }

  /** Whether the request was acknowledged. */
  private boolean send(URI server, int request) throws InterruptedException {
    try {
      return client
              .send(
                  HttpRequest.newBuilder(server.resolve("/v1/traces"))
                      .header("Content-Type", "application/json")
                      .POST(HttpRequest.BodyPublishers.ofByteArray(body(request)))
                      .build(),
                  HttpResponse.BodyHandlers.discarding())
              .statusCode()
          == 200;
    } catch (IOException e) {
      return false; // the server was killed; nobody knows whether it was stored
    }
  }

  @Test
  void whatWasAcknowledged_isStoredOnce() throws Exception {
    String url = "jdbc:duckdb:" + folder.resolve("spans.duckdb");
    AtomicInteger next = new AtomicInteger();
    Set<Integer> acknowledged = ConcurrentHashMap.newKeySet();
    Set<Integer> unanswered = ConcurrentHashMap.newKeySet();
    for (int kill = 0; kill < KILLS; kill++) {
      sendUntilKilled(url, 40 + 30 * kill, next, acknowledged, unanswered);
      assertStored(url, acknowledged);
    }
    Process last = started(url);
    try {
      URI server = address(last);
      for (int request : unanswered) {
        assertThat(send(server, request)).isTrue();
      }
    } finally {
      last.destroyForcibly().waitFor();
    }
    acknowledged.addAll(unanswered);
    assertThat(acknowledged).hasSize(next.get());
    assertStored(url, acknowledged);
  }

  private static URI address(Process server) throws IOException {
    BufferedReader out =
        new BufferedReader(new InputStreamReader(server.getInputStream(), StandardCharsets.UTF_8));
    return URI.create(String.valueOf(out.readLine()));
  }

  /**
   * @param acknowledgements after how many the process is killed, in the midst of others
   */
  private void sendUntilKilled(
      String url,
      int acknowledgements,
      AtomicInteger next,
      Set<Integer> acknowledged,
      Set<Integer> unanswered)
      throws Exception {
    Process process = started(url);
    try {
      URI server = address(process);
      int before = acknowledged.size();
      CountDownLatch enough = new CountDownLatch(acknowledgements);
      List<Thread> senders = new ArrayList<>();
      for (int i = 0; i < SENDERS; i++) {
        Thread sender =
            new Thread(
                () -> {
                  try {
                    boolean goesOn = true;
                    while (goesOn) {
                      int request = next.getAndIncrement();
                      goesOn = send(server, request);
                      (goesOn ? acknowledged : unanswered).add(request);
                      enough.countDown();
                    }
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  } finally {
                    IntStream.range(0, acknowledgements).forEach(each -> enough.countDown());
                  }
                });
        sender.start();
        senders.add(sender);
      }
      enough.await();
      assertThat(acknowledged.size() - before).as("answers before the kill").isPositive();
      process.destroyForcibly();
      for (Thread sender : senders) {
        sender.join();
      }
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  private static void assertStored(String url, Set<Integer> acknowledged) {
    try (ObservabilityStorage storage = Storages.open(Map.of("url", url))) {
      storage.init();
      for (int request : acknowledged) {
        List<Span> spans =
            storage
                .getTrace(new TraceKey("default", traceId(request)))
                .orElseThrow(() -> new AssertionError("lost: " + traceId(request)))
                .spans();
        assertThat(spans).hasSize(SPANS_PER_REQUEST);
        assertThat(spans.stream().map(Span::key).distinct()).hasSize(SPANS_PER_REQUEST);
      }
    }
  }
}
