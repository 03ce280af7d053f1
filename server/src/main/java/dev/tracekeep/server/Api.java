package dev.tracekeep.server;

import dev.tracekeep.document.SpanDocument;
import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanType;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Page;
import dev.tracekeep.storage.RootPresence;
import dev.tracekeep.storage.SpanAggregate;
import dev.tracekeep.storage.SpanAggregation;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.SpanOrder;
import dev.tracekeep.storage.SpanQuery;
import dev.tracekeep.storage.SpanValue;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.Trace;
import dev.tracekeep.storage.TraceOrder;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceStatistics;
import dev.tracekeep.storage.TraceSummary;
import dev.tracekeep.storage.UnsupportedCapabilityException;
import dev.tracekeep.storage.ValueQuery;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What is stored, as JSON documents. Parameters are named as the options of the command line are,
 * cursors are those of the store, and spans are the documents that the command line prints.
 * Thread-safe.
 */
final class Api {
  static final String ROOT = "/api/v1/";

  private static final int P95 = 95;

  /** What an agent's run is made of, as its conversation shows it. */
  private static final Set<SpanType> CONVERSATION =
      Set.of(
          SpanType.AGENT_RUN,
          SpanType.MODEL_GENERATION,
          SpanType.MODEL_STEP,
          SpanType.MODEL_INFERENCE,
          SpanType.TOOL_CALL,
          SpanType.MCP_TOOL_CALL,
          SpanType.CLIENT_TOOL_CALL,
          SpanType.PROVIDER_TOOL_CALL);

  private final ObservabilityStorage storage;
  private final Clock clock;

  /**
   * @param clock by whose time {@code since} counts
   */
  Api(ObservabilityStorage storage, Clock clock) {
    this.storage = storage;
    this.clock = clock;
  }

  /**
   * Answers a GET.
   *
   * @param path what stands between the slashes behind {@link #ROOT}, decoded
   * @param given the parameters of the query, each with its values in order
   * @throws Refusal if there is nothing under that path, or a parameter is wrong
   */
  Json get(String tenant, List<String> path, Map<String, List<String>> given) {
    QueryParameters parameters = new QueryParameters(given, clock);
    try {
      Json answer = answer(tenant, path, parameters);
      parameters.requireAllUsed();
      return answer;
    } catch (UnsupportedCapabilityException e) {
      throw new Refusal(
          Refusal.Kind.UNSUPPORTED_BY_STORE, "this store cannot do that: " + e.getMessage());
    } catch (InvalidSpanException e) {
      throw notFound("no such id: it " + e.getMessage());
    } catch (IllegalArgumentException e) {
      throw new Refusal(Refusal.Kind.MALFORMED, String.valueOf(e.getMessage()));
    }
  }

  private Json answer(String tenant, List<String> path, QueryParameters parameters) {
    String first = path.get(0);
    if (first.equals("traces") && path.size() == 1) {
      return traces(tenant, parameters);
    }
    if (first.equals("traces") && path.size() <= 3) {
      return trace(
          new TraceKey(tenant, path.get(1)), path.size() == 2 ? "" : path.get(2), parameters);
    }
    if (first.equals("spans") && path.size() == 3) {
      SpanKey key = new SpanKey(tenant, path.get(1), path.get(2));
      parameters.requireAllUsed();
      return SpanDocument.of(
          storage
              .getSpan(key)
              .orElseThrow(
                  () -> notFound("no span " + key.spanId() + " of trace " + key.traceId())));
    }
    return switch (first + " " + path.size()) {
      case "spans 1" -> spans(tenant, parameters);
      case "values 2" -> values(tenant, path.get(1), parameters);
      case "usage 1" -> usage(tenant, parameters);
      case "stats 1" -> stats(parameters);
      default -> throw notFound("nothing under this path");
    };
  }

  private static Refusal notFound(String what) {
    return new Refusal(Refusal.Kind.NOT_FOUND, "there is " + what);
  }

  // ---- one trace -------------------------------------------------------------------------------

