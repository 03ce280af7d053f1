package dev.tracekeep.cli;

import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.StorageUri;
import java.io.BufferedWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The {@code tracekeep} command. Its options, output and exit statuses are documented in
 * docs/cli.md; as a Java class it is only {@link #main}.
 */
@Command(
    name = "tracekeep",
    description = {
      "Keeps the spans of AI agents and OpenTelemetry programs in a database,",
      "each of them once."
    },
    versionProvider = TracekeepCommand.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:done",
      "1:failed",
      "2:wrong command line or configuration; nothing was tried",
      "3:import: some spans are stored, others were refused or could not be read",
      "4:the table has to be migrated first, or its migration is refused",
      "5:the store, table, trace or migration is not there",
      "130:stopped by Ctrl-C"
    },
    footer = {
      "",
      "New here? Start with: tracekeep demo",
    })
public final class TracekeepCommand implements Runnable {
  private static final int USAGE_WIDTH = 80;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show the version.")
  private boolean version;

  @Mixin private CommonOptions common = new CommonOptions();

  private TracekeepCommand() {}

  /**
   * Runs the command and exits with its status.
   *
   * @param arguments the command line
   */
  public static void main(String[] arguments) {
    StandardOutput standardOutput = new StandardOutput(new FileOutputStream(FileDescriptor.out));
    PrintStream standardError =
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    // Log lines go through System.err, which would otherwise be in the locale's encoding and show
    // the passwords that drivers log.
    System.setErr(
        new PrintStream(
            new MaskingStream(new FileOutputStream(FileDescriptor.err)),
            true,
            StandardCharsets.UTF_8));
    Console console =
        new Console(
            writer(standardOutput),
            writer(standardError),
            Terminal.detect(System.getenv(), System::getProperty, System.console() != null));
    int exitCode = run(new CommandContext(console, input(), System.getenv()), arguments);
    console.out().flush();
    console.err().flush();
    String problem = standardOutput.problem();
    if (problem != null) {
      console.message("Cannot write to standard output: " + problem);
      exitCode = ExitCode.FAILURE;
    }
    System.exit(exitCode);
  }

  /**
   * Standard input. Where it is closed, as the launcher can tell, the next file that is opened gets
   * its number: to read that one, or to close it, would do harm.
   */
  private static InputStream input() {
    if (!System.getProperty("tracekeep.stdin", "").equals("closed")) {
      return System.in;
    }
    return new InputStream() {
      @Override
      public int read() throws IOException {
        throw new IOException("standard input is closed");
      }
    };
  }

