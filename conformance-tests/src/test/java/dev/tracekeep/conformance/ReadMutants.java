package dev.tracekeep.conformance;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.Capability;
import dev.tracekeep.storage.Health;
import dev.tracekeep.storage.InitReport;
import dev.tracekeep.storage.MemberTest;
import dev.tracekeep.storage.Page;
import dev.tracekeep.storage.PruneReport;
import dev.tracekeep.storage.PruneRequest;
import dev.tracekeep.storage.ServiceLink;
import dev.tracekeep.storage.SpanAggregate;
import dev.tracekeep.storage.SpanAggregation;
import dev.tracekeep.storage.SpanCondition;
import dev.tracekeep.storage.SpanOrder;
import dev.tracekeep.storage.SpanQuery;
import dev.tracekeep.storage.SpanScan;
import dev.tracekeep.storage.SpanValue;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageStatistics;
import dev.tracekeep.storage.StoredSpan;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.Trace;
import dev.tracekeep.storage.TraceOrder;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceStatistics;
import dev.tracekeep.storage.TraceSummary;
import dev.tracekeep.storage.TracingStrategy;
import dev.tracekeep.storage.TracingStrategySupport;
import dev.tracekeep.storage.ValueQuery;
import dev.tracekeep.storage.ValueSource;
import dev.tracekeep.storage.WriteResult;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Stores that read, list, delete or live wrongly. */
final class ReadMutants {
  private ReadMutants() {}

  /** Whether a condition holds; the honest answer is given. */
  private interface Holds {
    boolean of(SpanCondition condition, Span span, boolean honest);
  }

  private static Mutant holding(String fault, Holds holds) {
    return Mutant.of(
        fault,
        (database, config, capabilities) ->
            new ReferenceStorage(database, config, capabilities) {
              @Override
              boolean holds(SpanCondition condition, Span span) {
                return holds.of(condition, span, super.holds(condition, span));
              }
            });
  }

  /** The kind of a condition, if it is of that kind. */
  private static <T> Optional<T> as(Class<T> kind, Object value) {
    return kind.isInstance(value) ? Optional.of(kind.cast(value)) : Optional.empty();
  }

  private static Mutant ignoring(SpanColumn column) {
    return holding(
        "ignores the filter of " + column.columnName(),
        (condition, span, honest) ->
            honest
                || condition.columns().equals(List.of(column))
                    && condition instanceof SpanCondition.TextIs);
  }

  /** Another test of a text column; the first value that is wanted is given. */
  private static Mutant text(String fault, BiPredicate<String, String> test) {
    return holding(
        fault,
        (condition, span, honest) ->
            honest
                || as(SpanCondition.TextIs.class, condition)
                    .filter(wanted -> wanted.column().read(span) != null)
                    .map(
                        wanted ->
                            test.test(
                                String.valueOf(wanted.column().read(span)), wanted.anyOf().get(0)))
                    .orElse(false));
  }

  private static Mutant prefix(String fault, BiPredicate<String, String> test) {
    return holding(
        fault,
        (condition, span, honest) ->
            honest
                || as(SpanCondition.TextStartsWith.class, condition)
                    .filter(wanted -> wanted.column().read(span) != null)
                    .map(
                        wanted ->
                            test.test(String.valueOf(wanted.column().read(span)), wanted.prefix()))
                    .orElse(false));
  }

  private static Mutant ranging(
      String fault, SpanColumn column, UnaryOperator<TimeRange> change, boolean instead) {
    return holding(
        fault,
        (condition, span, honest) ->
            as(SpanCondition.TimeWithin.class, condition)
                .filter(within -> within.column() == column)
                .map(
                    within ->
                        change.apply(within.range()).contains((Instant) column.read(span))
                            || !instead && honest)
                .orElse(honest));
  }

  /** Another test of a member; the member is null where there is none. */
  private interface MemberHolds {
    boolean of(MemberTest test, @Nullable Json member, SpanCondition.Member condition);
  }

  private static Mutant member(String fault, MemberHolds holds) {
    return holding(
        fault,
        (condition, span, honest) ->
            as(SpanCondition.Member.class, condition)
                .map(
                    wanted -> {
                      Json value = (Json) wanted.column().read(span);
                      Json member = value == null ? null : value.at(wanted.path());
                      return holds.of(wanted.test(), member, wanted);
                    })
                .orElse(honest));
  }

  private static Mutant durations(String fault, Function<Span, @Nullable Duration> durations) {
    return holding(
        fault,
        (condition, span, honest) ->
            as(SpanCondition.DurationWithin.class, condition)
                .map(
                    within -> {
                      Duration duration = durations.apply(span);
                      return duration != null
                          && (within.atLeast() == null || duration.compareTo(within.atLeast()) >= 0)
                          && (within.atMost() == null || duration.compareTo(within.atMost()) <= 0);
                    })
                .orElse(honest));
  }

