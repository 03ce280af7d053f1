package dev.tracekeep.conventions;

import static java.util.Map.entry;

import dev.tracekeep.span.SpanType;
import java.util.Map;

/**
 * The traces of Claude Code (beta), whose attributes have no namespace: the name of the span tells
 * whose they are.
 */
final class ClaudeCode {
  private static final Map<String, SpanType> TYPES =
      Map.ofEntries(
          entry("interaction", SpanType.AGENT_RUN),
          entry("llm_request", SpanType.MODEL_GENERATION),
          entry("tool", SpanType.TOOL_CALL),
          entry("hook", SpanType.PROCESSOR_RUN));

  static final Convention CONVENTION =
      Convention.named(
              "Claude Code",
              "2.1 with enhanced telemetry (beta)",
              "https://code.claude.com/docs/en/monitoring-usage")
          .recognizedBy("span.type")
          .onlyWhereSpanNameStartsWith("claude_code.")
          .type("span.type", TYPES)
          .takePlain(Meaning.INPUT, "user_prompt")
          .take(Meaning.INPUT, "tool_input")
          .takePlain(Meaning.INPUT, "full_command", "new_context")
          .takePlain(Meaning.OUTPUT, "response.model_output")
          .take(Meaning.MODEL, "model")
          .take(Meaning.INPUT_TOKENS, "input_tokens")
          .take(Meaning.CACHED_INPUT_TOKENS, "cache_read_tokens")
          .take(Meaning.CACHE_WRITE_INPUT_TOKENS, "cache_creation_tokens")
          .take(Meaning.OUTPUT_TOKENS, "output_tokens")
          .take(Meaning.COST, "cost_usd")
          .take(Meaning.TOOL_NAME, "tool_name")
          .take(Meaning.AGENT_ID, "agent_id")
          .take(Meaning.ORGANIZATION_ID, "organization.id")
          .take(Meaning.REQUEST_ID, "request_id")
          .build();

  private ClaudeCode() {}
}
