package dev.tracekeep.cli;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Page;
import dev.tracekeep.storage.SpanValue;
import dev.tracekeep.storage.ValueQuery;
import dev.tracekeep.text.Printable;
import dev.tracekeep.text.Style;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "values",
    description = "List the values that stand in a column, each once.",
    footer = {
      "",
      "COLUMN is a text column such as service_name, name, model or environment; tags;",
      "attributes for the names of attributes; attributes.KEY for the values of one."
    })
final class ValuesCommand implements Callable<Integer> {
  private final CommandContext context;

  @Parameters(paramLabel = "COLUMN", description = "What to list.")
  private String column = "";

  @Mixin private TraceFilters filters = new TraceFilters();

  @Option(
      names = "--prefix",
      paramLabel = "TEXT",
      order = 30,
      description = "Begin with this text.")
  private String prefix = "";

  @Option(names = "--counts", order = 31, description = "Say how many spans have each.")
  private boolean counts;

  @Mixin private PageOptions paging = new PageOptions(100);

  @Mixin private StoreOptions store = new StoreOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  ValuesCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    ValueQuery.Builder query =
        source()
            .filter(filters.content())
            .filter(filters.course())
            .prefix(prefix)
            .limit(paging.limit())
            .cursor(paging.cursor());
    if (counts) {
      query.counts();
    }
    try (ObservabilityStorage storage = store.openForReading(context)) {
      Page<SpanValue> page = storage.listValues(query.build());
      if (paging.isJson()) {
        context.console().print(document(page));
      } else {
        print(page);
      }
      return ExitCode.OK;
    }
  }

  private ValueQuery.Builder source() {
    if (column.equals(SpanColumn.TAGS.columnName())) {
      return ValueQuery.ofTags(store.tenant());
    }
    int dot = column.indexOf('.');
    String first = dot < 0 ? column : column.substring(0, dot);
    SpanColumn json =
        SpanColumn.named(first).filter(named -> named.type() == SpanColumn.Type.JSON).orElse(null);
    if (json != null) {
      return dot < 0
          ? ValueQuery.ofMemberNames(store.tenant(), json, List.of())
          : ValueQuery.ofMember(store.tenant(), json, List.of(column.substring(dot + 1)));
    }
    return ValueQuery.ofColumn(store.tenant(), TraceFilters.column("values", column));
  }

  private static Json document(Page<SpanValue> page) {
    return Json.objectBuilder()
        .put(
            "values",
            Json.array(
                page.items().stream()
                    .map(
                        value -> {
                          Json.ObjectBuilder item = Json.objectBuilder().put("value", value.text());
                          Long spans = value.spans();
                          if (spans != null) {
                            item.put("spans", spans);
                          }
                          return item.build();
                        })
                    .toList()))
        .put("cursor", page.nextCursor().map(Json::of).orElse(Json.NULL))
        .build();
  }

  private void print(Page<SpanValue> page) {
    Console console = context.console();
    for (SpanValue value : page.items()) {
      console
          .out()
          .println(
              (value.spans() == null
                      ? ""
                      : Terminal.CELLS.padLeft(value.spans().toString(), 10) + "  ")
                  + Printable.line(value.text()));
    }
    if (page.items().isEmpty()) {
      console
          .err()
          .println(
              "No span of tenant "
                  + store.tenant()
                  + " has a value of "
                  + column
                  + " in "
                  + store.displayedUrl(context)
                  + ".");
    }
    page.nextCursor()
        .ifPresent(
            next -> console.out().println(console.styled(Style.FAINT, "More: --cursor " + next)));
  }
}
