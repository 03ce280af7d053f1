package dev.tracekeep.otel;

import io.opentelemetry.sdk.autoconfigure.spi.AutoConfigurationCustomizer;
import io.opentelemetry.sdk.autoconfigure.spi.AutoConfigurationCustomizerProvider;
import io.opentelemetry.sdk.autoconfigure.spi.ConfigProperties;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Writes spans when they start, too, where {@code otel.exporter.tracekeep.running.spans} is {@code
 * true} and the exporter {@code tracekeep} is chosen. The SDK makes it; no program needs to.
 */
public final class RunningSpans implements AutoConfigurationCustomizerProvider {
  /** For the service loader. */
  public RunningSpans() {}

  @Override
  public void customize(AutoConfigurationCustomizer customizer) {
    // The SDK makes its exporters first, and of them its processors.
    AtomicReference<SpanWriter> writer = new AtomicReference<>();
    customizer
        .addSpanExporterCustomizer((exporter, config) -> remember(exporter, config, writer))
        .addSpanProcessorCustomizer((processor, config) -> withStarts(processor, writer));
  }

  private static SpanExporter remember(
      SpanExporter exporter, ConfigProperties config, AtomicReference<SpanWriter> writer) {
    if (exporter instanceof TracekeepSpanExporter ours
        && config.getBoolean(TracekeepSpanExporterProvider.PREFIX + "running.spans", false)) {
      writer.set(ours.writer());
    }
    return exporter;
  }

  private static SpanProcessor withStarts(
      SpanProcessor processor, AtomicReference<SpanWriter> writer) {
    SpanWriter ours = writer.getAndSet(null);
    return ours == null
        ? processor
        : SpanProcessor.composite(new TracekeepSpanProcessor(ours, false), processor);
  }
}
