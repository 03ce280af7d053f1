package dev.tracekeep.otel;

import io.opentelemetry.api.incubator.config.DeclarativeConfigProperties;
import java.util.HashMap;
import java.util.Map;

/** The settings of a declarative configuration. */
final class DeclarativeSettings {
  private DeclarativeSettings() {}

  static SpanWriter open(DeclarativeConfigProperties config) {
    Map<String, String> properties = new HashMap<>();
    DeclarativeConfigProperties more = config.getStructured("properties");
    if (more != null) {
      DeclarativeConfigProperties.toMap(more)
          .forEach((name, value) -> properties.put(name, String.valueOf(value)));
    }
    return ExporterSettings.open(
        config::getString, properties, name -> "The setting " + name + " of tracekeep");
  }
}
