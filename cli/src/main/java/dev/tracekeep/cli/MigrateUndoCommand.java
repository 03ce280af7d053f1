package dev.tracekeep.cli;

import dev.tracekeep.migration.MigrationRecord;
import dev.tracekeep.migration.UndoOptions;
import dev.tracekeep.migration.UndoOptions.DeletedKeys;
import dev.tracekeep.migration.UndoPlan;
import dev.tracekeep.text.Wording;
import java.util.Locale;
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

  @Option(
      names = "--restore-deleted",
      description =
          "Also bring back rows whose span was deleted from the table since. They stay in the"
              + " archive if not given.")
  private boolean restoreDeleted;

  @Mixin private Confirmation confirmation = new Confirmation();
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
          confirmation.require(context, () -> question(migration.planUndo(id)));
          UndoOptions options =
              restoreDeleted ? new UndoOptions(DeletedKeys.COME_BACK) : UndoOptions.DEFAULT;
          MigrationRecord undone;
          try (Progress progress = Progress.on(context.console())) {
            undone = migration.undo(id, options, new MigrationProgressView(progress));
          }
          if (json) {
            context.console().print(MigrationView.document(undone));
          } else {
            new MigrationView(context.console()).print(undone);
          }
          return ExitCode.OK;
        });
  }

  private String question(UndoPlan plan) {
    if (!plan.obstacles().isEmpty()) {
      throw new CommandFailure(
          ExitCode.FAILURE,
          "The migration "
              + plan.migrationId()
              + " cannot be undone, nothing was changed. "
              + String.join(" ", plan.obstacles()));
    }
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "The constraint goes, and %s back into the table.",
            Wording.counted(
                plan.rowsToRestore() + (restoreDeleted ? plan.rowsOfDeletedKeys() : 0),
                "row comes",
                "rows come")));
    if (plan.rowsOfDeletedKeys() > 0) {
      text.append(
          String.format(
              Locale.ROOT,
              "%nOf spans that were deleted since: %s, to %s.",
              Wording.counted(plan.rowsOfDeletedKeys(), "row", "rows"),
              restoreDeleted ? "come back too" : "stay in the archive"));
    }
    if (plan.changedKeys() > 0) {
      text.append(
          String.format(
              Locale.ROOT,
              "%nChanged since: %s. Older copies come back, with what was changed or taken out.",
              Wording.counted(plan.changedKeys(), "span", "spans")));
    }
    return text.toString();
  }
}
