package dev.tracekeep.adapter.libsql;

import dev.tracekeep.storage.StorageConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * A connection to a libSQL server: a stream of HTTP requests in the protocol Hrana 3, held together
 * by the baton that each answer hands over. A transaction begins and ends in one stream.
 *
 * <p>Queries go to the cursor end point: it answers row by row, where the pipeline end point
 * refuses an answer of more than 10 MB. Everything else goes to the pipeline, which does it in a
 * third of the time. Not thread-safe.
 */
final class HranaStream implements AutoCloseable {
  /** A server forgets a stream that is silent for 10 seconds; a few less are safe. */
  private static final Duration REUSABLE = Duration.ofSeconds(5);

  /**
   * One for all stores that are as patient: on JDK 17 a client's thread ends when it pleases. Not
   * HTTP/2, as a server without encryption never answers the question whether it would like that.
   */
  private static final class Clients {
    private static final Map<Duration, HttpClient> CLIENTS = new ConcurrentHashMap<>();

    static HttpClient connectingWithin(Duration timeout) {
      return CLIENTS.computeIfAbsent(
          timeout,
          key -> HttpClient.newBuilder().version(Version.HTTP_1_1).connectTimeout(key).build());
    }
  }

  /** How much one value of an answer may have at least. */
  private static final long MOST_BYTES = 64L << 20;

  static final JsonFactory JSON = new JsonFactory();

  private final @Nullable String token;
  private final HttpClient client;
  private final Duration timeout;
  private final long mostBytes;
  private final Map<String, Integer> storedTexts = new HashMap<>();
  private URI server;
  private @Nullable String baton;
  private long usedAt;

  /**
   * A statement and its parameters.
   *
   * @param parameters each a {@link Long}, {@link Double}, {@link String}, {@code byte[]} or null
   */
  record Step(String text, List<@Nullable Object> parameters) {}

  HranaStream(LibSqlAddress.Server address, StorageConfig config) {
    this.server = address.server();
    this.token = address.token();
    this.client = Clients.connectingWithin(config.connectTimeout());
    this.timeout = config.statementTimeout();
    // JSON may need six bytes for one; a server's own limit for what is no row is 10 MB.
    this.mostBytes = Math.max(MOST_BYTES, 8 * config.maxSpanBytes());
  }

  /** Whether the server still knows this stream, as far as one can tell from here. */
  boolean isFresh() {
    return baton == null || System.nanoTime() - usedAt < REUSABLE.toNanos();
  }

  /** Runs a query; its rows must be read to the end, or be closed, before the next statement. */
  HranaRows query(Step step) throws SQLException {
    String body = object(json -> writeBatch(json, List.of(step)));
    HranaRows rows = new HranaRows(post("/v3/cursor", body), () -> baton = null);
    follow(rows.baton(), rows.baseUrl());
    return rows;
  }

  /** Runs a statement without rows; returns how many rows it touched. */
  long execute(Step step) throws SQLException {
    return execute(List.of(step)).get(0);
  }

  /** Runs statements without rows until one fails; returns how many rows each touched. */
  List<Long> execute(List<Step> steps) throws SQLException {
    if (steps.size() > 1) {
      storeText(steps.get(0).text());
    }
    Map<?, ?> result =
        pipeline(
            json -> {
              json.writeStringProperty("type", "batch");
              writeBatch(json, steps);
            });
    for (Object error : HranaValues.list(result.get("step_errors"))) {
      if (error != null) {
        throw HranaValues.failure(HranaValues.object(error));
      }
    }
    List<Long> touched = new ArrayList<>();
    for (Object step : HranaValues.list(result.get("step_results"))) {
      touched.add(HranaValues.whole(HranaValues.object(step).get("affected_row_count")));
    }
    if (touched.size() != steps.size()) {
      throw HranaValues.malformed("it has results of " + touched.size() + " statements", null);
    }
    return touched;
  }

  /** Sends a text once, where many steps have the same. */
  private void storeText(String text) throws SQLException {
    if (storedTexts.containsKey(text)) {
      return;
    }
    int id = storedTexts.size();
    pipeline(
        json -> {
          json.writeStringProperty("type", "store_sql");
          json.writeNumberProperty("sql_id", id);
          json.writeStringProperty("sql", text);
        });
    storedTexts.put(text, id);
  }