  /** Whether a trace is listed; may ask the honest store. */
  private interface Matches {
    boolean of(TraceQuery query, Span head, Collection<Span> trace, Matches honest);
  }

  private static Mutant listing(String fault, Matches matches) {
    return Mutant.of(
        fault,
        (database, config, capabilities) ->
            new ReferenceStorage(database, config, capabilities) {
              @Override
              boolean matches(TraceQuery query, Span head, Collection<Span> trace) {
                return matches.of(query, head, trace, (q, h, t, any) -> super.matches(q, h, t));
              }
            });
  }

  /** By what a trace is listed. */
  private static Mutant heading(String fault, Function<Collection<Span>, Optional<Span>> head) {
    return Mutant.of(
        fault,
        (database, config, capabilities) ->
            new ReferenceStorage(database, config, capabilities) {
              @Override
              Optional<Span> head(Collection<Span> trace) {
                return head.apply(trace);
              }
            });
  }

  private static Optional<Span> first(Collection<Span> spans) {
    return spans.stream().min(Trace.ORDER);
  }

  private static List<Span> roots(Collection<Span> spans) {
    return spans.stream().filter(Span::isRoot).toList();
  }

  private static List<Mutant> filters() {
    List<Mutant> mutants = new ArrayList<>();
    for (SpanColumn column :
        List.of(
            SpanColumn.NAME,
            SpanColumn.TRACE_ID,
            SpanColumn.SPAN_TYPE,
            SpanColumn.SPAN_KIND,
            SpanColumn.PARENT_SPAN_ID,
            SpanColumn.EXPERIMENT_ID,
            SpanColumn.PARENT_ENTITY_NAME,
            SpanColumn.ROOT_ENTITY_VERSION_ID,
            SpanColumn.SOURCE)) {
      mutants.add(ignoring(column));
    }
    mutants.add(text("compares text without case", String::equalsIgnoreCase));
    mutants.add(
        text(
            "takes % in a text for a wildcard",
            (value, wanted) ->
                wanted.endsWith("%")
                    && value.startsWith(wanted.substring(0, wanted.length() - 1))));
    mutants.add(
        text("ignores blanks at the end", (v, w) -> v.stripTrailing().equals(w.stripTrailing())));
    mutants.add(
        holding(
            "takes the first of several values for all",
            (condition, span, honest) ->
                as(SpanCondition.TextIs.class, condition)
                    .map(wanted -> wanted.anyOf().get(0).equals(wanted.column().read(span)))
                    .orElse(honest)));
    mutants.add(
        prefix(
            "compares prefixes without case",
            (value, wanted) ->
                value.toLowerCase(Locale.ROOT).startsWith(wanted.toLowerCase(Locale.ROOT))));
    mutants.add(prefix("takes a prefix for a part", String::contains));
    mutants.add(
        prefix(
            "takes _ in a prefix for a wildcard",
            (value, wanted) ->
                value.matches(
                    "(?s)" + wanted.replaceAll("[^_\\w]", "\\\\$0").replace('_', '.') + ".*")));
    mutants.add(
        holding(
            "takes a false flag and an empty list for values",
            (condition, span, honest) ->
                as(SpanCondition.Present.class, condition)
                    .map(wanted -> (wanted.column().read(span) != null) == wanted.wanted())
                    .orElse(honest)));
    mutants.add(
        holding(
            "takes JSON null for an absent column",
            (condition, span, honest) ->
                as(SpanCondition.Present.class, condition)
                    .filter(wanted -> Json.NULL.equals(wanted.column().read(span)))
                    .map(wanted -> !wanted.wanted())
                    .orElse(honest)));
    mutants.add(
        holding(
            "does not ask whether a span is a root",
            (condition, span, honest) -> honest || condition instanceof SpanCondition.Root));
    mutants.add(
        holding(
            "takes a span that ended and failed for ok",
            (condition, span, honest) ->
                as(SpanCondition.StatusIs.class, condition)
                    .map(
                        wanted ->
                            wanted.status() == SpanStatus.OK && span.times().endedAt() != null
                                || honest)
                    .orElse(honest)));
    mutants.add(
        holding(
            "ignores tags",
            (condition, span, honest) -> honest || condition instanceof SpanCondition.HasTag));
    mutants.add(
        holding(
            "takes a part of a tag for the tag",
            (condition, span, honest) ->
                honest
                    || as(SpanCondition.HasTag.class, condition)
                        .map(wanted -> String.join(",", span.tags()).contains(wanted.tag()))
                        .orElse(false)));
    mutants.add(
        ranging(
            "takes exclusive bounds of the start for inclusive ones",
            SpanColumn.STARTED_AT,
            range -> new TimeRange(range.from(), false, range.to(), false),
            true));
    mutants.add(
        ranging(
            "takes inclusive bounds of the end for exclusive ones",
            SpanColumn.ENDED_AT,
            range -> new TimeRange(range.from(), true, range.to(), true),
            true));
    mutants.add(
        holding(
            "finds running spans by their end",
            (condition, span, honest) ->
                honest
                    || as(SpanCondition.TimeWithin.class, condition)
                        .map(within -> within.column().read(span) == null)
                        .orElse(false)));
    mutants.add(
        holding(
            "looks for the last change at the creation",
            (condition, span, honest) ->
                as(SpanCondition.TimeWithin.class, condition)
                    .filter(within -> within.column() == SpanColumn.UPDATED_AT)
                    .map(within -> within.range().contains(span.times().createdAt()))
                    .orElse(honest)));
    mutants.add(
        durations(
            "measures durations in milliseconds",
            span ->
                span.times().duration() == null
                    ? null
                    : Duration.ofMillis(span.times().duration().toMillis())));
    mutants.add(
        durations(
            "takes a running span for one that took no time",
            span -> span.times().duration() == null ? Duration.ZERO : span.times().duration()));
    mutants.add(
        durations(
            "lets a duration be negative",
            span ->
                span.times().endedAt() == null
                    ? null
                    : Duration.between(span.times().startedAt(), span.times().endedAt())));
    mutants.add(
        holding(
            "ignores metadata",
            (condition, span, honest) ->
                honest
                    || condition instanceof SpanCondition.Member
                        && condition.columns().contains(SpanColumn.METADATA)));
    mutants.add(
        holding(
            "ignores scope",
            (condition, span, honest) ->
                honest
                    || condition instanceof SpanCondition.Member
                        && condition.columns().contains(SpanColumn.SCOPE)));
    mutants.add(
        holding(
            "looks at light columns alone",
            (condition, span, honest) -> condition.holdsFor(c -> c.read(span.toLight()))));
    mutants.add(
        member(
            "takes a number for its text",
            (test, member, condition) ->
                test.passes(member)
                    || member != null
                        && test instanceof MemberTest.EqualTo equal
                        && member.asText().equals(equal.value().asText())));
    mutants.add(
        member(
            "compares members letter by letter",
            (test, member, condition) ->
                test instanceof MemberTest.EqualTo equal
                    ? equal.value().equals(member)
                    : test.passes(member)));
    mutants.add(
        member(
            "takes digits in a string for a number",
            (test, member, condition) ->
                test.passes(member)
                    || member != null
                        && test instanceof MemberTest.Compares
                        && member.asText().matches("-?[0-9]{1,9}")
                        && test.passes(Json.of(Long.parseLong(member.asText())))));
    mutants.add(
        member(
            "compares numbers as doubles",
            (test, member, condition) ->
                test instanceof MemberTest.Compares wanted
                        && member != null
                        && member.kind() == Json.Kind.NUMBER
                    ? wanted
                        .comparison()
                        .holdsFor(
                            Double.compare(
                                Double.parseDouble(member.text()), wanted.number().doubleValue()))
                    : test.passes(member)));
    mutants.add(
        member(
            "takes JSON null for an absent member",
            (test, member, condition) -> test.passes(member) && !Json.NULL.equals(member)));
    mutants.add(
        member(
            "looks for a text in names and everywhere",
            (test, member, condition) ->
                test instanceof MemberTest.Contains contains && member != null
                    ? member.text().contains(contains.text())
                    : test.passes(member)));
    mutants.add(
        member(
            "looks for a text at the top alone",
            (test, member, condition) ->
                test.passes(member)
                    && !(test instanceof MemberTest.Contains
                        && member != null
                        && member.kind() != Json.Kind.STRING)));
    mutants.add(
        holding(
            "takes dots in a name for a path",
            (condition, span, honest) ->
                as(SpanCondition.Member.class, condition)
                    .map(
                        wanted ->
                            new SpanCondition.Member(
                                    wanted.column(),
                                    wanted.path().stream()
                                        .flatMap(name -> Arrays.stream(name.split("\\.")))
                                        .toList(),
                                    wanted.test())
                                .holdsFor(column -> column.read(span)))
                    .orElse(honest)));
    mutants.add(
        holding(
            "looks at the first name of a path alone",
            (condition, span, honest) ->
                as(SpanCondition.Member.class, condition)
                    .filter(wanted -> wanted.path().size() > 1)
                    .map(
                        wanted ->
                            new SpanCondition.Member(
                                    wanted.column(), wanted.path().subList(0, 1), wanted.test())
                                .holdsFor(column -> column.read(span)))
                    .orElse(honest)));
    return mutants;
  }

