package dev.tracekeep.conventions;

import static java.util.Map.entry;

import dev.tracekeep.span.SpanType;
import java.util.Map;

/** The SDKs of Langfuse: {@code langfuse.*} for what it calls observations and traces. */
final class Langfuse {
  /** A {@code span} can be anything, so that says nothing. */
  private static final Map<String, SpanType> TYPES =
      Map.ofEntries(
          entry("generation", SpanType.MODEL_GENERATION),
          entry("embedding", SpanType.RAG_EMBEDDING),
          entry("agent", SpanType.AGENT_RUN),
          entry("tool", SpanType.TOOL_CALL),
          entry("chain", SpanType.WORKFLOW_STEP),
          entry("retriever", SpanType.RAG_VECTOR_OPERATION),
          entry("evaluator", SpanType.SCORER_RUN),
          entry("guardrail", SpanType.PROCESSOR_RUN));

  static final Convention CONVENTION =
      Convention.named(
              "Langfuse",
              "langfuse (Python) 3.x, @langfuse/tracing 4.x",
              "https://langfuse.com/integrations/native/opentelemetry#property-mapping")
          .recognizedBy("langfuse.*")
          .type("langfuse.observation.type", TYPES)
          .take(Meaning.INPUT, "langfuse.observation.input", "langfuse.trace.input")
          .take(Meaning.OUTPUT, "langfuse.observation.output", "langfuse.trace.output")
          .take(Meaning.MODEL, "langfuse.observation.model.name")
          .takeMembers(
              "langfuse.observation.usage_details",
              Convention.Member.of(
                  Meaning.INPUT_TOKENS, "input", "input_tokens", "prompt_tokens", "promptTokens"),
              Convention.Member.of(
                  Meaning.CACHED_INPUT_TOKENS,
                  "input_cached_tokens",
                  "cache_read_input_tokens",
                  "cached_input_tokens",
                  "prompt_tokens_details.cached_tokens"),
              Convention.Member.of(
                  Meaning.CACHE_WRITE_INPUT_TOKENS,
                  "input_cache_creation",
                  "cache_creation_input_tokens",
                  "cache_write_input_tokens"),
              Convention.Member.of(
                  Meaning.OUTPUT_TOKENS,
                  "output",
                  "output_tokens",
                  "completion_tokens",
                  "completionTokens"),
              Convention.Member.of(
                  Meaning.REASONING_OUTPUT_TOKENS,
                  "output_reasoning_tokens",
                  "reasoning_tokens",
                  "completion_tokens_details.reasoning_tokens"),
              Convention.Member.of(Meaning.TOTAL_TOKENS, "total", "total_tokens", "totalTokens"))
          .takeMembers(
              "langfuse.observation.cost_details",
              Convention.Member.of(Meaning.COST, "total", "total_cost"))
          .take(Meaning.USER_ID, "langfuse.user.id", "user.id")
          .take(Meaning.SESSION_ID, "langfuse.session.id", "session.id")
          .take(Meaning.ENVIRONMENT, "langfuse.environment")
          .tags("langfuse.trace.tags")
          .also(
              "error",
              "`langfuse.observation.level` is ERROR; `langfuse.observation.status_message`",
              Langfuse::readLevel)
          .metadata("langfuse.observation.metadata.")
          .metadataObject("langfuse.observation.metadata")
          .metadata("langfuse.trace.metadata.")
          .metadataObject("langfuse.trace.metadata")
          .build();

  private Langfuse() {}

  /** Its SDKs tell of a failure by the level, and need not set the span's status. */
  private static void readLevel(TelemetrySpan span, SpanDescription description) {
    if ("ERROR".equals(span.attributes().text("langfuse.observation.level"))) {
      String message = span.attributes().text("langfuse.observation.status_message");
      description.fail(message == null ? "" : message);
    }
  }
}
