package dev.tracekeep.conventions;

import static java.util.Map.entry;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanType;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The Vercel AI SDK's {@code ai.*}, in the spelling of its versions 3 to 6. */
final class VercelAiSdk {
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

  static final Convention CONVENTION =
      Convention.named(
              "Vercel AI SDK",
              "ai 3.3 to 6.0",
              "https://ai-sdk.dev/docs/ai-sdk-core/telemetry#collected-data")
          .recognizedBy("ai.operationId")
          .type("ai.operationId", TYPES)
          .also(
              "output",
              "`ai.response.text` or `ai.response.object` alone; several of these with"
                  + " `ai.response.reasoning` and `ai.response.toolCalls` as an object; `ai.result.*`"
                  + " of version 3",
              VercelAiSdk::readAnswer)
          .take(Meaning.INPUT, "ai.prompt.messages", "ai.prompt", "ai.toolCall.args")
          .takeList(Meaning.INPUT, "ai.values")
          .take(Meaning.INPUT, "ai.value")
          .take(Meaning.OUTPUT, "ai.toolCall.result")
          .takeList(Meaning.OUTPUT, "ai.embeddings")
          .take(Meaning.OUTPUT, "ai.embedding")
          .take(Meaning.MODEL, "ai.response.model", "ai.model.id")
          .take(Meaning.PROVIDER, "ai.model.provider")
          .take(
              Meaning.INPUT_TOKENS,
              "ai.usage.inputTokens",
              "ai.usage.promptTokens",
              "ai.usage.tokens")
          .take(
              Meaning.CACHED_INPUT_TOKENS,
              "ai.usage.inputTokenDetails.cacheReadTokens",
              "ai.usage.cachedInputTokens")
          .take(Meaning.CACHE_WRITE_INPUT_TOKENS, "ai.usage.inputTokenDetails.cacheWriteTokens")
          .take(Meaning.OUTPUT_TOKENS, "ai.usage.outputTokens", "ai.usage.completionTokens")
          .take(
              Meaning.REASONING_OUTPUT_TOKENS,
              "ai.usage.outputTokenDetails.reasoningTokens",
              "ai.usage.reasoningTokens")
          .take(Meaning.TOTAL_TOKENS, "ai.usage.totalTokens")
          .take(Meaning.TOOL_NAME, "ai.toolCall.name")
          .metadata("ai.telemetry.metadata.")
          .build();

  private VercelAiSdk() {}

  /** A text alone is a string, and an object itself; several parts become an object of them. */
  private static void readAnswer(TelemetrySpan span, SpanDescription description) {
    if (description.says(Meaning.OUTPUT)) {
      return;
    }
    Object text = first(span, "ai.response.text", "ai.result.text");
    Object reasoning = span.attributes().get("ai.response.reasoning");
    Object toolCalls = first(span, "ai.response.toolCalls", "ai.result.toolCalls");
    Object object = first(span, "ai.response.object", "ai.result.object");
    if (reasoning == null && toolCalls == null && (text == null || object == null)) {
      description.say(Meaning.OUTPUT, text);
      description.say(Meaning.OUTPUT, structured(object));
      return;
    }
    description.say(
        Meaning.OUTPUT,
        Json.objectBuilder()
            .put("text", text == null ? null : Values.json(text))
            .put("reasoning", reasoning == null ? null : Values.json(reasoning))
            .put("toolCalls", structured(toolCalls))
            .put("object", structured(object))
            .build());
  }

  private static @Nullable Json structured(@Nullable Object value) {
    return value == null ? null : Values.structured(value);
  }

  private static @Nullable Object first(TelemetrySpan span, String name, String olderName) {
    Object value = span.attributes().get(name);
    return value == null ? span.attributes().get(olderName) : value;
  }
}
