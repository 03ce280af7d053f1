package dev.tracekeep.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
    name = "dlq",
    description = "Look into a dead-letter log, and store what is in it.",
    footer = {
      "",
      "A program that embeds Tracekeep keeps there what its store could not take:",
      "deferred letters, which it replays by itself when the store is back, and",
      "refused ones, which the store will never take as they are."
    })
final class DlqCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private CommonOptions common = new CommonOptions();

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "Say what to do: list, show, replay or purge.");
  }
}
