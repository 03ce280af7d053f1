package dev.tracekeep.conventions;

import java.util.List;

/** The user's own metadata, by the start of their names. */
record MetadataRule(String prefix) implements Convention.Rule {
  @Override
  public void read(TelemetrySpan span, SpanDescription description) {
    Attributes attributes = span.attributes();
    for (String name : attributes.names()) {
      if (name.length() > prefix.length() && name.startsWith(prefix)) {
        Object value = attributes.get(name);
        if (value != null) {
          description.sayOwn(name.substring(prefix.length()), value);
        }
      }
    }
  }

  @Override
  public List<Convention.Line> lines() {
    return List.of(Convention.Line.of("metadata", List.of(prefix + "*")));
  }
}
