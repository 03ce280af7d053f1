package dev.tracekeep.server;

import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.TimeRange;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of a question, under the names of the command line's options. Each that is asked
 * for counts as used; one that is not is a fault of the question. Not thread-safe.
 */
final class QueryParameters {
  private static final Pattern DURATION =
      Pattern.compile("(\\d{1,9}(?:\\.\\d{1,6})?) ?(ms|s|m|h|d)");

  private static final Map<String, SpanColumn> COLUMNS = new LinkedHashMap<>();

  static {
    COLUMNS.put("name", SpanColumn.NAME);
    COLUMNS.put("type", SpanColumn.SPAN_TYPE);
    COLUMNS.put("service", SpanColumn.SERVICE_NAME);
    COLUMNS.put("environment", SpanColumn.ENVIRONMENT);
    COLUMNS.put("user", SpanColumn.USER_ID);
    COLUMNS.put("session", SpanColumn.SESSION_ID);
  }

  private final Map<String, List<String>> given;
  private final Clock clock;
  private final Set<String> asked = new TreeSet<>();

  QueryParameters(Map<String, List<String>> given, Clock clock) {
    this.given = given;
    this.clock = clock;
  }

  private static Refusal wrong(String name, String what) {
    return new Refusal(Refusal.Kind.MALFORMED, "the parameter " + name + " " + what);
  }

  /**
   * @throws Refusal if a parameter was given that nobody has asked for
   */
  void requireAllUsed() {
    Set<String> unknown = new HashSet<>(given.keySet());
    unknown.removeAll(asked);
    for (String name : new TreeSet<>(unknown)) {
      throw wrong(
          name,
          "is not known here; there are " + (asked.isEmpty() ? "none" : String.join(", ", asked)));
    }
  }

  boolean isGiven(String name) {
    asked.add(name);
    return given.containsKey(name);
  }

  private List<String> all(String name) {
    asked.add(name);
    return given.getOrDefault(name, List.of());
  }

  @Nullable String text(String name) {
    List<String> values = all(name);
    if (values.size() > 1) {
      throw wrong(name, "is given more than once");
    }
    return values.isEmpty() ? null : values.get(0);
  }

  int number(String name, int otherwise) {
    String text = text(name);
    try {
      return text == null ? otherwise : Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw wrong(name, "is '" + text + "': it must be a whole number");
    }
  }

  /** Without a value it is true, as an option of a command line is. */
  boolean flag(String name, boolean otherwise) {
    String text = text(name);
    if (text == null) {
      return otherwise;
    }
    return switch (text) {
      case "", "true" -> true;
      case "false" -> false;
      default -> throw wrong(name, "is '" + text + "': it must be true or false");
    };
  }

  <T> T choice(String name, Map<String, T> choices, T otherwise) {
    String text = text(name);
    if (text == null) {
      return otherwise;
    }
    T chosen = choices.get(text);
    if (chosen == null) {
      throw wrong(
          name,
          "is '" + text + "': it must be " + String.join(" or ", new TreeMap<>(choices).keySet()));
    }
    return chosen;
  }

  private @Nullable Instant time(String name) {
    String text = text(name);
    try {
      return text == null ? null : Instant.parse(text);
    } catch (DateTimeException e) {
      throw wrong(name, "is '" + text + "': write 2026-11-20T10:32:25Z");
    }
  }

