package dev.tracekeep.server;

import dev.tracekeep.document.SpanDocument;
import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Page;
import dev.tracekeep.storage.RootPresence;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.SpanOrder;
import dev.tracekeep.storage.SpanQuery;
import dev.tracekeep.storage.SpanValue;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.Trace;
import dev.tracekeep.storage.TraceOrder;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceStatistics;
import dev.tracekeep.storage.TraceSummary;
import dev.tracekeep.storage.UnsupportedCapabilityException;
import dev.tracekeep.storage.ValueQuery;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What is stored, as JSON documents. Filters and cursors are those of the store; the documents of
 * spans are those that the command line prints. Thread-safe.
 */
final class Api {
  static final String ROOT = "/api/v1/";

  private static final String ATTRIBUTE = "attribute.";
  private static final Set<String> PAGE = Set.of("limit", "cursor", "order");
  private static final Set<String> SPAN_FILTERS =
      Set.of("status", "tag", "startedFrom", "startedBefore", "minDuration", "maxDuration");

  private final ObservabilityStorage storage;

  Api(ObservabilityStorage storage) {
    this.storage = storage;
  }

  /**
   * Answers a GET.
   *
   * @param path the path behind {@link #ROOT}, decoded
   * @param parameters those of the query, each with its values in order
   * @throws Refusal if there is nothing under that path, or a parameter is wrong
   */
  Json get(String tenant, String path, Map<String, List<String>> parameters) {
    List<String> parts = Arrays.asList(path.split("/", -1));
    try {
      return switch (parts.get(0) + " " + parts.size()) {
        case "traces 1" -> traces(tenant, new Parameters(parameters));
        case "traces 2" -> trace(key(() -> new TraceKey(tenant, parts.get(1))), parameters);
        case "spans 1" -> spans(tenant, new Parameters(parameters));
        case "spans 3" ->
            span(key(() -> new SpanKey(tenant, parts.get(1), parts.get(2))), parameters);
        case "values 2" -> values(tenant, parts.get(1), new Parameters(parameters));
        case "stats 1" -> stats(parameters);
        default -> throw notFound("nothing under this path");
      };
    } catch (UnsupportedCapabilityException e) {
      throw new Refusal(
          Refusal.Kind.UNSUPPORTED_BY_STORE, "this store cannot do that: " + e.getMessage());
    } catch (IllegalArgumentException e) {
      throw new Refusal(Refusal.Kind.MALFORMED, String.valueOf(e.getMessage()));
    }
  }

  private static Refusal notFound(String what) {
    return new Refusal(Refusal.Kind.NOT_FOUND, "there is " + what);
  }

  private static <K> K key(Supplier<K> key) {
    try {
      return key.get();
    } catch (InvalidSpanException e) {
      throw notFound("no such id: it " + e.getMessage());
    }
  }

  private static void requireNone(Map<String, List<String>> parameters) {
    new Parameters(parameters).requireKnown(Set.of(), name -> false);
  }

  // ---- one -------------------------------------------------------------------------------------

  private Json trace(TraceKey key, Map<String, List<String>> parameters) {
    requireNone(parameters);
    Trace trace =
        storage
            .getTraceLight(key)
            .orElseThrow(() -> notFound("no trace " + key.traceId() + " of this tenant"));
    return Json.objectBuilder()
        .put("tenantId", key.tenantId())
        .put("traceId", key.traceId())
        .put("hasRoot", trace.head().isRoot())
        .put("spans", Json.array(trace.spans().stream().map(SpanDocument::of).toList()))
        .put("statistics", statistics(TraceStatistics.of(trace.spans())))
        .build();
  }

  private Json span(SpanKey key, Map<String, List<String>> parameters) {
    requireNone(parameters);
    return SpanDocument.of(
        storage
            .getSpan(key)
            .orElseThrow(
                () ->
                    notFound(
                        "no span "
                            + key.spanId()
                            + " of trace "
                            + key.traceId()
                            + " and this tenant")));
  }

  private Json stats(Map<String, List<String>> parameters) {
    requireNone(parameters);
    StorageStatistics statistics = storage.statistics();
    return Json.objectBuilder()
        .put("spans", statistics.spans())
        .put("traces", statistics.traces())
        .put("running", statistics.running())
        .put("errors", statistics.errors())
        .put("tenants", statistics.tenants())
        .build();
  }

  // ---- lists -----------------------------------------------------------------------------------

