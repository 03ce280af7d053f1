package dev.tracekeep.cli;

import dev.tracekeep.migration.DedupeMigration;
import dev.tracekeep.migration.MigrationReport;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.migration.VerifyReport;
import dev.tracekeep.otlp.OtlpReader;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Page;
import dev.tracekeep.storage.Storages;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceSummary;
import dev.tracekeep.text.Printable;
import dev.tracekeep.text.Style;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "demo",
    description = {
      "Show what Tracekeep does, on an embedded DuckDB in a temporary folder:",
      "import twice, migrate a table full of duplicates, draw a trace."
    })
final class DemoCommand implements Callable<Integer> {
  static final String FILE_NAME = "demo.duckdb";
  private static final String SAMPLE = "travel-agent.otlp.jsonl";

  private final CommandContext context;
  private final Console console;
  private final PrintWriter out;
  private int step;

  @Option(
      names = "--dir",
      paramLabel = "FOLDER",
      description = "Where to put " + FILE_NAME + "; a new temporary folder if not given.")
  private @Nullable Path folder;

  @Mixin private CommonOptions common = new CommonOptions();

  DemoCommand(CommandContext context) {
    this.context = context;
    this.console = context.console();
    this.out = console.out();
  }

  @Override
  public Integer call() throws IOException, SQLException {
    Path file = newFile();
    String url = "jdbc:duckdb:" + file;
    out.println("Tracekeep keeps each span once, however often it is written.");
    out.println("Here is how, on an embedded DuckDB in a file of its own:");
    out.println(Printable.line(file.toString()));

    boolean sound = importTwice(url);
    sound &= migrate(url);
    sound &= showTrace(url);
    out.println();
    if (!sound) {
      console.message("The demo did not come out as it should have.");
      return ExitCode.FAILURE;
    }
    // As the user called it, so that the lines below can be copied.
    String command = Printable.line(System.getProperty("tracekeep.command", "tracekeep"));
    out.println("The file stays there. To look around in it:");
    out.println("  export TRACEKEEP_URL='" + Printable.line(url) + "'");
    out.println("  " + command + " traces --child-error");
    out.println("  " + command + " stats --json");
    if (folder == null) {
      out.println("When you are done:");
      out.println("  rm -r " + Printable.line(String.valueOf(file.getParent())));
    }
    return ExitCode.OK;
  }

  private Path newFile() throws IOException {
    Path parent =
        folder == null
            ? Files.createTempDirectory("tracekeep-demo-")
            : Files.createDirectories(folder);
    Path file = parent.toAbsolutePath().normalize().resolve(FILE_NAME);
    if (Files.exists(file)) {
      throw new CommandFailure(
          ExitCode.FAILURE,
          "There is a "
              + file
              + " already, and the demo starts on an empty store. Remove it or name another"
              + " folder with --dir.");
    }
    return file;
  }

  private void explain(String command, String... explanation) {
    out.println();
    step++;
    String rule = " " + console.glyphs().rule().repeat(3) + " ";
    out.println(
        console.styled(Style.HEADING, console.glyphs().rule().repeat(3) + " " + step + rule)
            + console.styled(Style.HEADING, "$ tracekeep " + command));
    for (String line : explanation) {
      out.println(console.styled(Style.FAINT, line));
    }
    out.println();
    out.flush();
  }

  private boolean importTwice(String url) throws IOException {
    try (ObservabilityStorage storage = Storages.open(url)) {
      storage.init();
      explain(
          "import " + SAMPLE,
          "What a travel agent and its weather tool reported through OpenTelemetry:",
          "a hundred questions, some of which the weather service failed to answer.");
      ImportSummary first = importSample(storage);
      first.print(console, "table tracekeep_spans");

      explain(
          "import " + SAMPLE,
          "The same file once more, as after a lost acknowledgement. Nothing may change.");
      ImportSummary second = importSample(storage);
      second.print(console, "table tracekeep_spans");

      explain("stats", "So the counts are those of the file, not twice as many.");
      StatsCommand.print(console, storage.statistics());
      return first.exitCode() == ExitCode.OK
          && second.exitCode() == ExitCode.OK
          && storage.statistics().spans() == first.read();
    }
  }

  private ImportSummary importSample(ObservabilityStorage storage) throws IOException {
    try (Progress progress = Progress.on(console)) {
      ImportSource sample = new ImportSource(SAMPLE, -1, DemoCommand::openSample);
      return new SpanImport(storage, OtlpReader.builder().build(), progress).run(List.of(sample));
    }
  }

  private static InputStream openSample() throws IOException {
    InputStream sample = DemoCommand.class.getResourceAsStream("/samples/" + SAMPLE);
    if (sample == null) {
      throw new IOException("the sample is missing in this build of tracekeep");
    }
    return sample;
  }

  private boolean migrate(String url) throws SQLException {
    // By itself, with no store open: the engine opens one file in one way only.
    LegacyTable legacy = new LegacyTable(url);
    legacy.create();
    String table = " --table " + LegacyTable.NAME;
    MigrationReport report;
    try (ObservabilityStorage storage = Storages.open(url)) {
      DedupeMigration migration = storage.migration(SpanTable.named(LegacyTable.NAME));
      explain(
          "migrate plan" + table,
          "Now a table that another system has filled, without a uniqueness constraint:",
          "retries and racing exporters left spans with several rows. First a look at it.");
      new MigrationView(console).print(migration.plan());

      explain(
          "migrate apply" + table,
          "Of each span the best row stays: completed before running, then the latest.",
          "The others move to an archive, and a constraint keeps new ones out.");
      try (Progress progress = Progress.on(console)) {
        report = migration.apply(new MigrationProgressView(progress));
      }
      new MigrationView(console).print(report);
    }
    out.println();
    out.println("Why these rows had to go, says the archive:");
    legacy.archivedByReason().forEach((reason, rows) -> archived(reason, rows));

    try (ObservabilityStorage storage = Storages.open(url)) {
      explain(
          "migrate verify" + table,
          "Rows before must equal rows after and archived, with no duplicate left.");
      VerifyReport verified =
          storage
              .migration(SpanTable.named(LegacyTable.NAME))
              .verify(String.valueOf(report.migrationId()));
      new MigrationView(console).print(verified);
      return verified.isSound() && report.rowsArchived() == LegacyTable.SURPLUS_ROWS;
    }
  }

  private void archived(String reason, long rows) {
    out.println(String.format(Locale.ROOT, "  %,5d  %s", rows, Printable.line(reason)));
  }

  private boolean showTrace(String url) {
    try (ObservabilityStorage storage = Storages.open(url)) {
      storage.init();
      Page<TraceSummary> failed =
          storage.listTraces(
              TraceQuery.builder(SpanKey.DEFAULT_TENANT).hasChildError(true).limit(1).build());
      if (failed.items().isEmpty()) {
        return false;
      }
      TraceSummary summary = failed.items().get(0);
      explain(
          "trace " + summary.key().traceId(),
          "One of the questions that went wrong: what called what, and when.");
      storage
          .getTraceLight(summary.key())
          .ifPresent(trace -> console.print(console.traceText().drawing(trace)));
      return true;
    }
  }
}