  private static List<Mutant> traces() {
    return List.of(
        listing(
            "ignores filters on any and on no span",
            (query, head, trace, honest) ->
                honest.of(
                        query,
                        head,
                        trace.stream()
                            .filter(span -> query.noSpan().stream().noneMatch(f -> f.matches(span)))
                            .toList(),
                        honest)
                    || query.matches(head)),
        listing(
            "looks for any span at the head alone",
            (query, head, trace, honest) -> honest.of(query, head, List.of(head), honest)),
        listing(
            "lets each condition be met by another span",
            (query, head, trace, honest) ->
                query.matches(head)
                    && query.anySpan().stream()
                        .flatMap(filter -> filter.conditions().stream())
                        .allMatch(
                            condition ->
                                trace.stream()
                                    .anyMatch(s -> condition.holdsFor(column -> column.read(s))))
                    && query.noSpan().stream()
                        .allMatch(filter -> trace.stream().noneMatch(filter::matches))),
        listing(
            "asks the last of several filters alone",
            (query, head, trace, honest) ->
                query.matches(head)
                    && query.anySpan().stream()
                        .skip(Math.max(0, query.anySpan().size() - 1))
                        .allMatch(filter -> trace.stream().anyMatch(filter::matches))
                    && query.noSpan().stream()
                        .allMatch(filter -> trace.stream().noneMatch(filter::matches))),
        listing(
            "looks for no span among the children alone",
            (query, head, trace, honest) ->
                query.matches(head)
                    && query.anySpan().stream()
                        .allMatch(filter -> trace.stream().anyMatch(filter::matches))
                    && query.noSpan().stream()
                        .allMatch(
                            filter ->
                                trace.stream().noneMatch(s -> s != head && filter.matches(s)))),
        listing(
            "does not ask whether a root is stored",
            (query, head, trace, honest) ->
                query.root().matches(head)
                    && honest.of(
                        query,
                        // A head of the kind that is wanted, in all else the same.
                        query.matches(head)
                            ? head
                            : head.toBuilder().parentSpanId(head.isRoot() ? "any" : null).build(),
                        trace,
                        honest)),
        heading("leaves traces without a root out", trace -> first(roots(trace))),
        heading(
            "lists a trace without a root by its last span",
            trace -> first(roots(trace)).or(() -> trace.stream().max(Trace.ORDER))),
        heading("lists a trace by its first span, root or not", ReadMutants::first),
        heading(
            "lists a trace by its last root",
            trace -> roots(trace).stream().max(Trace.ORDER).or(() -> first(trace))));
  }

