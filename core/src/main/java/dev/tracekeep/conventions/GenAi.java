package dev.tracekeep.conventions;

import static java.util.Map.entry;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanType;
import java.util.Map;

/**
 * OpenTelemetry's {@code gen_ai.*}, from its first release to those of its own repository, in which
 * much was renamed. Older releases put content into events, see {@link MessageEvents}.
 */
final class GenAi {
  private static final String OPERATION = "gen_ai.operation.name";

  private static final Map<String, SpanType> TYPES =
      Map.ofEntries(
          entry("chat", SpanType.MODEL_GENERATION),
          entry("text_completion", SpanType.MODEL_GENERATION),
          entry("generate_content", SpanType.MODEL_GENERATION),
          entry("realtime_inference", SpanType.MODEL_GENERATION),
          entry("embeddings", SpanType.RAG_EMBEDDING),
          entry("retrieval", SpanType.RAG_VECTOR_OPERATION),
          entry("execute_tool", SpanType.TOOL_CALL),
          entry("invoke_agent", SpanType.AGENT_RUN),
          entry("invoke_workflow", SpanType.WORKFLOW_RUN),
          entry("create_memory", SpanType.MEMORY_OPERATION),
          entry("create_memory_store", SpanType.MEMORY_OPERATION),
          entry("delete_memory", SpanType.MEMORY_OPERATION),
          entry("delete_memory_store", SpanType.MEMORY_OPERATION),
          entry("search_memory", SpanType.MEMORY_OPERATION),
          entry("update_memory", SpanType.MEMORY_OPERATION),
          entry("upsert_memory", SpanType.MEMORY_OPERATION),
          // Nothing runs yet when an agent is made.
          entry("create_agent", SpanType.GENERIC));

  static final Convention CONVENTION =
      Convention.named(
              "OpenTelemetry GenAI",
              "semantic conventions 1.27 to 1.41, GenAI conventions 0.1.0",
              "https://github.com/open-telemetry/semantic-conventions-genai")
          .recognizedBy("gen_ai.*")
          .type(OPERATION, TYPES)
          .also(
              "type `model_generation`",
              "`gen_ai.request.model` is there, and no operation",
              GenAi::readOldType)
          .also(
              "input",
              "`gen_ai.input.messages`, with `gen_ai.system_instructions` an object of"
                  + " `systemInstructions` and `messages`",
              GenAi::readMessages)
          .take(Meaning.INPUT, "gen_ai.tool.call.arguments")
          .takePlain(Meaning.INPUT, "gen_ai.retrieval.query.text", "gen_ai.memory.query.text")
          .take(Meaning.INPUT, "gen_ai.prompt")
          .take(
              Meaning.OUTPUT,
              "gen_ai.output.messages",
              "gen_ai.tool.call.result",
              "gen_ai.retrieval.documents",
              "gen_ai.memory.records",
              "gen_ai.completion")
          .also(
              "input, output",
              "the events `gen_ai.*.message` and `gen_ai.choice`",
              MessageEvents::read)
          .take(Meaning.MODEL, "gen_ai.response.model", "gen_ai.request.model")
          .take(Meaning.PROVIDER, "gen_ai.provider.name", "gen_ai.system")
          .take(Meaning.INPUT_TOKENS, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
          .take(
              Meaning.CACHED_INPUT_TOKENS,
              "gen_ai.usage.cache_read.input_tokens",
              "gen_ai.usage.cache_read_input_tokens",
              "gen_ai.usage.cached_input_tokens",
              "gen_ai.usage.input_tokens.cached")
          .take(
              Meaning.CACHE_WRITE_INPUT_TOKENS,
              "gen_ai.usage.cache_creation.input_tokens",
              "gen_ai.usage.cache_creation_input_tokens",
              "gen_ai.usage.cache_write_input_tokens",
              "gen_ai.usage.input_tokens.cache_write")
          .take(
              Meaning.OUTPUT_TOKENS, "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")
          .take(
              Meaning.REASONING_OUTPUT_TOKENS,
              "gen_ai.usage.reasoning.output_tokens",
              "gen_ai.usage.reasoning_tokens",
              "gen_ai.usage.output_tokens.reasoning")
          .take(Meaning.TOTAL_TOKENS, "gen_ai.usage.total_tokens")
          .take(Meaning.COST, "gen_ai.usage.cost", "gen_ai.usage.total_cost")
          .take(Meaning.THREAD_ID, "gen_ai.conversation.id")
          .take(Meaning.AGENT_ID, "gen_ai.agent.id")
          .take(Meaning.AGENT_NAME, "gen_ai.agent.name")
          .take(Meaning.AGENT_VERSION, "gen_ai.agent.version")
          .take(Meaning.WORKFLOW_NAME, "gen_ai.workflow.name")
          .take(Meaning.TOOL_NAME, "gen_ai.tool.name")
          .alsoInEvents("gen_ai.")
          .build();

  private GenAi() {}

  /** The first releases named no operation. */
  private static void readOldType(TelemetrySpan span, SpanDescription description) {
    if (span.attributes().get("gen_ai.request.model") != null
        && span.attributes().get(OPERATION) == null) {
      description.sayType(SpanType.MODEL_GENERATION);
    }
  }

  /** The messages; with system instructions beside them the two become an object. */
  private static void readMessages(TelemetrySpan span, SpanDescription description) {
    if (description.says(Meaning.INPUT)) {
      return;
    }
    Object messages = span.attributes().get("gen_ai.input.messages");
    Object instructions = span.attributes().get("gen_ai.system_instructions");
    if (instructions != null) {
      description.say(
          Meaning.INPUT,
          Json.objectBuilder()
              .put("systemInstructions", Values.structured(instructions))
              .put("messages", messages == null ? null : Values.structured(messages))
              .build());
    } else if (messages != null) {
      description.say(Meaning.INPUT, Values.structured(messages));
    }
  }
}
