package dev.tracekeep.cli;

import dev.tracekeep.migration.MigrationPlan;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "plan",
    description = {
      "Say what 'apply' would do. Changes nothing.",
      "Exit status 4 says that it would be refused."
    })
final class MigratePlanCommand implements Callable<Integer> {
  private final CommandContext context;

  @Option(names = "--json", description = "Print one JSON document instead.")
  private boolean json;

  @Mixin private MigrationTarget target = new MigrationTarget();
  @Mixin private CommonOptions common = new CommonOptions();

  MigratePlanCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    return target.with(
        context,
        migration -> {
          MigrationPlan plan = MigrationTarget.existing(migration::plan);
          int exitCode = show(context, plan, json);
          if (!json && plan.isNeeded() && plan.refusals().isEmpty()) {
            PrintWriter out = context.console().out();
            out.println();
            out.println("To run them: tracekeep migrate apply" + target.repeated());
          }
          return exitCode;
        });
  }

  /** Prints a plan; returns the exit status, which tells whether it would be refused. */
  static int show(CommandContext context, MigrationPlan plan, boolean json) {
    if (json) {
      context.console().print(MigrationView.document(plan));
    } else {
      new MigrationView(context.console()).print(plan);
    }
    return plan.refusals().isEmpty() ? ExitCode.OK : ExitCode.MIGRATION_REQUIRED;
  }
}
