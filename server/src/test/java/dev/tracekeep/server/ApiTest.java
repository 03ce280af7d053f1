package dev.tracekeep.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Correlation;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Origin;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanType;
import dev.tracekeep.span.Usage;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Storages;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is stored, read over HTTP: a trace with a root, one without, and one of another tenant. */
class ApiTest {
  private static final Instant T = Instant.parse("2026-11-20T10:00:00Z");

  private final HttpClient client = HttpClient.newHttpClient();
  private ObservabilityStorage storage;
  private TracekeepServer server;

  @BeforeEach
  void start() throws IOException {
    storage = Storages.open(Map.of("url", "jdbc:duckdb:"));
    storage.init();
    storage.batchCreateSpans(
        List.of(
            span("default", "a", "root", 0)
                .endedAt(T.plusSeconds(2))
                .origin(Origin.builder().serviceName("shop").build())
                .tags(List.of("new"))
                .build(),
            span("default", "a", "child", 1)
                .parentSpanId("root")
                .endedAt(T.plusSeconds(2))
                .correlation(Correlation.builder().sessionId("s-7").build())
                .payload(
                    Payload.builder()
                        .attributes(Json.parse("{\"http.route\":\"/ask\",\"n\":1}"))
                        .input(Json.parse("{\"q\": 1}"))
                        .build())
                .build(),
            span("default", "b", "orphan", 5).parentSpanId("gone").build(),
            span("acme", "c", "root", 0).build()));
    server =
        TracekeepServer.builder(storage)
            .ports(0, 0)
            .clock(Clock.fixed(T.plusSeconds(10), ZoneOffset.UTC))
            .build()
            .start();
  }

  private static Span.Builder span(String tenant, String trace, String id, int second) {
    Instant start = T.plusSeconds(second);
    return Span.builder(new SpanKey(tenant, trace, id))
        .name("work " + id)
        .startedAt(start)
        .createdAt(start)
        .updatedAt(start);
  }

  @AfterEach
  void stop() {
    server.close();
    storage.close();
  }

  private HttpResponse<String> get(String path, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(server.httpUri() + "/api/v1/" + path));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private String read(String path, String... headers) throws IOException, InterruptedException {
    HttpResponse<String> response = get(path, headers);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
    assertThat(response.headers().firstValue("Cache-Control")).hasValue("no-store");
    return response.body();
  }

