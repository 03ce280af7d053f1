package dev.tracekeep.conventions;

import static java.util.Map.entry;

import dev.tracekeep.span.SpanType;
import java.util.Map;

/**
 * OpenLLMetry by Traceloop: {@code traceloop.*} around tasks and workflows, and on the calls of
 * models the first names of {@code gen_ai.*}, with the messages spread over attributes.
 */
final class OpenLlmetry {
  private static final String KIND = "traceloop.span.kind";

  private static final Map<String, SpanType> KINDS =
      Map.ofEntries(
          entry("workflow", SpanType.WORKFLOW_RUN),
          entry("task", SpanType.WORKFLOW_STEP),
          entry("agent", SpanType.AGENT_RUN),
          entry("tool", SpanType.TOOL_CALL));

  private static final Map<String, SpanType> REQUESTS =
      Map.ofEntries(
          entry("chat", SpanType.MODEL_GENERATION),
          entry("completion", SpanType.MODEL_GENERATION),
          entry("embedding", SpanType.RAG_EMBEDDING),
          entry("rerank", SpanType.RAG_ACTION));

  private static final Map<String, Meaning> NAMES =
      Map.ofEntries(
          entry("workflow", Meaning.WORKFLOW_NAME),
          entry("task", Meaning.WORKFLOW_STEP_NAME),
          entry("agent", Meaning.AGENT_NAME),
          entry("tool", Meaning.TOOL_NAME));

  static final Convention CONVENTION =
      Convention.named(
              "OpenLLMetry",
              "opentelemetry-semantic-conventions-ai 0.4.13",
              "https://github.com/traceloop/openllmetry/tree/main/packages/opentelemetry-semantic-conventions-ai")
          .recognizedBy(
              "traceloop.*",
              "llm.request.type",
              "llm.usage.*",
              "gen_ai.prompt.*",
              "gen_ai.completion.*")
          .type(KIND, KINDS)
          .type("llm.request.type", REQUESTS)
          .take(Meaning.INPUT, "traceloop.entity.input")
          .takeSpread(Meaning.INPUT, "gen_ai.prompt")
          .take(Meaning.OUTPUT, "traceloop.entity.output")
          .takeSpread(Meaning.OUTPUT, "gen_ai.completion")
          .also(
              "workflow_name, workflow_step_name, agent_name, tool_name",
              "`traceloop.entity.name`, by the kind of the span",
              OpenLlmetry::readName)
          .take(Meaning.WORKFLOW_NAME, "traceloop.workflow.name")
          .take(Meaning.AGENT_VERSION, "traceloop.entity.version")
          .take(Meaning.INPUT_TOKENS, "llm.usage.prompt_tokens")
          .take(Meaning.CACHED_INPUT_TOKENS, "gen_ai.usage.cache_read_input_tokens")
          .take(Meaning.CACHE_WRITE_INPUT_TOKENS, "gen_ai.usage.cache_creation_input_tokens")
          .take(Meaning.OUTPUT_TOKENS, "llm.usage.completion_tokens")
          .take(
              Meaning.REASONING_OUTPUT_TOKENS,
              "gen_ai.usage.reasoning_tokens",
              "llm.usage.reasoning_tokens")
          .take(Meaning.TOTAL_TOKENS, "llm.usage.total_tokens")
          .take(Meaning.USER_ID, "llm.user")
          .metadata("traceloop.association.properties.")
          .build();

  private OpenLlmetry() {}

  private static void readName(TelemetrySpan span, SpanDescription description) {
    String kind = span.attributes().text(KIND);
    Meaning meaning = kind == null ? null : NAMES.get(kind);
    if (meaning != null) {
      description.say(meaning, span.attributes().get("traceloop.entity.name"));
    }
  }
}
