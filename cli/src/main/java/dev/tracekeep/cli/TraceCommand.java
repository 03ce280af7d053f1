package dev.tracekeep.cli;

import dev.tracekeep.document.SpanDocument;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.span.UsageSum;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.SpanValue;
import dev.tracekeep.storage.Trace;
import dev.tracekeep.storage.ValueQuery;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "trace", description = "Show one trace as a tree on a time line.")
final class TraceCommand implements Callable<Integer> {
  /** Fewer characters of an id are no prefix that anybody copies. */
  private static final int SHORTEST_PREFIX = 8;

  private final CommandContext context;

  @Parameters(
      paramLabel = "TRACE-ID",
      description = {
        "The trace, as 'tracekeep traces' lists it; in upper case, with dashes or 0x, or the",
        "first eight characters or more, if no other trace begins so."
      })
  private String traceId = "";

  @Option(names = "--full", description = "Show every field of every span below the tree.")
  private boolean full;

  @Option(names = "--span", paramLabel = "SPAN-ID", description = "Show this span alone, in full.")
  private @Nullable String spanId;

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
    try (ObservabilityStorage storage = store.openForReading(context)) {
      TraceKey key = find(storage);
      Trace trace =
          (full || json || spanId != null ? storage.getTrace(key) : storage.getTraceLight(key))
              .orElseThrow(() -> notFound());
      if (spanId != null) {
        Span span =
            trace.spans().stream()
                .filter(one -> one.key().spanId().equals(spanId))
                .findFirst()
                .orElseThrow(
                    () ->
                        new CommandFailure(
                            ExitCode.NOT_FOUND,
                            "The trace " + key.traceId() + " has no span " + spanId + "."));
        trace = new Trace(key, List.of(span));
      }
      if (json) {
        context.console().print(document(trace));
        return ExitCode.OK;
      }
      Console console = context.console();
      console.print(console.traceText().drawing(trace));
      if (full || spanId != null) {
        console.print(console.traceText().details(trace));
      }
      return ExitCode.OK;
    }
  }

  /** The trace that is meant: by its id, by another spelling of it, or by its beginning. */
  private TraceKey find(ObservabilityStorage storage) {
    TraceKey asked = new TraceKey(store.tenant(), traceId);
    String plain = traceId.toLowerCase(Locale.ROOT).replaceFirst("^0x", "").replace("-", "");
    for (String spelling : List.of(traceId, plain)) {
      if (!spelling.isEmpty()
          && storage.getTraceLight(new TraceKey(store.tenant(), spelling)).isPresent()) {
        return new TraceKey(store.tenant(), spelling);
      }
    }
    if (plain.length() >= SHORTEST_PREFIX
        && storage.capabilities().contains(Capability.VALUE_LISTS)) {
      for (String prefix : List.of(traceId, plain)) {
        List<SpanValue> found =
            storage
                .listValues(
                    ValueQuery.ofColumn(store.tenant(), SpanColumn.TRACE_ID)
                        .prefix(prefix)
                        .limit(2)
                        .build())
                .items();
        if (found.size() > 1) {
          throw new CommandFailure(
              ExitCode.USAGE,
              "More than one trace begins with "
                  + prefix
                  + ", such as "
                  + found.get(0).text()
                  + " and "
                  + found.get(1).text()
                  + ". Give more of it.");
        }
        if (found.size() == 1) {
          return new TraceKey(store.tenant(), found.get(0).text());
        }
      }
    }
    return asked;
  }

  private CommandFailure notFound() {
    return new CommandFailure(
        ExitCode.NOT_FOUND,
        "There is no trace "
            + traceId
            + " of tenant "
            + store.tenant()
            + " in "
            + store.displayedUrl(context)
            + ". 'tracekeep traces' lists those that are there.");
  }

  private static Json document(Trace trace) {
    return Json.objectBuilder()
        .put("tenantId", trace.key().tenantId())
        .put("traceId", trace.key().traceId())
        .put("spans", Json.array(trace.spans().stream().map(SpanDocument::of).toList()))
        .put("usage", SpanDocument.of(UsageSum.of(trace.spans())))
        .build();
  }
}
