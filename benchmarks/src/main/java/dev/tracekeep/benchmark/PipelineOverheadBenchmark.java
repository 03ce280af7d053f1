package dev.tracekeep.benchmark;

import dev.tracekeep.ingest.PipelineOptions;
import dev.tracekeep.ingest.SpanPipeline;
import dev.tracekeep.span.Span;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.TracingStrategy;
import dev.tracekeep.storage.TracingStrategySupport;
import dev.tracekeep.storage.WriteResult;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * What a thread of the program pays for the end of a span, beside OpenTelemetry's batch processor
 * with an exporter that does nothing. Between two spans the program works a little, because a
 * buffer that is always full measures something else: one drops, the other one waits. Run with
 * {@code -prof gc} for the bytes per span; {@code work} is what the work alone takes.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 5, time = 4)
@State(Scope.Benchmark)
public class PipelineOverheadBenchmark {
  private static final int SPANS = 10_000;

  /** Some ten microseconds. */
  private static final int WORK = 5_000;

  private List<Span> spans;
  private SpanPipeline pipeline;
  private ReadableSpan[] otelSpans;
  private SdkTracerProvider tracers;
  private BatchSpanProcessor processor;
  private int next;

  /** For JMH. */
  public PipelineOverheadBenchmark() {}

  /** Makes spans, and opens both ways. */
  @Setup
  public void open() {
    spans = SampleSpans.make(SPANS, 50);
    pipeline =
        SpanPipeline.open(
            silentStore(), PipelineOptions.builder().maxWait(Duration.ofSeconds(1)).build());
    // Without any processor the SDK makes spans that record nothing.
    tracers =
        SdkTracerProvider.builder()
            .addSpanProcessor(SimpleSpanProcessor.create(new SilentExporter()))
            .build();
    Tracer tracer = tracers.get("benchmark");
    otelSpans = new ReadableSpan[SPANS];
    for (int i = 0; i < SPANS; i++) {
      io.opentelemetry.api.trace.Span span = tracer.spanBuilder("chat").startSpan();
      span.setAttribute("gen_ai.request.model", "model").setAttribute("gen_ai.usage.input", i);
      span.end();
      otelSpans[i] = (ReadableSpan) span;
    }
    processor = BatchSpanProcessor.builder(new SilentExporter()).setMaxQueueSize(20_000).build();
  }

  /** Says whether anything was dropped, which would be no fair comparison. */
  @TearDown
  public void close() {
    pipeline.close();
    if (pipeline.statistics().refused() > 0) {
      throw new IllegalStateException(pipeline.statistics().toString());
    }
    processor.shutdown().join(10, TimeUnit.SECONDS);
    tracers.close();
  }

  private static ObservabilityStorage silentStore() {
    return (ObservabilityStorage)
        Proxy.newProxyInstance(
            PipelineOverheadBenchmark.class.getClassLoader(),
            new Class<?>[] {ObservabilityStorage.class},
            (proxy, method, arguments) ->
                method.getName().equals("tracingStrategy")
                    ? TracingStrategySupport.allPreferring(TracingStrategy.EVENT_SOURCED)
                    : new WriteResult(
                        ((List<?>) arguments[0]).size(), 0, null, List.of(), List.of()));
  }

  private static final class SilentExporter implements SpanExporter {
    @Override
    public CompletableResultCode export(Collection<SpanData> batch) {
      return CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode flush() {
      return CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode shutdown() {
      return CompletableResultCode.ofSuccess();
    }
  }

  private int next() {
    next = next + 1 == SPANS ? 0 : next + 1;
    return next;
  }

  /** The work between two spans. */
  @Benchmark
  public int work() {
    Blackhole.consumeCPU(WORK);
    return next();
  }

  /** The work, and the end of a span for Tracekeep. */
  @Benchmark
  public Object tracekeep() {
    Blackhole.consumeCPU(WORK);
    return pipeline.spanEnded(spans.get(next()));
  }

  /** The work, and the end of a span for OpenTelemetry. */
  @Benchmark
  public int openTelemetry() {
    Blackhole.consumeCPU(WORK);
    int index = next();
    processor.onEnd(otelSpans[index]);
    return index;
  }
}
