package dev.tracekeep.otlp;

import static java.util.Map.entry;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanType;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** OpenInference: {@code openinference.span.kind} and what comes with it. */
final class OpenInferenceConvention implements Convention {
  private static final String KIND = "openinference.span.kind";

  private static final Map<String, SpanType> TYPES =
      Map.ofEntries(
          entry("LLM", SpanType.MODEL_GENERATION),
          entry("TOOL", SpanType.TOOL_CALL),
          entry("AGENT", SpanType.AGENT_RUN),
          entry("CHAIN", SpanType.WORKFLOW_STEP),
          entry("RETRIEVER", SpanType.RAG_VECTOR_OPERATION),
          entry("EMBEDDING", SpanType.RAG_EMBEDDING),
          entry("RERANKER", SpanType.RAG_ACTION),
          entry("GUARDRAIL", SpanType.PROCESSOR_RUN),
          entry("EVALUATOR", SpanType.SCORER_RUN));

  private static final List<Rule> RULES =
      List.of(
          Rule.plain(Target.MODEL, "llm.response.model_name"),
          Rule.plain(Target.MODEL, "llm.model_name"),
          Rule.plain(Target.MODEL, "llm.request.model_name"),
          Rule.plain(Target.MODEL, "embedding.model_name"),
          Rule.plain(Target.MODEL, "reranker.model_name"),
          Rule.plain(Target.PROVIDER, "llm.provider"),
          Rule.plain(Target.PROVIDER, "llm.system"),
          Rule.count(Target.INPUT_TOKENS, "llm.token_count.prompt"),
          Rule.count(Target.OUTPUT_TOKENS, "llm.token_count.completion"),
          Rule.count(Target.TOTAL_TOKENS, "llm.token_count.total"),
          Rule.plain(Target.TOOL_NAME, "tool.name"),
          Rule.plain(Target.AGENT_NAME, "agent.name"));

  @Override
  public boolean isSpokenBy(SpanFields span) {
    return span.attributes.containsKey(KIND);
  }

  @Override
  public void describe(SpanFields span, Draft draft) {
    String kind = span.text(KIND);
    draft.set(kind == null ? null : TYPES.get(kind.toUpperCase(Locale.ROOT)));
    draft.set(Target.INPUT, content(span, "input"));
    draft.set(Target.OUTPUT, content(span, "output"));
    draft.apply(RULES, span.attributes);
    AnyValue tags = span.attributes.get("tag.tags");
    if (tags != null) {
      Tags.take(tags, draft);
    }
    AnyValue metadata = span.attributes.get("metadata");
    if (metadata != null) {
      Rule.structured(metadata).members().forEach(draft.metadata::putIfAbsent);
    }
  }

  /** The specification calls a value plain text unless its MIME type says JSON. */
  private static @Nullable Json content(SpanFields span, String side) {
    AnyValue value = span.attributes.get(side + ".value");
    if (value == null) {
      return null;
    }
    String mimeType = span.text(side + ".mime_type");
    return mimeType != null && mimeType.startsWith("application/json")
        ? Rule.structured(value)
        : value.toJson();
  }
}
