package dev.tracekeep.conventions;

import dev.tracekeep.span.SpanType;
import java.util.List;

/** An attribute that tells the type of a span by being there. */
record PresenceRule(String attribute, SpanType type) implements Convention.Rule {
  @Override
  public void read(TelemetrySpan span, SpanDescription description) {
    if (span.attributes().get(attribute) != null) {
      description.sayType(type);
    }
  }

  @Override
  public List<Convention.Line> lines() {
    return List.of(
        new Convention.Line("type `" + type.name() + "`", "`" + attribute + "` is there"));
  }
}
