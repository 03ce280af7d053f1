package dev.tracekeep.cli;

import dev.tracekeep.ingest.DeadLetterLog;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
    name = "purge",
    description = "Delete letters from a dead-letter log. Their spans are lost.",
    footer = {"", "Save what may be needed with: tracekeep dlq show --json --limit 1000000 FOLDER"})
final class DlqPurgeCommand implements Callable<Integer> {
  private final CommandContext context;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--kind",
      paramLabel = "KIND",
      description = "Which ones: 'refused' or 'deferred'.")
  private DeadLetterLog.@Nullable Kind kind;

  @Option(names = "--all", description = "Letters of both kinds.")
  private boolean all;

  @Mixin private LetterFolder folder = new LetterFolder();
  @Mixin private CommonOptions common = new CommonOptions();

  DlqPurgeCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (all == (kind != null)) {
      throw new ParameterException(
          spec.commandLine(), "Say what to delete: --kind refused, --kind deferred or --all.");
    }
    return folder.writing(this::purge);
  }

  private int purge(DeadLetterLog log) throws IOException {
    long letters = 0;
    for (DeadLetterLog.Segment segment : log.segments()) {
      if (all || segment.kind() == kind) {
        letters += log.read(segment).letters().size();
        log.purge(segment);
      }
    }
    new Facts().add("letters deleted", letters).print(context.console());
    return ExitCode.OK;
  }
}