  private void writeBatch(JsonGenerator json, List<Step> steps) {
    json.writeObjectPropertyStart("batch");
    json.writeArrayPropertyStart("steps");
    for (int i = 0; i < steps.size(); i++) {
      write(json, steps.get(i), i);
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private void write(JsonGenerator json, Step step, int index) {
    json.writeStartObject();
    if (index > 0) {
      json.writeObjectPropertyStart("condition");
      json.writeStringProperty("type", "ok");
      json.writeNumberProperty("step", index - 1);
      json.writeEndObject();
    }
    json.writeObjectPropertyStart("stmt");
    Integer stored = storedTexts.get(step.text());
    if (stored == null) {
      json.writeStringProperty("sql", step.text());
    } else {
      json.writeNumberProperty("sql_id", stored);
    }
    json.writeArrayPropertyStart("args");
    step.parameters().forEach(value -> write(json, value));
    json.writeEndArray();
    json.writeEndObject();
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, @Nullable Object value) {
    json.writeStartObject();
    if (value == null) {
      json.writeStringProperty("type", "null");
    } else if (value instanceof Long number) {
      // As text: a JSON number would lose digits on the way.
      json.writeStringProperty("type", "integer");
      json.writeStringProperty("value", number.toString());
    } else if (value instanceof Double number) {
      json.writeStringProperty("type", "float");
      json.writeNumberProperty("value", number);
    } else if (value instanceof byte[] bytes) {
      json.writeStringProperty("type", "blob");
      json.writeStringProperty(
          "base64", Base64.getEncoder().withoutPadding().encodeToString(bytes));
    } else {
      json.writeStringProperty("type", "text");
      json.writeStringProperty("value", (String) value);
    }
    json.writeEndObject();
  }

  /** Makes the text of a request: an object with the baton and what else is written into it. */
  private String object(Consumer<JsonGenerator> content) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), text)) {
      json.writeStartObject();
      json.writeStringProperty("baton", baton);
      content.accept(json);
      json.writeEndObject();
    }
    return text.toString();
  }

  /** Sends one request and returns its result; empty where it has none. */
  private Map<?, ?> pipeline(Consumer<JsonGenerator> request) throws SQLException {
    String body =
        object(
            json -> {
              json.writeArrayPropertyStart("requests");
              json.writeStartObject();
              request.accept(json);
              json.writeEndObject();
              json.writeEndArray();
            });
    Map<?, ?> fields;
    try (TimedAnswer answer = post("/v3/pipeline", body)) {
      answer.begin();
      fields = HranaValues.object(HranaValues.read(answer));
    } catch (IOException | JacksonException e) {
      baton = null;
      throw HranaValues.unreadable(e);
    } catch (SQLException e) {
      baton = null;
      throw e;
    }
    follow(
        HranaValues.textOrNull(fields.get("baton")),
        HranaValues.textOrNull(fields.get("base_url")));
    List<?> results = HranaValues.list(fields.get("results"));
    Map<?, ?> result = HranaValues.object(results.isEmpty() ? null : results.get(0));
    if ("error".equals(result.get("type"))) {
      throw HranaValues.failure(HranaValues.object(result.get("error")));
    }
    Object content = HranaValues.object(result.get("response")).get("result");
    return content == null ? Map.of() : HranaValues.object(content);
  }

  private void follow(@Nullable String nextBaton, @Nullable String nextServer)
      throws HranaException {
    baton = nextBaton;
    usedAt = System.nanoTime();
    if (nextServer != null) {
      server = checked(nextServer);
    }
  }

  /** The token goes to this address: never without encryption where the first one had it. */
  private URI checked(String nextServer) throws HranaException {
    try {
      URI next = new URI(nextServer);
      boolean encrypted = "https".equalsIgnoreCase(next.getScheme());
      boolean plain = "http".equalsIgnoreCase(next.getScheme());
      if (next.getHost() != null
          && (encrypted || plain && "http".equalsIgnoreCase(server.getScheme()))) {
        return next;
      }
    } catch (URISyntaxException e) {
      throw HranaValues.malformed("its base_url is no URL", e);
    }
    throw HranaValues.malformed("its base_url is no address to go on at", null);
  }

  private TimedAnswer post(String path, String body) throws SQLException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(server.resolve(path))
            .timeout(timeout)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body));
    if (token != null) {
      request.header("Authorization", "Bearer " + token);
    }
    try {
      HttpResponse<InputStream> response =
          client.send(request.build(), BodyHandlers.ofInputStream());
      TimedAnswer answer = new TimedAnswer(response.body(), timeout, mostBytes);
      if (response.statusCode() != 200) {
        throw refused(response.statusCode(), answer);
      }
      return answer;
    } catch (IOException e) {
      // Nobody knows whether the server still has the stream, and asking may take as long again.
      baton = null;
      String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
      throw new HranaException("the server did not answer: " + reason, "HTTP_NO_ANSWER", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HranaException("the thread was interrupted", "HTTP_INTERRUPTED", e);
    }
  }

  private static HranaException refused(int status, TimedAnswer answer) throws IOException {
    String text;
    try (answer) {
      answer.begin();
      text = new String(answer.readNBytes(500), StandardCharsets.UTF_8).strip();
    }
    String code = text.contains("baton") ? "STREAM_EXPIRED" : "HTTP_" + status;
    return new HranaException("the server answered " + status + " " + text, code, null);
  }

  /** Ends the stream, and with it a transaction that is under way; an interrupt waits for that. */
  @Override
  public void close() throws SQLException {
    boolean interrupted = Thread.interrupted();
    try {
      if (baton != null && isFresh()) {
        pipeline(json -> json.writeStringProperty("type", "close"));
      }
    } finally {
      baton = null;
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
