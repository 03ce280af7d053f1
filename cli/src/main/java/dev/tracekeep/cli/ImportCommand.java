package dev.tracekeep.cli;

import dev.tracekeep.otlp.OtlpReader;
import dev.tracekeep.storage.ObservabilityStorage;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "import",
    description = "Store the spans of OTLP files. Importing a file again changes nothing.",
    footer = {
      "",
      "Takes OTLP as protobuf, as JSON, as JSON lines and as the Collector's file",
      "exporter writes it, each as it is or packed with gzip, zstd or snappy, and finds",
      "out which it is. What is broken is reported with its file and line, the rest",
      "goes in, and exit status 3 says that something was left out.",
      "Files of Tracekeep's own lines, such as those of a dead-letter log, go in too."
    })
final class ImportCommand implements Callable<Integer> {
  private static final String STANDARD_INPUT = "-";

  private final CommandContext context;

  @Parameters(
      paramLabel = "FILE",
      arity = "1..*",
      description = "Files to import; - is standard input.")
  private List<String> files = new ArrayList<>();

  @Option(names = "--json", description = "Print the summary as one JSON document.")
  private boolean json;

  @Option(
      names = "--follow",
      description = {
        "Wait for more at the end of the file, and read on in the next one when it is",
        "rotated. Ctrl-C ends it."
      })
  private boolean follow;

  @Option(
      names = "--as-updated-at",
      paramLabel = "TIME",
      converter = Instants.class,
      description = {
        "Give all spans this time as their last update, so that they win over what is",
        "stored: after a mapping has changed, for example."
      })
  private @Nullable Instant updatedAt;

  @Mixin private StoreOptions store = new StoreOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  ImportCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (follow && (files.size() > 1 || files.contains(STANDARD_INPUT))) {
      throw new CommandFailure(
          ExitCode.USAGE, "--follow takes one file; run the command once for each of several.");
    }
    if (files.stream().filter(STANDARD_INPUT::equals).count() > 1) {
      throw new CommandFailure(ExitCode.USAGE, "Standard input can be imported once: give one -.");
    }
    List<String> unreadable = new ArrayList<>();
    List<ImportSource> sources = sources(unreadable);
    if (sources.isEmpty()) {
      unreadable.forEach(context.console()::message);
      context.console().message("Nothing was imported.");
      return ExitCode.FAILURE;
    }
    try (ObservabilityStorage storage = store.openForWriting(context)) {
      ImportSummary summary = run(storage, sources, unreadable);
      print(summary);
      return summary.exitCode();
    }
  }

  private void print(ImportSummary summary) {
    if (json) {
      context.console().print(summary.document());
    } else {
      summary.print(context.console(), store.displayedUrl(context));
    }
    context.console().out().flush();
  }

  private ImportSummary run(
      ObservabilityStorage storage, List<ImportSource> sources, List<String> unreadable) {
    OtlpReader reader =
        OtlpReader.builder()
            .tenant(store.tenant())
            .maxSpanBytes(store.maxSpanBytes(context))
            .build();
    try (Progress progress = Progress.on(context.console())) {
      SpanImport run =
          new SpanImport(storage, reader, progress).updatedAt(updatedAt).onInterrupt(this::print);
      unreadable.forEach(run::unreadable);
      return run.run(sources);
    }
  }

  private List<ImportSource> sources(List<String> unreadable) {
    List<ImportSource> sources = new ArrayList<>();
    for (String file : files) {
      try {
        sources.add(
            file.equals(STANDARD_INPUT)
                ? new ImportSource("standard input", -1, context::input)
                : follow ? ImportSource.followed(file) : ImportSource.file(file));
      } catch (IOException e) {
        unreadable.add(String.valueOf(e.getMessage()));
      }
    }
    return sources;
  }
}
