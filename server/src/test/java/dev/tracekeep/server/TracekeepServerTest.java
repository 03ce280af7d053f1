package dev.tracekeep.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.Storages;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.BindException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The receiver as its senders meet it, before a store in memory. */
class TracekeepServerTest {
  private static final String TRACE = "5b8efff798038103d269b633813fc60c";
  private static final String SPAN = "eee19b7ec3c1b174";
  private static final String START = "1796068800000000000";
  private static final String END = "1796068801000000000";

  private final HttpClient client = HttpClient.newHttpClient();
  private final AtomicBoolean storeIsDown = new AtomicBoolean();
  private ObservabilityStorage storage;
  private TracekeepServer server;

  @BeforeEach
  void start() throws IOException {
    storage = Storages.open(Map.of("url", "jdbc:duckdb:"));
    storage.init();
    server = TracekeepServer.builder(breakable(storage)).ports(0, 0).build().start();
  }

  @AfterEach
  void stop() {
    server.close();
    storage.close();
  }

  /** The store, but that its writes fail while it is down. */
  private ObservabilityStorage breakable(ObservabilityStorage whole) {
    return (ObservabilityStorage)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {ObservabilityStorage.class},
            (proxy, method, arguments) -> {
              if (storeIsDown.get() && method.getName().equals("batchCreateSpans")) {
                throw new StorageException(FailureKind.TRANSIENT, "the store is away", null);
              }
              try {
                return method.invoke(whole, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  // ---- requests --------------------------------------------------------------------------------

  private static String span(String traceId, String spanId, String more) {
    return "{\"traceId\":\""
        + traceId
        + "\",\"spanId\":\""
        + spanId
        + "\",\"name\":\"x\",\"startTimeUnixNano\":\""
        + START
        + "\""
        + more
        + "}";
  }

  private static String ended(String spanId) {
    return span(TRACE, spanId, ",\"endTimeUnixNano\":\"" + END + "\"");
  }

  private static byte[] request(String... spans) {
    return ("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":["
            + String.join(",", spans)
            + "]}]}]}")
        .getBytes(StandardCharsets.UTF_8);
  }

  private HttpResponse<String> post(String path, byte[] body, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(server.httpUri() + path))
            .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private HttpResponse<String> json(byte[] body) throws IOException, InterruptedException {
    return post("/v1/traces", body, "Content-Type", "application/json");
  }

  private static void assertAnswer(HttpResponse<String> response, int status, String body) {
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(response.body()).isEqualTo(body);
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return client.send(
        HttpRequest.newBuilder(URI.create(server.httpUri() + path)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private String nameOf(String spanId) {
    return storage.getSpan(SpanKey.of(TRACE, spanId)).map(Span::name).orElse("(not stored)");
  }

  // ---- success ---------------------------------------------------------------------------------

  @Test
  void json_isStoredWhenItIsAnswered() throws Exception {
    HttpResponse<String> response = json(request(ended(SPAN)));

    assertAnswer(response, 200, "{}");
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
    assertThat(nameOf(SPAN)).isEqualTo("x");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/json; charset=utf-8",
        "Application/JSON",
      })
  void contentType_isReadAsItsStandardSays(String type) throws Exception {
    assertAnswer(post("/v1/traces", request(ended(SPAN)), "Content-Type", type), 200, "{}");
    assertThat(nameOf(SPAN)).isEqualTo("x");
  }

  @Test
  void packedBodies_areUnpacked() throws Exception {
    ByteArrayOutputStream gzip = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(gzip)) {
      out.write(request(ended("eee19b7ec3c1b175")));
    }
    ByteArrayOutputStream deflate = new ByteArrayOutputStream();
    try (OutputStream out = new DeflaterOutputStream(deflate)) {
      out.write(request(ended("eee19b7ec3c1b176")));
    }
    String[] type = {"Content-Type", "application/json", "Content-Encoding", "gzip"};
    assertAnswer(post("/v1/traces", gzip.toByteArray(), type), 200, "{}");
    type[3] = "deflate";
    assertAnswer(post("/v1/traces", deflate.toByteArray(), type), 200, "{}");
    assertThat(nameOf("eee19b7ec3c1b175")).isEqualTo("x");
    assertThat(nameOf("eee19b7ec3c1b176")).isEqualTo("x");
  }

  @Test
  void emptyRequests_areSuccesses() throws Exception {
    HttpResponse<String> protobuf =
        post("/v1/traces", new byte[0], "Content-Type", "application/x-protobuf");
    assertAnswer(protobuf, 200, "");
    assertThat(protobuf.headers().firstValue("Content-Type")).hasValue("application/x-protobuf");
    assertAnswer(json("{\"resource_spans\":[]}".getBytes(StandardCharsets.UTF_8)), 200, "{}");
  }

  @Test
  void badSpan_costsItselfAlone() throws Exception {
    HttpResponse<String> response = json(request(ended("ee"), ended(SPAN)));

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body())
        .startsWith(
            "{\"partialSuccess\":{\"rejectedSpans\":\"1\",\"errorMessage\":\"span ee of trace "
                + TRACE
                + ": ");
    assertThat(nameOf(SPAN)).isEqualTo("x");
    assertThat(storage.statistics().spans()).isEqualTo(1);
  }

  @Test
  void warning_rejectsNothing() throws Exception {
    HttpResponse<String> response =
        json(request(span(TRACE, SPAN, ",\"endTimeUnixNano\":\"1796068799000000000\"")));

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body())
        .startsWith("{\"partialSuccess\":{\"errorMessage\":\"span " + SPAN)
        .contains("is before started_at");
    assertThat(nameOf(SPAN)).isEqualTo("x");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void runningAndCompleted_inAnyOrder_isCompleted(boolean runningFirst) throws Exception {
    byte[] running = request(span(TRACE, SPAN, ""));
    byte[] completed = request(ended(SPAN));
    assertAnswer(json(runningFirst ? running : completed), 200, "{}");
    assertAnswer(json(runningFirst ? completed : running), 200, "{}");

    assertThat(storage.statistics().spans()).isEqualTo(1);
    assertThat(storage.statistics().running()).isZero();
  }

  @Test
  void oneIdInTwoTraces_areTwoSpans() throws Exception {
    String other = "5b8efff798038103d269b633813fc60d";
    assertAnswer(json(request(span(TRACE, SPAN, ""), span(other, SPAN, ""))), 200, "{}");

    assertThat(storage.statistics().spans()).isEqualTo(2);
  }

  @Test
  void tenantHeader_saysWhoseSpansTheyAre() throws Exception {
    assertAnswer(
        post(
            "/v1/traces",
            request(ended(SPAN)),
            "Content-Type",
            "application/json",
            Gate.TENANT_HEADER,
            "acme"),
        200,
        "{}");

    assertThat(storage.getSpan(new SpanKey("acme", TRACE, SPAN))).isPresent();
    assertThat(nameOf(SPAN)).isEqualTo("(not stored)");
  }

  // ---- refusals --------------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"resourceSpans":[ | {"code":3,"message":"the body ends in the middle of its JSON at column 19 of line 1"}
          nonsense           | {"code":3,"message":"the body is no ExportTraceServiceRequest in JSON: it must be an object"}
          """)
  void damagedJson_isRefusedInJson(String body, String answer) throws Exception {
    assertAnswer(json(body.getBytes(StandardCharsets.UTF_8)), 400, answer);
  }

  @Test
  void damagedProtobuf_isRefusedInProtobuf() throws Exception {
    HttpResponse<String> response =
        post("/v1/traces", new byte[] {-1, -1, -1, -1}, "Content-Type", "application/x-protobuf");

    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/x-protobuf");
    assertThat(response.body())
        .isEqualTo(
            "\b\u0003\u0012Gthe body is no ExportTraceServiceRequest in protobuf: it ends too early");
  }

  @Test
  void damagedAfterASpan_keepsNothingOfIt() throws Exception {
    String whole = new String(request(ended(SPAN)), StandardCharsets.UTF_8);
    byte[] torn = whole.substring(0, whole.length() - 3).getBytes(StandardCharsets.UTF_8);

    assertThat(json(torn).statusCode()).isEqualTo(400);
    assertThat(storage.statistics().spans()).isZero();
  }

  @Test
  void unknownTypesPackingsPathsAndMethods_areRefused() throws Exception {
    byte[] body = request(ended(SPAN));
    assertAnswer(
        post("/v1/traces", body),
        415,
        "the content type must be application/x-protobuf or application/json\n");
    assertAnswer(
        post("/v1/traces", body, "Content-Type", "application/json", "Content-Encoding", "br"),
        415,
        "{\"code\":12,\"message\":\"the content encoding must be gzip, deflate or none\"}");
    assertAnswer(
        post("/v1/traces", body, "Content-Type", "application/json", "Content-Encoding", "gzip"),
        400,
        "{\"code\":3,\"message\":\"the body is not what its content encoding says: it cannot be"
            + " unpacked\"}");
    HttpResponse<String> read = get("/v1/traces");
    assertAnswer(read, 405, "this path takes POST alone\n");
    assertThat(read.headers().firstValue("Allow")).hasValue("POST");
    assertThat(post("/v1/trace", body, "Content-Type", "application/json").statusCode())
        .isEqualTo(404);
    assertThat(storage.statistics().spans()).isZero();
  }

  @Test
  void bomb_isRefusedBeforeItIsUnpacked() throws Exception {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(packed)) {
      byte[] zeros = new byte[1 << 20];
      for (int i = 0; i < 65; i++) {
        out.write(zeros);
      }
    }
    HttpResponse<String> response =
        post(
            "/v1/traces",
            packed.toByteArray(),
            "Content-Type",
            "application/json",
            "Content-Encoding",
            "gzip");

    assertAnswer(
        response,
        413,
        "{\"code\":8,\"message\":\"the request has more than 67108864 bytes unpacked, the limit\"}");
    assertThat(get("/metrics").body()).contains("\ntracekeep_request_bytes_in_flight 0\n");
  }

  @ParameterizedTest
  @CsvSource({"Host: evil.test, 403", "Host: localhost, 200", "Host: 127.0.0.1:1, 200"})
  void host_mustBeThisMachine(String header, int status) throws Exception {
    assertThat(raw("GET /health/live HTTP/1.1\r\n" + header + "\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 " + status + " ");
  }

  @Test
  void pagesOfOtherOrigins_areRefused() throws Exception {
    String host = "Host: 127.0.0.1:" + server.httpUri().getPort() + "\r\n";
    assertThat(
            raw(
                "OPTIONS /v1/traces HTTP/1.1\r\n"
                    + host
                    + "Origin: http://x.test\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 403 ");
    assertThat(
            raw(
                "GET /health/live HTTP/1.1\r\n"
                    + host
                    + "Origin: "
                    + server.httpUri()
                    + "\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 200 ");
  }

  private String raw(String request) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", server.httpUri().getPort())) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      InputStream in = socket.getInputStream();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void storeThatIsAway_isAnsweredWith503AndNothingIsLost() throws Exception {
    storeIsDown.set(true);
    HttpResponse<String> refused = json(request(ended(SPAN)));

    assertAnswer(
        refused,
        503,
        "{\"code\":14,\"message\":\"the store does not take the spans now: send them again"
            + " later\"}");
    assertThat(refused.headers().firstValue("Retry-After")).hasValue("1");
    storeIsDown.set(false);
    assertAnswer(json(request(ended(SPAN))), 200, "{}");
    assertThat(nameOf(SPAN)).isEqualTo("x");
  }

  @Test
  void metricsAndLogs_arePassedOver() throws Exception {
    for (String path : List.of("/v1/metrics", "/v1/logs")) {
      assertAnswer(
          post(path, "{}".getBytes(StandardCharsets.UTF_8), "Content-Type", "application/json"),
          200,
          "{}");
    }
    assertThat(get("/metrics").body())
        .contains("tracekeep_other_requests_total{signal=\"logs\"} 1\n")
        .contains("tracekeep_other_requests_total{signal=\"metrics\"} 1\n");
  }

  @Test
  void token_isAskedFor() throws Exception {
    try (TracekeepServer guarded =
        TracekeepServer.builder(storage).ports(0, 0).writeToken("s3cret").build().start()) {
      TracekeepServer open = server;
      server = guarded;
      HttpResponse<String> refused = json(request(ended(SPAN)));
      assertThat(refused.statusCode()).isEqualTo(401);
      assertThat(refused.headers().firstValue("WWW-Authenticate")).hasValue("Bearer");
      assertThat(refused.body()).doesNotContain("s3cret");
      String[] headers = {"Content-Type", "application/json", "Authorization", "Bearer s3cre"};
      assertThat(post("/v1/traces", request(ended(SPAN)), headers).statusCode()).isEqualTo(401);
      assertThat(storage.statistics().spans()).isZero();
      headers[3] = "Bearer s3cret";
      assertAnswer(post("/v1/traces", request(ended(SPAN)), headers), 200, "{}");
      server = open;
    }
  }

  @Test
  void portInUse_isNamed() {
    int taken = server.httpUri().getPort();
    try (TracekeepServer second = TracekeepServer.builder(storage).ports(taken, 0).build()) {
      assertThatThrownBy(second::start)
          .isInstanceOf(BindException.class)
          .hasMessageStartingWith("Port " + taken + " of 127.0.0.1 cannot be had: ");
    }
  }

  @Test
  void health_saysWhetherSpansCanBeStored() throws Exception {
    assertAnswer(get("/health/live"), 200, "live\n");
    assertAnswer(get("/health/ready"), 200, "ready\n");
  }

  // ---- OpenTelemetry's own exporters -----------------------------------------------------------

  private static SpanExporter exporter(TracekeepServer server, String kind) {
    return switch (kind) {
      case "http" ->
          OtlpHttpSpanExporter.builder().setEndpoint(server.httpUri() + "/v1/traces").build();
      case "http gzip" ->
          OtlpHttpSpanExporter.builder()
              .setEndpoint(server.httpUri() + "/v1/traces")
              .setCompression("gzip")
              .build();
      case "grpc" ->
          OtlpGrpcSpanExporter.builder().setEndpoint(server.grpcUri().toString()).build();
      default ->
          OtlpGrpcSpanExporter.builder()
              .setEndpoint(server.grpcUri().toString())
              .setCompression("gzip")
              .build();
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"http", "http gzip", "grpc", "grpc gzip"})
  void exportersOfTheSdk_storeTheirSpans(String kind) {
    try (SdkTracerProvider provider =
        SdkTracerProvider.builder()
            .addSpanProcessor(SimpleSpanProcessor.create(exporter(server, kind)))
            .build()) {
      Tracer tracer = provider.get("test");
      for (int i = 0; i < 3; i++) {
        tracer.spanBuilder("work").startSpan().end();
      }
      assertThat(provider.forceFlush().join(1, TimeUnit.MINUTES).isSuccess()).isTrue();
    }
    assertThat(storage.statistics().spans()).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"http", "grpc gzip"})
  void exportersOfTheSdk_sendAgainWhatTheStoreDidNotTake(String kind) {
    storeIsDown.set(true);
    SpanExporter exporter = exporter(server, kind);
    try (SdkTracerProvider provider =
        SdkTracerProvider.builder()
            .addSpanProcessor(SimpleSpanProcessor.create(exporter))
            .build()) {
      provider.get("test").spanBuilder("work").startSpan().end();
      while (!get503()) {
        Thread.onSpinWait();
      }
      storeIsDown.set(false);
      assertThat(provider.forceFlush().join(1, TimeUnit.MINUTES).isSuccess()).isTrue();
    }
    assertThat(storage.statistics().spans()).isEqualTo(1);
  }

  /** Whether a commit has failed. */
  private boolean get503() {
    try {
      return get("/metrics").body().contains("tracekeep_failed_commits_total");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
