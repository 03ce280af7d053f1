package dev.tracekeep.benchmark;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Page;
import dev.tracekeep.storage.SpanFilter;
import dev.tracekeep.storage.SpanQuery;
import dev.tracekeep.storage.SpanValue;
import dev.tracekeep.storage.Storages;
import dev.tracekeep.storage.Trace;
import dev.tracekeep.storage.TraceQuery;
import dev.tracekeep.storage.TraceSummary;
import dev.tracekeep.storage.ValueQuery;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs to read from a full table: traces of 50 spans, one in twenty without a stored root,
 * one in five hundred of a session and with an attribute of their own; pages of 10 traces.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xmx6g", "--enable-native-access=ALL-UNNAMED"})
@Warmup(iterations = 1, time = 3)
@Measurement(iterations = 1, time = 8)
@State(Scope.Benchmark)
public class ReadBenchmark {
  private static final int SPANS_PER_TRACE = 50;
  private static final int CHUNK = 20_000;

  /** One trace in so many has what is looked for. */
  private static final int RARE = 500;

  /** The adapter. */
  @Param({"duckdb"})
  public String store;

  /** How many spans the table has. */
  @Param({"500000"})
  public int spans;

  private BenchmarkStore database;
  private ObservabilityStorage storage;
  private List<TraceKey> traces;
  private TraceQuery page100;
  private int next;

  /** For JMH. */
  public ReadBenchmark() {}

  /** Fills the table. */
  @Setup(Level.Trial)
  public void fill() throws Exception {
    database = BenchmarkStore.open(store);
    storage = Storages.open(database.url());
    storage.init();
    List<Span> all = marked(SampleSpans.make(spans, SPANS_PER_TRACE));
    for (int from = 0; from < all.size(); from += CHUNK) {
      storage.batchCreateSpans(all.subList(from, Math.min(all.size(), from + CHUNK)));
    }
    database.settle();
    traces = all.stream().map(span -> span.key().trace()).distinct().toList();
    String cursor = null;
    for (int page = 1; page < 100; page++) {
      cursor = storage.listTraces(list().cursor(cursor).build()).cursor();
    }
    page100 = list().cursor(cursor).build();
  }

  private static List<Span> marked(List<Span> spans) {
    List<Span> marked = new ArrayList<>(spans.size());
    for (int i = 0; i < spans.size(); i++) {
      Span span = spans.get(i);
      int trace = i / SPANS_PER_TRACE;
      if (trace % 20 == 7 && span.isRoot()) {
        span = span.toBuilder().parentSpanId("never-exported").build();
      }
      if (trace % RARE == 3 && i % SPANS_PER_TRACE == 1) {
        span =
            Span.fromColumns(
                SpanColumn.all(),
                column ->
                    column == SpanColumn.SESSION_ID ? "rare" : column.read(spanOf(spans, trace)));
      }
      if (trace % RARE == 5 && i % SPANS_PER_TRACE == 2) {
        span =
            span.toBuilder()
                .payload(Payload.builder().attributes(Json.parse("{\"k\":\"rare\"}")).build())
                .build();
      }
      marked.add(span);
    }
    return marked;
  }

  private static Span spanOf(List<Span> spans, int trace) {
    return spans.get(trace * SPANS_PER_TRACE + 1);
  }

  /** Drops the database. */
  @TearDown(Level.Trial)
  public void close() throws Exception {
    storage.close();
    database.close();
  }

  private static TraceQuery.Builder list() {
    return TraceQuery.builder(SpanKey.DEFAULT_TENANT);
  }

  /** A trace of 50 spans. */
  @Benchmark
  public Trace getTrace() {
    next = (next + 7919) % traces.size();
    return storage.getTrace(traces.get(next)).orElseThrow();
  }

  /** The first page. */
  @Benchmark
  public Page<TraceSummary> listPage1() {
    return storage.listTraces(list().build());
  }

  /** The hundredth page. */
  @Benchmark
  public Page<TraceSummary> listPage100() {
    return storage.listTraces(page100);
  }

  /** The first page of the traces whose metadata has a value. */
  @Benchmark
  public Page<TraceSummary> listByMetadata() {
    return storage.listTraces(list().metadata("model", Json.of("mock-large")).build());
  }

  /** The first page of the traces in which anything went wrong. */
  @Benchmark
  public Page<TraceSummary> listWithChildError() {
    return storage.listTraces(list().hasChildError(true).build());
  }

  /** The first page of the traces in which nothing went wrong. */
  @Benchmark
  public Page<TraceSummary> listWithoutChildError() {
    return storage.listTraces(list().hasChildError(false).build());
  }

  /** The traces of a session that one in 500 has. */
  @Benchmark
  public Page<TraceSummary> listBySession() {
    return storage.listTraces(
        list().anySpan(SpanFilter.builder().where(SpanColumn.SESSION_ID, "rare").build()).build());
  }

  /** The traces with an attribute that one in 500 has, without an index. */
  @Benchmark
  public Page<TraceSummary> listByAttribute() {
    return storage.listTraces(
        list()
            .anySpan(
                SpanFilter.builder().member(SpanColumn.ATTRIBUTES, "k", Json.of("rare")).build())
            .build());
  }

  /** The services. */
  @Benchmark
  public Page<SpanValue> listServices() {
    return storage.listValues(
        ValueQuery.ofColumn(SpanKey.DEFAULT_TENANT, SpanColumn.SERVICE_NAME).build());
  }

  /** The span names of one service. */
  @Benchmark
  public Page<SpanValue> listNamesOfService() {
    return storage.listValues(
        ValueQuery.ofColumn(SpanKey.DEFAULT_TENANT, SpanColumn.NAME)
            .filter(SpanFilter.builder().where(SpanColumn.SERVICE_NAME, "travel-agent").build())
            .build());
  }

  /** The failed tool calls, latest first. */
  @Benchmark
  public Page<Span> listFailedToolCalls() {
    return storage.listSpans(
        SpanQuery.builder(SpanKey.DEFAULT_TENANT)
            .filter(
                SpanFilter.builder()
                    .where(SpanColumn.SPAN_TYPE, "tool_call")
                    .present(SpanColumn.ERROR)
                    .build())
            .build());
  }

  /** A page of 20 traces with their statistics. */
  @Benchmark
  public Page<TraceSummary> listWithStatistics() {
    return storage.listTraces(list().limit(20).withStatistics().build());
  }
}
