package dev.tracekeep.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;

class PipelineMetricsTest {
  @Test
  void meters_sayWhatTheStatisticsSay() {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    FakeStore store = new FakeStore();
    try (SpanPipeline pipeline = SpanPipeline.open(store.storage(), PipelineOptions.defaults())) {
      new PipelineMetrics(pipeline).bindTo(registry);
      pipeline.spanEnded(Spans.ended("a")).toCompletableFuture().join();

      assertThat(
              registry
                  .get("tracekeep.pipeline.operations")
                  .tag("outcome", "written")
                  .functionCounter()
                  .count())
          .isEqualTo(1);
      assertThat(registry.get("tracekeep.pipeline.waiting").gauge().value()).isZero();
      assertThat(registry.get("tracekeep.pipeline.available").gauge().value()).isEqualTo(1);
      assertThat(
              registry
                  .get("tracekeep.pipeline.calls")
                  .tag("result", "success")
                  .functionCounter()
                  .count())
          .isEqualTo(1);
    }
  }
}
