package dev.tracekeep.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
    name = "migrate",
    description = "Make a span table hold each span once, and keep it so.",
    footer = {
      "",
      "The table is the store's own unless --table names another one, such as",
      "mastra_ai_spans. Start with 'plan', which changes nothing. Rows that 'apply'",
      "removes stand in the archive table, whole; 'undo' puts them back."
    })
final class MigrateCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private CommonOptions common = new CommonOptions();

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "Say what to do: plan, apply, verify, undo, archive, drop or list.");
  }
}
