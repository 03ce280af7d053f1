package dev.tracekeep.conventions;

/**
 * GitHub Copilot in its editor and as a command: {@code gen_ai.*}, and names of its own beside,
 * which the editor writes under an older prefix as well.
 */
final class GitHubCopilot {
  static final Convention CONVENTION =
      Convention.named(
              "GitHub Copilot",
              "Copilot Chat up to 0.59, Copilot CLI 1.0",
              "https://code.visualstudio.com/docs/agents/guides/monitoring-agents")
          .recognizedBy("github.copilot.*", "copilot_chat.*")
          .take(Meaning.INPUT, "copilot_chat.hook_input")
          .take(Meaning.OUTPUT, "copilot_chat.hook_output")
          .take(Meaning.COST, "github.copilot.cost")
          .take(Meaning.SESSION_ID, "copilot_chat.chat_session_id", "copilot_chat.session_id")
          .take(Meaning.RUN_ID, "github.copilot.interaction_id")
          .build();

  private GitHubCopilot() {}
}