  private Json trace(TraceKey key, String view, QueryParameters parameters) {
    String text = view.equals("search") ? parameters.text("text") : null;
    parameters.requireAllUsed();
    return switch (view) {
      case "" -> {
        Trace trace = found(storage.getTraceLight(key), key);
        yield document(key, trace.spans())
            .put("hasRoot", trace.head().isRoot())
            .put("statistics", statistics(TraceStatistics.of(trace.spans())))
            .build();
      }
      case "download" -> document(key, found(storage.getTrace(key), key).spans()).build();
      case "conversation" -> {
        List<SpanKey> turns =
            found(storage.getTraceLight(key), key).spans().stream()
                .filter(span -> CONVERSATION.contains(span.type()))
                .map(Span::key)
                .toList();
        yield document(key, storage.getSpans(turns).stream().sorted(Trace.ORDER).toList()).build();
      }
      case "search" -> matches(found(storage.getTrace(key), key), text);
      default -> throw notFound("nothing under this path");
    };
  }

  private static Trace found(Optional<Trace> trace, TraceKey key) {
    return trace.orElseThrow(() -> notFound("no trace " + key.traceId() + " of this tenant"));
  }

  private static Json.ObjectBuilder document(TraceKey key, List<Span> spans) {
    return Json.objectBuilder()
        .put("tenantId", key.tenantId())
        .put("traceId", key.traceId())
        .put("spans", Json.array(spans.stream().map(SpanDocument::of).toList()));
  }

  /** Which spans have a text, in any case, in which of their columns. */
  private static Json matches(Trace trace, @Nullable String text) {
    if (text == null || text.isEmpty()) {
      throw new Refusal(Refusal.Kind.MALFORMED, "the parameter text says what to search for");
    }
    String wanted = text.toLowerCase(Locale.ROOT);
    List<Json> matches = new ArrayList<>();
    for (Span span : trace.spans()) {
      List<Json> columns = new ArrayList<>();
      for (SpanColumn column : SpanColumn.all()) {
        boolean isSearched =
            column.type() == SpanColumn.Type.JSON
                || column.type() == SpanColumn.Type.TEXT && column != SpanColumn.TENANT_ID;
        Object value = isSearched ? column.read(span) : null;
        if (value != null && value.toString().toLowerCase(Locale.ROOT).contains(wanted)) {
          columns.add(Json.of(SpanDocument.name(column)));
        }
      }
      if (!columns.isEmpty()) {
        matches.add(
            Json.objectBuilder()
                .put("spanId", span.key().spanId())
                .put("columns", Json.array(columns))
                .build());
      }
    }
    return Json.objectBuilder().put("matches", Json.array(matches)).build();
  }

  // ---- lists -----------------------------------------------------------------------------------

  private Json traces(String tenant, QueryParameters parameters) {
    TraceQuery.Builder query =
        TraceQuery.builder(tenant)
            .root(parameters.course())
            .limit(parameters.number("limit", TraceQuery.DEFAULT_LIMIT))
            .cursor(parameters.text("cursor"))
            .order(
                parameters.choice(
                    "sort",
                    Map.of(
                        "started",
                        TraceOrder.STARTED_AT_DESCENDING,
                        "ended",
                        TraceOrder.ENDED_AT_DESCENDING),
                    TraceOrder.STARTED_AT_DESCENDING));
    if (parameters.flag("ascending", false)) {
      query.order(
          parameters.choice(
              "sort",
              Map.of(
                  "started",
                  TraceOrder.STARTED_AT_ASCENDING,
                  "ended",
                  TraceOrder.ENDED_AT_ASCENDING),
              TraceOrder.STARTED_AT_ASCENDING));
    }
    if (parameters.isGiven("child-error")) {
      query.hasChildError(parameters.flag("child-error", true));
    }
    if (parameters.flag("no-root", false)) {
      query.roots(RootPresence.MISSING);
    }
    if (parameters.flag("statistics", false)) {
      query.withStatistics();
    }
    SpanFilter content = parameters.content();
    if (parameters.flag("on-root", false)) {
      query.root(content);
    } else if (!content.isAny()) {
      query.anySpan(content);
    }
    parameters.requireAllUsed();
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
    Json.ObjectBuilder usage = Json.objectBuilder();
    statistics.sums().forEach((column, sum) -> usage.put(SpanDocument.name(column), Json.of(sum)));
    return object
        .put("services", Json.array(statistics.services().stream().map(Json::of).toList()))
        .put("usage", usage.build())
        .build();
  }