  private static Mutant reading(String fault, ReferenceFixture.Variant variant) {
    return Mutant.of(fault, variant);
  }

  private static Mutant summing(String fault, UnaryOperator<TraceStatistics> change) {
    return Mutant.of(
        fault,
        (database, config, capabilities) ->
            new ReferenceStorage(database, config, capabilities) {
              @Override
              TraceStatistics statistics(Collection<Span> trace) {
                return change.apply(super.statistics(trace));
              }
            });
  }

  private static List<Mutant> others() {
    List<Mutant> mutants = new ArrayList<>();
    mutants.add(
        summing(
            "counts no orphans",
            s ->
                new TraceStatistics(
                    s.spans(),
                    s.errors(),
                    s.running(),
                    0,
                    s.startedAt(),
                    s.lastEndedAt(),
                    s.services(),
                    s.sums())));
    mutants.add(
        reading(
            "takes every child for an orphan",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  TraceStatistics statistics(Collection<Span> trace) {
                    TraceStatistics s = super.statistics(trace);
                    return new TraceStatistics(
                        s.spans(),
                        s.errors(),
                        s.running(),
                        trace.size() - roots(trace).size(),
                        s.startedAt(),
                        s.lastEndedAt(),
                        s.services(),
                        s.sums());
                  }
                }));
    mutants.add(
        summing(
            "counts the first service alone",
            s ->
                new TraceStatistics(
                    s.spans(),
                    s.errors(),
                    s.running(),
                    s.orphans(),
                    s.startedAt(),
                    s.lastEndedAt(),
                    s.services().stream().limit(1).toList(),
                    s.sums())));
    mutants.add(
        reading(
            "takes the head's times for the trace's",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  TraceStatistics statistics(Collection<Span> trace) {
                    TraceStatistics s = super.statistics(trace);
                    Span head = head(trace).orElseThrow();
                    return new TraceStatistics(
                        s.spans(),
                        s.errors(),
                        s.running(),
                        s.orphans(),
                        head.times().startedAt(),
                        head.times().endedAt(),
                        s.services(),
                        s.sums());
                  }
                }));
    mutants.add(
        reading(
            "counts a page for all traces",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public long countTraces(TraceQuery query) {
                    return Math.min(query.limit(), super.countTraces(query));
                  }
                }));
    mutants.add(
        reading(
            "counts spans behind the cursor alone",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public long countSpans(SpanQuery query) {
                    return query.after().isPresent()
                        ? listSpans(query).items().size()
                        : super.countSpans(query);
                  }
                }));
    mutants.add(
        spanPaging(
            "lists whole spans",
            (query, spans, honest) ->
                new Page<>(spans.subList(0, honest.items().size()), honest.cursor())));
    mutants.add(
        spanPaging(
            "promises no further spans",
            (query, spans, honest) -> new Page<>(honest.items(), null)));
    mutants.add(
        spanPaging(
            "shows the last span of a page again",
            (query, spans, honest) ->
                new Page<>(
                    honest.items(),
                    honest.cursor() == null || honest.items().size() < 2
                        ? honest.cursor()
                        : query.cursorBehind(spans.get(honest.items().size() - 2)))));
    mutants.add(
        spanPaging(
            "lists running spans last when the longest come first",
            (query, spans, honest) -> {
              if (query.order() != SpanOrder.DURATION_DESCENDING) {
                return honest;
              }
              List<Span> sorted = new ArrayList<>(spans);
              sorted.sort(
                  Comparator.comparing(
                      (Span span) -> span.times().duration(),
                      Comparator.nullsLast(Comparator.reverseOrder())));
              List<Span> page = sorted.subList(0, honest.items().size());
              return new Page<>(page.stream().map(Span::toLight).toList(), honest.cursor());
            }));
    mutants.add(
        valuing(
            "counts a tag as often as it stands in a span",
            (query, values, spans) ->
                query.source() instanceof ValueSource.Tags && query.wantsCounts()
                    ? values.stream()
                        .map(
                            value ->
                                new SpanValue(
                                    value.text(),
                                    spans.stream()
                                        .filter(query.filter()::matches)
                                        .flatMap(span -> span.tags().stream())
                                        .filter(value.text()::equals)
                                        .count()))
                        .toList()
                    : values));
    mutants.add(
        valuing(
            "sorts values by UTF-16",
            (query, values, spans) ->
                values.stream().sorted(Comparator.comparing(SpanValue::text)).toList()));
    mutants.add(
        valuing(
            "lists values without regard to case once",
            (query, values, spans) -> {
              Map<String, SpanValue> once = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
              values.forEach(value -> once.putIfAbsent(value.text(), value));
              return values.stream().filter(once.values()::contains).toList();
            }));
    mutants.add(
        valuing(
            "counts values that nobody asked to be counted",
            (query, values, spans) ->
                values.stream()
                    .map(
                        v ->
                            new SpanValue(
                                v.text(), v.spans() == null ? Long.valueOf(1) : v.spans()))
                    .toList()));
    mutants.add(
        valuing(
            "does not list the empty text",
            (query, values, spans) ->
                values.stream().filter(value -> !value.text().isEmpty()).toList()));
    mutants.add(
        valuing(
            "lists values of spans that do not pass",
            (query, values, spans) -> {
              Map<String, SpanValue> all = new TreeMap<>(ValueQuery.ORDER);
              spans.forEach(
                  span ->
                      query.source().valuesOf(column -> column.read(span)).stream()
                          .filter(value -> value.startsWith(query.prefix()))
                          .forEach(
                              value ->
                                  all.put(
                                      value,
                                      new SpanValue(value, query.wantsCounts() ? 1L : null))));
              values.forEach(value -> all.put(value.text(), value));
              return List.copyOf(all.values());
            }));
    mutants.add(
        aggregating(
            "interpolates percentiles",
            (aggregation, spans, honest) ->
                honest.stream()
                    .map(
                        group ->
                            changed(
                                group, group.spans(), group.errors(), halved(group.percentiles())))
                    .toList()));
    mutants.add(
        aggregating(
            "leaves out the group of spans that have no value",
            (aggregation, spans, honest) ->
                honest.stream().filter(group -> !group.group().contains(null)).toList()));
    mutants.add(
        aggregating(
            "counts spans that ended for all",
            (aggregation, spans, honest) ->
                honest.stream()
                    .map(
                        group ->
                            changed(
                                group,
                                Math.max(1, group.spans() - 1),
                                group.errors(),
                                group.percentiles()))
                    .toList()));
    mutants.add(
        aggregating(
            "counts no errors",
            (aggregation, spans, honest) ->
                honest.stream()
                    .map(group -> changed(group, group.spans(), 0, group.percentiles()))
                    .toList()));
    mutants.add(
        aggregating(
            "begins a part of time with its first span",
            (aggregation, spans, honest) ->
                honest.stream()
                    .map(
                        group ->
                            group.from() == null
                                ? group
                                : new SpanAggregate(
                                    group.group(),
                                    group.from().plusNanos(1),
                                    group.spans(),
                                    group.errors(),
                                    group.percentiles(),
                                    group.sums()))
                    .toList()));
    mutants.add(
        linking(
            "finds the callers in other traces, too",
            (call, spans) ->
                spans.values().stream()
                    .filter(span -> span.key().spanId().equals(call.parentSpanId()))
                    .map(span -> span.origin().serviceName())
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElse(null)));
    mutants.add(
        reading(
            "takes calls within a service for links",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public List<ServiceLink> serviceLinks(String tenantId, TimeRange startedAt) {
                    List<ServiceLink> links =
                        new ArrayList<>(super.serviceLinks(tenantId, startedAt));
                    spansOf(tenantId).stream()
                        .map(span -> span.origin().serviceName())
                        .filter(Objects::nonNull)
                        .distinct()
                        .forEach(service -> links.add(new ServiceLink(service, service, 1, 0)));
                    return links;
                  }
                }));
    mutants.add(
        reading(
            "links services whenever they called",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public List<ServiceLink> serviceLinks(String tenantId, TimeRange startedAt) {
                    return super.serviceLinks(tenantId, TimeRange.ALL);
                  }
                }));
    mutants.add(
        scanning(
            "scans a tenant and all others", scan -> new SpanScan(null, null, scan.upToOrNull())));
    mutants.add(
        scanning(
            "scans from the beginning each time",
            scan -> new SpanScan(scan.tenantIdOrNull(), null, scan.upToOrNull())));
    mutants.add(
        scanning(
            "scans to the end, wherever it was to stop",
            scan -> new SpanScan(scan.tenantIdOrNull(), scan.afterOrNull(), null)));
    mutants.add(
        reading(
            "scans light spans",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public void scanSpans(SpanScan scan, Consumer<? super StoredSpan> each) {
                    super.scanSpans(
                        scan, s -> each.accept(new StoredSpan(s.span().toLight(), s.version())));
                  }
                }));
    mutants.add(
        reading(
            "scans in the order of the start",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public void scanSpans(SpanScan scan, Consumer<? super StoredSpan> each) {
                    List<StoredSpan> spans = new ArrayList<>();
                    super.scanSpans(scan, spans::add);
                    spans.sort(Comparator.comparing(s -> s.span().times().startedAt()));
                    spans.forEach(each);
                  }
                }));
    mutants.add(
        reading(
            "swallows what is thrown while it scans",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public void scanSpans(SpanScan scan, Consumer<? super StoredSpan> each) {
                    try {
                      super.scanSpans(scan, each);
                    } catch (IllegalArgumentException e) {
                      // The fault: the caller hears nothing.
                    }
                  }
                }));
    mutants.add(
        reading(
            "reads a span as often as it is asked for",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public List<Span> getSpans(Collection<SpanKey> keys) {
                    return keys.stream().map(this::getSpan).flatMap(Optional::stream).toList();
                  }
                }));
    mutants.add(
        reading(
            "reads traces in the order that they are asked for",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public void getTraces(Collection<TraceKey> keys, Consumer<? super Trace> each) {
                    keys.forEach(key -> getTrace(key).ifPresent(each));
                  }
                }));
    return mutants;
  }

  private static SpanAggregate changed(
      SpanAggregate group, long spans, long errors, Map<Integer, Duration> percentiles) {
    return new SpanAggregate(group.group(), group.from(), spans, errors, percentiles, group.sums());
  }

  private static Map<Integer, Duration> halved(Map<Integer, Duration> percentiles) {
    Map<Integer, Duration> halved = new TreeMap<>();
    percentiles.forEach((percentile, duration) -> halved.put(percentile, duration.dividedBy(2)));
    return halved;
  }

  private interface SpanPaging {
    Page<Span> of(SpanQuery query, List<Span> spans, Page<Span> honest);
  }

  private static Mutant spanPaging(String fault, SpanPaging paging) {
    return Mutant.of(
        fault,
        (database, config, capabilities) ->
            new ReferenceStorage(database, config, capabilities) {
              @Override
              Page<Span> page(SpanQuery query, List<Span> spans) {
                return paging.of(query, spans, super.page(query, spans));
              }
            });
  }

  private interface Valuing {
    List<SpanValue> of(ValueQuery query, List<SpanValue> honest, Collection<Span> spans);
  }

  private static Mutant valuing(String fault, Valuing valuing) {
    return Mutant.of(
        fault,
        (database, config, capabilities) ->
            new ReferenceStorage(database, config, capabilities) {
              @Override
              List<SpanValue> values(ValueQuery query, Collection<Span> spans) {
                return valuing.of(query, super.values(query, spans), spans);
              }
            });
  }

  private interface Aggregating {
    List<SpanAggregate> of(
        SpanAggregation aggregation, Collection<Span> spans, List<SpanAggregate> honest);
  }

  private static Mutant aggregating(String fault, Aggregating aggregating) {
    return Mutant.of(
        fault,
        (database, config, capabilities) ->
            new ReferenceStorage(database, config, capabilities) {
              @Override
              List<SpanAggregate> aggregate(SpanAggregation aggregation, Collection<Span> spans) {
                return aggregating.of(aggregation, spans, super.aggregate(aggregation, spans));
              }
            });
  }

  private static Mutant linking(
      String fault, BiFunction<Span, Map<SpanKey, Span>, @Nullable String> callerOf) {
    return Mutant.of(
        fault,
        (database, config, capabilities) ->
            new ReferenceStorage(database, config, capabilities) {
              @Override
              @Nullable String callerOf(Span call, Map<SpanKey, Span> spans) {
                return callerOf.apply(call, spans);
              }
            });
  }

  private static Mutant scanning(String fault, UnaryOperator<SpanScan> change) {
    return Mutant.of(
        fault,
        (database, config, capabilities) ->
            new ReferenceStorage(database, config, capabilities) {
              @Override
              public void scanSpans(SpanScan scan, Consumer<? super StoredSpan> each) {
                super.scanSpans(change.apply(scan), each);
              }
            });
  }

  static List<Mutant> all() {
    List<Mutant> mutants = new ArrayList<>(filters());
    mutants.addAll(traces());
    mutants.addAll(others());
    ReferenceStorage.READS.forEach(read -> mutants.add(Mutant.claiming(read)));
    mutants.add(
        paging(
            "a page has one trace too many",
            (query, roots) -> cut(query, roots, query.limit() + 1, 0)));
    mutants.add(
        paging(
            "pages overlap by one trace", (query, roots) -> cut(query, roots, query.limit(), 1)));
    mutants.add(
        paging(
            "there is never a next page",
            (query, roots) -> new Page<>(cut(query, roots, query.limit(), 0).items(), null)));
    mutants.add(paging("a full page always promises another", ReadMutants::eager));
    mutants.add(
        paging(
            "lists full spans instead of light ones",
            (query, roots) -> {
              Page<TraceSummary> page = cut(query, roots, query.limit(), 0);
              return new Page<>(
                  roots.subList(0, page.items().size()).stream().map(TraceSummary::new).toList(),
                  page.cursor());
            }));
    mutants.add(
        paging(
            "sorts ids as a collation does",
            (query, roots) -> {
              List<Span> sorted = new ArrayList<>(roots);
              sorted.sort(
                  query.order() == TraceOrder.STARTED_AT_ASCENDING
                      ? Comparator.comparing((Span span) -> span.times().startedAt())
                          .thenComparing(span -> span.key().traceId().toLowerCase(Locale.ROOT))
                      : query.order().comparator());
              return cut(query, sorted, query.limit(), 0);
            }));
    mutants.add(
        paging(
            "lists running spans last when the latest end comes first",
            (query, roots) -> {
              List<Span> sorted = new ArrayList<>(roots);
              if (query.order() == TraceOrder.ENDED_AT_DESCENDING) {
                sorted.sort(
                    Comparator.comparing(
                        (Span span) -> span.times().endedAt(),
                        Comparator.nullsLast(Comparator.reverseOrder())));
              }
              return cut(query, sorted, query.limit(), 0);
            }));
    mutants.addAll(lives());
    return mutants;
  }

  /** Fills a page. */
  private interface Paging {
    Page<TraceSummary> of(TraceQuery query, List<Span> roots);
  }

  private static Mutant paging(String fault, Paging paging) {
    return Mutant.of(
        fault,
        (database, config, capabilities) ->
            new ReferenceStorage(database, config, capabilities) {
              @Override
              Page<TraceSummary> page(TraceQuery query, List<Span> roots) {
                return paging.of(query, roots);
              }
            });
  }

  private static Page<TraceSummary> cut(TraceQuery query, List<Span> roots, int size, int overlap) {
    List<Span> page = roots.subList(0, Math.min(roots.size(), size));
    boolean more = roots.size() > page.size();
    int last = Math.max(0, page.size() - 1 - (page.size() > 1 ? overlap : 0));
    String cursor = more ? query.cursorBehind(page.get(last)) : null;
    return new Page<>(page.stream().map(root -> new TraceSummary(root.toLight())).toList(), cursor);
  }

  private static Page<TraceSummary> eager(TraceQuery query, List<Span> roots) {
    Page<TraceSummary> page = cut(query, roots, query.limit(), 0);
    boolean full = page.items().size() == query.limit();
    return full ? new Page<>(page.items(), query.cursorBehind(roots.get(query.limit() - 1))) : page;
  }

  private static List<Mutant> lives() {
    return List.of(
        Mutant.of(
            "lists the traces of every tenant",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  Map<String, List<Span>> traces(String tenantId) {
                    Map<String, List<Span>> traces = super.traces(tenantId);
                    return traces.isEmpty() ? super.traces("default") : traces;
                  }
                }),
        Mutant.of(
            "updates and deletes by trace id, whatever the tenant",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public int batchDeleteTraces(Collection<TraceKey> traces) {
                    for (TraceKey trace : traces) {
                      super.batchDeleteTraces(List.of(new TraceKey("default ", trace.traceId())));
                    }
                    return super.batchDeleteTraces(traces);
                  }
                }),
        Mutant.of(
            "finds ids without case",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public Optional<Span> getSpan(SpanKey key) {
                    Optional<Span> exact = super.getSpan(key);
                    return exact.isPresent()
                        ? exact
                        : getTrace(key.trace())
                            .flatMap(
                                trace ->
                                    trace.spans().stream()
                                        .filter(
                                            s -> s.key().spanId().equalsIgnoreCase(key.spanId()))
                                        .findFirst());
                  }
                }),
        Mutant.of(
            "reads at most 10,000 spans of a trace",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public Optional<Trace> getTrace(TraceKey key) {
                    return super.getTrace(key)
                        .map(
                            trace -> new Trace(key, trace.spans().stream().limit(10_000).toList()));
                  }
                }),
        Mutant.of(
            "takes the last root of a trace",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public Optional<Span> getRootSpan(TraceKey key) {
                    return getTrace(key)
                        .flatMap(
                            trace ->
                                trace.spans().stream()
                                    .filter(Span::isRoot)
                                    .reduce((first, second) -> second));
                  }
                }),
        Mutant.of(
            "returns whole spans in a light trace",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public Optional<Trace> getTraceLight(TraceKey key) {
                    return getTrace(key);
                  }
                }),
        Mutant.of(
            "counts rows written instead of spans",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  private long written;

                  @Override
                  public WriteResult batchCreateSpans(List<Span> spans) {
                    written += spans.size();
                    return super.batchCreateSpans(spans);
                  }

                  @Override
                  public StorageStatistics statistics() {
                    StorageStatistics now = super.statistics();
                    return new StorageStatistics(
                        written, now.traces(), now.running(), now.errors(), now.tenants());
                  }
                }),
        Mutant.of(
            "deletes the root of a trace and leaves its children",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public int batchDeleteTraces(Collection<TraceKey> traces) {
                    List<Span> children = new ArrayList<>();
                    for (TraceKey trace : traces) {
                      getTrace(trace)
                          .ifPresent(
                              whole ->
                                  whole.spans().stream()
                                      .filter(span -> !span.isRoot())
                                      .forEach(children::add));
                    }
                    int deleted = super.batchDeleteTraces(traces);
                    batchCreateSpans(children);
                    return deleted;
                  }
                }),
        Mutant.of(
            "counts the traces that it was asked to delete",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public int batchDeleteTraces(Collection<TraceKey> traces) {
                    super.batchDeleteTraces(traces);
                    return traces.size();
                  }
                }),
        Mutant.of(
            "prunes traces of which a part is old",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  boolean isOld(Collection<Span> trace, Instant cut) {
                    return trace.stream()
                        .anyMatch(span -> lastActivity(List.of(span)).isBefore(cut));
                  }
                }),
        Mutant.of(
            "prunes by the start alone",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  boolean isOld(Collection<Span> trace, Instant cut) {
                    return trace.stream().allMatch(span -> span.times().startedAt().isBefore(cut));
                  }
                }),
        Mutant.of(
            "prunes what ended at the cut",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  boolean isOld(Collection<Span> trace, Instant cut) {
                    return !lastActivity(trace).isAfter(cut);
                  }
                }),
        Mutant.of(
            "prunes more traces than asked for",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public PruneReport pruneTraces(PruneRequest request) {
                    return super.pruneTraces(
                        PruneRequest.before(request.tenantId(), request.before()));
                  }
                }),
        Mutant.of(
            "forgets everything when it is initialized again",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public InitReport init() {
                    InitReport report = super.init();
                    if (report.outcome() == InitReport.Outcome.OPENED) {
                      dangerouslyClearAll();
                    }
                    return report;
                  }
                }),
        Mutant.of(
            "answers after it was closed",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public void close() {
                    // The fault: nothing happens.
                  }
                }),
        Mutant.of(
            "throws from check",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public Health check() {
                    Health health = super.check();
                    if (!health.up()) {
                      throw new IllegalStateException(health.message());
                    }
                    return health;
                  }
                }),
        Mutant.of("shares one database in memory among all", SharedMemory::new),
        Mutant.of(
            "changes its preferred strategy with init",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  private @Nullable InitReport report;

                  @Override
                  public InitReport init() {
                    report = super.init();
                    return report;
                  }

                  @Override
                  public TracingStrategySupport tracingStrategy() {
                    return TracingStrategySupport.allPreferring(
                        report == null ? TracingStrategy.REALTIME : TracingStrategy.INSERT_ONLY);
                  }
                }),
        Mutant.of(
            "lets its capabilities be changed",
            (database, config, capabilities) ->
                new ReferenceStorage(database, config, capabilities) {
                  @Override
                  public Set<Capability> capabilities() {
                    return new HashSet<>(super.capabilities());
                  }
                }));
  }

  private static final class SharedMemory extends ReferenceStorage {
    private static final ReferenceDatabase ONE =
        new ReferenceDatabase(StorageConfig.DEFAULT_TABLE, true);

    SharedMemory(ReferenceDatabase database, StorageConfig config, Set<Capability> capabilities) {
      super(database.tableNames().isEmpty() ? ONE : database, config, capabilities);
    }
  }
}
