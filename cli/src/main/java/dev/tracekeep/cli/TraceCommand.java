package dev.tracekeep.cli;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Trace;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "trace", description = "Show one trace as a tree on a time line.")
final class TraceCommand implements Callable<Integer> {
  private final CommandContext context;

  @Parameters(paramLabel = "TRACE-ID", description = "The trace, as 'tracekeep traces' lists it.")
  private String traceId = "";

  @Option(names = "--full", description = "Show every field of every span below the tree.")
  private boolean full;

  @Option(
      names = "--json",
      description = "Print one JSON document with every field of every span instead.")
  private boolean json;

  @Mixin private StoreOptions store = new StoreOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  TraceCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    TraceKey key = new TraceKey(store.tenant(), traceId);
    try (ObservabilityStorage storage = store.openForReading(context)) {
      Trace trace =
          (full || json ? storage.getTrace(key) : storage.getTraceLight(key))
              .orElseThrow(
                  () ->
                      new CommandFailure(
                          ExitCode.NOT_FOUND,
                          "There is no trace "
                              + traceId
                              + " of tenant "
                              + store.tenant()
                              + " in "
                              + store.displayedUrl(context)
                              + ". 'tracekeep traces' lists those that are there."));
      if (json) {
        context.console().print(document(trace));
        return ExitCode.OK;
      }
      TraceView view = new TraceView(context.console());
      view.draw(trace);
      if (full) {
        view.details(trace);
      }
      return ExitCode.OK;
    }
  }

  private static Json document(Trace trace) {
    return Json.objectBuilder()
        .put("tenantId", trace.key().tenantId())
        .put("traceId", trace.key().traceId())
        .put("spans", Json.array(trace.spans().stream().map(SpanJson::of).toList()))
        .put("usage", UsageSum.of(trace.spans()).json())
        .build();
  }
}
