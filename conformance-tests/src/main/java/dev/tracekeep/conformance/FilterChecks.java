package dev.tracekeep.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Origin;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.TimeRange;
import dev.tracekeep.storage.Trace;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceSummary;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Every filter finds what it says, and nothing else. */
@CheckGroup("Filters")
abstract class FilterChecks extends VerificationChecks {
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

  /**
   * A text of any length is kept and found, in any column that is no id: spans are named after
   * statements, and sessions after tokens. What an engine's index cannot hold must not fail a
   * write.
   */
  @Test
  public final void longText_isKeptAndFoundInEveryColumn() {
    ObservabilityStorage storage = storage();
    Random random = new Random(1);
    Map<SpanColumn, Span> spans = new EnumMap<>(SpanColumn.class);
    for (SpanColumn column : TEXT_FILTERS) {
      if (column != SpanColumn.TRACE_ID
          && column != SpanColumn.SPAN_ID
          && column != SpanColumn.SPAN_KIND) {
        // Random, so that no engine gets it short by compression.
        String text =
            random
                .ints(20_000, 'a', 'z' + 1)
                .mapToObj(Character::toString)
                .collect(Collectors.joining());
        spans.put(
            column,
            Spans.with(
                Spans.span(SpanKey.of("long-" + column.columnName(), "span")).build(),
                column,
                text));
      }
    }
    assertThat(spans).containsKeys(SpanColumn.NAME, SpanColumn.SESSION_ID, SpanColumn.SERVICE_NAME);
    assertThat(storage.batchCreateSpans(List.copyOf(spans.values())).rejected()).isEmpty();
    spans.forEach(
        (column, span) -> {
          CrudChecks.assertSame(storage.getSpan(span.key()), span);
          assertLists(
              storage,
              List.copyOf(spans.values()),
              query -> query.where(column, text(span, column)),
              column.columnName());
        });
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
      // The filter is cleaned like the span: U+0000 finds what was stored as U+FFFD.
      assertLists(storage, all, query -> query.where(SpanColumn.NAME, text), "name " + text);
      assertLists(storage, all, query -> query.tag(text), "tag " + text);
      assertLists(storage, all, query -> query.metadata(text, Json.of(text)), "metadata " + text);
    }
    assertThat(storage.statistics().spans()).isEqualTo(texts.size());
  }

  // ---- what the checks share ----

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
        all.stream().collect(Collectors.groupingBy(span -> span.key().trace())).entrySet().stream()
            .filter(trace -> trace.getKey().tenantId().equals(query.tenantId()))
            .map(trace -> new Trace(trace.getKey(), trace.getValue()))
            .filter(query::matches)
            .map(Trace::head)
            .sorted(Comparator.comparing(Span::key))
            .map(Span::toLight)
            .toList();
    assertThat(
            storage.listTraces(query).items().stream()
                .map(TraceSummary::head)
                .sorted(Comparator.comparing(Span::key)))
        .as(description)
        .isEqualTo(expected);
  }
}
