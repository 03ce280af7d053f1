package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Origin;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Page;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.TraceOrder;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceSummary;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Every filter, every order, every page. */
@CheckGroup("Queries, pages and order")
abstract class QueryChecks extends InterruptionChecks {
  private static final List<SpanColumn> TEXT_FILTERS =
      Arrays.stream(SpanColumn.values())
          .filter(column -> column.type() == SpanColumn.Type.TEXT)
          .filter(column -> column != SpanColumn.TENANT_ID && column != SpanColumn.PARENT_SPAN_ID)
          .toList();

  /**
   * Each text column finds its value, and no neighbour of it: absent, other case, blank, other
   * column.
   */
  @Test
  public final void filter_everyTextColumn_matchesAndRejects() {
    ObservabilityStorage storage = storage();
    List<Span> all = new ArrayList<>();
    Span full = Spans.full(SpanKey.of("full", "spanId")).toBuilder().parentSpanId(null).build();
    all.add(full);
    all.add(Spans.span(SpanKey.of("bare", "other")).build());
    for (SpanColumn column : TEXT_FILTERS) {
      if (column != SpanColumn.TRACE_ID
          && column != SpanColumn.SPAN_ID
          && column != SpanColumn.SPAN_KIND) {
        all.add(neighbour(full, column, text(full, column).toUpperCase(Locale.ROOT) + "X"));
        all.add(neighbour(full, column, text(full, column) + " "));
        all.add(neighbour(full, column, "1"));
      }
    }
    storage.batchCreateSpans(all);
    for (SpanColumn column : TEXT_FILTERS) {
      String value = text(full, column);
      for (String wanted :
          List.of(value, value + " ", value.substring(1), value + "%", "1", "", swapCase(value))) {
        assertLists(storage, all, query -> query.where(column, wanted), column + " = " + wanted);
      }
    }
  }

  private static Span neighbour(Span full, SpanColumn column, String value) {
    String traceId = column.columnName() + "-" + value.hashCode();
    return Spans.with(Spans.inTrace(full, traceId), column, value);
  }

  private static String text(Span span, SpanColumn column) {
    return String.valueOf(column.read(span));
  }

  private static String swapCase(String text) {
    String upper = text.toUpperCase(Locale.ROOT);
    return upper.equals(text) ? text.toLowerCase(Locale.ROOT) : upper;
  }

  /** Status, tags and the error of any span of the trace. */
  @Test
  public final void filter_statusTagsAndChildError_matchAndReject() {
    ObservabilityStorage storage = storage();
    Payload failed = Payload.builder().error(Json.of("x")).build();
    Span ok = Spans.root("ok").endedAt(Spans.T0).tags(List.of("a", "b", "a")).build();
    Span running = Spans.root("running").tags(List.of("A", "b")).build();
    Span error = Spans.root("error").payload(failed).endedAt(Spans.T0).tags(List.of("a")).build();
    Span nullError = Spans.root("null").payload(Payload.builder().error(Json.NULL).build()).build();
    Span child =
        Spans.span(SpanKey.of("ok", "child")).parentSpanId(Spans.SPAN).payload(failed).build();
    Span elsewhere =
        Spans.span(new SpanKey("other", "running", "child"))
            .parentSpanId("p")
            .payload(failed)
            .build();
    List<Span> all = List.of(ok, running, error, nullError, child, elsewhere);
    storage.batchCreateSpans(all);
    for (SpanStatus status : SpanStatus.values()) {
      assertLists(storage, all, query -> query.status(status), "status " + status);
    }
    for (List<String> tags :
        List.of(
            List.of("a"),
            List.of("b"),
            List.of("a", "b"),
            List.of("b", "a", "a"),
            List.of("A"),
            List.of("a,b"),
            List.of(""),
            List.of("a "))) {
      assertLists(
          storage,
          all,
          query -> {
            tags.forEach(query::tag);
            return query;
          },
          "tags " + tags);
    }
    assertLists(storage, all, query -> query.hasChildError(true), "a child error");
    assertLists(storage, all, query -> query.hasChildError(false), "no child error");
    assertLists(
        storage,
        all,
        query -> query.hasChildError(true).status(SpanStatus.OK),
        "a child error and ok");
  }

