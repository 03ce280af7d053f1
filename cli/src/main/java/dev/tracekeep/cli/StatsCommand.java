package dev.tracekeep.cli;

import dev.tracekeep.span.Json;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.RootPresence;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.TraceQuery;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
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
      OptionalLong rootless = rootless(storage);
      if (json) {
        context.console().print(document(statistics, rootless));
      } else {
        print(context.console(), statistics);
        if (rootless.orElse(0) > 0) {
          context
              .console()
              .out()
              .println(
                  String.format(
                      Locale.ROOT,
                      "%,d of the traces of tenant %s have no stored root: 'tracekeep traces"
                          + " --no-root' lists them.",
                      rootless.getAsLong(),
                      store.tenant()));
        }
      }
      return ExitCode.OK;
    }
  }

  private OptionalLong rootless(ObservabilityStorage storage) {
    return storage.capabilities().containsAll(List.of(Capability.COUNTS, Capability.SPAN_FILTERS))
        ? OptionalLong.of(
            storage.countTraces(
                TraceQuery.builder(store.tenant()).roots(RootPresence.MISSING).build()))
        : OptionalLong.empty();
  }

  private static Json document(StorageStatistics statistics, OptionalLong rootless) {
    return Json.objectBuilder()
        .put("spans", statistics.spans())
        .put("traces", statistics.traces())
        .put("running", statistics.running())
        .put("errors", statistics.errors())
        .put("tenants", statistics.tenants())
        .put("tracesWithoutRoot", rootless.isPresent() ? Json.of(rootless.getAsLong()) : Json.NULL)
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
