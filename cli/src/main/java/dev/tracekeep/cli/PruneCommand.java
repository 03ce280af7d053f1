package dev.tracekeep.cli;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.PruneReport;
import dev.tracekeep.storage.PruneRequest;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.text.Printable;
import dev.tracekeep.text.Wording;
import java.time.Instant;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "prune",
    description = "Delete the traces whose last activity is long ago. It cannot be undone.",
    footer = {
      "",
      "A trace goes as a whole, when all of its spans ended (or, where one never did, started)",
      "before. It goes in portions, oldest first: stopped in the middle, it goes on next time."
    })
final class PruneCommand implements Callable<Integer> {
  private static final int PORTION = 500;

  private final CommandContext context;

  /** When the last activity was, in one of two ways. */
  static final class Cut {
    @Option(
        names = "--older-than",
        paramLabel = "DURATION",
        order = 1,
        description = "Longer ago than 12h, 30d, …")
    private @Nullable String olderThan;

    @Option(
        names = "--before",
        paramLabel = "TIME",
        order = 2,
        converter = Instants.class,
        description = "Before this time.")
    private @Nullable Instant before;

    Instant instant() {
      return before != null
          ? before
          : Instant.now().minus(TraceFilters.duration("--older-than", String.valueOf(olderThan)));
    }
  }

  @ArgGroup(multiplicity = "1")
  private Cut cut = new Cut();

  @Option(names = "--dry-run", order = 10, description = "Only say how many traces would go.")
  private boolean dryRun;

  @Option(names = "--json", order = 11, description = "Print one JSON document instead.")
  private boolean json;

  @Mixin private Confirmation confirmation = new Confirmation();
  @Mixin private StoreOptions store = new StoreOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  PruneCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Instant before = cut.instant();
    try (ObservabilityStorage storage = store.openForReading(context)) {
      if (dryRun) {
        long found = count(storage, before);
        print(Json.objectBuilder().put("tracesFound", found), new Facts().add("traces old", found));
        return ExitCode.OK;
      }
      confirmation.require(context, () -> question(count(storage, before), before));
      long traces = 0;
      long spans = 0;
      try (Progress progress = Progress.on(context.console())) {
        progress.begin("Deleting spans", -1, Progress.Unit.ROWS);
        PruneReport report;
        do {
          report = storage.pruneTraces(new PruneRequest(store.tenant(), before, PORTION));
          traces += report.traces();
          spans += report.spans();
          progress.at(spans, "");
        } while (!report.done());
      }
      print(
          Json.objectBuilder().put("tracesDeleted", traces).put("spansDeleted", spans),
          new Facts().add("traces deleted", traces).add("spans deleted", spans));
      return ExitCode.OK;
    }
  }

  /** Counts by the rule of {@link PruneRequest}, said as what no span of such a trace may be. */
  private long count(ObservabilityStorage storage, Instant before) {
    TimeRange since = TimeRange.since(before);
    return storage.countTraces(
        TraceQuery.builder(store.tenant())
            .noSpan(SpanFilter.builder().endedAt(since).build())
            .noSpan(SpanFilter.builder().absent(SpanColumn.ENDED_AT).startedAt(since).build())
            .build());
  }

  private String question(long found, Instant before) {
    return String.format(
        Locale.ROOT,
        "%,d %s of tenant %s, without activity since %s (UTC), will be deleted from %s.",
        found,
        found == 1 ? "trace" : "traces",
        Printable.line(store.tenant()),
        Wording.time(before),
        store.displayedUrl(context));
  }

  private void print(Json.ObjectBuilder document, Facts facts) {
    if (json) {
      context.console().print(document.build());
    } else {
      facts.print(context.console());
    }
  }
}
