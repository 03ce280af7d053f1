package dev.tracekeep.cli;

import dev.tracekeep.otlp.OtlpReader;
import dev.tracekeep.storage.ObservabilityStorage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "import",
    description = "Store the spans of OTLP files. Importing a file again changes nothing.",
    footer = {
      "",
      "Takes OTLP as protobuf, as JSON and as JSON lines, each as it is or gzipped,",
      "and finds out which it is. What is broken is reported with its file and line,",
      "the rest goes in, and exit status 3 says that something was left out."
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

  @Mixin private StoreOptions store = new StoreOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  ImportCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    List<String> unreadable = new ArrayList<>();
    List<ImportSource> sources = sources(unreadable);
    if (sources.isEmpty()) {
      unreadable.forEach(context.console()::message);
      context.console().message("Nothing was imported.");
      return ExitCode.FAILURE;
    }
    try (ObservabilityStorage storage = store.openForWriting(context)) {
      ImportSummary summary = run(storage, sources, unreadable);
      if (json) {
        context.console().out().println(summary.document().text());
      } else {
        summary.print(context.console(), store.displayedUrl(context));
      }
      return summary.exitCode();
    }
  }

  private ImportSummary run(
      ObservabilityStorage storage, List<ImportSource> sources, List<String> unreadable) {
    OtlpReader reader =
        OtlpReader.builder()
            .tenant(store.tenant())
            .maxSpanBytes(store.maxSpanBytes(context))
            .build();
    try (Progress progress = Progress.on(context.console())) {
      SpanImport run = new SpanImport(storage, reader, progress);
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
                : ImportSource.file(file));
      } catch (IOException e) {
        unreadable.add(String.valueOf(e.getMessage()));
      }
    }
    return sources;
  }
}
