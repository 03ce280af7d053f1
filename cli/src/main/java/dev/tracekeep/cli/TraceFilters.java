package dev.tracekeep.cli;

import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.TraceQuery;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** The filters of {@link TraceQuery} as options. */
final class TraceFilters {
  /** A lower bound: inclusive or exclusive. */
  static final class StartedLower {
    @Option(
        names = "--started-from",
        paramLabel = "TIME",
        converter = Instants.class,
        description = "Started at this time or later.")
    private @Nullable Instant from;

    @Option(
        names = "--started-after",
        paramLabel = "TIME",
        converter = Instants.class,
        description = "Started later than this.")
    private @Nullable Instant after;
  }

  /** An upper bound: inclusive or exclusive. */
  static final class StartedUpper {
    @Option(
        names = "--started-to",
        paramLabel = "TIME",
        converter = Instants.class,
        description = "Started at this time or earlier.")
    private @Nullable Instant to;

    @Option(
        names = "--started-before",
        paramLabel = "TIME",
        converter = Instants.class,
        description = "Started earlier than this.")
    private @Nullable Instant before;
  }

  /** A lower bound: inclusive or exclusive. */
  static final class EndedLower {
    @Option(
        names = "--ended-from",
        paramLabel = "TIME",
        converter = Instants.class,
        description = "Ended at this time or later.")
    private @Nullable Instant from;

    @Option(
        names = "--ended-after",
        paramLabel = "TIME",
        converter = Instants.class,
        description = "Ended later than this.")
    private @Nullable Instant after;
  }

  /** An upper bound: inclusive or exclusive. */
  static final class EndedUpper {
    @Option(
        names = "--ended-to",
        paramLabel = "TIME",
        converter = Instants.class,
        description = "Ended at this time or earlier.")
    private @Nullable Instant to;

    @Option(
        names = "--ended-before",
        paramLabel = "TIME",
        converter = Instants.class,
        description = "Ended earlier than this.")
    private @Nullable Instant before;
  }

  @ArgGroup private StartedLower startedLower = new StartedLower();
  @ArgGroup private StartedUpper startedUpper = new StartedUpper();
  @ArgGroup private EndedLower endedLower = new EndedLower();
  @ArgGroup private EndedUpper endedUpper = new EndedUpper();

  @Option(names = "--status", paramLabel = "STATUS", order = 1, description = "ok, running, error.")
  private @Nullable String status;

  @Option(
      names = "--child-error",
      paramLabel = "BOOL",
      order = 2,
      arity = "0..1",
      fallbackValue = "true",
      description = "Some span of the trace has an error; with =false: none has.")
  private @Nullable Boolean childError;

  @Option(names = "--name", paramLabel = "TEXT", order = 3, description = "The root's name.")
  private @Nullable String name;

  @Option(
      names = "--type",
      paramLabel = "TYPE",
      order = 4,
      description = "The root's type, such as agent_run.")
  private @Nullable String type;

  @Option(names = "--service", paramLabel = "TEXT", order = 5, description = "The service's name.")
  private @Nullable String service;

  @Option(
      names = "--environment",
      paramLabel = "TEXT",
      order = 6,
      description = "The deployment environment.")
  private @Nullable String environment;

  @Option(names = "--user", paramLabel = "ID", order = 7, description = "The user.")
  private @Nullable String user;

  @Option(names = "--session", paramLabel = "ID", order = 8, description = "The session.")
  private @Nullable String session;

  @Option(
      names = "--where",
      paramLabel = "COLUMN=TEXT",
      order = 9,
      description = {
        "Any other text column of the root, such as thread_id=t-1 or entity_name=planner.",
        "May be repeated."
      })
  private Map<String, String> where = new LinkedHashMap<>();

  @Option(
      names = "--tag",
      paramLabel = "TAG",
      order = 10,
      description = "The root has this tag. Repeated: all of them.")
  private List<String> tags = new ArrayList<>();

  @Option(
      names = "--metadata",
      paramLabel = "KEY=VALUE",
      order = 11,
      description = "A top-level key of the metadata; the value is JSON, or else plain text.")
  private Map<String, String> metadata = new LinkedHashMap<>();

  @Option(
      names = "--scope",
      paramLabel = "KEY=VALUE",
      order = 12,
      description = "A top-level key of the instrumentation scope, likewise.")
  private Map<String, String> scope = new LinkedHashMap<>();

  /** Adds what was given on the command line. */
  void applyTo(TraceQuery.Builder query) {
    TimeRange started =
        Instants.range(startedLower.from, startedLower.after, startedUpper.to, startedUpper.before);
    if (!started.equals(TimeRange.ALL)) {
      query.startedAt(started);
    }
    TimeRange ended =
        Instants.range(endedLower.from, endedLower.after, endedUpper.to, endedUpper.before);
    if (!ended.equals(TimeRange.ALL)) {
      query.endedAt(ended);
    }
    if (status != null) {
      query.status(status(status));
    }
    if (childError != null) {
      query.hasChildError(childError);
    }
    addText(query, SpanColumn.NAME, name);
    addText(query, SpanColumn.SPAN_TYPE, type);
    addText(query, SpanColumn.SERVICE_NAME, service);
    addText(query, SpanColumn.ENVIRONMENT, environment);
    addText(query, SpanColumn.USER_ID, user);
    addText(query, SpanColumn.SESSION_ID, session);
    where.forEach((column, value) -> query.where(column(column), value));
    tags.forEach(query::tag);
    metadata.forEach((key, value) -> query.metadata(key, json(value)));
    scope.forEach((key, value) -> query.scope(key, json(value)));
  }

  private static void addText(TraceQuery.Builder query, SpanColumn column, @Nullable String value) {
    if (value != null) {
      query.where(column, value);
    }
  }

  private static SpanStatus status(String text) {
    for (SpanStatus status : SpanStatus.values()) {
      if (status.toString().equals(text.toLowerCase(Locale.ROOT))) {
        return status;
      }
    }
    throw new CommandFailure(
        ExitCode.USAGE, "--status is '" + text + "': it must be ok, running or error.");
  }

  private static SpanColumn column(String given) {
    String columnName = given.toLowerCase(Locale.ROOT).replace('-', '_');
    return SpanColumn.named(columnName)
        .filter(TraceFilters::isFilter)
        .orElseThrow(
            () ->
                new CommandFailure(
                    ExitCode.USAGE,
                    "--where "
                        + given
                        + ": there is no such text column. There are: "
                        + SpanColumn.all().stream()
                            .filter(TraceFilters::isFilter)
                            .map(SpanColumn::columnName)
                            .collect(Collectors.joining(", "))
                        + "."));
  }

  private static boolean isFilter(SpanColumn column) {
    return column.type() == SpanColumn.Type.TEXT
        && column != SpanColumn.TENANT_ID
        && column != SpanColumn.PARENT_SPAN_ID;
  }

  private static Json json(String value) {
    try {
      return Json.parse(value);
    } catch (InvalidSpanException e) {
      // Not JSON, so it is the text itself: nobody wants to quote twice in a shell.
      return Json.of(value);
    }
  }
}
