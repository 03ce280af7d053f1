package dev.tracekeep.conventions;

import java.util.List;

/** A list of objects that is spread over attributes; the prefix ends in a dot. */
record SpreadRule(Meaning meaning, String prefix) implements Convention.Rule {
  @Override
  public void read(TelemetrySpan span, SpanDescription description) {
    if (!description.says(meaning)) {
      description.say(meaning, SpreadList.read(span.attributes(), prefix));
    }
  }

  @Override
  public List<Convention.Line> lines() {
    return List.of(Convention.Line.of(meaning, List.of(prefix + "N.*")));
  }
}
