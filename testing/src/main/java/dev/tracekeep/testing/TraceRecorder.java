package dev.tracekeep.testing;

import dev.tracekeep.ingest.PipelineListener;
import dev.tracekeep.ingest.PipelineOptions;
import dev.tracekeep.ingest.SpanPipeline;
import dev.tracekeep.otel.TracekeepSpanProcessor;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.TraceKey;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.SpanScan;
import dev.tracekeep.storage.Storages;
import dev.tracekeep.storage.Trace;
import dev.tracekeep.text.TraceText;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanProcessor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;

/**
 * Keeps the spans that a program under test reports, in a store of its own: DuckDB in memory. The
 * program reports them through {@link #openTelemetry()}, through an SDK of its own that has the
 * {@link #spanProcessor()}, or through the {@link #pipeline()}; they all end up in one store.
 *
 * <p><b>What is seen when.</b> {@link #trace()} and {@link #traces()} first bring everything that
 * was reported before the call into the store, and then read it: a span that has ended is seen as
 * ended, one that has started and not ended as running. They wait for the store, never for the
 * program: where it works in the background, the test waits for it first, as for any other result.
 *
 * <p>Thread-safe. {@link TracekeepExtension} makes and closes a recorder for each test of JUnit; in
 * other frameworks the test does so.
 */
public final class TraceRecorder implements AutoCloseable {
  /** A store in memory takes milliseconds; this is for a machine that stands still. */
  private static final Duration FLUSH_LIMIT = Duration.ofSeconds(30);

  private final Queue<String> lost = new ConcurrentLinkedQueue<>();
  private final ObservabilityStorage storage;
  private final SpanPipeline pipeline;
  private final SpanProcessor processor;
  private final OpenTelemetrySdk sdk;

  private TraceRecorder() {
    storage = Storages.open("jdbc:duckdb:");
    try {
      storage.init();
      pipeline =
          SpanPipeline.open(storage, PipelineOptions.builder().listener(new Losses()).build());
    } catch (RuntimeException | Error e) {
      storage.close();
      throw e;
    }
    processor = TracekeepSpanProcessor.create(pipeline);
    sdk =
        OpenTelemetrySdk.builder()
            .setTracerProvider(
                SdkTracerProvider.builder()
                    // The default one names a service that nobody has set.
                    .setResource(Resource.empty())
                    .addSpanProcessor(processor)
                    .build())
            .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
            .build();
  }

  /** Opens an empty store and records into it until the recorder is closed. */
  public static TraceRecorder start() {
    return new TraceRecorder();
  }

  /**
   * An SDK whose spans are recorded, all of them, when they start and when they end. It is not
   * registered as the global one.
   */
  public OpenTelemetrySdk openTelemetry() {
    return sdk;
  }

  /** For a program that makes its SDK itself: a processor that records what that SDK traces. */
  public SpanProcessor spanProcessor() {
    return processor;
  }

  /** For a program that reports its spans without OpenTelemetry. */
  public SpanPipeline pipeline() {
    return pipeline;
  }

  /** The store itself, initialized; for questions that no assertion asks. */
  public ObservabilityStorage storage() {
    return storage;
  }

  /**
   * The only trace, as far as it was reported by now.
   *
   * @throws AssertionError if there is none or more than one, or if a span was lost
   */
  public Trace trace() {
    List<Trace> traces = traces();
    if (traces.isEmpty()) {
      throw new AssertionError(
          "No span was reported. Does the program under test use the recorder's OpenTelemetry, span"
              + " processor or pipeline?");
    }
    if (traces.size() > 1) {
      throw new AssertionError(
          "There are "
              + traces.size()
              + " traces where one was expected:\n\n"
              + traces.stream().map(TraceRecorder::drawing).collect(Collectors.joining("\n\n")));
    }
    return traces.get(0);
  }

  /**
   * All traces of all tenants by the start of their first spans, as far as they were reported by
   * now.
   *
   * @return empty if nothing was reported
   * @throws AssertionError if a span was lost: the store can keep no such span, or an update came
   *     for a span that was never reported
   * @throws IllegalStateException if the recorder is closed, or the store takes too long
   */
  public List<Trace> traces() {
    SpanPipeline.FlushResult flushed = pipeline.flush(FLUSH_LIMIT);
    if (!flushed.isComplete()) {
      throw new IllegalStateException(
          flushed.notYetSafe()
              + " spans and updates were not in the store after "
              + FLUSH_LIMIT.toSeconds()
              + " s");
    }
    if (!lost.isEmpty()) {
      throw new AssertionError("What was reported is not all recorded:\n" + lines(lost));
    }
    Map<TraceKey, List<Span>> spans = new LinkedHashMap<>();
    storage.scanSpans(
        SpanScan.ALL,
        stored ->
            spans
                .computeIfAbsent(stored.span().key().trace(), key -> new ArrayList<>())
                .add(stored.span()));
    return spans.entrySet().stream()
        .map(entry -> new Trace(entry.getKey(), entry.getValue()))
        .sorted(
            Comparator.comparing((Trace trace) -> trace.spans().get(0).times().startedAt())
                .thenComparing(Trace::key))
        .toList();
  }

  /** Ends the SDK, the pipeline and the store; what was recorded is gone. Idempotent. */
  @Override
  public void close() {
    try (storage;
        pipeline) {
      sdk.close();
    }
  }

  static String drawing(Trace trace) {
    return TraceText.plain().drawing(trace).collect(Collectors.joining("\n"));
  }

  private static String lines(Queue<String> entries) {
    return entries.stream().map(entry -> "  " + entry).collect(Collectors.joining("\n"));
  }

  /** Without a dead-letter log, what the store cannot keep is refused. */
  private final class Losses implements PipelineListener {
    @Override
    public void refused(SpanKey span, String reason) {
      lost.add(span + ": " + reason);
    }

    @Override
    public void missing(SpanKey span) {
      lost.add(span + ": an update of a span that was never reported");
    }
  }
}
