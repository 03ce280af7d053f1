package dev.tracekeep.otlp;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.ArrayValue;
import io.opentelemetry.proto.common.v1.InstrumentationScope;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.common.v1.KeyValueList;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** One request gives equal spans and problems, whichever encoding it comes in. */
class EncodingsAgreeTest {
  private static final List<String> NAMES =
      List.of(
          "",
          "a.b",
          "$x",
          "__proto__",
          "user.id",
          "session.id",
          "service.name",
          "error.type",
          "gen_ai.operation.name",
          "gen_ai.input.messages",
          "gen_ai.request.model",
          "gen_ai.usage.input_tokens",
          "gen_ai.tool.name",
          "openinference.span.kind",
          "input.value",
          "output.value",
          "input.mime_type",
          "llm.token_count.total",
          "metadata",
          "tag.tags",
          "ai.operationId",
          "ai.prompt",
          "ai.response.text",
          "ai.response.toolCalls",
          "ai.telemetry.metadata.tags",
          "ai.telemetry.metadata.model",
          "mastra.span.type",
          "mastra.tags",
          "langfuse.observation.level",
          "langfuse.observation.usage_details",
          "langsmith.metadata.user_id",
          "langsmith.span.tags",
          "traceloop.span.kind",
          "traceloop.entity.name",
          "gen_ai.prompt.0.role",
          "gen_ai.prompt.0.tool_calls.1.name",
          "gen_ai.prompt.0",
          "llm.input_messages.3.message.contents.0.message_content.text",
          "gen_ai.event.content",
          "content",
          "message",
          "logfire.tags",
          "events",
          "crewai.agent.role",
          "gcp.vertex.agent.llm_request",
          "mcp.method.name",
          "exception.message");

  private static final List<String> TEXTS =
      List.of(
          "",
          "text",
          "chat",
          "TOOL",
          "ai.toolCall",
          "application/json",
          "{\"a\":[1,2.0,null]}",
          "[{\"role\":\"user\"}]",
          "{broken",
          "42",
          "true",
          "null",
          "\u0000\u001f\"\\\n\u007f",
          "\u00e6\u20ac\ud83d\ude00\u2028",
          "tool",
          "ERROR",
          "[{\"event.name\":\"gen_ai.choice\"},7]",
          "12.0",
          " {} ");

  @Property(tries = 400)
  void jsonAndProtobuf_giveEqualSpansAndProblems(@ForAll long seed) {
    ExportTraceServiceRequest request = request(new Random(seed));
    String json = OtlpJson.print(request, new Random(seed));

    Collected fromProtobuf = Collected.of(request.toByteArray());
    Collected fromJson = Collected.of(json.getBytes(StandardCharsets.UTF_8));

    assertThat(fromJson.spans).isEqualTo(fromProtobuf.spans);
    assertThat(fromJson.spans.stream().map(dev.tracekeep.span.Span::version).toList())
        .isEqualTo(fromProtobuf.spans.stream().map(dev.tracekeep.span.Span::version).toList());
    assertThat(fromJson.problems.stream().map(OtlpProblem::message))
        .isEqualTo(fromProtobuf.problems.stream().map(OtlpProblem::message).toList());
    assertThat(fromJson.spans.size() + fromJson.problems.size()).isPositive();
  }

  private static ExportTraceServiceRequest request(Random random) {
    ExportTraceServiceRequest.Builder request = ExportTraceServiceRequest.newBuilder();
    for (int r = 0; r <= random.nextInt(2); r++) {
      ResourceSpans.Builder resource = ResourceSpans.newBuilder();
      if (random.nextBoolean()) {
        resource.setResource(
            Resource.newBuilder()
                .addAllAttributes(attributes(random, 2))
                .setDroppedAttributesCount(random.nextInt(2)));
      }
      for (int s = 0; s <= random.nextInt(2); s++) {
        ScopeSpans.Builder scope = ScopeSpans.newBuilder();
        if (random.nextBoolean()) {
          scope.setScope(
              InstrumentationScope.newBuilder()
                  .setName(pick(random, TEXTS))
                  .setVersion(pick(random, TEXTS))
                  .addAllAttributes(attributes(random, 1)));
        }
        for (int i = 0; i <= random.nextInt(3); i++) {
          scope.addSpans(span(random));
        }
        resource.addScopeSpans(scope);
      }
      request.addResourceSpans(resource);
    }
    return request.build();
  }

