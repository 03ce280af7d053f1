package dev.tracekeep.cli;

import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationLayout;
import dev.tracekeep.migration.MigrationOptions;
import dev.tracekeep.migration.MigrationPlan;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.text.Printable;
import dev.tracekeep.text.Wording;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
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
      description = "How many rows are moved at a time, about; 10000 if not given.")
  private int batchRows = MigrationOptions.DEFAULT.batchRows();

  @Option(
      names = "--pause",
      paramLabel = "DURATION",
      description = "How long to rest between two batches, such as 200ms; not at all if not given.")
  private @Nullable String pause;

  @Option(
      names = "--lock-timeout",
      paramLabel = "DURATION",
      description =
          "How long a statement may wait for a lock, and writers behind it; what is not given in"
              + " that time is asked for again. 2s if not given.")
  private @Nullable String lockTimeout;

  @Option(
      names = "--archive-table",
      paramLabel = "NAME",
      description = "The archive, beside the table; <table>_dedupe_archive if not given.")
  private @Nullable String archiveTable;

  @Option(
      names = "--layout",
      paramLabel = "NAME",
      description =
          "Whose name and form the constraint gets: tracekeep, mastra, or auto, which is mastra for"
              + " a table of Mastra's.")
  private String layout = "auto";

  @Option(
      names = "--audit-file",
      paramLabel = "FILE",
      description =
          "Append each removed row to a file as a line of JSON, before it is gone for good. After a"
              + " kill the file may name a row that stayed; the next run names it again.")
  private @Nullable Path auditFile;

  @Option(names = "--json", description = "Print one JSON document instead.")
  private boolean json;

  @Mixin private Confirmation confirmation = new Confirmation();
  @Mixin private MigrationTarget target = new MigrationTarget();
  @Mixin private CommonOptions common = new CommonOptions();

  MigrateApplyCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    MigrationOptions options = options();
    return target.with(
        context,
        migration -> {
          if (dryRun) {
            return MigratePlanCommand.show(
                context, MigrationTarget.existing(() -> migration.plan(options)), json);
          }
          confirmation.require(context, () -> question(migration, options));
          MigrationReport report = applied(migration, options);
          if (report == null) {
            return ExitCode.INTERRUPTED;
          }
          show(report);
          return ExitCode.OK;
        });
  }

  private MigrationOptions options() {
    if (batchRows < 1) {
      throw new CommandFailure(ExitCode.USAGE, "--batch-rows must be at least 1.");
    }
    MigrationOptions options =
        MigrationOptions.DEFAULT
            .withBatchRows(batchRows)
            .withArchiveTable(archiveTable)
            .withLayout(layout());
    if (pause != null) {
      options = options.withPause(duration("--pause", pause));
    }
    String waiting = lockTimeout == null ? target.property("lock-timeout") : lockTimeout;
    return waiting == null ? options : options.withLockTimeout(duration("--lock-timeout", waiting));
  }

  private MigrationLayout layout() {
    for (MigrationLayout known : MigrationLayout.values()) {
      if (known.name().equals(layout.toUpperCase(Locale.ROOT))) {
        return known;
      }
    }
    throw new CommandFailure(
        ExitCode.USAGE, "--layout is auto, tracekeep or mastra, not " + layout + ".");
  }

  private static Duration duration(String option, String text) {
    return Durations.parse(text)
        .orElseThrow(
            () ->
                new CommandFailure(
                    ExitCode.USAGE,
                    option
                        + " is a number and a unit, such as 500ms, 2s or 1m, not "
                        + text
                        + "."));
  }

  private String question(DedupeMigration migration, MigrationOptions options) {
    MigrationPlan plan = MigrationTarget.existing(() -> migration.plan(options));
    if (!plan.refusals().isEmpty()) {
      throw new CommandFailure(
          ExitCode.MIGRATION_REQUIRED,
          "The migration of "
              + plan.table()
              + " is refused, nothing was changed. "
              + String.join(" ", plan.refusals()));
    }
    String lock = plan.details().lock();
    return String.format(
        Locale.ROOT,
        "Table %s: %,d rows, of which %,d move into the archive, for %s with duplicates.%n%s"
            + "Writers wait at most %s for a lock at a time. Have a backup.",
        Printable.line(plan.table()),
        plan.rows(),
        plan.surplusRows(),
        Wording.counted(plan.duplicateGroups(), "span", "spans"),
        lock.isEmpty() ? "" : "Lock: " + Printable.line(lock) + System.lineSeparator(),
        Wording.duration(options.lockTimeout(), context.console().glyphs()));
  }

  /** Null where the user has stopped it. */
  private @Nullable MigrationReport applied(DedupeMigration migration, MigrationOptions options) {
    try (AuditFile audit = auditFile == null ? null : new AuditFile(auditFile);
        Progress progress = Progress.on(context.console());
        GracefulStop stop =
            new GracefulStop(
                () -> progress.message("Stopping after the current batch " + glyph()))) {
      try {
        return MigrationTarget.existing(
            () ->
                migration.apply(
                    options.withAudit(audit), stop.around(new MigrationProgressView(progress))));
      } catch (GracefulStop.Stopped e) {
        progress.message(
            "Stopped. Nothing is lost, and nothing is half done. To go on:  tracekeep migrate apply"
                + target.repeated());
        return null;
      }
    } catch (IOException | UncheckedIOException e) {
      throw new CommandFailure(
          ExitCode.FAILURE,
          "The audit file "
              + auditFile
              + " cannot be written: "
              + e.getMessage()
              + ". What is moved so far is moved; run it again to go on.");
    }
  }

  private String glyph() {
    return context.console().glyphs().ellipsis();
  }

  private void show(MigrationReport report) {
    PrintWriter out = context.console().out();
    if (json) {
      context.console().print(MigrationView.document(report));
      return;
    }
    new MigrationView(context.console()).print(report);
    if (report.migrationId() != null) {
      String rest = " " + report.migrationId() + target.repeated();
      out.println();
      out.println("To check it:     tracekeep migrate verify" + rest);
      out.println("To take it back: tracekeep migrate undo" + rest);
    }
  }
}
