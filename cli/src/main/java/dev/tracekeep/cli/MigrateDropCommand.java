package dev.tracekeep.cli;

import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.text.Printable;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "drop",
    description = {
      "Drop what a migration keeps: its archived rows, and the copy of the old table",
      "where the engine has one (ClickHouse). It cannot be undone any more."
    })
final class MigrateDropCommand implements Callable<Integer> {
  private final CommandContext context;

  @Parameters(paramLabel = "MIGRATION-ID", description = "The migration, as 'list' shows it.")
  private String migrationId = "";

  @Option(names = "--json", description = "Print one JSON document instead.")
  private boolean json;

  @Mixin private Confirmation confirmation = new Confirmation();
  @Mixin private MigrationTarget target = new MigrationTarget();
  @Mixin private CommonOptions common = new CommonOptions();

  MigrateDropCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    return target.with(
        context,
        migration -> {
          MigrationRecord known = MigrationTarget.find(migration, migrationId);
          confirmation.require(
              context,
              () ->
                  String.format(
                      Locale.ROOT,
                      "Migration %s of %s keeps %,d rows in its archive. They go for good, and the"
                          + " migration cannot be undone any more.",
                      Printable.line(known.migrationId()),
                      Printable.line(known.table()),
                      known.rowsArchived()));
          List<String> dropped = migration.drop(known.migrationId());
          if (json) {
            context.console().print(MigrationView.dropped(known.migrationId(), dropped));
          } else {
            new MigrationView(context.console()).printDropped(known.migrationId(), dropped);
          }
          return ExitCode.OK;
        });
  }
}
