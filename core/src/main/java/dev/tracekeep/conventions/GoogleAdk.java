package dev.tracekeep.conventions;

import dev.tracekeep.span.SpanType;
import java.util.Map;

/** Google's Agent Development Kit, with the content under {@code gcp.vertex.agent.*}. */
final class GoogleAdk {
  static final Convention CONVENTION =
      Convention.named(
              "Google ADK",
              "google-adk 1.x",
              "https://github.com/google/adk-python/blob/main/src/google/adk/telemetry/tracing.py")
          .recognizedBy("gcp.vertex.agent.*")
          .type("gen_ai.operation.name", Map.of("call_llm", SpanType.MODEL_GENERATION))
          .take(
              Meaning.INPUT,
              "gcp.vertex.agent.tool_call_args",
              "gcp.vertex.agent.llm_request",
              "gcp.vertex.agent.data")
          .take(Meaning.OUTPUT, "gcp.vertex.agent.tool_response", "gcp.vertex.agent.llm_response")
          .take(Meaning.REASONING_OUTPUT_TOKENS, "gen_ai.usage.experimental.reasoning_tokens")
          .take(Meaning.RUN_ID, "gcp.vertex.agent.invocation_id")
          .take(Meaning.SESSION_ID, "gcp.vertex.agent.session_id")
          .build();

  private GoogleAdk() {}
}
