package dev.tracekeep.cli;

import dev.tracekeep.migration.MigrationRecord;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "undo",
    description = "Take a migration back: constraint off, archived rows back in the table.")
final class MigrateUndoCommand implements Callable<Integer> {
  private final CommandContext context;

  @Parameters(paramLabel = "MIGRATION-ID", description = "The migration, as 'list' shows it.")
  private String migrationId = "";

  @Option(names = "--json", description = "Print one JSON document instead.")
  private boolean json;

  @Mixin private MigrationTarget target = new MigrationTarget();
  @Mixin private CommonOptions common = new CommonOptions();

  MigrateUndoCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    return target.with(
        context,
        migration -> {
          String id = MigrationTarget.find(migration, migrationId).migrationId();
          MigrationRecord undone;
          try (Progress progress = Progress.on(context.console())) {
            undone = migration.undo(id, new MigrationProgressView(progress));
          }
          if (json) {
            context.console().print(MigrationView.document(undone));
          } else {
            new MigrationView(context.console()).print(undone);
          }
          return ExitCode.OK;
        });
  }
}