  /** Keys of metadata and scope: by structure; a number is no string, dots are no paths. */
  @Test
  public final void filter_metadataAndScope_matchByStructure() {
    ObservabilityStorage storage = storage();
    List<String> objects =
        List.of(
            "{\"k\":1}",
            "{\"k\":\"1\"}",
            "{\"k\":true}",
            "{\"k\":\"true\"}",
            "{\"k\":null}",
            "{\"k\":\"null\"}",
            "{\"k\":\"\"}",
            "{}",
            "[]",
            "\"k\"",
            "{\"k\":{\"a\":[1,{\"b\":2,\"c\":3}]}}",
            "{\"k\":[1,2]}",
            "{\"K\":1}",
            "{\"a.b\":1,\"a\":{\"b\":2}}",
            "{\"a\":{\"b\":1}}",
            "{\"$k\":1,\"'\":1,\"\\\"\":1,\"\\\\\":1,\"[0]\":1,\"\":1,\"*\":1}",
            "{\"k\":9007199254740993}",
            "{\"k\":\"\u00fcber \uD83D\uDE00\"}");
    List<Span> all = new ArrayList<>();
    all.add(Spans.root("absent").build());
    for (String object : objects) {
      Json json = Json.parse(object);
      all.add(
          Spans.root("t" + all.size())
              .payload(Payload.builder().metadata(json).build())
              .origin(new Origin(null, null, null, json, null))
              .build());
    }
    storage.batchCreateSpans(all);
    List<Json> values =
        List.of(
            Json.parse("1"),
            Json.parse("1.0"),
            Json.parse("\"1\""),
            Json.TRUE,
            Json.of("true"),
            Json.NULL,
            Json.of("null"),
            Json.of(""),
            Json.parse("{\"a\":[1,{\"c\":3.0,\"b\":2}]}"),
            Json.parse("{\"a\":[{\"b\":2,\"c\":3},1]}"),
            Json.parse("[1,2]"),
            Json.parse("[2,1]"),
            Json.parse("9007199254740992"),
            Json.parse("9007199254740993"),
            Json.parse("\"\\u00fcber \\ud83d\\ude00\""),
            Json.parse("2"));
    for (String key :
        List.of("k", "K", "a.b", "a", "$k", "'", "\"", "\\", "[0]", "", "*", "k'--", "none")) {
      for (Json value : values) {
        assertLists(
            storage, all, query -> query.metadata(key, value), "metadata " + key + "=" + value);
      }
      assertLists(storage, all, query -> query.scope(key, Json.of(1)), "scope " + key + "=1");
    }
    assertLists(
        storage,
        all,
        query -> query.metadata("a.b", Json.of(1)).metadata("a", Json.parse("{\"b\":2}")),
        "two keys");
  }

  /** Open, inclusive and exclusive ends of start and end, at a nanosecond's distance. */
  @Test
  public final void timeBounds_areExactToTheNanosecond() {
    ObservabilityStorage storage = storage();
    List<Span> all = new ArrayList<>();
    List<Instant> times = new ArrayList<>();
    for (Instant centre : List.of(Spans.T0, Instant.parse("1965-05-05T05:05:05.000000005Z"))) {
      for (int nanos = -1; nanos <= 1; nanos++) {
        times.add(centre.plusNanos(nanos));
      }
    }
    for (Instant time : times) {
      all.add(Spans.root("t" + all.size()).startedAt(time).endedAt(time.plusNanos(1)).build());
    }
    all.add(Spans.root("running").startedAt(Spans.T0).build());
    storage.batchCreateSpans(all);
    for (Instant time : times) {
      for (TimeRange range :
          List.of(
              new TimeRange(time, false, null, false),
              new TimeRange(time, true, null, false),
              new TimeRange(null, false, time, false),
              new TimeRange(null, false, time, true),
              new TimeRange(time, false, time, false),
              new TimeRange(time, true, time, false),
              TimeRange.of(time, time.plusNanos(1)))) {
        assertLists(storage, all, query -> query.startedAt(range), "started " + range);
        assertLists(storage, all, query -> query.endedAt(range), "ended " + range);
      }
    }
  }

