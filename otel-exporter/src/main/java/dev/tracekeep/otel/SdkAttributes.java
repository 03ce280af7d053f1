package dev.tracekeep.otel;

import dev.tracekeep.conventions.AttributeJson;
import dev.tracekeep.conventions.Attributes;
import dev.tracekeep.span.Json;
import io.opentelemetry.api.common.KeyValue;
import io.opentelemetry.api.common.Value;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;

/** Attributes of the SDK in the form in which OTLP's reader has them. */
final class SdkAttributes {
  private SdkAttributes() {}

  static Attributes of(io.opentelemetry.api.common.Attributes attributes) {
    if (attributes.isEmpty()) {
      return Attributes.none();
    }
    Attributes out = new Attributes();
    attributes.forEach((key, value) -> put(key.getKey(), value, out));
    return out;
  }

  private static void put(String key, Object value, Attributes out) {
    String name = AttributeJson.cleanName(key);
    Object plain = plain(value);
    if (plain instanceof String text) {
      out.put(name, text);
    } else if (plain instanceof Long number) {
      out.put(name, number);
    } else if (plain instanceof Boolean bool) {
      out.put(name, bool);
    } else {
      out.put(name, (Json) plain);
    }
  }

  /** A string, a long, a boolean, or JSON. */
  private static Object plain(Object value) {
    if (value instanceof String || value instanceof Long || value instanceof Boolean) {
      return value;
    }
    if (value instanceof Double number) {
      Json json = Json.of(number);
      return json.kind() == Json.Kind.STRING ? json.asText() : json;
    }
    if (value instanceof List<?> list) {
      return array(list.iterator());
    }
    // Newer SDKs have attributes of any depth.
    return value instanceof Value<?> any ? plainValue(any) : value.toString();
  }

  private static Object plainValue(Value<?> value) {
    return switch (value.getType()) {
      case STRING, BOOLEAN, LONG, DOUBLE -> plain(value.getValue());
      case BYTES -> Base64.getEncoder().encodeToString(bytes((ByteBuffer) value.getValue()));
      case ARRAY -> array(((List<?>) value.getValue()).iterator());
      case KEY_VALUE_LIST -> {
        Attributes members = new Attributes();
        for (Object member : (List<?>) value.getValue()) {
          KeyValue pair = (KeyValue) member;
          put(pair.getKey(), pair.getValue(), members);
        }
        yield members.toJson();
      }
      default -> Json.NULL;
    };
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  private static Json array(Iterator<?> values) {
    StringBuilder out = new StringBuilder("[");
    while (values.hasNext()) {
      AttributeJson.appendValue(plain(values.next()), out);
      out.append(values.hasNext() ? "," : "");
    }
    return Json.ofStored(out.append(']').toString());
  }
}