  private Json spans(String tenant, QueryParameters parameters) {
    boolean ascending = parameters.flag("ascending", false);
    SpanQuery query =
        SpanQuery.builder(tenant)
            .filter(parameters.filter())
            .limit(parameters.number("limit", SpanQuery.DEFAULT_LIMIT))
            .cursor(parameters.text("cursor"))
            .order(
                parameters.choice(
                    "sort",
                    Map.of(
                        "started",
                        ascending
                            ? SpanOrder.STARTED_AT_ASCENDING
                            : SpanOrder.STARTED_AT_DESCENDING,
                        "duration",
                        ascending ? SpanOrder.DURATION_ASCENDING : SpanOrder.DURATION_DESCENDING),
                    ascending ? SpanOrder.STARTED_AT_ASCENDING : SpanOrder.STARTED_AT_DESCENDING))
            .build();
    parameters.requireAllUsed();
    return page(storage.listSpans(query), "spans", SpanDocument::of);
  }

  private Json values(String tenant, String source, QueryParameters parameters) {
    ValueQuery.Builder query =
        source(tenant, source)
            .filter(parameters.filter())
            .limit(parameters.number("limit", ValueQuery.DEFAULT_LIMIT))
            .cursor(parameters.text("cursor"));
    if (parameters.flag("counts", false)) {
      query.counts();
    }
    String prefix = parameters.text("prefix");
    if (prefix != null) {
      query.prefix(prefix);
    }
    parameters.requireAllUsed();
    return page(storage.listValues(query.build()), "values", Api::value);
  }

  private static ValueQuery.Builder source(String tenant, String source) {
    if (source.equals(SpanColumn.TAGS.columnName())) {
      return ValueQuery.ofTags(tenant);
    }
    int dot = source.indexOf('.');
    SpanColumn json =
        SpanColumn.named(dot < 0 ? source : source.substring(0, dot))
            .filter(column -> column.type() == SpanColumn.Type.JSON)
            .orElse(null);
    if (json != null) {
      return dot < 0
          ? ValueQuery.ofMemberNames(tenant, json, List.of())
          : ValueQuery.ofMember(tenant, json, List.of(source.substring(dot + 1)));
    }
    return ValueQuery.ofColumn(
        tenant,
        QueryParameters.textColumn(source)
            .orElseThrow(
                () ->
                    notFound(
                        "no text column "
                            + source
                            + "; there are "
                            + QueryParameters.namesOfTextColumns())));
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

  // ---- sums ------------------------------------------------------------------------------------

  private Json usage(String tenant, QueryParameters parameters) {
    SpanAggregation.Builder question =
        SpanAggregation.builder(tenant)
            .filter(SpanFilter.builder().present(SpanColumn.MODEL).build())
            .filter(parameters.filter())
            .percentile(P95);
    SpanColumn.all().stream()
        .filter(column -> column.type() == SpanColumn.Type.NUMBER)
        .forEach(question::sum);
    String by = parameters.text("by");
    for (String part : (by == null ? "model" : by).split(",")) {
      switch (part) {
        case "hour" -> question.every(Duration.ofHours(1));
        case "day" -> question.every(Duration.ofDays(1));
        default -> question.by(parameters.requireTextColumn("by", part));
      }
    }
    parameters.requireAllUsed();
    SpanAggregation built = question.build();
    return Json.objectBuilder()
        .put(
            "groups",
            Json.array(
                storage.aggregate(built).stream().map(group -> group(built, group)).toList()))
        .build();
  }

  private static Json group(SpanAggregation question, SpanAggregate group) {
    Json.ObjectBuilder object = Json.objectBuilder();
    Instant from = group.from();
    if (from != null) {
      object.put("from", from.toString());
    }
    for (int i = 0; i < question.columns().size(); i++) {
      String value = group.group().get(i);
      object.put(
          SpanDocument.name(question.columns().get(i)), value == null ? Json.NULL : Json.of(value));
    }
    object.put("calls", group.spans()).put("errors", group.errors());
    group.percentiles().forEach((p, length) -> object.put("p" + p + "Nanos", length.toNanos()));
    group.sums().forEach((column, sum) -> object.put(SpanDocument.name(column), Json.of(sum)));
    return object.build();
  }

  private Json stats(QueryParameters parameters) {
    parameters.requireAllUsed();
    StorageStatistics statistics = storage.statistics();
    return Json.objectBuilder()
        .put("spans", statistics.spans())
        .put("traces", statistics.traces())
        .put("running", statistics.running())
        .put("errors", statistics.errors())
        .put("tenants", statistics.tenants())
        .build();
  }
}
