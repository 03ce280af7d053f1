package dev.tracekeep.ingest;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * The statistics of a pipeline as Micrometer's meters. Micrometer is an optional dependency:
 * whoever uses this class brings {@code io.micrometer:micrometer-core}.
 *
 * <p>{@code tracekeep.pipeline.operations} counts decided operations by {@code outcome}; {@code
 * tracekeep.pipeline.waiting} are those that are not decided yet; {@code tracekeep.pipeline.calls}
 * counts calls of the store by {@code result}; {@code tracekeep.pipeline.available} is 1 while the
 * store is not given up.
 */
@SuppressWarnings("exports") // Micrometer is optional: whoever uses this brings it
public final class PipelineMetrics implements MeterBinder {
  private static final Map<String, ToLongFunction<PipelineStatistics>> OUTCOMES =
      Map.of(
          "written", PipelineStatistics::written,
          "dead-lettered", PipelineStatistics::deadLettered,
          "refused", PipelineStatistics::refused,
          "dropped", PipelineStatistics::dropped,
          "missing", PipelineStatistics::missing);

  private final SpanPipeline pipeline;

  /** Metrics of that pipeline. */
  public PipelineMetrics(SpanPipeline pipeline) {
    this.pipeline = pipeline;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    OUTCOMES.forEach(
        (outcome, count) ->
            FunctionCounter.builder(
                    "tracekeep.pipeline.operations",
                    pipeline,
                    source -> count.applyAsLong(source.statistics()))
                .description("Operations on spans that are decided")
                .tag("outcome", outcome)
                .register(registry));
    calls(registry, "success", statistics -> statistics.storeCalls() - statistics.storeFailures());
    calls(registry, "failure", PipelineStatistics::storeFailures);
    Gauge.builder("tracekeep.pipeline.waiting", pipeline, source -> source.statistics().waiting())
        .description("Operations on spans that are not decided yet")
        .register(registry);
    Gauge.builder(
            "tracekeep.pipeline.available",
            pipeline,
            source -> source.statistics().storeState() == StoreState.UNAVAILABLE ? 0 : 1)
        .description("0 while the store is given up and spans go to the dead-letter log")
        .register(registry);
  }

  private void calls(
      MeterRegistry registry, String result, ToLongFunction<PipelineStatistics> count) {
    FunctionCounter.builder(
            "tracekeep.pipeline.calls", pipeline, source -> count.applyAsLong(source.statistics()))
        .description("Calls of the store")
        .tag("result", result)
        .register(registry);
  }
}