  private @Nullable Duration duration(String name) {
    String text = text(name);
    if (text == null) {
      return null;
    }
    Matcher matcher = DURATION.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw wrong(name, "is '" + text + "': write 500ms, 2s, 1.5m, 1h or 7d");
    }
    Duration unit =
        switch (matcher.group(2)) {
          case "ms" -> Duration.ofMillis(1);
          case "s" -> Duration.ofSeconds(1);
          case "m" -> Duration.ofMinutes(1);
          case "h" -> Duration.ofHours(1);
          default -> Duration.ofDays(1);
        };
    try {
      return Duration.ofNanos(
          new BigDecimal(matcher.group(1))
              .multiply(BigDecimal.valueOf(unit.toNanos()))
              .longValueExact());
    } catch (ArithmeticException e) {
      throw wrong(name, "is '" + text + "': that is more than three centuries");
    }
  }

  private TimeRange range(String what) {
    Instant from = time(what + "-from");
    Instant after = time(what + "-after");
    Instant to = time(what + "-to");
    Instant before = time(what + "-before");
    if (from != null && after != null || to != null && before != null) {
      throw wrong(
          what + (from != null && after != null ? "-after" : "-before"), "is one bound too many");
    }
    return new TimeRange(
        from != null ? from : after, after != null, to != null ? to : before, before != null);
  }

  // ---- filters ---------------------------------------------------------------------------------

  static Optional<SpanColumn> textColumn(String name) {
    return SpanColumn.named(name.toLowerCase(Locale.ROOT).replace('-', '_'))
        .filter(QueryParameters::isText);
  }

  private static boolean isText(SpanColumn column) {
    return column.type() == SpanColumn.Type.TEXT && column != SpanColumn.TENANT_ID;
  }

  static String namesOfTextColumns() {
    return SpanColumn.all().stream()
        .filter(QueryParameters::isText)
        .map(SpanColumn::columnName)
        .collect(Collectors.joining(", "));
  }

  /** The column that a parameter names. */
  SpanColumn requireTextColumn(String parameter, String name) {
    return textColumn(name)
        .orElseThrow(
            () ->
                wrong(
                    parameter,
                    "names no text column: '" + name + "'; there are " + namesOfTextColumns()));
  }

  /** What a span is, when it was and how it stands. */
  SpanFilter filter() {
    SpanFilter.Builder filter = SpanFilter.builder();
    content().conditions().forEach(filter::condition);
    course().conditions().forEach(filter::condition);
    return filter.build();
  }

  /** When a span was, how long it took and how it stands: of a trace, that of its head. */
  SpanFilter course() {
    SpanFilter.Builder filter = SpanFilter.builder();
    TimeRange started = range("started");
    if (!started.equals(TimeRange.ALL)) {
      filter.startedAt(started);
    }
    TimeRange ended = range("ended");
    if (!ended.equals(TimeRange.ALL)) {
      filter.endedAt(ended);
    }
    Duration since = duration("since");
    if (since != null) {
      filter.startedAt(TimeRange.since(clock.instant().minus(since)));
    }
    Duration atLeast = duration("min-duration");
    if (atLeast != null) {
      filter.durationAtLeast(atLeast);
    }
    Duration atMost = duration("max-duration");
    if (atMost != null) {
      filter.durationAtMost(atMost);
    }
    if (isGiven("status")) {
      filter.status(
          choice(
              "status",
              Map.of("ok", SpanStatus.OK, "running", SpanStatus.RUNNING, "error", SpanStatus.ERROR),
              SpanStatus.OK));
    }
    return filter.build();
  }

  /** What a span is: its columns, tags and members. */
  SpanFilter content() {
    SpanFilter.Builder filter = SpanFilter.builder();
    COLUMNS.forEach((name, column) -> all(name).forEach(value -> filter.where(column, value)));
    for (String pair : all("where")) {
      String[] parts = pair("where", pair);
      filter.where(requireTextColumn("where", parts[0]), parts[1]);
    }
    all("tag").forEach(filter::tag);
    addMembers(filter, "metadata", SpanColumn.METADATA);
    addMembers(filter, "scope", SpanColumn.SCOPE);
    addMembers(filter, "attribute", SpanColumn.ATTRIBUTES);
    return filter.build();
  }

  private void addMembers(SpanFilter.Builder filter, String name, SpanColumn column) {
    for (String pair : all(name)) {
      String[] parts = pair(name, pair);
      filter.member(column, parts[0], json(parts[1]));
    }
  }

  private static String[] pair(String name, String text) {
    int equals = text.indexOf('=');
    if (equals < 1) {
      throw wrong(name, "is '" + text + "': write KEY=VALUE");
    }
    return new String[] {text.substring(0, equals), text.substring(equals + 1)};
  }

  private static Json json(String value) {
    try {
      return Json.parse(value);
    } catch (InvalidSpanException e) {
      return Json.of(value); // no JSON, so it is the text itself
    }
  }
}
