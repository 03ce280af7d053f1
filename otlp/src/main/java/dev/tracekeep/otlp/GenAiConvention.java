package dev.tracekeep.otlp;

import static java.util.Map.entry;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanType;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * OpenTelemetry's {@code gen_ai.*}, from the first release to the one that has its own repository.
 * Older releases put the content into events of the span: their attributes are looked at after the
 * span's own.
 */
final class GenAiConvention implements Convention {
  private static final String PREFIX = "gen_ai.";
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

  private static final List<Rule> RULES =
      List.of(
          Rule.json(Target.INPUT, "gen_ai.tool.call.arguments"),
          Rule.plain(Target.INPUT, "gen_ai.retrieval.query.text"),
          Rule.json(Target.INPUT, "gen_ai.prompt"),
          Rule.json(Target.OUTPUT, "gen_ai.output.messages"),
          Rule.json(Target.OUTPUT, "gen_ai.tool.call.result"),
          Rule.json(Target.OUTPUT, "gen_ai.retrieval.documents"),
          Rule.json(Target.OUTPUT, "gen_ai.completion"),
          Rule.plain(Target.MODEL, "gen_ai.response.model"),
          Rule.plain(Target.MODEL, "gen_ai.request.model"),
          Rule.plain(Target.PROVIDER, "gen_ai.provider.name"),
          Rule.plain(Target.PROVIDER, "gen_ai.system"),
          Rule.count(Target.INPUT_TOKENS, "gen_ai.usage.input_tokens"),
          Rule.count(Target.INPUT_TOKENS, "gen_ai.usage.prompt_tokens"),
          Rule.count(Target.OUTPUT_TOKENS, "gen_ai.usage.output_tokens"),
          Rule.count(Target.OUTPUT_TOKENS, "gen_ai.usage.completion_tokens"),
          Rule.count(Target.TOTAL_TOKENS, "gen_ai.usage.total_tokens"),
          Rule.plain(Target.THREAD_ID, "gen_ai.conversation.id"),
          Rule.plain(Target.AGENT_ID, "gen_ai.agent.id"),
          Rule.plain(Target.AGENT_NAME, "gen_ai.agent.name"),
          Rule.plain(Target.AGENT_VERSION, "gen_ai.agent.version"),
          Rule.plain(Target.WORKFLOW_NAME, "gen_ai.workflow.name"),
          Rule.plain(Target.TOOL_NAME, "gen_ai.tool.name"));

  @Override
  public boolean isSpokenBy(SpanFields span) {
    for (String name : span.attributes.keySet()) {
      if (name.startsWith(PREFIX)) {
        return true;
      }
    }
    return span.events.stream().anyMatch(event -> event.name.startsWith(PREFIX));
  }

  @Override
  public void describe(SpanFields span, Draft draft) {
    String operation = span.text(OPERATION);
    if (operation != null) {
      draft.set(TYPES.get(operation));
    } else if (span.attributes.containsKey("gen_ai.request.model")) {
      draft.set(SpanType.MODEL_GENERATION); // The first releases named no operation.
    }
    draft.set(Target.INPUT, messages(span.attributes));
    draft.apply(RULES, span.attributes);
    for (SpanFields.Event event : span.events) {
      if (event.name.startsWith(PREFIX)) {
        draft.set(Target.INPUT, messages(event.attributes));
        draft.apply(RULES, event.attributes);
      }
    }
  }

  /** The messages; with system instructions beside them the two become an object. */
  private static @Nullable Json messages(Map<String, AnyValue> attributes) {
    AnyValue messages = attributes.get("gen_ai.input.messages");
    AnyValue instructions = attributes.get("gen_ai.system_instructions");
    if (instructions == null) {
      return messages == null ? null : Rule.structured(messages);
    }
    return Json.objectBuilder()
        .put("systemInstructions", Rule.structured(instructions))
        .put("messages", messages == null ? null : Rule.structured(messages))
        .build();
  }
}
