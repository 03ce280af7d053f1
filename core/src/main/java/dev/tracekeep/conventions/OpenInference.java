package dev.tracekeep.conventions;

import static java.util.Map.entry;

import dev.tracekeep.span.SpanType;
import java.util.Map;

/** OpenInference: {@code openinference.span.kind} and what comes with it. */
final class OpenInference {
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

  static final Convention CONVENTION =
      Convention.named(
              "OpenInference",
              "openinference-semantic-conventions 0.1.30",
              "https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md")
          .recognizedBy("openinference.span.kind")
          .type("openinference.span.kind", TYPES)
          .also(
              "input, output",
              "`input.value`, `output.value`; as JSON if `input.mime_type`, `output.mime_type` say so",
              (span, description) -> {
                readContent("input", Meaning.INPUT, span, description);
                readContent("output", Meaning.OUTPUT, span, description);
              })
          .takeSpread(Meaning.INPUT, "llm.input_messages")
          .takeSpread(Meaning.INPUT, "reranker.input_documents")
          .takeSpread(Meaning.INPUT, "llm.prompts")
          .takeSpread(Meaning.OUTPUT, "llm.output_messages")
          .takeSpread(Meaning.OUTPUT, "retrieval.documents")
          .takeSpread(Meaning.OUTPUT, "reranker.output_documents")
          .takeSpread(Meaning.OUTPUT, "embedding.embeddings")
          .takeSpread(Meaning.OUTPUT, "llm.choices")
          .take(
              Meaning.MODEL,
              "llm.response.model_name",
              "llm.model_name",
              "llm.request.model_name",
              "embedding.model_name",
              "reranker.model_name")
          .take(Meaning.PROVIDER, "llm.provider", "llm.system")
          .take(Meaning.INPUT_TOKENS, "llm.token_count.prompt")
          .take(
              Meaning.CACHED_INPUT_TOKENS,
              "llm.token_count.prompt_details.cache_read",
              "llm.token_count.prompt_details.cache_input")
          .take(Meaning.CACHE_WRITE_INPUT_TOKENS, "llm.token_count.prompt_details.cache_write")
          .take(Meaning.OUTPUT_TOKENS, "llm.token_count.completion")
          .take(Meaning.REASONING_OUTPUT_TOKENS, "llm.token_count.completion_details.reasoning")
          .take(Meaning.TOTAL_TOKENS, "llm.token_count.total")
          .take(Meaning.COST, "llm.cost.total")
          .take(Meaning.TOOL_NAME, "tool.name")
          .take(Meaning.AGENT_NAME, "agent.name")
          .tags("tag.tags")
          .metadataObject("metadata")
          .build();

  private OpenInference() {}

  /** The specification calls a value plain text unless its MIME type says JSON. */
  private static void readContent(
      String side, Meaning meaning, TelemetrySpan span, SpanDescription description) {
    Object value = span.attributes().get(side + ".value");
    if (value == null || description.says(meaning)) {
      return;
    }
    String mimeType = span.attributes().text(side + ".mime_type");
    boolean isJson = mimeType != null && mimeType.startsWith("application/json");
    description.say(meaning, isJson ? Values.structured(value) : value);
  }
}