  private Json traces(String tenant, Parameters parameters) {
    parameters.requireKnown(
        Stream.of(PAGE, SPAN_FILTERS, Set.of("root"))
            .flatMap(Set::stream)
            .collect(Collectors.toSet()),
        Parameters::isContent);
    TraceQuery.Builder query =
        TraceQuery.builder(tenant)
            .root(parameters.course())
            .limit(parameters.number("limit", TraceQuery.DEFAULT_LIMIT))
            .order(parameters.constant("order", TraceOrder.STARTED_AT_DESCENDING, TraceOrder.class))
            .roots(parameters.constant("root", RootPresence.ANY, RootPresence.class))
            .cursor(parameters.text("cursor"));
    if (storage.capabilities().contains(Capability.TRACE_STATISTICS)) {
      query.withStatistics();
    }
    SpanFilter content = parameters.content();
    if (!content.isAny()) {
      query.anySpan(content);
    }
    return page(storage.listTraces(query.build()), "traces", Api::summary);
  }

  private static Json summary(TraceSummary summary) {
    Map<String, Json> more = new LinkedHashMap<>();
    more.put("hasRoot", Json.of(summary.hasRoot()));
    summary.statistics().ifPresent(statistics -> more.put("statistics", statistics(statistics)));
    return SpanDocument.of(summary.head(), more);
  }

  private static Json statistics(TraceStatistics statistics) {
    Json.ObjectBuilder object =
        Json.objectBuilder()
            .put("spans", statistics.spans())
            .put("errors", statistics.errors())
            .put("running", statistics.running())
            .put("orphans", statistics.orphans())
            .put("startedAt", statistics.startedAt().toString());
    Instant end = statistics.lastEndedAt();
    if (end != null) {
      object.put("lastEndedAt", end.toString());
    }
    object.put("services", Json.array(statistics.services().stream().map(Json::of).toList()));
    statistics.sums().forEach((column, sum) -> object.put(SpanDocument.name(column), Json.of(sum)));
    return object.build();
  }

  private Json spans(String tenant, Parameters parameters) {
    parameters.requireKnown(
        Stream.of(PAGE, SPAN_FILTERS).flatMap(Set::stream).collect(Collectors.toSet()),
        Parameters::isContent);
    SpanFilter.Builder filter = SpanFilter.builder();
    parameters.course().conditions().forEach(filter::condition);
    parameters.content().conditions().forEach(filter::condition);
    return page(
        storage.listSpans(
            SpanQuery.builder(tenant)
                .filter(filter.build())
                .limit(parameters.number("limit", SpanQuery.DEFAULT_LIMIT))
                .order(
                    parameters.constant("order", SpanOrder.STARTED_AT_DESCENDING, SpanOrder.class))
                .cursor(parameters.text("cursor"))
                .build()),
        "spans",
        SpanDocument::of);
  }

  private Json values(String tenant, String source, Parameters parameters) {
    parameters.requireKnown(Set.of("limit", "cursor", "prefix"), name -> false);
    ValueQuery.Builder query =
        source(tenant, source)
            .counts()
            .limit(parameters.number("limit", ValueQuery.DEFAULT_LIMIT))
            .cursor(parameters.text("cursor"));
    String prefix = parameters.text("prefix");
    if (prefix != null) {
      query.prefix(prefix);
    }
    return page(storage.listValues(query.build()), "values", Api::value);
  }

  private static ValueQuery.Builder source(String tenant, String source) {
    if (source.equals(SpanDocument.name(SpanColumn.TAGS))) {
      return ValueQuery.ofTags(tenant);
    }
    if (source.equals("attributes")) {
      return ValueQuery.ofMemberNames(tenant, SpanColumn.ATTRIBUTES, List.of());
    }
    if (source.startsWith(ATTRIBUTE)) {
      return ValueQuery.ofMember(
          tenant, SpanColumn.ATTRIBUTES, List.of(source.substring(ATTRIBUTE.length())));
    }
    return ValueQuery.ofColumn(tenant, Parameters.requireColumn(source));
  }

  private static Json value(SpanValue value) {
    Json.ObjectBuilder item = Json.objectBuilder().put("value", value.text());
    Long spans = value.spans();
    if (spans != null) {
      item.put("spans", spans);
    }
    return item.build();
  }

  private static <T> Json page(Page<T> page, String name, Function<T, Json> item) {
    return Json.objectBuilder()
        .put(name, Json.array(page.items().stream().map(item).toList()))
        .put("cursor", page.nextCursor().map(Json::of).orElse(Json.NULL))
        .build();
  }