  @Test
  void traces_latestFirst_withAndWithoutRoot() throws Exception {
    assertThat(read("traces?statistics=true"))
        .isEqualTo(
            "{\"traces\":[{\"tenantId\":\"default\",\"traceId\":\"b\",\"spanId\":\"orphan\","
                + "\"parentSpanId\":\"gone\",\"name\":\"work orphan\",\"spanType\":\"generic\","
                + "\"isEvent\":false,\"startedAt\":\"2026-11-20T10:00:05Z\","
                + "\"createdAt\":\"2026-11-20T10:00:05Z\",\"updatedAt\":\"2026-11-20T10:00:05Z\","
                + "\"tags\":[],\"status\":\"running\",\"hasRoot\":false,\"statistics\":{\"spans\":1,"
                + "\"errors\":0,\"running\":1,\"orphans\":1,\"startedAt\":\"2026-11-20T10:00:05Z\","
                + "\"services\":[],\"usage\":{}}},{\"tenantId\":\"default\",\"traceId\":\"a\","
                + "\"spanId\":\"root\",\"name\":\"work root\",\"spanType\":\"generic\","
                + "\"isEvent\":false,\"startedAt\":\"2026-11-20T10:00:00Z\","
                + "\"endedAt\":\"2026-11-20T10:00:02Z\",\"createdAt\":\"2026-11-20T10:00:00Z\","
                + "\"updatedAt\":\"2026-11-20T10:00:00Z\",\"serviceName\":\"shop\","
                + "\"tags\":[\"new\"],\"status\":\"ok\",\"durationNanos\":2000000000,"
                + "\"hasRoot\":true,\"statistics\":{\"spans\":2,\"errors\":0,\"running\":0,"
                + "\"orphans\":0,\"startedAt\":\"2026-11-20T10:00:00Z\","
                + "\"lastEndedAt\":\"2026-11-20T10:00:02Z\",\"services\":[\"shop\"],\"usage\":{}}}],"
                + "\"cursor\":null}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          session=s-7                            | a
          service=shop&tag=new                   | a
          where=session_id=s-7                   | a
          attribute=http.route=%2Fask            | a
          attribute=n=1                          | a
          attribute=n=2                          | none
          no-root                                | b
          status=running                         | b
          started-from=2026-11-20T10:00:05Z      | b
          started-before=2026-11-20T10:00:05Z    | a
          ended-to=2026-11-20T10:00:02Z          | a
          since=5s                               | b
          min-duration=2s                        | a
          max-duration=1.5s                      | none
          on-root&session=s-7                    | none
          child-error                            | none
          ascending&limit=1                      | a
          sort=ended&limit=1                     | b
          """)
  void filters_areThoseOfTheStore(String query, String trace) throws Exception {
    String found = read("traces?" + query);
    if (trace.equals("none")) {
      assertThat(found).isEqualTo("{\"traces\":[],\"cursor\":null}");
    } else {
      assertThat(found).contains("\"traceId\":\"" + trace + "\"");
      assertThat(found.split("\"hasRoot\"", -1)).hasSize(2);
    }
  }

  @Test
  void pages_goOnAtTheCursor() throws Exception {
    String first = read("traces?limit=1");
    String cursor = first.replaceFirst(".*\"cursor\":\"([^\"]*)\"}$", "$1");

    assertThat(first).contains("\"traceId\":\"b\"");
    assertThat(read("traces?limit=1&cursor=" + cursor))
        .contains("\"traceId\":\"a\"")
        .endsWith("\"cursor\":null}");
    assertThat(get("traces?limit=1&status=ok&cursor=" + cursor).statusCode()).isEqualTo(400);
  }

  @Test
  void trace_isLight_andSpanIsWhole() throws Exception {
    String trace = read("traces/a");
    assertThat(trace)
        .startsWith("{\"tenantId\":\"default\",\"traceId\":\"a\",\"spans\":[{")
        .doesNotContain("\"input\"")
        .endsWith(
            ",\"hasRoot\":true,\"statistics\":{\"spans\":2,\"errors\":0,\"running\":0,\"orphans\":0,"
                + "\"startedAt\":\"2026-11-20T10:00:00Z\",\"lastEndedAt\":\"2026-11-20T10:00:02Z\","
                + "\"services\":[\"shop\"],\"usage\":{}}}");
    assertThat(read("spans/a/child"))
        .contains("\"input\":{\"q\": 1}")
        .contains("\"attributes\":{\"http.route\":\"/ask\",\"n\":1}");
  }

  @Test
  void spans_acrossTraces() throws Exception {
    assertThat(read("spans?ascending&limit=2"))
        .containsSubsequence("\"spanId\":\"root\"", "\"spanId\":\"child\"")
        .doesNotContain("orphan")
        .doesNotContain("\"cursor\":null");
    assertThat(read("spans?name=work+child")).contains("\"spanId\":\"child\"");
  }

  @Test
  void valuesAndStats() throws Exception {
    assertThat(read("values/service_name?counts"))
        .isEqualTo("{\"values\":[{\"value\":\"shop\",\"spans\":1}],\"cursor\":null}");
    assertThat(read("values/tags?counts=true"))
        .isEqualTo("{\"values\":[{\"value\":\"new\",\"spans\":1}],\"cursor\":null}");
    assertThat(read("values/attributes?prefix=h&counts"))
        .isEqualTo("{\"values\":[{\"value\":\"http.route\",\"spans\":1}],\"cursor\":null}");
    assertThat(read("values/attributes.http.route?service=none"))
        .isEqualTo("{\"values\":[],\"cursor\":null}");
    assertThat(read("stats"))
        .isEqualTo("{\"spans\":4,\"traces\":3,\"running\":2,\"errors\":0,\"tenants\":2}");
  }

  @Test
  void otherTenants_areSeenByTheirHeaderAlone() throws Exception {
    assertThat(get("traces/c").statusCode()).isEqualTo(404);
    assertThat(get("spans/c/root").statusCode()).isEqualTo(404);
    assertThat(read("traces", Gate.TENANT_HEADER, "acme"))
        .contains("\"traceId\":\"c\"")
        .doesNotContain("\"traceId\":\"a\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          traces/nope            | 404 | there is no trace nope of this tenant
          spans/a/nope           | 404 | there is no span nope of trace a
          traces/a/nothing       | 404 | there is nothing under this path
          nothing                | 404 | there is nothing under this path
          traces?limit=many      | 400 | the parameter limit is 'many': it must be a whole number
          traces?limit=1&limit=2 | 400 | the parameter limit is given more than once
          traces?sort=name       | 400 | the parameter sort is 'name': it must be ended or started
          traces?started-from=x  | 400 | the parameter started-from is 'x': write 2026-11-20T10:32:25Z
          traces?min-duration=PT | 400 | the parameter min-duration is 'PT': write 500ms, 2s, 1.5m, 1h or 7d
          traces?no-root=perhaps | 400 | the parameter no-root is 'perhaps': it must be true or false
          traces?attribute=x     | 400 | the parameter attribute is 'x': write KEY=VALUE
          traces/a/search        | 400 | the parameter text says what to search for
          traces/a?limit=1       | 400 | the parameter limit is not known here; there are none
          stats?limit=1          | 400 | the parameter limit is not known here; there are none
          """)
  void wrongQuestions_areAnsweredInWords(String path, int status, String detail) throws Exception {
    HttpResponse<String> response = get(path);
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/problem+json");
    assertThat(response.body())
        .isEqualTo(
            "{\"title\":\""
                + (status == 404 ? "Not Found" : "Bad Request")
                + "\",\"status\":"
                + status
                + ",\"detail\":\""
                + detail
                + "\"}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"traces?limit=0", "traces?limit=1001", "traces?cursor=x", "spans?limit=0"})
  void limitsAndCursors_areThoseOfTheStore(String path) throws Exception {
    assertThat(get(path).statusCode()).isEqualTo(400);
  }

  @Test
  void unknownParameter_isNamedWithWhatThereIs() throws Exception {
    HttpResponse<String> response = get("traces?serviceName=shop");
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body())
        .contains("the parameter serviceName is not known here; there are ascending, attribute,")
        .contains(" service, ");
  }

  /** Every text column is a filter. */
  @Test
  void everyTextColumn_isAFilter() throws Exception {
    for (SpanColumn column : SpanColumn.all()) {
      if (column.type() == SpanColumn.Type.TEXT && column != SpanColumn.TENANT_ID) {
        assertThat(read("spans?where=" + column.columnName() + "=x"))
            .isEqualTo("{\"spans\":[],\"cursor\":null}");
      }
    }
  }

  @Test
  void search_findsSpansByAnyOfTheirTexts() throws Exception {
    assertThat(read("traces/a/search?text=%2FASK"))
        .isEqualTo("{\"matches\":[{\"spanId\":\"child\",\"columns\":[\"attributes\"]}]}");
    assertThat(read("traces/a/search?text=root"))
        .isEqualTo(
            "{\"matches\":[{\"spanId\":\"root\",\"columns\":[\"spanId\",\"name\"]},"
                + "{\"spanId\":\"child\",\"columns\":[\"parentSpanId\"]}]}");
  }

  @Test
  void conversation_hasTheTurnsWhole_andDownloadHasAll() throws Exception {
    storage.createSpan(
        span("default", "a", "call", 1)
            .parentSpanId("child")
            .type(SpanType.MODEL_GENERATION)
            .usage(Usage.builder().model("m-1").inputTokens(3L).outputTokens(4L).build())
            .payload(Payload.builder().output(Json.of("hello")).build())
            .build());

    assertThat(read("traces/a/conversation"))
        .startsWith("{\"tenantId\":\"default\",\"traceId\":\"a\",\"spans\":[{")
        .contains("\"spanId\":\"call\"", "\"output\":\"hello\"")
        .doesNotContain("\"spanId\":\"root\"");
    assertThat(read("traces/a/download"))
        .contains("\"input\":{\"q\": 1}", "\"output\":\"hello\"", "\"spanId\":\"root\"");
    assertThat(read("usage?by=model,day"))
        .isEqualTo(
            "{\"groups\":[{\"from\":\"2026-11-20T00:00:00Z\",\"model\":\"m-1\",\"calls\":1,"
                + "\"errors\":0,\"inputTokens\":3,\"outputTokens\":4}]}");
    assertThat(read("traces?no-root=false&statistics&limit=1&ascending"))
        .contains("\"usage\":{\"inputTokens\":3,\"outputTokens\":4}");
  }

  @Test
  void idsWithSlashes_areSpelledWithPercentSigns() throws Exception {
    storage.createSpan(span("default", "t/1 +", "s/2", 0).build());
    assertThat(read("spans/t%2F1%20+/s%2F2")).contains("\"traceId\":\"t/1 +\"");
  }

  @Test
  void readToken_isAskedFor() throws Exception {
    try (TracekeepServer guarded =
        TracekeepServer.builder(storage).ports(0, 0).readToken("s3cret").build().start()) {
      TracekeepServer open = server;
      server = guarded;
      assertThat(get("traces").statusCode()).isEqualTo(401);
      assertThat(get("traces", "Authorization", "Bearer s3cret").statusCode()).isEqualTo(200);
      assertThat(
              get("traces", "Authorization", "Bearer s3cret", Gate.TENANT_HEADER, "acme")
                  .statusCode())
          .isEqualTo(403);
      server = open;
    }
  }
}
