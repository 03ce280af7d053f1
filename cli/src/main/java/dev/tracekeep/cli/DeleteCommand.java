package dev.tracekeep.cli;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Page;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceSummary;
import dev.tracekeep.text.Printable;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
    name = "delete",
    description = "Delete traces, each with all of its spans. It cannot be undone.",
    footer = {
      "",
      "A trace goes as a whole when any of its spans has the user and the session.",
      "With --tenant alone all traces of that tenant go.",
      "A span that is written again later is stored again."
    })
final class DeleteCommand implements Callable<Integer> {
  private final CommandContext context;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--trace",
      paramLabel = "ID",
      order = 1,
      description = "A trace, by its whole id. May be repeated.")
  private List<String> traces = new ArrayList<>();

  @Option(names = "--user", paramLabel = "ID", order = 2, description = "Traces of this user.")
  private @Nullable String user;

  @Option(
      names = "--session",
      paramLabel = "ID",
      order = 3,
      description = "Traces of this session.")
  private @Nullable String session;

  @Option(names = "--dry-run", order = 10, description = "Only say how many traces would go.")
  private boolean dryRun;

  @Option(names = "--json", order = 11, description = "Print one JSON document instead.")
  private boolean json;

  @Mixin private Confirmation confirmation = new Confirmation();
  @Mixin private StoreOptions store = new StoreOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  DeleteCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    boolean filtered = user != null || session != null;
    if (!traces.isEmpty() && filtered) {
      throw new ParameterException(
          spec.commandLine(), "Give either --trace or --user and --session, not both.");
    }
    if (traces.isEmpty() && !filtered && !store.namesTenant()) {
      throw new ParameterException(
          spec.commandLine(),
          "Say what to delete: --trace, --user, --session, or --tenant for all of a tenant.");
    }
    try (ObservabilityStorage storage = store.openForReading(context)) {
      List<TraceKey> named = named(storage);
      long found = traces.isEmpty() ? storage.countTraces(query().build()) : named.size();
      if (dryRun || found == 0) {
        print(found, storage.statistics(), null);
        return found == 0 && !traces.isEmpty() ? ExitCode.NOT_FOUND : ExitCode.OK;
      }
      confirmation.require(context, () -> question(found));
      StorageStatistics before = storage.statistics();
      long deleted = traces.isEmpty() ? deleteMatching(storage) : storage.batchDeleteTraces(named);
      print(deleted, before, storage.statistics());
      return ExitCode.OK;
    }
  }

  /** The traces that were named and are there; one that is not is told of. */
  private List<TraceKey> named(ObservabilityStorage storage) {
    List<TraceKey> keys = new ArrayList<>();
    for (String id : new LinkedHashSet<>(traces)) {
      TraceKey key = new TraceKey(store.tenant(), id);
      if (storage.getTraceLight(key).isPresent()) {
        keys.add(key);
      } else {
        context.console().message("There is no trace " + id + " of tenant " + store.tenant() + ".");
      }
    }
    return keys;
  }

  private TraceQuery.Builder query() {
    SpanFilter.Builder filter = SpanFilter.builder();
    if (user != null) {
      filter.where(SpanColumn.USER_ID, user);
    }
    if (session != null) {
      filter.where(SpanColumn.SESSION_ID, session);
    }
    TraceQuery.Builder query = TraceQuery.builder(store.tenant()).limit(TraceQuery.MAX_LIMIT);
    SpanFilter wanted = filter.build();
    return wanted.isAny() ? query : query.anySpan(wanted);
  }

  /** Walks forward, so that traces which others write meanwhile cannot keep it busy for ever. */
  private long deleteMatching(ObservabilityStorage storage) {
    TraceQuery.Builder query = query();
    long deleted = 0;
    String cursor = null;
    do {
      Page<TraceSummary> page = storage.listTraces(query.cursor(cursor).build());
      deleted += storage.batchDeleteTraces(page.items().stream().map(TraceSummary::key).toList());
      cursor = page.cursor();
    } while (cursor != null);
    return deleted;
  }

  private String question(long found) {
    return String.format(
        Locale.ROOT,
        "%,d %s of tenant %s will be deleted from %s, with all of their spans.",
        found,
        found == 1 ? "trace" : "traces",
        Printable.line(store.tenant()),
        store.displayedUrl(context));
  }

  /**
   * @param after null where nothing was deleted
   */
  private void print(long traces, StorageStatistics before, @Nullable StorageStatistics after) {
    Console console = context.console();
    if (json) {
      Json.ObjectBuilder document =
          Json.objectBuilder()
              .put(after == null ? "tracesFound" : "tracesDeleted", traces)
              .put("tracesBefore", before.traces())
              .put("spansBefore", before.spans());
      if (after != null) {
        document.put("tracesAfter", after.traces()).put("spansAfter", after.spans());
      }
      console.print(document.build());
      return;
    }
    Facts facts =
        new Facts()
            .add(after == null ? "traces found" : "traces deleted", traces)
            .add("traces before", before.traces())
            .add("spans before", before.spans());
    if (after != null) {
      facts.add("traces now", after.traces()).add("spans now", after.spans());
    }
    facts.print(console);
  }
}