  /** A limit counts traces, not spans, and takes them from the right end. */
  @Test
  public final void limit_countsTracesExactly() {
    ObservabilityStorage storage = storage();
    List<Span> all = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      Span root = Spans.root("t" + i).startedAt(Spans.at(i * 5 % 12)).build();
      all.add(root);
      for (int child = 0; child < i; child++) {
        all.add(
            Spans.span(SpanKey.of("t" + i, "c" + child))
                .parentSpanId(Spans.SPAN)
                .startedAt(Spans.at(-100 + child))
                .build());
      }
    }
    storage.batchCreateSpans(all);
    for (int limit : List.of(1, 11, 12, 13, TraceQuery.MAX_LIMIT)) {
      Page<TraceSummary> page = storage.listTraces(query().limit(limit).build());
      assertThat(page.items()).hasSize(Math.min(limit, 12));
      assertThat(page.nextCursor().isPresent())
          .as("a page follows %s of 12", limit)
          .isEqualTo(limit < 12);
      assertThat(page.items().get(0).root().times().startedAt()).isEqualTo(Spans.at(11));
    }
  }

  /** For every page size the pages together are the list, also when all times are the same. */
  @Test
  public final void pages_partitionTheResult() {
    ObservabilityStorage storage = storage();
    List<Span> all = new ArrayList<>();
    for (int i = 0; i < 17; i++) {
      Instant end = i % 3 == 0 ? null : Spans.at(i % 2);
      // Ids that a collation would put in another order than their bytes.
      String id = List.of("a", "B", "_", "-", "0").get(i % 5) + (i < 9 ? "x" : "X") + i;
      all.add(Spans.span(SpanKey.of(id, "s" + i % 2)).endedAt(end).build());
    }
    storage.batchCreateSpans(all);
    for (TraceOrder order : TraceOrder.values()) {
      List<Span> expected = all.stream().sorted(order.comparator()).map(Span::toLight).toList();
      for (int size : List.of(1, 2, 3, 5, 8, 16, 17, 18)) {
        assertThat(walk(storage, query -> query.order(order), size))
            .as("%s in pages of %s", order, size)
            .isEqualTo(expected);
      }
    }
  }

  /** A cursor of another query, order or tenant is refused; a walk never repeats a trace. */
  @Test
  public final void pageToken_isBoundToQueryAndTenant_andWalkNeverRepeatsUnderInserts() {
    ObservabilityStorage storage = storage();
    List<Span> all = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      all.add(Spans.root("t" + i).startedAt(Spans.at(i)).build());
    }
    storage.batchCreateSpans(all);
    String cursor = storage.listTraces(query().limit(4).build()).nextCursor().orElseThrow();
    for (TraceQuery.Builder other :
        List.of(
            TraceQuery.builder("other"),
            query().tag("x"),
            query().status(SpanStatus.RUNNING),
            query().order(TraceOrder.STARTED_AT_ASCENDING),
            query().startedAt(TimeRange.since(Spans.T0)))) {
      assertThatThrownBy(() -> storage.listTraces(other.cursor(cursor).build()))
          .isInstanceOf(IllegalArgumentException.class);
    }
    for (String forged : List.of("", "x", "no cursor at all", cursor.substring(8))) {
      assertThatThrownBy(() -> storage.listTraces(query().cursor(forged).build()))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(storage.listTraces(query().limit(2).cursor(cursor).build()).items())
        .hasSize(2)
        .extracting(summary -> summary.key().traceId())
        .containsExactly("t5", "t4");

    List<String> walked = new ArrayList<>();
    String next = null;
    int inserted = 0;
    do {
      Page<TraceSummary> page = storage.listTraces(query().limit(3).cursor(next).build());
      page.items().forEach(summary -> walked.add(summary.key().traceId()));
      storage.createSpan(Spans.root("early" + inserted).startedAt(Spans.at(100)).build());
      storage.createSpan(Spans.root("late" + inserted++).startedAt(Spans.at(-100)).build());
      next = page.cursor();
    } while (next != null && inserted < 50);
    assertThat(walked).doesNotHaveDuplicates();
    assertThat(walked).containsAll(all.stream().map(span -> span.key().traceId()).toList());
  }

  /** The order is total, and a missing end stands at the same place everywhere. */
  @Test
  public final void order_isTotalAndNullsPlaced() {
    ObservabilityStorage storage = storage();
    List<Span> all = new ArrayList<>();
    for (String id : List.of("b", "B", "a", "A", "Z", "_", "~", " ")) {
      all.add(Spans.root(id + "1").build());
      all.add(Spans.root(id + "2").endedAt(Spans.at(1)).build());
      all.add(Spans.root(id + "3").endedAt(Spans.at(-1)).startedAt(Spans.T0.plusNanos(1)).build());
    }
    storage.batchCreateSpans(all);
    for (TraceOrder order : TraceOrder.values()) {
      List<String> listed = new ArrayList<>();
      storage
          .listTraces(query().order(order).limit(100).build())
          .items()
          .forEach(summary -> listed.add(summary.key().traceId()));
      assertThat(listed)
          .as("%s", order)
          .isEqualTo(
              all.stream().sorted(order.comparator()).map(span -> span.key().traceId()).toList());
    }
    // Said once more in words, in case the comparator is wrong.
    assertThat(firstBy(storage, TraceOrder.ENDED_AT_DESCENDING).times().endedAt()).isNull();
    assertThat(firstBy(storage, TraceOrder.ENDED_AT_ASCENDING).times().endedAt())
        .isEqualTo(Spans.at(-1));
    assertThat(firstBy(storage, TraceOrder.STARTED_AT_DESCENDING).key().traceId()).isEqualTo(" 3");
    assertThat(firstBy(storage, TraceOrder.STARTED_AT_ASCENDING).key().traceId()).isEqualTo(" 1");
  }

  private Span firstBy(ObservabilityStorage storage, TraceOrder order) {
    return storage.listTraces(query().order(order).limit(1).build()).items().get(0).root();
  }

  /** Wildcards, quotes and operators in a filter are text. */
  @Test
  public final void filterText_isLiteral() {
    ObservabilityStorage storage = storage();
    List<String> texts =
        List.of(
            "plain",
            "p%",
            "pl_in",
            "%",
            "_",
            "\\",
            "\\\\",
            "'",
            "''",
            "\"",
            "$",
            "$ne",
            ".",
            ".*",
            "[a-z]*",
            "^plain$",
            "plain|x",
            "' OR '1'='1",
            "'; DROP TABLE tracekeep_spans; --",
            "{\"$gt\":\"\"}",
            "${plain}",
            "?",
            ":1",
            "NULL",
            "null",
            "\u0000",
            "\uFFFD",
            "pl\u00e4in",
            "PLAIN",
            "plain ",
            " plain",
            "plain\n",
            "");
    List<Span> all = new ArrayList<>();
    for (String text : texts) {
      all.add(Spans.root("t" + all.size()).name(text).tags(List.of(text)).build());
    }
    storage.batchCreateSpans(all);
    for (String text : texts) {
      // U+0000 was stored as U+FFFD, so as a filter it finds nothing.
      assertLists(storage, all, query -> query.where(SpanColumn.NAME, text), "name " + text);
      assertLists(storage, all, query -> query.tag(text), "tag " + text);
      assertLists(storage, all, query -> query.metadata(text, Json.of(text)), "metadata " + text);
    }
    assertThat(storage.statistics().spans()).isEqualTo(texts.size());
  }

  // ---- what the checks share
  // ---------------------------------------------------------------------

  static TraceQuery.Builder query() {
    return TraceQuery.builder(SpanKey.DEFAULT_TENANT);
  }

  /** Lists with a filter and compares with what the contract says of the same spans. */
  private static void assertLists(
      ObservabilityStorage storage,
      List<Span> all,
      UnaryOperator<TraceQuery.Builder> filter,
      String description) {
    TraceQuery query = filter.apply(query()).limit(TraceQuery.MAX_LIMIT).build();
    List<Span> expected =
        all.stream()
            .filter(query::matches)
            .filter(
                root ->
                    query.hasChildError().isEmpty()
                        || query.hasChildError().get()
                            == all.stream()
                                .filter(span -> span.key().trace().equals(root.key().trace()))
                                .anyMatch(span -> span.payload().error() != null))
            .sorted(Comparator.comparing(Span::key))
            .map(Span::toLight)
            .toList();
    assertThat(
            storage.listTraces(query).items().stream()
                .map(TraceSummary::root)
                .sorted(Comparator.comparing(Span::key)))
        .as(description)
        .isEqualTo(expected);
  }

  /** All pages of a size, one after the other. */
  static List<Span> walk(
      ObservabilityStorage storage, UnaryOperator<TraceQuery.Builder> filter, int size) {
    List<Span> walked = new ArrayList<>();
    String cursor = null;
    do {
      Page<TraceSummary> page =
          storage.listTraces(filter.apply(query()).limit(size).cursor(cursor).build());
      page.items().forEach(summary -> walked.add(summary.root()));
      cursor = page.cursor();
    } while (cursor != null && walked.size() < 10_000);
    return walked;
  }
}
