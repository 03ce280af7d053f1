package dev.tracekeep.otlp;

import static java.util.Map.entry;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanType;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The Vercel AI SDK's {@code ai.*}, in the spelling of its versions 3 to 6. */
final class VercelAiConvention implements Convention {
  private static final String OPERATION = "ai.operationId";
  private static final String METADATA = "ai.telemetry.metadata.";

  private static final Map<String, SpanType> TYPES =
      Map.ofEntries(
          entry("ai.generateText", SpanType.MODEL_GENERATION),
          entry("ai.streamText", SpanType.MODEL_GENERATION),
          entry("ai.generateObject", SpanType.MODEL_GENERATION),
          entry("ai.streamObject", SpanType.MODEL_GENERATION),
          entry("ai.generateText.doGenerate", SpanType.MODEL_STEP),
          entry("ai.streamText.doStream", SpanType.MODEL_STEP),
          entry("ai.generateObject.doGenerate", SpanType.MODEL_STEP),
          entry("ai.streamObject.doStream", SpanType.MODEL_STEP),
          entry("ai.toolCall", SpanType.TOOL_CALL),
          entry("ai.embed", SpanType.RAG_EMBEDDING),
          entry("ai.embed.doEmbed", SpanType.RAG_EMBEDDING),
          entry("ai.embedMany", SpanType.RAG_EMBEDDING),
          entry("ai.embedMany.doEmbed", SpanType.RAG_EMBEDDING),
          entry("ai.rerank", SpanType.RAG_ACTION),
          entry("ai.rerank.doRerank", SpanType.RAG_ACTION));

  private static final List<Rule> RULES =
      List.of(
          Rule.json(Target.INPUT, "ai.prompt.messages"),
          Rule.json(Target.INPUT, "ai.prompt"),
          Rule.json(Target.INPUT, "ai.toolCall.args"),
          Rule.jsonList(Target.INPUT, "ai.values"),
          Rule.json(Target.INPUT, "ai.value"),
          Rule.json(Target.OUTPUT, "ai.response.object"),
          Rule.json(Target.OUTPUT, "ai.result.object"),
          Rule.json(Target.OUTPUT, "ai.toolCall.result"),
          Rule.jsonList(Target.OUTPUT, "ai.embeddings"),
          Rule.json(Target.OUTPUT, "ai.embedding"),
          Rule.plain(Target.MODEL, "ai.response.model"),
          Rule.plain(Target.MODEL, "ai.model.id"),
          Rule.plain(Target.PROVIDER, "ai.model.provider"),
          Rule.count(Target.INPUT_TOKENS, "ai.usage.inputTokens"),
          Rule.count(Target.INPUT_TOKENS, "ai.usage.promptTokens"),
          Rule.count(Target.INPUT_TOKENS, "ai.usage.tokens"),
          Rule.count(Target.OUTPUT_TOKENS, "ai.usage.outputTokens"),
          Rule.count(Target.OUTPUT_TOKENS, "ai.usage.completionTokens"),
          Rule.count(Target.TOTAL_TOKENS, "ai.usage.totalTokens"),
          Rule.plain(Target.TOOL_NAME, "ai.toolCall.name"));

  /** The keys of the user's metadata that have a field of their own. */
  private static final Map<String, Target> METADATA_FIELDS =
      Map.of(
          "userId", Target.USER_ID,
          "organizationId", Target.ORGANIZATION_ID,
          "resourceId", Target.RESOURCE_ID,
          "runId", Target.RUN_ID,
          "sessionId", Target.SESSION_ID,
          "threadId", Target.THREAD_ID,
          "requestId", Target.REQUEST_ID,
          "experimentId", Target.EXPERIMENT_ID,
          "environment", Target.ENVIRONMENT);

  @Override
  public boolean isSpokenBy(SpanFields span) {
    return span.attributes.containsKey(OPERATION);
  }

  @Override
  public void describe(SpanFields span, Draft draft) {
    String operation = span.text(OPERATION);
    draft.set(operation == null ? null : TYPES.get(operation));
    draft.set(Target.OUTPUT, answer(span));
    draft.apply(RULES, span.attributes);
    span.attributes.forEach(
        (name, value) -> {
          if (name.startsWith(METADATA)) {
            metadata(name.substring(METADATA.length()), value, draft);
          }
        });
  }

  /** The text alone is a string; with tool calls the two become an object. */
  private static @Nullable Json answer(SpanFields span) {
    AnyValue text = first(span, "ai.response.text", "ai.result.text");
    AnyValue toolCalls = first(span, "ai.response.toolCalls", "ai.result.toolCalls");
    if (toolCalls == null) {
      return text == null ? null : text.toJson();
    }
    return Json.objectBuilder()
        .put("text", text == null ? null : text.toJson())
        .put("toolCalls", Rule.structured(toolCalls))
        .build();
  }

  private static @Nullable AnyValue first(SpanFields span, String name, String olderName) {
    AnyValue value = span.attributes.get(name);
    return value == null ? span.attributes.get(olderName) : value;
  }

  private static void metadata(String key, AnyValue value, Draft draft) {
    Target field = METADATA_FIELDS.get(key);
    if (field != null) {
      draft.set(field, value);
    } else if (!(key.equals("tags") && Tags.take(value, draft))) {
      draft.metadata.put(key, value.toJson());
    }
  }
}
