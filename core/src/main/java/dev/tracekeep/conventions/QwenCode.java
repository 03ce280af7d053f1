package dev.tracekeep.conventions;

/** Qwen Code: {@code gen_ai.*} in its later releases, and names of its own beside. */
final class QwenCode {
  static final Convention CONVENTION =
      Convention.named(
              "Qwen Code",
              "releases up to 2026",
              "https://github.com/QwenLM/qwen-code/blob/main/packages/core/src/telemetry/session-tracing.ts")
          .recognizedBy("qwen-code.*")
          .take(Meaning.MODEL, "gen_ai.response.model", "gen_ai.request.model", "qwen-code.model")
          .take(Meaning.REASONING_OUTPUT_TOKENS, "thoughts_token_count")
          .take(Meaning.USER_ID, "gen_ai.user.id")
          .take(Meaning.RUN_ID, "qwen-code.prompt_id")
          .build();

  private QwenCode() {}
}
