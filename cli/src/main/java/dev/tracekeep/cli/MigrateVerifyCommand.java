package dev.tracekeep.cli;

import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.VerifyReport;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "verify",
    description = {
      "Check a migration: no row is lost, no duplicate is left, the constraint stands.",
      "Exit status 1 says that it does not."
    })
final class MigrateVerifyCommand implements Callable<Integer> {
  private final CommandContext context;

  @Parameters(
      paramLabel = "MIGRATION-ID",
      arity = "0..1",
      description = "The migration; the latest finished one if not given.")
  private @Nullable String migrationId;

  @Option(names = "--json", description = "Print one JSON document instead.")
  private boolean json;

  @Mixin private MigrationTarget target = new MigrationTarget();
  @Mixin private CommonOptions common = new CommonOptions();

  MigrateVerifyCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    return target.with(
        context,
        migration -> {
          String id =
              migrationId == null
                  ? latestFinished(migration)
                  : MigrationTarget.find(migration, migrationId).migrationId();
          VerifyReport report = migration.verify(id);
          if (json) {
            context.console().print(MigrationView.document(report));
          } else {
            new MigrationView(context.console()).print(report);
          }
          return report.isSound() ? ExitCode.OK : ExitCode.FAILURE;
        });
  }

  private static String latestFinished(DedupeMigration migration) {
    return migration.history().stream()
        .filter(known -> known.state() == MigrationRecord.State.FINISHED)
        .findFirst()
        .map(MigrationRecord::migrationId)
        .orElseThrow(
            () ->
                new CommandFailure(
                    ExitCode.NOT_FOUND,
                    "There is no finished migration of this table to verify."
                        + " 'tracekeep migrate plan' says whether one is needed."));
  }
}
