package dev.tracekeep.cli;

import dev.tracekeep.text.Printable;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "archive",
    description = {
      "Show the rows that a migration moved into the archive: key and reason of each.",
      "--json exports them whole, one line of JSON for each."
    })
final class MigrateArchiveCommand implements Callable<Integer> {
  private final CommandContext context;

  @Parameters(paramLabel = "MIGRATION-ID", description = "The migration, as 'list' shows it.")
  private String migrationId = "";

  @Option(names = "--json", description = "Print each row whole, as a line of JSON.")
  private boolean json;

  @Mixin private MigrationTarget target = new MigrationTarget();
  @Mixin private CommonOptions common = new CommonOptions();

  MigrateArchiveCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    PrintWriter out = context.console().out();
    return target.with(
        context,
        migration -> {
          String id = MigrationTarget.find(migration, migrationId).migrationId();
          long[] rows = {0};
          migration.archived(
              id,
              row -> {
                rows[0]++;
                out.println(
                    json
                        ? MigrationView.document(row).text()
                        : Printable.line(
                            row.key().values().stream()
                                    .map(String::valueOf)
                                    .collect(Collectors.joining("/"))
                                + "  "
                                + row.reason()));
              });
          if (rows[0] == 0 && !json) {
            context.console().err().println("This migration has no rows in its archive.");
          }
          return ExitCode.OK;
        });
  }
}