  private static Span span(Random random) {
    Span.Builder span =
        Span.newBuilder()
            .setTraceId(bytes(random, random.nextInt(20) == 0 ? 15 : 16))
            .setSpanId(random.nextInt(20) == 0 ? ByteString.EMPTY : bytes(random, 8))
            .setParentSpanId(random.nextBoolean() ? ByteString.EMPTY : bytes(random, 8))
            .setTraceState(random.nextInt(4) == 0 ? "a=1" : "")
            .setName(pick(random, TEXTS))
            .setKindValue(random.nextInt(7))
            .setStartTimeUnixNano(time(random))
            .setEndTimeUnixNano(random.nextInt(3) == 0 ? 0 : time(random))
            .addAllAttributes(attributes(random, 4))
            .setDroppedAttributesCount(random.nextInt(2))
            .setDroppedEventsCount(random.nextInt(2))
            .setDroppedLinksCount(random.nextInt(5) == 0 ? -1 : 0)
            .setFlags(random.nextInt())
            .setStatus(
                Status.newBuilder()
                    .setCodeValue(random.nextInt(3))
                    .setMessage(pick(random, TEXTS)));
    for (int i = 0; i < random.nextInt(3); i++) {
      span.addEvents(
          Span.Event.newBuilder()
              .setTimeUnixNano(random.nextLong())
              .setName(
                  pick(
                      random,
                      List.of(
                          "exception",
                          "gen_ai.content.prompt",
                          "gen_ai.user.message",
                          "gen_ai.choice",
                          "")))
              .addAllAttributes(attributes(random, 2))
              .setDroppedAttributesCount(random.nextInt(2)));
    }
    for (int i = 0; i < random.nextInt(2); i++) {
      span.addLinks(
          Span.Link.newBuilder()
              .setTraceId(bytes(random, 16))
              .setSpanId(bytes(random, 8))
              .setTraceState(pick(random, TEXTS))
              .addAllAttributes(attributes(random, 1))
              .setFlags(random.nextInt(3)));
    }
    return span.build();
  }

  private static long time(Random random) {
    return random.nextInt(10) == 0
        ? random.nextLong()
        : 1_700_000_000_000_000_000L + random.nextInt();
  }

  private static List<KeyValue> attributes(Random random, int most) {
    return random
        .ints(random.nextInt(most + 1))
        .mapToObj(
            i ->
                KeyValue.newBuilder()
                    .setKey(pick(random, NAMES))
                    .setValue(value(random, 0))
                    .build())
        .toList();
  }

  private static AnyValue value(Random random, int depth) {
    AnyValue.Builder value = AnyValue.newBuilder();
    return switch (random.nextInt(depth < 3 ? 9 : 6)) {
      case 0 -> value.setBoolValue(random.nextBoolean()).build();
      case 1 -> value.setIntValue(random.nextLong()).build();
      case 2 -> value.setDoubleValue(Double.longBitsToDouble(random.nextLong())).build();
      case 3 -> value.setBytesValue(bytes(random, random.nextInt(5))).build();
      case 4 -> value.build();
      case 6 ->
          value
              .setArrayValue(
                  ArrayValue.newBuilder()
                      .addValues(value(random, depth + 1))
                      .addValues(value(random, depth + 1)))
              .build();
      case 7 ->
          value
              .setKvlistValue(
                  KeyValueList.newBuilder()
                      .addValues(
                          KeyValue.newBuilder()
                              .setKey(pick(random, NAMES))
                              .setValue(value(random, depth + 1))))
              .build();
      default -> value.setStringValue(pick(random, TEXTS)).build();
    };
  }

  private static ByteString bytes(Random random, int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return ByteString.copyFrom(bytes);
  }

  private static String pick(Random random, List<String> choices) {
    return choices.get(random.nextInt(choices.size()));
  }
}
