package dev.tracekeep.otel;

import io.opentelemetry.sdk.autoconfigure.spi.ConfigProperties;
import io.opentelemetry.sdk.autoconfigure.spi.traces.ConfigurableSpanExporterProvider;
import io.opentelemetry.sdk.trace.export.SpanExporter;

/**
 * The exporter of {@code otel.traces.exporter=tracekeep}. The SDK makes it; no program needs to.
 *
 * <p>It is made of {@code otel.exporter.tracekeep.url} and, all optional, {@code .username}, {@code
 * .password}, {@code .schema}, {@code .table}, {@code .tenant}, {@code .strategy}, {@code
 * .migration}, {@code .properties} (a map of all other properties of a store), and {@code
 * .dead.letters}, the folder of the dead-letter log.
 */
public final class TracekeepSpanExporterProvider implements ConfigurableSpanExporterProvider {
  static final String PREFIX = "otel.exporter.tracekeep.";

  /** For the service loader. */
  public TracekeepSpanExporterProvider() {}

  @Override
  public SpanExporter createExporter(ConfigProperties config) {
    return new TracekeepSpanExporter(
        ExporterSettings.open(
            name -> config.getString(property(name)),
            config.getMap(PREFIX + "properties"),
            TracekeepSpanExporterProvider::property));
  }

  private static String property(String name) {
    return PREFIX + name.replace('_', '.');
  }

  @Override
  public String getName() {
    return "tracekeep";
  }
}
