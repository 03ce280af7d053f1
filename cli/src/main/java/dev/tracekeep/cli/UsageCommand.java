package dev.tracekeep.cli;

import dev.tracekeep.document.SpanDocument;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.SpanAggregate;
import dev.tracekeep.storage.SpanAggregation;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.text.Printable;
import dev.tracekeep.text.Style;
import dev.tracekeep.text.Wording;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "usage",
    description = "Sum up calls, tokens and cost of the spans that name a model.",
    footer = {
      "",
      "A span that repeats what spans below it used, as agents' runs do, counts beside them:",
      "add --type model_generation to leave it out."
    })
final class UsageCommand implements Callable<Integer> {
  private static final int P95 = 95;

  private final CommandContext context;

  @Option(
      names = "--by",
      paramLabel = "WHAT",
      order = 1,
      split = ",",
      description =
          "Up to two text columns, and hour or day: --by model,day. By model if not given.")
  private List<String> by = List.of("model");

  @Mixin private TraceFilters filters = new TraceFilters();

  @Option(names = "--json", order = 34, description = "Print one JSON document instead.")
  private boolean json;

  @Mixin private StoreOptions store = new StoreOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  UsageCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    SpanAggregation.Builder question =
        SpanAggregation.builder(store.tenant())
            .filter(SpanFilter.builder().present(SpanColumn.MODEL).build())
            .filter(filters.content())
            .filter(filters.course())
            .percentile(P95);
    SpanColumn.all().stream()
        .filter(column -> column.type() == SpanColumn.Type.NUMBER)
        .forEach(question::sum);
    for (String part : by) {
      switch (part) {
        case "hour" -> question.every(Duration.ofHours(1));
        case "day" -> question.every(Duration.ofDays(1));
        default -> question.by(TraceFilters.column("--by", part));
      }
    }
    SpanAggregation built = question.build();
    try (ObservabilityStorage storage = store.openForReading(context)) {
      List<SpanAggregate> groups = storage.aggregate(built);
      if (json) {
        context
            .console()
            .print(
                Json.objectBuilder()
                    .put(
                        "groups",
                        Json.array(groups.stream().map(group -> document(built, group)).toList()))
                    .build());
      } else if (groups.isEmpty()) {
        context
            .console()
            .err()
            .println(
                "No span of tenant "
                    + store.tenant()
                    + " that matches names a model in "
                    + store.displayedUrl(context)
                    + ".");
      } else {
        print(built, groups);
      }
      return ExitCode.OK;
    }
  }

  private static Json document(SpanAggregation question, SpanAggregate group) {
    Json.ObjectBuilder object = Json.objectBuilder();
    if (group.from() != null) {
      object.put("from", group.from().toString());
    }
    for (int i = 0; i < question.columns().size(); i++) {
      String value = group.group().get(i);
      object.put(
          SpanDocument.name(question.columns().get(i)), value == null ? Json.NULL : Json.of(value));
    }
    object.put("calls", group.spans()).put("errors", group.errors());
    group.percentiles().forEach((p, duration) -> object.put("p" + p + "Nanos", duration.toNanos()));
    group.sums().forEach((column, sum) -> object.put(SpanDocument.name(column), Json.of(sum)));
    return object.build();
  }

  private void print(SpanAggregation question, List<SpanAggregate> groups) {
    List<List<String>> rows = new ArrayList<>();
    List<String> head = new ArrayList<>();
    question.width().ifPresent(width -> head.add("FROM (UTC)"));
    question.columns().forEach(column -> head.add(column.columnName().toUpperCase(Locale.ROOT)));
    head.addAll(List.of("CALLS", "ERRORS", "P95", "INPUT", "OUTPUT", "TOTAL", "COST"));
    rows.add(head);
    for (SpanAggregate group : groups) {
      List<String> row = new ArrayList<>();
      if (group.from() != null) {
        row.add(Wording.time(group.from()));
      }
      group.group().forEach(value -> row.add(value == null ? "-" : Printable.line(value)));
      Duration p95 = group.percentiles().get(P95);
      row.add(Long.toString(group.spans()));
      row.add(Long.toString(group.errors()));
      row.add(p95 == null ? "-" : Wording.duration(p95, context.console().glyphs()));
      for (SpanColumn column :
          List.of(
              SpanColumn.INPUT_TOKENS,
              SpanColumn.OUTPUT_TOKENS,
              SpanColumn.TOTAL_TOKENS,
              SpanColumn.COST)) {
        BigDecimal sum = group.sums().get(column);
        row.add(sum == null ? "-" : sum.toPlainString());
      }
      rows.add(row);
    }
    int texts = head.size() - 7;
    int[] widths = new int[head.size()];
    rows.forEach(
        row -> {
          for (int i = 0; i < widths.length; i++) {
            widths[i] = Math.max(widths[i], row.get(i).length());
          }
        });
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        line.append(i == 0 ? "" : "  ");
        line.append(
            i < texts
                ? Terminal.CELLS.padRight(row.get(i), widths[i])
                : Terminal.CELLS.padLeft(row.get(i), widths[i]));
      }
      context
          .console()
          .out()
          .println(row == head ? context.console().styled(Style.FAINT, line.toString()) : line);
    }
  }
}
