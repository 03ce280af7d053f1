package dev.tracekeep.otlp;

import dev.tracekeep.span.Json;
import java.util.Map;
import java.util.stream.Collectors;

/** OTLP/JSON for tests. */
final class Requests {
  static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  static final String START = "1700000000000000001";
  static final String END = "1700000000500000002";

  private Requests() {}

  /** One request on one line. */
  static String line(String... spans) {
    return "{\"resourceSpans\":[{\"resource\":{},\"scopeSpans\":[{\"scope\":{},\"spans\":["
        + String.join(",", spans)
        + "]}]}]}";
  }

  /** A span of {@link #TRACE} with the usual times and further members, which may be empty. */
  static String span(String spanId, String members) {
    return "{\"traceId\":\""
        + TRACE
        + "\",\"spanId\":\""
        + spanId
        + "\",\"name\":\"work\",\"startTimeUnixNano\":\""
        + START
        + "\",\"endTimeUnixNano\":\""
        + END
        + "\""
        + (members.isEmpty() ? "" : "," + members)
        + "}";
  }

  /** The {@code attributes} member for string attributes. */
  static String attributes(Map<String, String> attributes) {
    return "\"attributes\":"
        + attributes.entrySet().stream()
            .map(
                attribute ->
                    "{\"key\":"
                        + Json.of(attribute.getKey())
                        + ",\"value\":{\"stringValue\":"
                        + Json.of(attribute.getValue())
                        + "}}")
            .collect(Collectors.joining(",", "[", "]"));
  }
}
