package dev.tracekeep.conventions;

import java.util.List;

/** The user's own metadata as an object. */
record MetadataObjectRule(String attribute) implements Convention.Rule {
  @Override
  public void read(TelemetrySpan span, SpanDescription description) {
    Object value = span.attributes().get(attribute);
    if (value != null) {
      Values.structured(value).members().forEach(description::sayMetadata);
    }
  }

  @Override
  public List<Convention.Line> lines() {
    return List.of(Convention.Line.of("metadata", List.of(attribute)));
  }
}
