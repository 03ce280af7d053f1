package dev.tracekeep.server;

import dev.tracekeep.otlp.OtlpEncoding;
import dev.tracekeep.span.Json;
import dev.tracekeep.storage.Health;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * OTLP by HTTP, as its specification 1.11 says, with health, metrics, the API and the page beside
 * it. Errors are answered in the encoding of the request. Thread-safe.
 */
final class HttpHandler extends Handler.Abstract {
  private static final String PROTOBUF = "application/x-protobuf";
  private static final String JSON = "application/json";
  private static final String TEXT = "text/plain;charset=utf-8";

  private final Receiver receiver;
  private final Gate gate;
  private final OtherSignals otherSignals;
  private final Supplier<Health> health;
  private final Api api;
  private final PageHandler page = new PageHandler();
  private final ServerMetrics metrics;

  HttpHandler(
      Receiver receiver,
      Gate gate,
      OtherSignals otherSignals,
      Supplier<Health> health,
      Api api,
      ServerMetrics metrics) {
    this.receiver = receiver;
    this.gate = gate;
    this.otherSignals = otherSignals;
    this.health = health;
    this.api = api;
    this.metrics = metrics;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    Exchange exchange = new Exchange(request, response, callback);
    try {
      gate.requireOwnName(request);
      switch (Request.getPathInContext(request)) {
        case "/v1/traces" -> exchange.receive(null);
        case "/v1/metrics" -> exchange.receive("metrics");
        case "/v1/logs" -> exchange.receive("logs");
        case "/health/live" -> exchange.text(200, "live\n");
        case "/health/ready" -> exchange.ready();
        case "/metrics" -> exchange.metrics();
        default -> {
          if (page.handle(request, response, callback)) {
            metrics.answered("http", response.getStatus());
          } else {
            exchange.read();
          }
        }
      }
    } catch (RuntimeException e) {
      exchange.refuse(e);
    }
    return true;
  }

  /** One request and its answer. */
  private final class Exchange {
    private final Request request;
    private final Response response;
    private final Callback callback;
    private final Receiver.Room room = receiver.room();

    /** Whether the API is asked, whose problems are described as RFC 9457 says. */
    private boolean isQuestion;

    /** What the request is encoded in; null while nobody knows. */
    private @Nullable OtlpEncoding encoding;

    Exchange(Request request, Response response, Callback callback) {
      this.request = request;
      this.response = response;
      this.callback = callback;
    }

    /**
     * @param otherSignal the name of a signal that is no traces; null for traces
     */
    void receive(@Nullable String otherSignal) {
      if (!request.getMethod().equals("POST")) {
        response.getHeaders().put(HttpHeader.ALLOW, "POST");
        throw new Refusal(Refusal.Kind.METHOD, "this path takes POST alone");
      }
      OtlpEncoding known = encodingOf(request.getHeaders().get(HttpHeader.CONTENT_TYPE));
      encoding = known;
      String tenant = gate.tenantOfWriter(request);
      Receiver.Packing packing = packingOf(request.getHeaders().get(HttpHeader.CONTENT_ENCODING));
      if (otherSignal != null) {
        otherSignals.accept(otherSignal);
        Content.Source.consumeAll(
            request, Callback.from(() -> answer(new Receiver.Answer(0, ""), known), this::refuse));
        return;
      }
      long length = request.getLength();
      if (length > receiver.maxRequestBytes()) {
        throw new Refusal(Refusal.Kind.TOO_LARGE, receiver.tooLarge());
      }
      room.need(Math.max(length, 0));
      Receiver.body(request, receiver.maxRequestBytes())
          .thenCompose(
              body -> {
                room.need(body.length);
                return receiver.receive(body, packing, known, tenant, room);
              })
          .whenComplete(
              (answer, failure) -> {
                if (failure == null) {
                  answer(answer, known);
                } else {
                  refuse(failure);
                }
              });
    }

    private void answer(Receiver.Answer answer, OtlpEncoding known) {
      send(200, known == OtlpEncoding.JSON ? JSON : PROTOBUF, Answers.success(answer, known));
    }

