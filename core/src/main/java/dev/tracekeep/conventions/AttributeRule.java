package dev.tracekeep.conventions;

import java.util.List;

/** Attributes that mean the same; the first that says something counts. */
record AttributeRule(Meaning meaning, Form form, List<String> attributes)
    implements Convention.Rule {
  /** How a string stands for JSON. */
  enum Form {
    /** As it is. */
    PLAIN,
    /** As a string of JSON, if it is one. */
    STRUCTURED,
    /** As an array of such strings. */
    LIST
  }

  @Override
  public void read(TelemetrySpan span, SpanDescription description) {
    if (description.says(meaning)) {
      return;
    }
    for (String attribute : attributes) {
      Object value = span.attributes().get(attribute);
      if (value != null) {
        description.say(meaning, formed(value));
        if (description.says(meaning)) {
          return;
        }
      }
    }
  }

  private Object formed(Object value) {
    if (meaning.form() != Meaning.Form.JSON) {
      return value;
    }
    return switch (form) {
      case PLAIN -> value;
      case STRUCTURED -> Values.structured(value);
      case LIST -> Values.structuredList(value);
    };
  }

  @Override
  public List<Convention.Line> lines() {
    return List.of(Convention.Line.of(meaning, attributes));
  }
}
