package dev.tracekeep.conventions;

import dev.tracekeep.span.SpanType;

/** The traces of OpenAI's Codex: a span for each turn of the agent. */
final class Codex {
  static final Convention CONVENTION =
      Convention.named(
              "Codex",
              "codex-rs 0.6x to 0.9x",
              "https://github.com/openai/codex/tree/main/codex-rs/otel")
          .recognizedBy("codex.*")
          .typeWith("codex.turn.id", SpanType.AGENT_RUN)
          .take(Meaning.MODEL, "model")
          .take(Meaning.RUN_ID, "codex.turn.id")
          .take(Meaning.THREAD_ID, "codex.thread.id", "codex.conversation.id")
          .take(Meaning.SESSION_ID, "codex.session.id")
          .build();

  private Codex() {}
}
