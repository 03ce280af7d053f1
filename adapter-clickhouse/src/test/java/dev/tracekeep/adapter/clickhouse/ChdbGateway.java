package dev.tracekeep.adapter.clickhouse;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * ClickHouse's HTTP interface in front of the engine as a library, for tests: the engine, its SQL
 * and its formats are real, this layer is a stand-in. It knows no users, names no queries and
 * streams no answers.
 *
 * <p>It is a program of its own, because a fault of the engine would take the process of the tests
 * with it. It ends when its standard input does, so it cannot outlive who started it.
 */
final class ChdbGateway {
  /** What the program says when it is ready, before the number of its port. */
  static final String READY = "PORT ";

  private static final String EXCEPTION_CODE = "X-ClickHouse-Exception-Code";
  private static final Set<Integer> NOT_FOUND = Set.of(46, 47, 50, 56, 60, 73, 81, 115);
  private static final Set<Integer> BAD_REQUEST = Set.of(6, 26, 27, 33, 36, 38, 41, 53, 62, 117);
  private static final int STACK_BYTES = 8 << 20;

  private final ChdbEngine engine;
  private final HttpServer server;
  private final ExecutorService workers =
      Executors.newCachedThreadPool(
          // The engine parses on the thread that calls it, and deep statements need deep stacks.
          work -> new Thread(null, work, "gateway-worker", STACK_BYTES));
  private final Map<String, ChdbConnection> sessions = new ConcurrentHashMap<>();

  private ChdbGateway(ChdbEngine engine) throws IOException {
    this.engine = engine;
    this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(workers);
    server.createContext("/", this::handle);
  }

  /**
   * Runs until the standard input ends.
   *
   * @param arguments the path of the library
   */
  public static void main(String[] arguments) throws Exception {
    // Set before the server's classes are loaded. Without it each answer waits for the client's
    // delayed acknowledgement, 40 milliseconds.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    // As many as a ClickHouse server takes in the address of a request.
    System.setProperty("sun.net.httpserver.maxReqHeaderSize", Integer.toString(2 << 20));
    ChdbGateway gateway = new ChdbGateway(ChdbEngine.start(Path.of(arguments[0])));
    Runtime.getRuntime().addShutdownHook(new Thread(gateway::close, "gateway-close"));
    gateway.server.start();
    System.out.println(READY + gateway.server.getAddress().getPort());
    while (System.in.read() >= 0) {
      // Nothing is said on the standard input; only its end matters.
    }
    System.exit(0);
  }

  /** Lets running statements end before the engine goes: closing it under them would crash. */
  private void close() {
    server.stop(0);
    workers.shutdown();
    try {
      if (!workers.awaitTermination(20, TimeUnit.SECONDS)) {
        System.err.println("A statement still runs; the engine is not closed");
        Runtime.getRuntime().halt(1);
      }
      engine.close();
    } catch (IOException | InterruptedException e) {
      System.err.println("The engine was not closed cleanly: " + e);
    }
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (exchange.getRequestURI().getPath().equals("/ping")) {
        answer(exchange, 200, "Ok.\n");
        return;
      }
      exchange.getResponseHeaders().set("X-ClickHouse-Server-Display-Name", "libchdb");
      exchange.getResponseHeaders().set("X-ClickHouse-Timezone", "UTC");
      try {
        run(exchange, GatewayRequest.read(exchange));
      } catch (ChdbException e) {
        exchange.getResponseHeaders().set(EXCEPTION_CODE, Integer.toString(e.code()));
        answer(exchange, status(e.code()), e.getMessage() + "\n");
      }
    }
  }

  private void run(HttpExchange exchange, GatewayRequest request)
      throws ChdbException, IOException {
    if (request.session() == null) {
      try (ChdbConnection connection = engine.connect()) {
        runOn(connection, exchange, request);
      }
      return;
    }
    ChdbConnection session = sessions.get(request.session());
    if (session == null) {
      session = engine.connect();
      sessions.put(request.session(), session);
    }
    synchronized (session) {
      try {
        runOn(session, exchange, request);
      } finally {
        set(session, request.settings(), null);
      }
    }
  }

  private void runOn(ChdbConnection connection, HttpExchange exchange, GatewayRequest request)
      throws ChdbException, IOException {
    if (request.database() != null) {
      connection
          .run("USE `" + request.database().replace("`", "``") + "`", "Null", Map.of())
          .close();
    }
    set(connection, request.settings(), "'%s'");
    long start = System.nanoTime();
    try (ChdbResult result =
        request.data() == null
            ? connection.run(request.statement(), request.format(), request.parameters())
            : connection.insert(
                request.statement(), request.inputFormat(), request.parameters(), request.data())) {
      exchange
          .getResponseHeaders()
          .set("X-ClickHouse-Summary", result.summary(System.nanoTime() - start));
      exchange.getResponseHeaders().set("X-ClickHouse-Format", request.answerFormat());
      if (result.length() == 0) {
        exchange.sendResponseHeaders(200, -1);
      } else if (request.compressesAnswer()) {
        exchange.sendResponseHeaders(200, 0);
        CompressedBlocks.Output blocks = new CompressedBlocks.Output(exchange.getResponseBody());
        result.writeTo(blocks);
        blocks.flush();
      } else {
        exchange.sendResponseHeaders(200, result.length());
        result.writeTo(exchange.getResponseBody());
      }
    }
  }

  /**
   * Sets what a request wants, or takes it back.
   *
   * @param form how a value is written; null for the default
   */
  private static void set(
      ChdbConnection connection, Map<String, String> settings, @Nullable String form)
      throws ChdbException {
    if (settings.isEmpty()) {
      return;
    }
    String list =
        settings.entrySet().stream()
            .map(
                setting ->
                    "`"
                        + setting.getKey().replace("`", "``")
                        + "` = "
                        + (form == null ? "DEFAULT" : form.formatted(quoted(setting.getValue()))))
            .collect(Collectors.joining(", ", "SET ", ""));
    connection.run(list, "Null", Map.of()).close();
  }

  private static String quoted(String text) {
    return text.replace("\\", "\\\\").replace("'", "\\'");
  }

  /** The part of a server's mapping that matters to a client. */
  private static int status(int code) {
    if (NOT_FOUND.contains(code)) {
      return 404;
    }
    return BAD_REQUEST.contains(code) ? 400 : 500;
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.getRequestBody().readAllBytes();
    exchange.sendResponseHeaders(status, body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(body);
    }
  }
}
