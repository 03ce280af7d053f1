package dev.tracekeep.conventions;

import static java.util.Map.entry;

import dev.tracekeep.span.SpanType;
import java.util.Map;

/**
 * Gemini CLI: {@code gen_ai.*} with operations of its own. Its first releases had no attribute but
 * the input and the output.
 */
final class GeminiCli {
  private static final Map<String, SpanType> TYPES =
      Map.ofEntries(
          entry("agent_call", SpanType.AGENT_RUN),
          entry("user_prompt", SpanType.AGENT_RUN),
          entry("llm_call", SpanType.MODEL_GENERATION),
          entry("tool_call", SpanType.TOOL_CALL));

  static final Convention CONVENTION =
      Convention.named(
              "Gemini CLI",
              "releases up to May 2026",
              "https://github.com/google-gemini/gemini-cli/tree/main/packages/core/src/telemetry")
          .recognizedBy("gen_ai.operation.name", "input-json", "output-json")
          .type("gen_ai.operation.name", TYPES)
          .take(Meaning.INPUT, "input-json")
          .take(Meaning.OUTPUT, "output-json")
          .build();

  private GeminiCli() {}
}
