package dev.tracekeep.cli;

import dev.tracekeep.document.SpanDocument;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Page;
import dev.tracekeep.storage.RootPresence;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.TraceOrder;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceSummary;
import dev.tracekeep.text.Printable;
import dev.tracekeep.text.Style;
import dev.tracekeep.text.Wording;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "traces",
    description = "List traces, latest first. All filters must hold.",
    footer = {
      "",
      "A trace is found by any of its spans: one span has all that is asked. Times, durations and",
      "the status are those of its root, or of its first span where no root is stored.",
      "Text is compared literally, without wildcards. Times without a zone are UTC.",
      "Where there are more traces, the last line has the cursor of the next page."
    })
final class TracesCommand implements Callable<Integer> {
  private enum Sort {
    started,
    ended
  }

  private static final int STARTED = 19;
  private static final int DURATION = 9;
  private static final int STATUS = 7;
  private static final int MIN_NAME = 16;

  private final CommandContext context;

  @Mixin private TraceFilters filters = new TraceFilters();

  @Option(
      names = "--child-error",
      paramLabel = "BOOL",
      order = 20,
      arity = "0..1",
      fallbackValue = "true",
      description = "Some span of the trace has an error; with =false: none has.")
  private @Nullable Boolean childError;

  @Option(
      names = "--on-root",
      order = 21,
      description = "Find traces by their root alone, and not by any span.")
  private boolean onRoot;

  @Option(
      names = "--no-root",
      order = 22,
      description = "List the traces of which no root is stored.")
  private boolean noRoot;

  @Option(
      names = "--sort",
      order = 30,
      paramLabel = "TIME",
      description = "By which time: ${COMPLETION-CANDIDATES}; started if not given.")
  private Sort sort = Sort.started;

  @Option(names = "--ascending", order = 31, description = "Earliest first.")
  private boolean ascending;

  @Mixin private PageOptions paging = new PageOptions(20);

  @Mixin private StoreOptions store = new StoreOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  TracesCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    SpanFilter content = filters.content();
    try (ObservabilityStorage storage = store.openForReading(context)) {
      boolean byAnySpan = storage.capabilities().contains(Capability.SPAN_FILTERS);
      TraceQuery.Builder query = traces().limit(paging.limit()).order(order());
      if (onRoot || !byAnySpan) {
        query.root(content);
      } else if (!content.isAny()) {
        query.anySpan(content);
      }
      Page<TraceSummary> page = storage.listTraces(query.cursor(paging.cursor()).build());
      if (paging.isJson()) {
        context.console().print(document(page));
        return ExitCode.OK;
      }
      print(page);
      if (!byAnySpan) {
        context
            .console()
            .out()
            .println("Traces without a stored root are left out: this store lists them not yet.");
      } else if (onRoot && !content.isAny() && storage.capabilities().contains(Capability.COUNTS)) {
        printLeftOut(storage, content);
      }
      return ExitCode.OK;
    }
  }

  /** The traces that are asked for, but for what their spans are. */
  private TraceQuery.Builder traces() {
    TraceQuery.Builder query = TraceQuery.builder(store.tenant()).root(filters.course());
    if (childError != null) {
      query.hasChildError(childError);
    }
    return noRoot ? query.roots(RootPresence.MISSING) : query;
  }

  /** Says how many traces only another span than the root would find. */
  private void printLeftOut(ObservabilityStorage storage, SpanFilter content) {
    long more =
        storage.countTraces(traces().anySpan(content).build())
            - storage.countTraces(traces().root(content).build());
    if (more > 0) {
      context
          .console()
          .out()
          .println(
              more
                  + (more == 1 ? " trace is" : " traces are")
                  + " left out by --on-root: another span has what is asked.");
    }
  }

  private TraceOrder order() {
    if (sort == Sort.started) {
      return ascending ? TraceOrder.STARTED_AT_ASCENDING : TraceOrder.STARTED_AT_DESCENDING;
    }
    return ascending ? TraceOrder.ENDED_AT_ASCENDING : TraceOrder.ENDED_AT_DESCENDING;
  }

  private static Json document(Page<TraceSummary> page) {
    return Json.objectBuilder()
        .put(
            "traces",
            Json.array(
                page.items().stream()
                    .map(
                        item ->
                            SpanDocument.of(
                                item.head(), Map.of("hasRoot", Json.of(item.hasRoot()))))
                    .toList()))
        .put("cursor", page.nextCursor().map(Json::of).orElse(Json.NULL))
        .build();
  }

  private void print(Page<TraceSummary> page) {
    Console console = context.console();
    PrintWriter out = console.out();
    if (page.items().isEmpty()) {
      console
          .err()
          .println(
              "No trace of tenant "
                  + store.tenant()
                  + " matches in "
                  + store.displayedUrl(context)
                  + ".");
      return;
    }
    int id =
        page.items().stream().mapToInt(item -> item.key().traceId().length()).max().orElseThrow();
    int name =
        Math.max(MIN_NAME, console.terminal().width() - id - STARTED - DURATION - STATUS - 8);
    out.println(
        console.styled(
            Style.FAINT,
            Terminal.CELLS.padRight("TRACE", id)
                + "  "
                + Terminal.CELLS.padRight("STARTED (UTC)", STARTED)
                + "  "
                + Terminal.CELLS.padLeft("DURATION", DURATION)
                + "  STATUS   NAME"));
    for (TraceSummary item : page.items()) {
      Span root = item.head();
      String status = item.status().toString();
      out.println(
          Terminal.CELLS.padRight(item.key().traceId(), id)
              + "  "
              + Wording.time(root.times().startedAt())
              + "  "
              + Terminal.CELLS.padLeft(duration(root), DURATION)
              + "  "
              + console.styled(Style.of(item.status()), status)
              + " ".repeat(STATUS - status.length())
              + "  "
              + Terminal.CELLS.fit(
                  (item.hasRoot() ? "" : "(no root) ") + Printable.line(root.name()),
                  name,
                  console.glyphs().ellipsis()));
      if (out.checkError()) {
        return;
      }
    }
    page.nextCursor()
        .ifPresent(next -> out.println(console.styled(Style.FAINT, "More: --cursor " + next)));
  }

  private String duration(Span root) {
    Instant end = root.times().endedAt();
    return end == null
        ? ""
        : Wording.duration(
            Duration.between(root.times().startedAt(), end), context.console().glyphs());
  }
}
