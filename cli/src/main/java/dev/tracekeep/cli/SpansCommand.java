package dev.tracekeep.cli;

import dev.tracekeep.document.SpanDocument;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Page;
import dev.tracekeep.storage.SpanOrder;
import dev.tracekeep.storage.SpanQuery;
import dev.tracekeep.text.Printable;
import dev.tracekeep.text.Style;
import dev.tracekeep.text.Wording;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "spans",
    description = "List spans across traces, latest first. All filters must hold.")
final class SpansCommand implements Callable<Integer> {
  private enum Sort {
    started,
    duration
  }

  private static final int STARTED = 19;
  private static final int DURATION = 9;
  private static final int STATUS = 7;

  private final CommandContext context;

  @Mixin private TraceFilters filters = new TraceFilters();

  @Option(
      names = "--sort",
      order = 30,
      paramLabel = "BY",
      description = "By what: ${COMPLETION-CANDIDATES}; started if not given.")
  private Sort sort = Sort.started;

  @Option(names = "--ascending", order = 31, description = "Earliest or shortest first.")
  private boolean ascending;

  @Mixin private PageOptions paging = new PageOptions(20);

  @Mixin private StoreOptions store = new StoreOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  SpansCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    SpanQuery query =
        SpanQuery.builder(store.tenant())
            .filter(filters.content())
            .filter(filters.course())
            .order(order())
            .limit(paging.limit())
            .cursor(paging.cursor())
            .build();
    try (ObservabilityStorage storage = store.openForReading(context)) {
      Page<Span> page = storage.listSpans(query);
      if (paging.isJson()) {
        context
            .console()
            .print(
                Json.objectBuilder()
                    .put("spans", Json.array(page.items().stream().map(SpanDocument::of).toList()))
                    .put("cursor", page.nextCursor().map(Json::of).orElse(Json.NULL))
                    .build());
      } else {
        print(page);
      }
      return ExitCode.OK;
    }
  }

  private SpanOrder order() {
    if (sort == Sort.started) {
      return ascending ? SpanOrder.STARTED_AT_ASCENDING : SpanOrder.STARTED_AT_DESCENDING;
    }
    return ascending ? SpanOrder.DURATION_ASCENDING : SpanOrder.DURATION_DESCENDING;
  }

  private void print(Page<Span> page) {
    Console console = context.console();
    PrintWriter out = console.out();
    if (page.items().isEmpty()) {
      console
          .err()
          .println(
              "No span of tenant "
                  + store.tenant()
                  + " matches in "
                  + store.displayedUrl(context)
                  + ".");
      return;
    }
    int trace =
        page.items().stream().mapToInt(span -> span.key().traceId().length()).max().orElseThrow();
    int id =
        page.items().stream().mapToInt(span -> span.key().spanId().length()).max().orElseThrow();
    out.println(
        console.styled(
            Style.FAINT,
            Terminal.CELLS.padRight("TRACE", trace)
                + "  "
                + Terminal.CELLS.padRight("SPAN", id)
                + "  "
                + Terminal.CELLS.padRight("STARTED (UTC)", STARTED)
                + "  "
                + Terminal.CELLS.padLeft("DURATION", DURATION)
                + "  STATUS   NAME"));
    for (Span span : page.items()) {
      String status = span.status().toString();
      Duration duration = span.times().duration();
      out.println(
          Terminal.CELLS.padRight(span.key().traceId(), trace)
              + "  "
              + Terminal.CELLS.padRight(span.key().spanId(), id)
              + "  "
              + Wording.time(span.times().startedAt())
              + "  "
              + Terminal.CELLS.padLeft(
                  duration == null ? "" : Wording.duration(duration, console.glyphs()), DURATION)
              + "  "
              + console.styled(Style.of(span.status()), status)
              + " ".repeat(STATUS - status.length())
              + "  "
              + Printable.line(span.name()));
      if (out.checkError()) {
        return;
      }
    }
    page.nextCursor()
        .ifPresent(next -> out.println(console.styled(Style.FAINT, "More: --cursor " + next)));
  }
}
