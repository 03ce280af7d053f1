package dev.tracekeep.adapter.libsql;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * A connection to a libSQL server: a stream of HTTP requests in the protocol Hrana 3, held together
 * by the baton that each answer hands over. A transaction begins and ends in one stream.
 *
 * <p>Statements go to the cursor end point, also those without rows: it answers row by row, where
 * the pipeline end point refuses an answer of more than 10 MB. Not thread-safe.
 */
final class HranaStream implements AutoCloseable {
  /** A server forgets a stream that is silent for 10 seconds; a few less are safe. */
  private static final Duration REUSABLE = Duration.ofSeconds(5);

  /** One for all stores: on JDK 17 a client's thread ends when it pleases. */
  private static final class Clients {
    static final HttpClient CLIENT = HttpClient.newHttpClient();
  }

  static final JsonFactory JSON = new JsonFactory();

  private final @Nullable String token;
  private final Duration timeout;
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

  HranaStream(LibSqlAddress.Server address, Duration timeout) {
    this.server = address.server();
    this.token = address.token();
    this.timeout = timeout;
  }

  /** Whether the server still knows this stream, as far as one can tell from here. */
  boolean isFresh() {
    return baton == null || System.nanoTime() - usedAt < REUSABLE.toNanos();
  }

  /**
   * Runs a statement; its rows must be read to the end, or the result be closed, before the next.
   */
  HranaRows query(Step step) throws SQLException {
    return send(List.of(step));
  }

  /** Runs a statement without rows; returns how many rows it touched. */
  long execute(Step step) throws SQLException {
    try (HranaRows rows = send(List.of(step))) {
      rows.finish();
      return rows.touched().get(0);
    }
  }

  /** Runs statements until one fails; returns how many rows each touched. */
  List<Long> execute(List<Step> steps) throws SQLException {
    try (HranaRows rows = send(steps)) {
      rows.finish();
      return rows.touched();
    }
  }

  private HranaRows send(List<Step> steps) throws SQLException {
    if (steps.size() > 1) {
      storeText(steps.get(0).text());
    }
    StringWriter body = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), body)) {
      json.writeStartObject();
      json.writeStringProperty("baton", baton);
      json.writeObjectPropertyStart("batch");
      json.writeArrayPropertyStart("steps");
      for (int i = 0; i < steps.size(); i++) {
        write(json, steps.get(i), i);
      }
      json.writeEndArray();
      json.writeEndObject();
      json.writeEndObject();
    }
    HranaRows rows = new HranaRows(post("/v3/cursor", body.toString()), steps.size());
    follow(rows.baton(), rows.baseUrl());
    return rows;
  }

  /** Sends a text once, where many steps have the same. */
  private void storeText(String text) throws SQLException {
    if (storedTexts.containsKey(text)) {
      return;
    }
    int id = storedTexts.size();
    StringWriter request = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), request)) {
      json.writeStartObject();
      json.writeStringProperty("type", "store_sql");
      json.writeNumberProperty("sql_id", id);
      json.writeStringProperty("sql", text);
      json.writeEndObject();
    }
    pipeline(request.toString());
    storedTexts.put(text, id);
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

  private void pipeline(String request) throws SQLException {
    StringWriter body = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), body)) {
      json.writeStartObject();
      json.writeStringProperty("baton", baton);
      json.writeArrayPropertyStart("requests");
      json.writeRawValue(request);
      json.writeEndArray();
      json.writeEndObject();
    }
    try (InputStream answer = post("/v3/pipeline", body.toString())) {
      Map<?, ?> fields = (Map<?, ?>) HranaValues.read(answer);
      follow((String) fields.get("baton"), (String) fields.get("base_url"));
      Map<?, ?> result = (Map<?, ?>) ((List<?>) fields.get("results")).get(0);
      if (result.get("type").equals("error")) {
        throw HranaValues.failure((Map<?, ?>) result.get("error"));
      }
    } catch (IOException e) {
      throw new HranaException("the server's answer broke off", "HTTP_ANSWER", e);
    }
  }

  private void follow(@Nullable String nextBaton, @Nullable String nextServer) {
    baton = nextBaton;
    usedAt = System.nanoTime();
    if (nextServer != null) {
      server = URI.create(nextServer);
    }
  }

  private InputStream post(String path, String body) throws SQLException {
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
          Clients.CLIENT.send(request.build(), BodyHandlers.ofInputStream());
      if (response.statusCode() != 200) {
        throw refused(response);
      }
      return response.body();
    } catch (IOException e) {
      String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
      throw new HranaException("the server did not answer: " + reason, "HTTP_NO_ANSWER", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HranaException("the thread was interrupted", "HTTP_INTERRUPTED", e);
    }
  }

  private static HranaException refused(HttpResponse<InputStream> response) throws IOException {
    String text;
    try (InputStream body = response.body()) {
      text = new String(body.readNBytes(500), StandardCharsets.UTF_8).strip();
    }
    String code = text.contains("baton") ? "STREAM_EXPIRED" : "HTTP_" + response.statusCode();
    return new HranaException(
        "the server answered " + response.statusCode() + " " + text, code, null);
  }

  /** Ends the stream, and with it a transaction that is under way. */
  @Override
  public void close() throws SQLException {
    if (baton != null && isFresh()) {
      pipeline("{\"type\":\"close\"}");
    }
    baton = null;
  }
}
