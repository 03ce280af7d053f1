package dev.tracekeep.conventions;

import dev.tracekeep.span.SpanType;
import java.util.Map;

/**
 * Semantic Kernel and the Azure AI SDKs: {@code gen_ai.*} with names of their own. Messages are in
 * events, see {@link MessageEvents}.
 */
final class SemanticKernel {
  static final Convention CONVENTION =
      Convention.named(
              "Semantic Kernel and Azure AI",
              "Semantic Kernel 1.x, azure-ai-inference 1.0 beta",
              "https://learn.microsoft.com/semantic-kernel/concepts/enterprise-readiness/observability/")
          .recognizedBy("gen_ai.operation.name", "gen_ai.response.prompt_tokens")
          .type(
              "gen_ai.operation.name",
              Map.of(
                  "chat.completions", SpanType.MODEL_GENERATION,
                  "text.completions", SpanType.MODEL_GENERATION))
          .take(Meaning.INPUT_TOKENS, "gen_ai.response.prompt_tokens")
          .take(Meaning.OUTPUT_TOKENS, "gen_ai.response.completion_tokens")
          .take(Meaning.THREAD_ID, "gen_ai.thread.id")
          .take(Meaning.RUN_ID, "gen_ai.thread.run.id")
          .build();

  private SemanticKernel() {}
}
