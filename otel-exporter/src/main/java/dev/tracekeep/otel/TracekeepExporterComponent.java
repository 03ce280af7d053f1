package dev.tracekeep.otel;

import io.opentelemetry.api.incubator.config.DeclarativeConfigProperties;
import io.opentelemetry.sdk.autoconfigure.spi.internal.ComponentProvider;
import io.opentelemetry.sdk.trace.export.SpanExporter;

/**
 * The exporter {@code tracekeep} of a declarative configuration. Its interface is internal to the
 * SDK still: it is a class of its own, so that where the interface is absent or another, the rest
 * goes on working. The SDK makes it; no program needs to.
 */
public final class TracekeepExporterComponent implements ComponentProvider<SpanExporter> {
  /** For the service loader. */
  public TracekeepExporterComponent() {}

  @Override
  public Class<SpanExporter> getType() {
    return SpanExporter.class;
  }

  @Override
  public String getName() {
    return "tracekeep";
  }

  @Override
  public SpanExporter create(DeclarativeConfigProperties config) {
    return new TracekeepSpanExporter(DeclarativeSettings.open(config));
  }
}
