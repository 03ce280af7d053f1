package dev.tracekeep.otel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.ingest.PipelineOptions;
import dev.tracekeep.ingest.SpanPipeline;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Storages;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class TracekeepSpanProcessorTest {
  private static final Duration LONG = Duration.ofMinutes(2);

  private static SpanKey key(io.opentelemetry.api.trace.Span span) {
    return SpanKey.of(span.getSpanContext().getTraceId(), span.getSpanContext().getSpanId());
  }

  @Test
  void span_isRunningAndThenCompleted() {
    try (ObservabilityStorage storage = Storages.open("jdbc:duckdb:")) {
      storage.init();
      try (SpanPipeline pipeline =
              SpanPipeline.open(
                  storage, PipelineOptions.builder().strategy("event-sourced").build());
          SdkTracerProvider provider =
              SdkTracerProvider.builder()
                  .addSpanProcessor(TracekeepSpanProcessor.create(pipeline))
                  .build()) {
        io.opentelemetry.api.trace.Span span = provider.get("lib").spanBuilder("work").startSpan();
        assertThat(provider.forceFlush().join(1, TimeUnit.MINUTES).isSuccess()).isTrue();
        assertThat(storage.getSpan(key(span)).orElseThrow().times().endedAt()).isNull();

        span.end();
        assertThat(pipeline.flush(LONG).isComplete()).isTrue();
        assertThat(storage.getSpan(key(span)).orElseThrow().times().endedAt()).isNotNull();
      }
    }
  }

  @Test
  void spanThatIsNotSampled_isLeftOut() {
    try (ObservabilityStorage storage = Storages.open("jdbc:duckdb:")) {
      storage.init();
      try (SpanPipeline pipeline = SpanPipeline.open(storage, PipelineOptions.defaults());
          SdkTracerProvider provider =
              SdkTracerProvider.builder()
                  .setSampler(Sampler.alwaysOff())
                  .addSpanProcessor(TracekeepSpanProcessor.create(pipeline))
                  .build()) {
        provider.get("lib").spanBuilder("work").startSpan().end();
        assertThat(pipeline.flush(LONG).isComplete()).isTrue();
        assertThat(pipeline.statistics().accepted()).isZero();
      }
    }
  }
}
