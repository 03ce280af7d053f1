package dev.tracekeep.conventions;

import dev.tracekeep.span.SpanType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** An attribute whose value tells the type of a span; the values are in lower case. */
record TypeRule(String attribute, Map<String, SpanType> types) implements Convention.Rule {
  @Override
  public void read(TelemetrySpan span, SpanDescription description) {
    String value = span.attributes().text(attribute);
    if (value != null) {
      description.sayType(types.get(value.toLowerCase(Locale.ROOT)));
    }
  }

  @Override
  public List<Convention.Line> lines() {
    Map<String, List<String>> valuesByType = new TreeMap<>();
    new TreeMap<>(types)
        .forEach(
            (value, type) ->
                valuesByType.computeIfAbsent(type.name(), t -> new ArrayList<>()).add(value));
    return valuesByType.entrySet().stream()
        .map(
            entry ->
                new Convention.Line(
                    "type `" + entry.getKey() + "`",
                    "`" + attribute + "` is " + String.join(", ", entry.getValue())))
        .toList();
  }
}
