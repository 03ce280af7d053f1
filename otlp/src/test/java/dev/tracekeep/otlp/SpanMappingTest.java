package dev.tracekeep.otlp;

import static dev.tracekeep.otlp.Requests.attributes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Entity;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKind;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.span.SpanType;
import dev.tracekeep.span.Usage;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpanMappingTest {
  private static Span with(Map<String, String> attributes) {
    return Collected.span(attributes(attributes));
  }

  @Test
  void attributes_ofEveryKind_becomeJson() {
    Span span =
        Collected.span(
            """
            "attributes":[
              {"key":"","value":{"stringValue":"é"}},
              {"key":"a.b","value":{"boolValue":true}},
              {"key":"$x","value":{"intValue":"9007199254740993"}},
              {"key":"d","value":{"doubleValue":0.1}},
              {"key":"nan","value":{"doubleValue":"NaN"}},
              {"key":"inf","value":{"double_value":"-Infinity"}},
              {"key":"list","value":{"arrayValue":{"values":[{"intValue":1},{}]}}},
              {"key":"map","value":{"kvlistValue":{"values":[{"key":"k","value":{"intValue":2}}]}}},
              {"key":"bytes","value":{"bytesValue":"_-8"}},
              {"key":"none","value":null},
              {"key":"twice","value":{"intValue":1}},
              {"key":"twice","value":{"intValue":2}}]
            """
                .replace('\n', ' '));

    assertThat(span.payload().attributes().text())
        .isEqualTo(
            "{\"\":\"é\",\"a.b\":true,\"$x\":9007199254740993,\"d\":0.1,\"nan\":\"NaN\","
                + "\"inf\":\"-Infinity\",\"list\":[1,null],\"map\":{\"k\":2},\"bytes\":\"/+8=\","
                + "\"none\":null,\"twice\":2}");
  }

  @Test
  void runningSpan_hasNoEndAndIsUpdatedAtItsStart() {
    Span span = Collected.span("\"endTimeUnixNano\":\"0\"");

    assertThat(span.status()).isEqualTo(SpanStatus.RUNNING);
    assertThat(span.times().endedAt()).isNull();
    assertThat(span.times().updatedAt()).isEqualTo(span.times().startedAt());
  }

  @Test
  void base64Ids_areTakenByTheirLength() {
    Span span =
        Collected.span("\"spanId\":\"AQIDBAUGBwg=\",\"parent_span_id\":\"ABCDEF0123456789\"");

    assertThat(span.key().spanId()).isEqualTo("0102030405060708");
    assertThat(span.parentSpanId()).isEqualTo("abcdef0123456789");
  }

  @Test
  void whatHasNoField_isKeptInMetadata() {
    Span span =
        Collected.span(
            "\"traceState\":\"a=1\",\"flags\":769,\"droppedAttributesCount\":1,"
                + "\"droppedEventsCount\":2,\"droppedLinksCount\":3,\"kind\":9,"
                + "\"status\":{\"code\":\"STATUS_CODE_OK\",\"message\":\"fine\"}");

    assertThat(span.kind()).isNull();
    assertThat(span.payload().metadata())
        .isEqualTo(
            Json.parse(
                """
                {"otel":{"traceState":"a=1","flags":769,"droppedAttributesCount":1,\
                "droppedEventsCount":2,"droppedLinksCount":3,"statusCode":1,\
                "statusMessage":"fine","kind":9}}
                """));
  }

  @Test
  void eventsAndLinks_areKept() {
    Span span =
        Collected.span(
            "\"kind\":\"SPAN_KIND_SERVER\",\"events\":[{\"timeUnixNano\":\"5\",\"name\":\"e\"}],"
                + "\"links\":[{\"traceId\":\"0AF7651916CD43DD8448EB211C80319C\","
                + "\"spanId\":\"0102030405060708\",\"flags\":1}]");

    assertThat(span.kind()).isEqualTo(SpanKind.SERVER);
    assertThat(span.events()).isEqualTo(Json.parse("[{\"timeUnixNano\":\"5\",\"name\":\"e\"}]"));
    assertThat(span.links())
        .isEqualTo(
            Json.parse(
                "[{\"traceId\":\"0af7651916cd43dd8448eb211c80319c\","
                    + "\"spanId\":\"0102030405060708\",\"flags\":1}]"));
  }

  @Test
  void errorStatusAlone_isAnEmptyError() {
    Span span = Collected.span("\"status\":{\"code\":2}");

    assertThat(span.payload().error()).isEqualTo(Json.parse("{}"));
    assertThat(span.status()).isEqualTo(SpanStatus.ERROR);
  }

  @ParameterizedTest
  @CsvSource({
    "chat,model_generation",
    "text_completion,model_generation",
    "generate_content,model_generation",
    "embeddings,rag_embedding",
    "execute_tool,tool_call",
    "invoke_agent,agent_run",
    "invoke_workflow,workflow_run",
    "create_agent,generic",
    "retrieval,rag_vector_operation",
    "search_memory,memory_operation",
    "own_thing,generic"
  })
  void genAiOperation_givesTheType(String operation, String type) {
    assertThat(with(Map.of("gen_ai.operation.name", operation)).type())
        .isEqualTo(SpanType.of(type));
  }

  @Test
  void genAi_chat_hasItsParts() {
    Span span =
        with(
            Map.of(
                "gen_ai.operation.name", "chat",
                "gen_ai.provider.name", "openai",
                "gen_ai.request.model", "gpt-4",
                "gen_ai.response.model", "gpt-4-0613",
                "gen_ai.usage.input_tokens", "7",
                "gen_ai.usage.output_tokens", "8",
                "gen_ai.conversation.id", "c-1",
                "gen_ai.input.messages", "[{\"role\":\"user\"}]",
                "gen_ai.system_instructions", "[{\"type\":\"text\"}]",
                "gen_ai.output.messages", "[{\"role\":\"assistant\"}]"));

    assertThat(span.payload().input())
        .isEqualTo(
            Json.parse(
                "{\"systemInstructions\":[{\"type\":\"text\"}],\"messages\":[{\"role\":\"user\"}]}"));
    assertThat(span.payload().output()).isEqualTo(Json.parse("[{\"role\":\"assistant\"}]"));
    assertThat(span.payload().metadata()).isNull();
    assertThat(span.usage()).isEqualTo(new Usage("gpt-4-0613", "openai", 7L, 8L, null, null));
    assertThat(span.correlation().threadId()).isEqualTo("c-1");
  }

  @Test
  void genAi_toolOfAnAgent_namesBoth() {
    Span span =
        with(
            Map.of(
                "gen_ai.operation.name", "execute_tool",
                "gen_ai.tool.name", "weather",
                "gen_ai.tool.call.arguments", "{\"city\":\"Oslo\"}",
                "gen_ai.tool.call.result", "rain",
                "gen_ai.agent.id", "a-1",
                "gen_ai.agent.name", "planner"));

    assertThat(span.entity()).isEqualTo(Entity.of("tool", "weather"));
    assertThat(span.parentEntity()).isEqualTo(new Entity("agent", "a-1", "planner", null));
    assertThat(span.payload().input()).isEqualTo(Json.parse("{\"city\":\"Oslo\"}"));
    assertThat(span.payload().output()).isEqualTo(Json.of("rain"));
  }

  @Test
  void genAi_contentInEvents_isFound() {
    Span span =
        Collected.span(
            "\"attributes\":[{\"key\":\"gen_ai.request.model\",\"value\":{\"stringValue\":\"m\"}}],"
                + "\"events\":[{\"name\":\"gen_ai.content.prompt\","
                + attributes(Map.of("gen_ai.prompt", "[{\"role\":\"user\"}]"))
                + "},{\"name\":\"gen_ai.content.completion\","
                + attributes(Map.of("gen_ai.completion", "hello"))
                + "}]");

    assertThat(span.type()).isEqualTo(SpanType.MODEL_GENERATION);
    assertThat(span.payload().input()).isEqualTo(Json.parse("[{\"role\":\"user\"}]"));
    assertThat(span.payload().output()).isEqualTo(Json.of("hello"));
  }

  @ParameterizedTest
  @CsvSource({
    "LLM,model_generation",
    "TOOL,tool_call",
    "AGENT,agent_run",
    "CHAIN,workflow_step",
    "RETRIEVER,rag_vector_operation",
    "EMBEDDING,rag_embedding",
    "RERANKER,rag_action",
    "GUARDRAIL,processor_run",
    "EVALUATOR,scorer_run",
    "OTHER,generic"
  })
  void openInferenceKind_givesTheType(String kind, String type) {
    assertThat(with(Map.of("openinference.span.kind", kind)).type()).isEqualTo(SpanType.of(type));
  }

  @Test
  void openInference_llm_hasItsParts() {
    Span span =
        with(
            Map.of(
                "openinference.span.kind", "LLM",
                "input.value", "{\"q\":1}",
                "input.mime_type", "application/json",
                "output.value", "{\"looks\":\"like JSON\"}",
                "llm.model_name", "gpt-4",
                "llm.provider", "azure",
                "llm.token_count.total", "9",
                "metadata", "{\"model\":\"mine\",\"plan\":\"pro\"}",
                "session.id", "s-1",
                "user.id", "u-1"));

    assertThat(span.payload().input()).isEqualTo(Json.parse("{\"q\":1}"));
    assertThat(span.payload().output()).isEqualTo(Json.of("{\"looks\":\"like JSON\"}"));
    assertThat(span.payload().metadata())
        .isEqualTo(Json.parse("{\"model\":\"mine\",\"plan\":\"pro\"}"));
    assertThat(span.usage()).isEqualTo(new Usage("gpt-4", "azure", null, null, 9L, null));
    assertThat(span.correlation().sessionId()).isEqualTo("s-1");
    assertThat(span.correlation().userId()).isEqualTo("u-1");
  }

  @Test
  void vercelAi_userMetadata_becomesFieldsTagsAndMetadata() {
    Span span =
        with(
            Map.of(
                "ai.operationId", "ai.streamText",
                "ai.response.text", "done",
                "ai.response.toolCalls", "[{\"toolName\":\"t\"}]",
                "ai.telemetry.metadata.threadId", "t-1",
                "ai.telemetry.metadata.tags", "no list",
                "ai.telemetry.metadata.plan", "pro",
                "enduser.id", "u-2"));

    assertThat(span.payload().output())
        .isEqualTo(Json.parse("{\"text\":\"done\",\"toolCalls\":[{\"toolName\":\"t\"}]}"));
    assertThat(span.correlation().threadId()).isEqualTo("t-1");
    assertThat(span.correlation().userId()).isEqualTo("u-2");
    assertThat(span.tags()).isEmpty();
    assertThat(span.payload().metadata())
        .matches(Json.parse("{\"plan\":\"pro\",\"tags\":\"no list\"}")::sameValue);
  }

  @Test
  void plainSpan_isGenericAndHasNoMetadata() {
    Span span = with(Map.of("http.route", "/ask"));

    assertThat(span.type()).isEqualTo(SpanType.GENERIC);
    assertThat(span.entity()).isEqualTo(Entity.NONE);
    assertThat(span.payload().metadata()).isNull();
    assertThat(span.payload().input()).isNull();
    assertThat(Collected.span("\"attributes\":[]").payload().attributes()).isNull();
  }
}
