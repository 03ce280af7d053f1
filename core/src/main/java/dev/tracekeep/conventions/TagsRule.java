package dev.tracekeep.conventions;

import java.util.List;

/** Attributes that hold the tags. */
record TagsRule(List<String> attributes) implements Convention.Rule {
  @Override
  public void read(TelemetrySpan span, SpanDescription description) {
    for (String attribute : attributes) {
      Object value = span.attributes().get(attribute);
      if (value != null && description.sayTags(value)) {
        return;
      }
    }
  }

  @Override
  public List<Convention.Line> lines() {
    return List.of(Convention.Line.of("tags", attributes));
  }
}