  private static PrintWriter writer(OutputStream stream) {
    return new PrintWriter(
        new BufferedWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8)), false);
  }

  /** Runs a command line in this process and returns its exit status. */
  static int run(CommandContext context, String... arguments) {
    CommandLine migrate =
        new CommandLine(new MigrateCommand())
            .addSubcommand(new MigratePlanCommand(context))
            .addSubcommand(new MigrateApplyCommand(context))
            .addSubcommand(new MigrateVerifyCommand(context))
            .addSubcommand(new MigrateUndoCommand(context))
            .addSubcommand(new MigrateArchiveCommand(context))
            .addSubcommand(new MigrateDropCommand(context))
            .addSubcommand(new MigrateListCommand(context));
    // The word of the first releases.
    CommandLine finish = new CommandLine(new MigrateDropCommand(context));
    finish.getCommandSpec().usageMessage().hidden(true);
    migrate.addSubcommand("finish", finish);
    CommandLine letters =
        new CommandLine(new DlqCommand())
            .addSubcommand(new DlqListCommand(context))
            .addSubcommand(new DlqShowCommand(context))
            .addSubcommand(new DlqReplayCommand(context))
            .addSubcommand(new DlqPurgeCommand(context))
            .setCaseInsensitiveEnumValuesAllowed(true);
    CommandLine commandLine =
        new CommandLine(new TracekeepCommand())
            .addSubcommand(new DemoCommand(context))
            .addSubcommand(new ImportCommand(context))
            .addSubcommand(new ServeCommand(context))
            .addSubcommand(new TracesCommand(context))
            .addSubcommand(new TraceCommand(context))
            .addSubcommand(new SpansCommand(context))
            .addSubcommand(new ValuesCommand(context))
            .addSubcommand(new UsageCommand(context))
            .addSubcommand(new StatsCommand(context))
            .addSubcommand(new ExportCommand(context))
            .addSubcommand(new CopyCommand(context))
            .addSubcommand(new DeleteCommand(context))
            .addSubcommand(new PruneCommand(context))
            .addSubcommand(migrate)
            .addSubcommand(letters)
            .addSubcommand(new DoctorCommand(context));
    arrangeHelp(commandLine);
    return commandLine
        .setOut(context.console().out())
        .setErr(context.console().err())
        .setUsageHelpWidth(USAGE_WIDTH)
        .setUsageHelpAutoWidth(false)
        .setColorScheme(
            CommandLine.Help.defaultColorScheme(
                context.console().terminal().colour() ? Ansi.ON : Ansi.OFF))
        .setExecutionStrategy(TracekeepCommand::execute)
        .setParameterExceptionHandler((failure, given) -> usageProblem(context.console(), failure))
        .setExecutionExceptionHandler(
            (failure, failed, parsed) -> failed(context.console(), failure, parsed))
        .execute(arguments);
  }

  /** Options in the order in which they are explained, not of the alphabet; for all commands. */
  private static void arrangeHelp(CommandLine commandLine) {
    commandLine
        .getCommandSpec()
        .usageMessage()
        .sortOptions(false)
        .abbreviateSynopsis(true)
        .optionListHeading("%n")
        .commandListHeading("%nCommands:%n");
    commandLine.getSubcommands().values().forEach(TracekeepCommand::arrangeHelp);
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Say what to do.");
  }

  private static int execute(ParseResult parsed) {
    if (isVerbose(parsed)) {
      // Before the first logger is made, which reads it.
      System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "info");
      System.setProperty("org.slf4j.simpleLogger.log.com.zaxxer.hikari", "info");
    }
    return new CommandLine.RunLast().execute(parsed);
  }

  private static boolean isVerbose(ParseResult parsed) {
    return parsed.asCommandLineList().stream()
        .map(CommandLine::getParseResult)
        .anyMatch(result -> result.hasMatchedOption("--verbose"));
  }

  private static int usageProblem(Console console, ParameterException failure) {
    CommandLine command = failure.getCommandLine();
    console.message(String.valueOf(failure.getMessage()));
    if (!UnmatchedArgumentException.printSuggestions(failure, console.err())
        && !command.getSubcommands().isEmpty()) {
      console
          .err()
          .println(
              "Commands: "
                  + command.getSubcommands().entrySet().stream()
                      .filter(sub -> !sub.getValue().getCommandSpec().usageMessage().hidden())
                      .map(Map.Entry::getKey)
                      .collect(Collectors.joining(", "))
                  + ".");
    }
    console.err().println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
    console.err().flush();
    return ExitCode.USAGE;
  }

  private static int failed(Console console, Exception failure, ParseResult parsed) {
    // What was printed so far belongs before the message, also where both go to one place.
    console.out().flush();
    int exitCode = exitCode(failure);
    String message = String.valueOf(failure.getMessage());
    if (exitCode < 0) {
      // Messages of ours hide secrets already; a second time would hide what follows them, too.
      message = StorageUri.masked(message);
    }
    if (exitCode < 0) {
      console.message(
          "Unexpected "
              + failure.getClass().getSimpleName()
              + ": "
              + message
              + ". This is a bug of tracekeep; --verbose shows where.");
    } else {
      console.message(message);
    }
    if (isVerbose(parsed) && !(failure instanceof CommandFailure)) {
      failure.printStackTrace(console.err());
      console.err().flush();
    }
    return Math.max(exitCode, ExitCode.FAILURE);
  }

  /** The exit status of a failure; -1 for one that nobody has thought of. */
  private static int exitCode(Exception failure) {
    if (failure instanceof CommandFailure known) {
      return known.exitCode();
    }
    if (failure instanceof ConfigurationException || failure instanceof IllegalArgumentException) {
      return ExitCode.USAGE;
    }
    if (failure instanceof StorageException storage) {
      return storage.kind() == FailureKind.MIGRATION_REQUIRED
          ? ExitCode.MIGRATION_REQUIRED
          : ExitCode.FAILURE;
    }
    return -1;
  }

  /** The version of the jar that this runs from. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      @Nullable String version = TracekeepCommand.class.getPackage().getImplementationVersion();
      return new String[] {"tracekeep " + (version == null ? "(not from a jar)" : version)};
    }
  }
}