    /** Answers from the API. */
    void read() {
      String path = Request.getPathInContext(request);
      if (!path.startsWith(Api.ROOT)) {
        throw new Refusal(
            Refusal.Kind.NOT_FOUND,
            "there is nothing here; spans are sent to /v1/traces, and read under /api/v1/; and there"
                + " are /health/live, /health/ready and /metrics");
      }
      isQuestion = true;
      if (!request.getMethod().equals("GET")) {
        response.getHeaders().put(HttpHeader.ALLOW, "GET");
        throw new Refusal(Refusal.Kind.METHOD, "this path takes GET alone");
      }
      String tenant = gate.tenantOfReader(request);
      Map<String, List<String>> parameters = new LinkedHashMap<>();
      Request.extractQueryParameters(request)
          .forEach(field -> parameters.put(field.getName(), field.getValues()));
      // A slash within an id is spelled %2F, so what stands between slashes is decoded by itself.
      List<String> segments =
          Stream.of(request.getHttpURI().getPath().substring(Api.ROOT.length()).split("/", -1))
              .map(
                  segment -> URLDecoder.decode(segment.replace("+", "%2B"), StandardCharsets.UTF_8))
              .toList();
      Json answer = api.get(tenant, segments, parameters);
      response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
      send(200, JSON, answer.text().getBytes(StandardCharsets.UTF_8));
    }

    void ready() {
      Health now = health.get();
      boolean ready = now.up() && now.schema() == Health.SchemaState.CURRENT;
      text(ready ? 200 : 503, (ready ? "ready" : "not ready: " + now.message()) + "\n");
    }

    void metrics() {
      gate.tenantOfReader(request);
      send(
          200,
          "text/plain;version=0.0.4;charset=utf-8",
          metrics.text().getBytes(StandardCharsets.UTF_8));
    }

    void text(int status, String text) {
      send(status, TEXT, text.getBytes(StandardCharsets.UTF_8));
    }

    void refuse(Throwable failure) {
      Refusal refusal = receiver.refusal(failure);
      switch (refusal.kind()) {
        case UNAVAILABLE ->
            response.getHeaders().put(HttpHeader.RETRY_AFTER, Answers.RETRY_AFTER_SECONDS);
        case UNAUTHENTICATED -> response.getHeaders().put(HttpHeader.WWW_AUTHENTICATE, "Bearer");
        case UNSUPPORTED -> response.getHeaders().put(HttpHeader.ACCEPT_ENCODING, "gzip, deflate");
        default -> {
          // The status says it all.
        }
      }
      OtlpEncoding known = encoding;
      if (isQuestion) {
        Json problem =
            Json.objectBuilder()
                .put("title", HttpStatus.getMessage(refusal.kind().http))
                .put("status", refusal.kind().http)
                .put("detail", refusal.text())
                .build();
        send(
            refusal.kind().http,
            "application/problem+json",
            problem.text().getBytes(StandardCharsets.UTF_8));
      } else if (known == null) {
        text(refusal.kind().http, refusal.text() + "\n");
      } else {
        send(
            refusal.kind().http,
            known == OtlpEncoding.JSON ? JSON : PROTOBUF,
            Answers.status(refusal, known));
      }
    }

    private void send(int status, String type, byte[] body) {
      room.close();
      HttpHandler.this.metrics.answered("http", status);
      response.setStatus(status);
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, type);
      response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
      response.getHeaders().put("X-Content-Type-Options", "nosniff");
      response.write(true, ByteBuffer.wrap(body), callback);
    }
  }

  private static OtlpEncoding encodingOf(@Nullable String contentType) {
    String type =
        contentType == null ? "" : contentType.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    return switch (type) {
      case PROTOBUF -> OtlpEncoding.PROTOBUF;
      case JSON -> OtlpEncoding.JSON;
      default ->
          throw new Refusal(
              Refusal.Kind.UNSUPPORTED, "the content type must be " + PROTOBUF + " or " + JSON);
    };
  }

  private static Receiver.Packing packingOf(@Nullable String contentEncoding) {
    String name = contentEncoding == null ? "" : contentEncoding.strip().toLowerCase(Locale.ROOT);
    return switch (name) {
      case "", "identity" -> Receiver.Packing.NONE;
      case "gzip" -> Receiver.Packing.GZIP;
      case "deflate" -> Receiver.Packing.DEFLATE;
      default ->
          throw new Refusal(
              Refusal.Kind.UNSUPPORTED, "the content encoding must be gzip, deflate or none");
    };
  }
}
