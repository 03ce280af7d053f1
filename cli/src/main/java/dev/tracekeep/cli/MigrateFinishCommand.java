package dev.tracekeep.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "finish",
    description = {
      "Drop the copy of the old table that a migration keeps for undo.",
      "Only engines that build a new table keep one (ClickHouse). The archive stays."
    })
final class MigrateFinishCommand implements Callable<Integer> {
  private final CommandContext context;

  @Parameters(paramLabel = "MIGRATION-ID", description = "The migration, as 'list' shows it.")
  private String migrationId = "";

  @Option(names = "--json", description = "Print one JSON document instead.")
  private boolean json;

  @Mixin private MigrationTarget target = new MigrationTarget();
  @Mixin private CommonOptions common = new CommonOptions();

  MigrateFinishCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    return target.with(
        context,
        migration -> {
          String id = MigrationTarget.find(migration, migrationId).migrationId();
          List<String> dropped = migration.finish(id);
          if (json) {
            context.console().print(MigrationView.finished(id, dropped));
          } else {
            new MigrationView(context.console()).printFinished(id, dropped);
          }
          return ExitCode.OK;
        });
  }
}
