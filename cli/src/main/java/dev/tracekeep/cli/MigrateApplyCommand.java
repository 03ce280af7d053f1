package dev.tracekeep.cli;

import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationReport;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "apply",
    description = {
      "Move surplus rows into the archive and add the constraint.",
      "Interrupted at any point, it is run again and goes on where it was."
    })
final class MigrateApplyCommand implements Callable<Integer> {
  private final CommandContext context;

  @Option(names = "--dry-run", description = "Print the plan and change nothing, as 'plan' does.")
  private boolean dryRun;

  @Option(
      names = "--batch-rows",
      paramLabel = "N",
      defaultValue = "10000",
      description = "How many rows are moved at a time; ${DEFAULT-VALUE} if not given.")
  private int batchRows = MigrationOptions.DEFAULT.batchRows();

  @Option(names = "--json", description = "Print one JSON document instead.")
  private boolean json;

  @Mixin private MigrationTarget target = new MigrationTarget();
  @Mixin private CommonOptions common = new CommonOptions();

  MigrateApplyCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    MigrationOptions options = MigrationOptions.DEFAULT.withBatchRows(batchRows);
    PrintWriter out = context.console().out();
    MigrationView view = new MigrationView(context.console());
    return target.with(
        context,
        migration -> {
          if (dryRun) {
            if (json) {
              context.console().print(MigrationView.document(migration.plan()));
            } else {
              view.print(migration.plan());
            }
            return ExitCode.OK;
          }
          MigrationReport report;
          try (Progress progress = Progress.on(context.console())) {
            report = migration.apply(options, new MigrationProgressView(progress));
          }
          if (json) {
            context.console().print(MigrationView.document(report));
          } else {
            view.print(report);
            if (report.migrationId() != null) {
              String rest = " " + report.migrationId() + target.repeated();
              out.println();
              out.println("To check it:     tracekeep migrate verify" + rest);
              out.println("To take it back: tracekeep migrate undo" + rest);
            }
          }
          return ExitCode.OK;
        });
  }
}
