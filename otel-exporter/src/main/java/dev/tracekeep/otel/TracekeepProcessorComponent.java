package dev.tracekeep.otel;

import io.opentelemetry.api.incubator.config.DeclarativeConfigProperties;
import io.opentelemetry.sdk.autoconfigure.spi.internal.ComponentProvider;
import io.opentelemetry.sdk.trace.SpanProcessor;

/**
 * The processor {@code tracekeep} of a declarative configuration, which writes starts and ends. See
 * {@link TracekeepExporterComponent} for why it stands by itself.
 */
public final class TracekeepProcessorComponent implements ComponentProvider<SpanProcessor> {
  /** For the service loader. */
  public TracekeepProcessorComponent() {}

  @Override
  public Class<SpanProcessor> getType() {
    return SpanProcessor.class;
  }

  @Override
  public String getName() {
    return "tracekeep";
  }

  @Override
  public SpanProcessor create(DeclarativeConfigProperties config) {
    return new TracekeepSpanProcessor(DeclarativeSettings.open(config), true);
  }
}
