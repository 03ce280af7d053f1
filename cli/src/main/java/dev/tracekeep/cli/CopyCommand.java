package dev.tracekeep.cli;

import dev.tracekeep.copy.CopyCheckpoint;
import dev.tracekeep.copy.CopyComparison;
import dev.tracekeep.copy.CopyReport;
import dev.tracekeep.copy.StoreCopy;
import dev.tracekeep.span.Json;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.SpanScan;
import dev.tracekeep.storage.StorageUri;
import dev.tracekeep.storage.WriteResult;
import dev.tracekeep.text.Printable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
    name = "copy",
    description = {
      "Copy spans from one store into another, each once, in its better version.",
      "Again, it changes nothing. All filters must hold."
    },
    footer = {
      "",
      "Passwords are better given as TRACEKEEP_FROM_PASSWORD and TRACEKEEP_TO_PASSWORD.",
      "Exit status 1 if --verify finds a span missing or worse, 3 if the target refuses spans."
    })
final class CopyCommand implements Callable<Integer> {
  private static final int SHOWN_KEYS = 20;

  private final CommandContext context;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--from",
      paramLabel = "URL",
      required = true,
      order = -10,
      description = "The store to read.")
  private String from = "";

  @Option(
      names = "--to",
      paramLabel = "URL",
      required = true,
      order = -9,
      description = "The store to write; its table is made if it is not there.")
  private String to = "";

  @Option(
      names = "--from-property",
      paramLabel = "KEY=VALUE",
      order = -8,
      description = "A property of it, such as table=my_spans. May be repeated.")
  private Map<String, String> fromProperties = new LinkedHashMap<>();

  @Option(
      names = "--to-property",
      paramLabel = "KEY=VALUE",
      order = -7,
      description = "Likewise of the other.")
  private Map<String, String> toProperties = new LinkedHashMap<>();

  @Option(
      names = "--tenant",
      paramLabel = "TENANT",
      order = -6,
      description = "Whose spans; those of all tenants if not given.")
  private @Nullable String tenant;

  @Mixin private TraceFilters filters = new TraceFilters();

  @Option(
      names = "--checkpoint",
      paramLabel = "FILE",
      order = 30,
      description = "Keep in this file how far it has come, and go on from there.")
  private @Nullable Path checkpoint;

  @Option(
      names = "--restart",
      order = 31,
      description = "Forget the checkpoint, and begin at the first span.")
  private boolean restart;

  @Option(
      names = "--verify",
      order = 32,
      description = "Copy nothing: compare the versions of all spans.")
  private boolean verify;

  @Option(names = "--json", order = 33, description = "Print one JSON document instead.")
  private boolean json;

  @Mixin private CommonOptions common = new CommonOptions();

  CopyCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (verify && (checkpoint != null || restart) || restart && checkpoint == null) {
      throw new ParameterException(
          spec.commandLine(),
          verify
              ? "--verify copies nothing: it goes without --checkpoint and --restart."
              : "--restart forgets a checkpoint: name it by --checkpoint.");
    }
    StoreOptions source = new StoreOptions(from, fromProperties, "TRACEKEEP_FROM_PASSWORD");
    StoreOptions target = new StoreOptions(to, toProperties, "TRACEKEEP_TO_PASSWORD");
    if (source.url(context).equals(target.url(context)) && fromProperties.equals(toProperties)) {
      throw new ParameterException(
          spec.commandLine(), "--from and --to name the same table: there is nothing to copy.");
    }
    SpanFilter.Builder wanted = SpanFilter.builder();
    filters.content().conditions().forEach(wanted::condition);
    filters.course().conditions().forEach(wanted::condition);
    SpanFilter filter = wanted.build();
    CopyCheckpoint kept = checkpoint == null ? null : opened(checkpoint, filter);
    try (ObservabilityStorage read = source.openForReading(context);
        ObservabilityStorage written =
            verify ? target.openForReading(context) : target.openForWriting(context);
        Progress progress = Progress.on(context.console())) {
      progress.begin(verify ? "Comparing" : "Copying", -1, Progress.Unit.ROWS);
      StoreCopy.Builder copy =
          StoreCopy.builder(read, written)
              .scan(tenant == null ? SpanScan.ALL : SpanScan.ofTenant(tenant))
              .filter(filter)
              .progress(spans -> progress.at(spans, ""));
      if (kept != null) {
        copy.checkpoint(kept);
      }
      return verify ? print(copy.build().compare()) : print(copy.build().run());
    } catch (IOException e) {
      throw unwritable(e);
    }
  }

  private static CommandFailure unwritable(IOException failure) {
    return new CommandFailure(
        ExitCode.FAILURE,
        "The checkpoint cannot be kept: " + failure.getMessage() + ". Copying again is safe.");
  }

  private CopyCheckpoint opened(Path file, SpanFilter filter) {
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("from", StorageUri.of(from) + " " + fromProperties.getOrDefault("table", ""));
    parameters.put("to", StorageUri.of(to) + " " + toProperties.getOrDefault("table", ""));
    parameters.put("tenant", tenant == null ? "" : tenant);
    parameters.put("filter", filter.toString());
    try {
      if (restart) {
        Files.deleteIfExists(file);
      }
      return CopyCheckpoint.open(file, parameters);
    } catch (IllegalArgumentException e) {
      throw new CommandFailure(
          ExitCode.USAGE, e.getMessage() + ". Name another file, or forget it by --restart.");
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCode.USAGE, "The checkpoint cannot be read: " + e.getMessage() + ".");
    }
  }

  private int print(CopyReport report) {
    WriteResult.Counts counts = report.countsOrNull();
    if (json) {
      Json.ObjectBuilder document = Json.objectBuilder().put("read", report.read());
      if (counts != null) {
        document
            .put("new", counts.created())
            .put("replaced", counts.replaced())
            .put("unchanged", counts.unchanged());
      }
      document
          .put("refused", report.rejectedSpans())
          .put("resumed", report.resumedBehind() != null);
      context.console().print(document.build());
    } else {
      Facts facts = new Facts().add("read", report.read());
      if (counts != null) {
        facts
            .add("new", counts.created())
            .add("replaced", counts.replaced())
            .add("unchanged", counts.unchanged());
      }
      facts.add("refused", report.rejectedSpans()).print(context.console());
      if (report.resumedBehind() != null) {
        context.console().message("It went on behind " + report.resumedBehind() + ".");
      }
    }
    report.rejected().stream()
        .limit(SHOWN_KEYS)
        .forEach(
            rejection ->
                context
                    .console()
                    .message(Printable.line("span " + rejection.key() + " " + rejection.reason())));
    return report.rejectedSpans() > 0 ? ExitCode.PARTIAL : ExitCode.OK;
  }

  private int print(CopyComparison comparison) {
    if (json) {
      context
          .console()
          .print(
              Json.objectBuilder()
                  .put("equal", comparison.equal())
                  .put("better", comparison.better())
                  .put("missing", comparison.missing())
                  .put("worse", comparison.worse())
                  .put(
                      "firstKeys",
                      Json.array(
                          comparison.firstKeys().stream()
                              .map(key -> Json.of(key.toString()))
                              .toList()))
                  .build());
    } else {
      new Facts()
          .add("equal", comparison.equal())
          .add("better in the target", comparison.better())
          .add("missing there", comparison.missing())
          .add("worse there", comparison.worse())
          .print(context.console());
      comparison.firstKeys().stream()
          .limit(SHOWN_KEYS)
          .forEach(key -> context.console().out().println("  " + Printable.line(key.toString())));
    }
    return comparison.isComplete() ? ExitCode.OK : ExitCode.FAILURE;
  }
}
