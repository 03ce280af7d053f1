package dev.tracekeep.cli;

import dev.tracekeep.span.Json;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageStatistics;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "stats", description = "Count what is stored, over all tenants.")
final class StatsCommand implements Callable<Integer> {
  private final CommandContext context;

  @Option(names = "--json", description = "Print one JSON document instead.")
  private boolean json;

  @Mixin private StoreOptions store = new StoreOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  StatsCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    try (ObservabilityStorage storage = store.openForReading(context)) {
      StorageStatistics statistics = storage.statistics();
      if (json) {
        context.console().print(document(statistics));
      } else {
        print(context.console(), statistics);
      }
      return ExitCode.OK;
    }
  }

  private static Json document(StorageStatistics statistics) {
    return Json.objectBuilder()
        .put("spans", statistics.spans())
        .put("traces", statistics.traces())
        .put("running", statistics.running())
        .put("errors", statistics.errors())
        .put("tenants", statistics.tenants())
        .build();
  }

  static void print(Console console, StorageStatistics statistics) {
    new Facts()
        .add("spans", statistics.spans())
        .add("traces", statistics.traces())
        .add("running", statistics.running())
        .add("errors", statistics.errors())
        .add("tenants", statistics.tenants())
        .print(console);
  }
}
