package dev.tracekeep.cli;

import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.span.Json;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "list", description = "List the migrations of the table, latest first.")
final class MigrateListCommand implements Callable<Integer> {
  private final CommandContext context;

  @Option(names = "--json", description = "Print one JSON document instead.")
  private boolean json;

  @Mixin private MigrationTarget target = new MigrationTarget();
  @Mixin private CommonOptions common = new CommonOptions();

  MigrateListCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    return target.with(
        context,
        migration -> {
          List<MigrationRecord> history = migration.history();
          if (json) {
            context
                .console()
                .print(
                    Json.objectBuilder()
                        .put(
                            "migrations",
                            Json.array(history.stream().map(MigrationView::document).toList()))
                        .build());
          } else if (history.isEmpty()) {
            context.console().err().println("This table was never migrated.");
          } else {
            MigrationView view = new MigrationView(context.console());
            history.forEach(view::print);
          }
          return ExitCode.OK;
        });
  }
}