  /** The parameters of a query. */
  private record Parameters(Map<String, List<String>> given) {
    /** Whether it is a text column or an attribute that a span must have. */
    static boolean isContent(String name) {
      return name.startsWith(ATTRIBUTE) || column(name) != null;
    }

    private static @Nullable SpanColumn column(String name) {
      return SpanColumn.all().stream()
          .filter(column -> column.type() == SpanColumn.Type.TEXT)
          .filter(column -> column != SpanColumn.TENANT_ID)
          .filter(column -> SpanDocument.name(column).equals(name))
          .findFirst()
          .orElse(null);
    }

    static SpanColumn requireColumn(String name) {
      SpanColumn column = column(name);
      if (column == null) {
        throw notFound("no text column " + name + "; there are " + String.join(", ", columns()));
      }
      return column;
    }

    private static Set<String> columns() {
      return SpanColumn.all().stream()
          .map(SpanDocument::name)
          .filter(name -> column(name) != null)
          .collect(Collectors.toCollection(TreeSet::new));
    }

    void requireKnown(Set<String> names, Predicate<String> others) {
      for (String name : given.keySet()) {
        if (!names.contains(name) && !others.test(name)) {
          Set<String> known = new TreeSet<>(names);
          throw wrong(
              name,
              "is not known here; there are "
                  + (known.isEmpty() ? "none" : String.join(", ", known))
                  + (others.test("name")
                      ? ", attribute.NAME and the text columns " + String.join(", ", columns())
                      : ""));
        }
      }
    }

    private static Refusal wrong(String name, String what) {
      return new Refusal(Refusal.Kind.MALFORMED, "the parameter " + name + " " + what);
    }

    @Nullable String text(String name) {
      List<String> values = given.getOrDefault(name, List.of());
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

    <E extends Enum<E>> E constant(String name, E otherwise, Class<E> type) {
      String text = text(name);
      if (text == null) {
        return otherwise;
      }
      List<String> allowed = new ArrayList<>();
      for (E constant : type.getEnumConstants()) {
        String spelled = constant.name().toLowerCase(Locale.ROOT);
        if (spelled.equals(text)) {
          return constant;
        }
        allowed.add(spelled);
      }
      throw wrong(name, "is '" + text + "': it must be one of " + String.join(", ", allowed));
    }

    private @Nullable Instant instant(String name) {
      String text = text(name);
      try {
        return text == null ? null : Instant.parse(text);
      } catch (DateTimeParseException e) {
        throw wrong(name, "is '" + text + "': write 2026-11-20T10:32:25Z");
      }
    }

    private @Nullable Duration duration(String name) {
      String text = text(name);
      try {
        return text == null ? null : Duration.parse(text);
      } catch (DateTimeParseException e) {
        throw wrong(name, "is '" + text + "': write PT1.5S, PT2M or P1D");
      }
    }

    /** When a span was, how long it took and how it stands: of a trace, that of its head. */
    SpanFilter course() {
      SpanFilter.Builder filter = SpanFilter.builder();
      Instant from = instant("startedFrom");
      Instant before = instant("startedBefore");
      if (from != null || before != null) {
        filter.startedAt(new TimeRange(from, false, before, true));
      }
      Duration atLeast = duration("minDuration");
      if (atLeast != null) {
        filter.durationAtLeast(atLeast);
      }
      Duration atMost = duration("maxDuration");
      if (atMost != null) {
        filter.durationAtMost(atMost);
      }
      if (given.containsKey("status")) {
        filter.status(constant("status", SpanStatus.OK, SpanStatus.class));
      }
      return filter.build();
    }

    /** What a span is: its columns, tags and attributes. */
    SpanFilter content() {
      SpanFilter.Builder filter = SpanFilter.builder();
      given
          .keySet()
          .forEach(
              name -> {
                SpanColumn column = column(name);
                if (column != null) {
                  filter.where(column, String.valueOf(text(name)));
                } else if (name.startsWith(ATTRIBUTE)) {
                  filter.member(
                      SpanColumn.ATTRIBUTES,
                      name.substring(ATTRIBUTE.length()),
                      json(String.valueOf(text(name))));
                }
              });
      given.getOrDefault("tag", List.of()).forEach(filter::tag);
      return filter.build();
    }

    private static Json json(String value) {
      try {
        return Json.parse(value);
      } catch (InvalidSpanException e) {
        return Json.of(value); // no JSON, so it is the text itself
      }
    }
  }
}
