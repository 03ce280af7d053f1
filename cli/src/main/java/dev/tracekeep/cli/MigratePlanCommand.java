package dev.tracekeep.cli;

import dev.tracekeep.migration.MigrationPlan;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "plan", description = "Say what 'apply' would do. Changes nothing.")
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
          MigrationPlan plan = migration.plan();
          if (json) {
            context.console().print(MigrationView.document(plan));
          } else {
            new MigrationView(context.console()).print(plan);
            if (plan.isNeeded() && plan.refusals().isEmpty()) {
              context.console().out().println();
              context
                  .console()
                  .out()
                  .println("To run them: tracekeep migrate apply" + target.repeated());
            }
          }
          return ExitCode.OK;
        });
  }
}
