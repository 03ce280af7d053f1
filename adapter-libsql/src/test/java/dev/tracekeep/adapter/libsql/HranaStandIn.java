package dev.tracekeep.adapter.libsql;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.tracekeep.span.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.sqlite.SQLiteException;

/**
 * A stand-in for a libSQL server: as much of Hrana 3 over HTTP as this adapter speaks, on top of a
 * SQLite file. The real server is what the conformance kit runs on where there is one.
 */
final class HranaStandIn implements AutoCloseable {
  private static final class Stream {
    final Connection connection;
    final Map<String, String> storedTexts = new HashMap<>();

    Stream(Connection connection) {
      this.connection = connection;
    }
  }

  private final HttpServer http;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Path file;
  private final String token;
  private final Map<String, Stream> streams = new ConcurrentHashMap<>();
  private final AtomicInteger batons = new AtomicInteger();

  HranaStandIn(Path file, String token) throws IOException {
    this.file = file;
    this.token = token;
    this.http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    http.setExecutor(threads);
    http.createContext("/v3/pipeline", exchange -> answer(exchange, this::pipeline));
    http.createContext("/v3/cursor", exchange -> answer(exchange, this::cursor));
    http.start();
  }

  String url() {
    return "http://127.0.0.1:" + http.getAddress().getPort();
  }

  /** Forgets all streams, as a server does with silent ones. */
  void forgetStreams() throws SQLException {
    for (Stream stream : streams.values()) {
      stream.connection.close();
    }
    streams.clear();
  }

  int openStreams() {
    return streams.size();
  }

  private interface Handler {
    String answer(Map<String, Json> request, String baton, Stream stream) throws SQLException;
  }

  private void answer(HttpExchange exchange, Handler handler) throws IOException {
    try (exchange) {
      if (!("Bearer " + token).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
        send(exchange, 401, "{\"error\":\"Unauthorized\"}");
        return;
      }
      Map<String, Json> request =
          Json.parse(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8))
              .members();
      Json baton = request.get("baton");
      Stream stream =
          baton.kind() == Json.Kind.NULL
              ? new Stream(DriverManager.getConnection("jdbc:sqlite:" + file))
              : streams.remove(baton.asText());
      if (stream == null) {
        send(exchange, 400, "Received an invalid baton");
        return;
      }
      String next = "baton-" + batons.incrementAndGet();
      streams.put(next, stream);
      send(exchange, 200, handler.answer(request, next, stream));
    } catch (SQLException e) {
      throw new IOException(e);
    }
  }

  private static void send(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  private String pipeline(Map<String, Json> request, String baton, Stream stream)
      throws SQLException {
    Map<String, Json> one = request.get("requests").elements().get(0).members();
    String result = "";
    switch (one.get("type").asText()) {
      case "store_sql" -> stream.storedTexts.put(one.get("sql_id").text(), one.get("sql").asText());
      case "close" -> {
        streams.remove(baton);
        stream.connection.close();
        return "{\"baton\":null,\"base_url\":null,\"results\":[{\"type\":\"ok\",\"response\":{\"type\":\"close\"}}]}";
      }
      default -> result = ",\"result\":" + batch(one.get("batch"), stream);
    }
    return "{\"baton\":\""
        + baton
        + "\",\"base_url\":null,\"results\":[{\"type\":\"ok\",\"response\":{\"type\":\"any\""
        + result
        + "}}]}";
  }

  private static String batch(Json batch, Stream stream) throws SQLException {
    List<String> results = new ArrayList<>();
    List<String> errors = new ArrayList<>();
    boolean ok = true;
    for (Json step : batch.members().get("steps").elements()) {
      String result = "null";
      String error = "null";
      if (ok) {
        try (PreparedStatement statement = prepare(step, stream)) {
          statement.execute();
          result = "{\"affected_row_count\":" + Math.max(0, statement.getUpdateCount()) + "}";
        } catch (SQLException e) {
          ok = false;
          error = error(e);
        }
      }
      results.add(result);
      errors.add(error);
    }
    return "{\"step_results\":" + results + ",\"step_errors\":" + errors + "}";
  }

  private String cursor(Map<String, Json> request, String baton, Stream stream) {
    StringBuilder answer = new StringBuilder("{\"baton\":\"" + baton + "\",\"base_url\":null}\n");
    Json step = request.get("batch").members().get("steps").elements().get(0);
    try (PreparedStatement statement = prepare(step, stream);
        ResultSet rows = statement.executeQuery()) {
      answer.append("{\"type\":\"step_begin\",\"step\":0,\"cols\":[]}\n");
      while (rows.next()) {
        List<String> values = new ArrayList<>();
        for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
          values.add(encode(rows.getObject(i)));
        }
        answer.append("{\"type\":\"row\",\"row\":").append(values).append("}\n");
      }
      answer.append("{\"type\":\"step_end\",\"affected_row_count\":0}\n");
    } catch (SQLException e) {
      answer
          .append("{\"type\":\"step_error\",\"step\":0,\"error\":")
          .append(error(e))
          .append("}\n");
    }
    return answer.toString();
  }

  private static PreparedStatement prepare(Json step, Stream stream) throws SQLException {
    Map<String, Json> statement = step.members().get("stmt").members();
    Json stored = statement.get("sql_id");
    PreparedStatement prepared =
        stream.connection.prepareStatement(
            stored == null ? statement.get("sql").asText() : stream.storedTexts.get(stored.text()));
    int index = 1;
    for (Json argument : statement.get("args").elements()) {
      Map<String, Json> value = argument.members();
      switch (value.get("type").asText()) {
        case "integer" -> prepared.setLong(index, Long.parseLong(value.get("value").asText()));
        case "float" -> prepared.setDouble(index, Double.parseDouble(value.get("value").text()));
        case "blob" ->
            prepared.setBytes(index, Base64.getDecoder().decode(value.get("base64").asText()));
        case "text" -> prepared.setString(index, value.get("value").asText());
        default -> prepared.setObject(index, null);
      }
      index++;
    }
    return prepared;
  }

  private static String encode(Object value) {
    Map<String, Json> encoded = new LinkedHashMap<>();
    if (value == null) {
      encoded.put("type", Json.of("null"));
    } else if (value instanceof byte[] bytes) {
      encoded.put("type", Json.of("blob"));
      encoded.put("base64", Json.of(Base64.getEncoder().withoutPadding().encodeToString(bytes)));
    } else if (value instanceof Double) {
      encoded.put("type", Json.of("float"));
      encoded.put("value", Json.parse(value.toString()));
    } else {
      encoded.put("type", Json.of(value instanceof String ? "text" : "integer"));
      encoded.put("value", Json.of(value.toString()));
    }
    return Json.object(encoded).text();
  }

  private static String error(SQLException failure) {
    String code =
        failure instanceof SQLiteException sqlite
            ? sqlite.getResultCode().name()
            : "SQLITE_UNKNOWN";
    return Json.object(
            Map.of("message", Json.of(String.valueOf(failure.getMessage())), "code", Json.of(code)))
        .text();
  }

  @Override
  public void close() throws SQLException {
    http.stop(0);
    threads.shutdownNow();
    forgetStreams();
  }
}
