package dev.tracekeep.cli;

import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.TimeRange;
import java.time.Duration;
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

/** What spans and traces are looked for by, as options. */
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

  @Option(names = "--name", paramLabel = "TEXT", order = 3, description = "The span's name.")
  private @Nullable String name;

  @Option(
      names = "--type",
      paramLabel = "TYPE",
      order = 4,
      description = "The span's type, such as agent_run.")
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
        "Any other text column, such as thread_id=t-1 or entity_name=planner.",
        "May be repeated."
      })
  private Map<String, String> where = new LinkedHashMap<>();

  @Option(
      names = "--tag",
      paramLabel = "TAG",
      order = 10,
      description = "The span has this tag. Repeated: all of them.")
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

  @Option(
      names = "--attribute",
      paramLabel = "KEY=VALUE",
      order = 13,
      description = "An attribute of OpenTelemetry, likewise; http.status_code is one key.")
  private Map<String, String> attributes = new LinkedHashMap<>();

  @Option(
      names = "--since",
      paramLabel = "DURATION",
      order = 14,
      description = "Started within the last 30m, 1h, 7d, …")
  private @Nullable String since;

  @Option(
      names = "--min-duration",
      paramLabel = "DURATION",
      order = 15,
      description = "Took at least 500ms, 2s, 1.5m, …")
  private @Nullable String minDuration;

  @Option(
      names = "--max-duration",
      paramLabel = "DURATION",
      order = 16,
      description = "Took at most so long.")
  private @Nullable String maxDuration;

  /** What a span is: its columns, tags and members. */
  SpanFilter content() {
    SpanFilter.Builder filter = SpanFilter.builder();
    addText(filter, SpanColumn.NAME, name);
    addText(filter, SpanColumn.SPAN_TYPE, type);
    addText(filter, SpanColumn.SERVICE_NAME, service);
    addText(filter, SpanColumn.ENVIRONMENT, environment);
    addText(filter, SpanColumn.USER_ID, user);
    addText(filter, SpanColumn.SESSION_ID, session);
    where.forEach((column, value) -> filter.where(column("--where", column), value));
    tags.forEach(filter::tag);
    addMembers(filter, SpanColumn.METADATA, metadata);
    addMembers(filter, SpanColumn.SCOPE, scope);
    addMembers(filter, SpanColumn.ATTRIBUTES, attributes);
    return filter.build();
  }

  /** When a span was, how long it took and how it stands: of a trace, that of its root. */
  SpanFilter course() {
    SpanFilter.Builder filter = SpanFilter.builder();
    TimeRange started =
        Instants.range(startedLower.from, startedLower.after, startedUpper.to, startedUpper.before);
    if (!started.equals(TimeRange.ALL)) {
      filter.startedAt(started);
    }
    TimeRange ended =
        Instants.range(endedLower.from, endedLower.after, endedUpper.to, endedUpper.before);
    if (!ended.equals(TimeRange.ALL)) {
      filter.endedAt(ended);
    }
    if (since != null) {
      filter.startedAt(TimeRange.since(Instant.now().minus(duration("--since", since))));
    }
    if (minDuration != null) {
      filter.durationAtLeast(duration("--min-duration", minDuration));
    }
    if (maxDuration != null) {
      filter.durationAtMost(duration("--max-duration", maxDuration));
    }
    if (status != null) {
      filter.status(status(status));
    }
    return filter.build();
  }

  private static void addText(
      SpanFilter.Builder filter, SpanColumn column, @Nullable String value) {
    if (value != null) {
      filter.where(column, value);
    }
  }

  private static void addMembers(
      SpanFilter.Builder filter, SpanColumn column, Map<String, String> members) {
    members.forEach((key, value) -> filter.member(column, key, json(value)));
  }

  /** A duration that an option gives. */
  static Duration duration(String option, String text) {
    return Durations.parse(text)
        .orElseThrow(
            () ->
                new CommandFailure(
                    ExitCode.USAGE,
                    option + " is '" + text + "': write 500ms, 2s, 1.5m, 1h or 7d."));
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

  /** A text column by its name, in any spelling of its words. */
  static SpanColumn column(String option, String given) {
    String columnName = given.toLowerCase(Locale.ROOT).replace('-', '_');
    return SpanColumn.named(columnName)
        .filter(TraceFilters::isFilter)
        .orElseThrow(
            () ->
                new CommandFailure(
                    ExitCode.USAGE,
                    option
                        + " "
                        + given
                        + ": there is no such text column. There are: "
                        + SpanColumn.all().stream()
                            .filter(TraceFilters::isFilter)
                            .map(SpanColumn::columnName)
                            .collect(Collectors.joining(", "))
                        + "."));
  }

  private static boolean isFilter(SpanColumn column) {
    return column.type() == SpanColumn.Type.TEXT && column != SpanColumn.TENANT_ID;
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
