package dev.tracekeep.conventions;

import static java.util.Map.entry;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanType;
import java.util.Arrays;
import java.util.Map;

/** The exporter of LangSmith's SDKs: {@code langsmith.*} beside the first names of gen_ai. */
final class LangSmith {
  private static final String TAGS = "langsmith.span.tags";

  private static final Map<String, SpanType> KINDS =
      Map.ofEntries(
          entry("llm", SpanType.MODEL_GENERATION),
          entry("chain", SpanType.WORKFLOW_STEP),
          entry("tool", SpanType.TOOL_CALL),
          entry("retriever", SpanType.RAG_VECTOR_OPERATION),
          entry("embedding", SpanType.RAG_EMBEDDING));

  static final Convention CONVENTION =
      Convention.named(
              "LangSmith",
              "langsmith (Python) 0.4, langsmith (JavaScript) 0.3 to 0.10",
              "https://docs.langchain.com/langsmith/trace-with-opentelemetry")
          .recognizedBy("langsmith.*")
          .type("langsmith.span.kind", KINDS)
          .takeMembers(
              "langsmith.usage_metadata",
              Convention.Member.of(Meaning.INPUT_TOKENS, "input_tokens"),
              Convention.Member.of(Meaning.CACHED_INPUT_TOKENS, "input_token_details.cache_read"),
              Convention.Member.of(
                  Meaning.CACHE_WRITE_INPUT_TOKENS, "input_token_details.cache_creation"),
              Convention.Member.of(Meaning.OUTPUT_TOKENS, "output_tokens"),
              Convention.Member.of(
                  Meaning.REASONING_OUTPUT_TOKENS, "output_token_details.reasoning"),
              Convention.Member.of(Meaning.TOTAL_TOKENS, "total_tokens"),
              Convention.Member.of(Meaning.COST, "total_cost"))
          .takeMembers(
              "gen_ai.usage.input_token_details",
              Convention.Member.of(Meaning.CACHED_INPUT_TOKENS, "cache_read"),
              Convention.Member.of(Meaning.CACHE_WRITE_INPUT_TOKENS, "cache_creation"))
          .takeMembers(
              "gen_ai.usage.output_token_details",
              Convention.Member.of(Meaning.REASONING_OUTPUT_TOKENS, "reasoning"))
          .take(Meaning.MODEL, "langsmith.metadata.ls_model_name")
          .take(Meaning.PROVIDER, "langsmith.metadata.ls_provider")
          .also(
              "tags", "`langsmith.span.tags`, a list or a string with commas", LangSmith::readTags)
          // A session of the user comes before LangSmith's, which is a project.
          .metadata("langsmith.metadata.")
          .take(Meaning.SESSION_ID, "langsmith.trace.session_id")
          .build();

  private LangSmith() {}

  /** Its SDKs write the tags as one string, with commas. */
  private static void readTags(TelemetrySpan span, SpanDescription description) {
    Object tags = span.attributes().get(TAGS);
    if (tags == null || description.sayTags(tags)) {
      return;
    }
    if (tags instanceof String text) {
      description.sayTags(
          Json.array(
              Arrays.stream(text.split(","))
                  .map(String::strip)
                  .filter(tag -> !tag.isEmpty())
                  .map(Json::of)
                  .toList()));
    }
  }
}
