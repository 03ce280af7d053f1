package dev.tracekeep.otlp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Correlation;
import dev.tracekeep.span.Entity;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanType;
import dev.tracekeep.span.Usage;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What each dialect of the field says about a span, and the fields that it has to fill. */
class DialectsTest {
  private static final Map<String, Span> SPANS = read();

  private static Map<String, Span> read() {
    Collected read = Collected.of(Resource.read("dialects.jsonl"));
    assertThat(read.problems).isEmpty();
    Map<String, Span> byName = new LinkedHashMap<>();
    read.spans.forEach(span -> assertThat(byName.put(span.name(), span)).isNull());
    return byName;
  }

  /** One dialect's row; what is not set is absent in the span. */
  private static final class Expected {
    final String name;
    SpanType type = SpanType.GENERIC;
    @Nullable String input;
    @Nullable String output;
    @Nullable String metadata;
    @Nullable String error;
    Usage usage = Usage.NONE;
    Entity entity = Entity.NONE;
    Correlation correlation = Correlation.NONE;
    @Nullable String environment;
    List<String> tags = List.of();

    Expected(String name, Consumer<Expected> fields) {
      this.name = name;
      fields.accept(this);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private static Correlation user(@Nullable String user, @Nullable String session) {
    return new Correlation(user, null, null, null, session, null, null, null);
  }

  static Stream<Expected> rows() {
    List<Expected> rows = new ArrayList<>();
    rows.add(new Expected("root", span -> {}));
    rows.add(
        new Expected(
            "traceloop-openai-flat",
            span -> {
              span.type = SpanType.MODEL_GENERATION;
              span.input = "[{\"role\":\"user\",\"content\":\"hello\"}]";
              span.output = "[{\"role\":\"assistant\",\"content\":\"hi\"}]";
              span.metadata = "{\"usage\":{\"cachedInputTokens\":3}}";
              span.usage =
                  Usage.builder()
                      .model("gpt-x")
                      .provider("OpenAI")
                      .inputTokens(5L)
                      .outputTokens(2L)
                      .totalTokens(7L)
                      .build();
            }));
    rows.add(
        new Expected(
            "traceloop-workflow",
            span -> {
              span.type = SpanType.WORKFLOW_RUN;
              span.input = "{\"inputs\": {\"a\": 1}}";
              span.output = "{\"out\": 1}";
              span.entity = Entity.of("workflow_run", "joke");
              span.correlation = user("u-1", "s-1");
            }));
    rows.add(
        new Expected(
            "traceloop-tool",
            span -> {
              span.type = SpanType.TOOL_CALL;
              span.input = "{\"q\": \"x\"}";
              span.entity = Entity.of("tool", "search");
            }));
    rows.add(
        new Expected(
            "openinference-llm",
            span -> {
              span.type = SpanType.MODEL_GENERATION;
              span.input = "[{\"role\":\"user\",\"content\":\"hey\"}]";
              span.output = "[{\"role\":\"assistant\",\"content\":\"yo\"}]";
              span.metadata =
                  "{\"k\":\"v\",\"usage\":{\"cachedInputTokens\":6,\"reasoningOutputTokens\":2}}";
              span.usage =
                  Usage.builder()
                      .model("m")
                      .inputTokens(10L)
                      .outputTokens(4L)
                      .totalTokens(14L)
                      .cost(new BigDecimal("0.01"))
                      .build();
              span.correlation = user("usr", "sess");
              span.tags = List.of("a", "b");
            }));
    rows.add(
        new Expected(
            "openinference-retriever",
            span -> {
              span.type = SpanType.RAG_VECTOR_OPERATION;
              span.input = "\"query\"";
              span.output = "[{\"id\":\"d1\",\"content\":\"text\"}]";
            }));
    rows.add(
        new Expected(
            "genai-new",
            span -> {
              span.type = SpanType.MODEL_GENERATION;
              span.input =
                  "[{\"role\": \"user\", \"parts\": [{\"type\": \"text\", \"content\": \"q\"}]}]";
              span.output = "[{\"role\": \"assistant\", \"parts\": []}]";
              span.metadata =
                  "{\"usage\":{\"cachedInputTokens\":40,\"cacheWriteInputTokens\":25,\"reasoningOutputTokens\":9}}";
              span.usage =
                  Usage.builder()
                      .model("c")
                      .provider("anthropic")
                      .inputTokens(300L)
                      .outputTokens(20L)
                      .cost(new BigDecimal("0.02"))
                      .build();
            }));
    rows.add(
        new Expected(
            "strands-tool-event",
            span -> {
              span.type = SpanType.TOOL_CALL;
              span.input = "{\"q\": 1}";
              span.output = "[{\"text\": \"ok\"}]";
              span.usage = Usage.builder().provider("strands-agents").build();
              span.entity = Entity.of("tool", "add_to_cart");
            }));
    rows.add(
        new Expected(
            "strands-chat-event",
            span -> {
              span.type = SpanType.MODEL_GENERATION;
              span.input =
                  "[{\"role\":\"system\",\"content\":\"sys\"},"
                      + "{\"role\":\"user\",\"content\":[{\"text\": \"hi\"}]}]";
              span.output =
                  "[{\"finish_reason\":\"end_turn\",\"message\":[{\"text\": \"hello\"}]}]";
              span.usage =
                  Usage.builder().model("m").provider("strands-agents").inputTokens(11L).build();
            }));
    rows.add(
        new Expected(
            "langfuse-generation",
            span -> {
              span.type = SpanType.MODEL_GENERATION;
              span.input = "[{\"role\": \"user\", \"content\": \"q\"}]";
              span.output = "\"answer\"";
              span.metadata = "{\"foo\":\"bar\"}";
              span.usage =
                  Usage.builder()
                      .model("gpt")
                      .inputTokens(3L)
                      .outputTokens(4L)
                      .totalTokens(7L)
                      .cost(new BigDecimal("0.1"))
                      .build();
              span.error = "{}";
              span.correlation = user("lu", "ls");
              span.environment = "prod";
              span.tags = List.of("t");
            }));
    rows.add(
        new Expected(
            "vercel-v5-generate",
            span -> {
              span.type = SpanType.MODEL_STEP;
              span.input =
                  "[{\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"q\"}]}]";
              span.output = "{\"text\":\"a\",\"reasoning\":\"because\"}";
              span.metadata = "{\"usage\":{\"cachedInputTokens\":4,\"reasoningOutputTokens\":2}}";
              span.usage =
                  Usage.builder()
                      .model("m")
                      .provider("openai.responses")
                      .inputTokens(10L)
                      .outputTokens(5L)
                      .totalTokens(15L)
                      .build();
            }));
    rows.add(
        new Expected(
            "claude_code.llm_request",
            span -> {
              span.type = SpanType.MODEL_GENERATION;
              span.metadata = "{\"usage\":{\"cachedInputTokens\":100,\"cacheWriteInputTokens\":5}}";
              span.usage =
                  Usage.builder()
                      .model("claude-s")
                      .provider("anthropic")
                      .inputTokens(12L)
                      .outputTokens(34L)
                      .build();
              span.correlation = user(null, "cc");
            }));
    rows.add(
        new Expected(
            "claude_code.tool",
            span -> {
              span.type = SpanType.TOOL_CALL;
              span.input = "\"ls\"";
              span.entity = Entity.of("tool", "Bash");
              span.correlation = user(null, "cc");
            }));
    rows.add(
        new Expected(
            "claude_code.interaction",
            span -> {
              span.type = SpanType.AGENT_RUN;
              span.input = "\"fix it\"";
              span.correlation = user(null, "cc");
            }));
    rows.add(
        new Expected(
            "mastra-agent-run",
            span -> {
              span.type = SpanType.AGENT_RUN;
              span.input = "[{\"role\": \"user\", \"content\": \"weather?\"}]";
              span.output = "{\"text\": \"sunny\"}";
              span.entity = new Entity("agent", "w", "Weather", null);
              span.correlation = user("u9", null);
              span.tags = List.of("x", "y");
            }));
    rows.add(
        new Expected(
            "mastra-workflow-step",
            span -> {
              span.type = SpanType.WORKFLOW_STEP;
              span.input = "{\"a\": 1}";
              span.output = "{\"b\": 2}";
            }));
    rows.add(
        new Expected(
            "mastra-model-step",
            span -> {
              span.type = SpanType.MODEL_STEP;
              span.usage = Usage.builder().inputTokens(4L).build();
            }));
    rows.add(
        new Expected(
            "pydantic-ai agent",
            span -> {
              span.type = SpanType.AGENT_RUN;
              span.input =
                  "[{\"role\": \"user\", \"parts\": [{\"type\": \"text\", \"content\": \"q\"}]}]";
              span.output = "\"r\"";
              span.metadata = "{\"usage\":{\"cachedInputTokens\":4}}";
              span.usage = Usage.builder().model("m").inputTokens(7L).build();
              span.entity = Entity.of("agent", "a");
            }));
    rows.add(
        new Expected(
            "logfire-openai",
            span -> {
              span.type = SpanType.MODEL_GENERATION;
              span.input = "{\"messages\": []}";
              span.output = "{\"message\": {}}";
              span.usage = Usage.builder().model("m").build();
              span.tags = List.of("LLM");
            }));
    rows.add(
        new Expected(
            "langsmith",
            span -> {
              span.type = SpanType.MODEL_GENERATION;
              span.input = "{\"messages\": [[]]}";
              span.output = "{\"generations\": []}";
              span.usage = Usage.builder().provider("openai").build();
              span.correlation = user("u", "abc");
            }));
    rows.add(
        new Expected(
            "azure-ai-event",
            span -> {
              span.type = SpanType.MODEL_GENERATION;
              span.input = "[{\"role\":\"user\",\"content\":\"q\"}]";
              span.output = "[{\"message\": {\"content\": \"a\"}, \"finish_reason\": \"stop\"}]";
              span.usage = Usage.builder().model("m").provider("az.ai.inference").build();
            }));
    rows.add(
        new Expected(
            "openlit-event",
            span -> {
              span.type = SpanType.MODEL_GENERATION;
              span.input = "\"user: q\"";
              span.output = "\"a\"";
              span.usage =
                  Usage.builder().model("m").provider("openai").cost(new BigDecimal("0.5")).build();
              span.environment = "prod";
            }));
    rows.add(
        new Expected(
            "token-as-double",
            span -> {
              span.type = SpanType.MODEL_GENERATION;
              span.usage = Usage.builder().model("m").inputTokens(12L).outputTokens(34L).build();
            }));
    rows.add(
        new Expected(
            "sem-kernel error",
            span -> {
              span.type = SpanType.MODEL_GENERATION;
              span.error = "{\"type\":\"timeout\"}";
            }));
    rows.add(
        new Expected(
            "codex session_task.turn",
            span -> {
              span.type = SpanType.AGENT_RUN;
              span.usage = Usage.builder().model("gpt-5").build();
              span.correlation = new Correlation(null, null, null, "1", null, "conv", null, null);
            }));
    rows.add(
        new Expected(
            "crewai-agent",
            span -> {
              span.type = SpanType.AGENT_RUN;
              span.usage = Usage.builder().model("m").provider("crewai").build();
              span.entity = Entity.of("agent", "researcher");
            }));
    rows.add(
        new Expected(
            "google-adk",
            span -> {
              span.type = SpanType.MODEL_GENERATION;
              span.input = "{\"m\": 1}";
              span.output = "{\"r\": 1}";
              span.usage = Usage.builder().model("gemini").provider("gcp.vertex.agent").build();
            }));
    rows.add(
        new Expected(
            "vercel-toolcall",
            span -> {
              span.type = SpanType.TOOL_CALL;
              span.input = "{\"c\": \"x\"}";
              span.output = "{\"t\": 1}";
              span.entity = Entity.of("tool", "weather");
            }));
    rows.add(
        new Expected(
            "vercel-v6-details",
            span -> {
              span.type = SpanType.MODEL_GENERATION;
              span.input = "{\"prompt\": \"q\"}";
              span.output = "{\"text\":\"\",\"toolCalls\":[{\"toolName\": \"t\"}],\"object\":{}}";
              span.metadata = "{\"usage\":{\"cachedInputTokens\":7}}";
              span.usage = Usage.builder().inputTokens(9L).build();
            }));
    return rows.stream();
  }

  @ParameterizedTest
  @MethodSource("rows")
  void dialect_fillsTheFieldsOfASpan(Expected expected) {
    Span span = SPANS.get(expected.name);

    assertThat(span.type()).isEqualTo(expected.type);
    assertThat(text(span.payload().input())).isEqualTo(expected.input);
    assertThat(text(span.payload().output())).isEqualTo(expected.output);
    assertThat(text(span.payload().metadata())).isEqualTo(expected.metadata);
    assertThat(text(span.payload().error())).isEqualTo(expected.error);
    assertThat(span.usage()).isEqualTo(expected.usage);
    assertThat(span.entity()).isEqualTo(expected.entity);
    assertThat(span.parentEntity()).isEqualTo(Entity.NONE);
    assertThat(span.correlation()).isEqualTo(expected.correlation);
    assertThat(span.origin().environment()).isEqualTo(expected.environment);
    assertThat(span.origin().serviceName()).isEqualTo("svc");
    assertThat(span.tags()).isEqualTo(expected.tags);
  }

  @Test
  void rows_areAllSpansOfTheFile() {
    assertThat(rows().map(row -> row.name)).containsExactlyElementsOf(SPANS.keySet()).hasSize(29);
  }

  private static @Nullable String text(@Nullable Json json) {
    return json == null ? null : json.text();
  }
}
