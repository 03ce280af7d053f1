package dev.tracekeep.otlp;

import static dev.tracekeep.otlp.Requests.span;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What many spans share: the resource and the scope. */
class SharedContentTest {
  private static final String A = "000000000000000a";
  private static final int LIMIT = RequestAssembler.MAX_SHARED_CHARACTERS;

  private static String attribute(String value) {
    return "\"attributes\":[{\"key\":\"a\",\"value\":" + value + "}]";
  }

  private static String text(int length) {
    return attribute("{\"stringValue\":\"" + "x".repeat(length) + "\"}");
  }

  private static String request(String resource, String scope, String spans) {
    return "{\"resourceSpans\":[{\"resource\":{"
        + resource
        + "},\"scopeSpans\":[{\"scope\":{"
        + scope
        + "},\"spans\":["
        + spans
        + "]}]}]}";
  }

  @Test
  void resourceOfTheLimit_isKept() {
    Collected read = Collected.of(request(text(LIMIT - "{'a':''}".length()), "", span(A, "")));

    assertThat(read.messages()).isEmpty();
    assertThat(read.spans.get(0).origin().resource().text()).hasSize(LIMIT);
  }

  @Test
  void resourceOverTheLimit_isRefusedAndItsSpansAreKept() {
    Collected read = Collected.of(request(text(LIMIT - "{'a':''}".length() + 1), "", span(A, "")));

    assertThat(read.messages())
        .containsExactly(
            "spans.json:1: a resource has more than 1048576 characters of JSON: its spans were"
                + " kept without it");
    assertThat(read.problems.get(0).severity()).isEqualTo(OtlpProblem.Severity.REFUSED);
    assertThat(read.ids()).containsExactly(A);
    assertThat(read.spans.get(0).origin().resource()).isNull();
  }

  @Test
  void scopeOfTheLimit_isKept() {
    int frame = "{'attributes':{'a':''}}".length();
    Collected read = Collected.of(request("", text(LIMIT - frame), span(A, "")));

    assertThat(read.messages()).isEmpty();
    assertThat(read.spans.get(0).origin().scope().text()).hasSize(LIMIT);
  }

  @Test
  void scopeOverTheLimit_isRefusedAndItsSpansAreKept() {
    int frame = "{'attributes':{'a':''}}".length();
    Collected read = Collected.of(request("", text(LIMIT - frame + 1), span(A, "")));

    assertThat(read.messages())
        .containsExactly(
            "spans.json:1: a scope has more than 1048576 characters of JSON: its spans were kept"
                + " without it");
    assertThat(read.ids()).containsExactly(A);
    assertThat(read.spans.get(0).origin().scope()).isNull();
  }

  private static String ahead(int spans) {
    String members = text(1 << 20);
    return "{\"resourceSpans\":[{\"scopeSpans\":[{\"scope\":{},\"spans\":["
        + IntStream.rangeClosed(1, spans)
            .mapToObj(number -> span(String.format("%016x", number), members))
            .collect(Collectors.joining(","))
        + "]}],\"resource\":{"
        + text(1)
        + "}}]}";
  }

  @Test
  void spansAheadOfTheirResource_waitForItWithinTheLimit() {
    Collected read = Collected.of(ahead(15));

    assertThat(read.messages()).isEmpty();
    assertThat(read.spans).hasSize(15).allMatch(span -> span.origin().resource() != null);
  }

  @Test
  void spansAheadOfTheirResourceOverTheLimit_areKeptWithoutItAndThatIsSaid() {
    Collected read = Collected.of(ahead(20));

    assertThat(read.messages())
        .containsExactly(
            "spans.json:1: the resource comes behind more than 16777216 bytes of its spans: the"
                + " first of them were kept without it");
    assertThat(read.problems.get(0).severity()).isEqualTo(OtlpProblem.Severity.WARNING);
    assertThat(read.spans).hasSize(20);
    assertThat(read.spans.stream().filter(span -> span.origin().resource() == null)).hasSize(16);
    assertThat(read.spans.get(19).origin().resource()).isEqualTo(Json.parse("{\"a\":\"x\"}"));
  }

  @Test
  void resourceNestedDeep_isBuiltOnceForAllItsSpans() {
    String open = "{\"kvlistValue\":{\"values\":[{\"key\":\"k\",\"value\":";
    String value = open.repeat(200) + "{\"intValue\":1}" + "}]}}".repeat(200);
    String spans =
        IntStream.rangeClosed(1, 2_000)
            .mapToObj(number -> span(String.format("%016x", number), ""))
            .collect(Collectors.joining(","));
    Collected read = Collected.of(request(attribute(value), "", spans));

    assertThat(read.messages()).isEmpty();
    assertThat(read.spans).hasSize(2_000);
    Set<Json> resources = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Span span : read.spans) {
      resources.add(span.origin().resource());
    }
    assertThat(resources).hasSize(1);
    assertThat(resources.iterator().next().text())
        .isEqualTo("{\"a\":" + "{\"k\":".repeat(200) + "1" + "}".repeat(200) + "}");
  }
}
