package dev.tracekeep.otlp;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanType;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the conventions made of one span's attributes. The first to say something is believed, so
 * the more specific convention speaks first. Not thread-safe.
 */
final class Draft {
  private final EnumMap<Target, AnyValue> values = new EnumMap<>(Target.class);

  /** The user's own metadata, by its names. */
  final Map<String, Json> metadata = new LinkedHashMap<>();

  List<String> tags = List.of();
  private @Nullable SpanType type;

  void apply(List<Rule> rules, Map<String, AnyValue> attributes) {
    if (attributes.isEmpty()) {
      return;
    }
    for (Rule rule : rules) {
      if (!values.containsKey(rule.target())) {
        set(rule.target(), rule.read(attributes));
      }
    }
  }

  void set(Target target, @Nullable AnyValue value) {
    if (value != null) {
      values.putIfAbsent(target, value);
    }
  }

  void set(@Nullable SpanType value) {
    if (type == null) {
      type = value;
    }
  }

  void set(Target target, @Nullable Json value) {
    set(target, value == null ? null : new AnyValue.Literal(value));
  }

  SpanType type() {
    return type == null ? SpanType.GENERIC : type;
  }

  @Nullable Json json(Target target) {
    AnyValue value = values.get(target);
    return value == null ? null : value.toJson();
  }

  /** The value as plain text; null where it is absent or empty. */
  @Nullable String text(Target target) {
    AnyValue value = values.get(target);
    if (value == null) {
      return null;
    }
    String text = value.asText();
    return text.isEmpty() ? null : text;
  }
}
