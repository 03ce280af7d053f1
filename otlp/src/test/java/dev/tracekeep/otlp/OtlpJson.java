package dev.tracekeep.otlp;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.tracekeep.span.Json;
import io.opentelemetry.proto.common.v1.AnyValue;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/** Prints OTLP/JSON, in any of the spellings that readers must take, in any order of fields. */
final class OtlpJson {
  private final Random random;

  private OtlpJson(Random random) {
    this.random = random;
  }

  static String print(Message message, Random random) {
    return new OtlpJson(random).object(message);
  }

  private String object(Message message) {
    List<String> members = new ArrayList<>();
    message
        .getAllFields()
        .forEach(
            (field, value) -> {
              String name = random.nextBoolean() ? field.getJsonName() : field.getName();
              members.add(
                  Json.of(name)
                      + ":"
                      + (field.isRepeated()
                          ? ((List<?>) value)
                              .stream()
                                  .map(element -> value(field, element))
                                  .collect(Collectors.joining(",", "[", "]"))
                          : value(field, value)));
            });
    // A value with nothing but an unknown field is kept as JSON, which protobuf cannot do.
    if (!(message instanceof AnyValue && members.isEmpty())) {
      members.add("\"unknownField\":{\"a\":[1]}");
    }
    Collections.shuffle(members, random);
    return "{" + String.join(",", members) + "}";
  }

  private String value(FieldDescriptor field, Object value) {
    if (value instanceof Message message) {
      return object(message);
    }
    if (value instanceof ByteString bytes) {
      boolean isId = field.getName().endsWith("_id");
      if (isId && bytes.size() == 15) {
        return Json.of(HexFormat.of().formatHex(bytes.toByteArray())).text();
      }
      return Json.of(
              isId && random.nextBoolean()
                  ? HexFormat.of().withUpperCase().formatHex(bytes.toByteArray())
                  : Base64.getEncoder().encodeToString(bytes.toByteArray()))
          .text();
    }
    if (value instanceof String text) {
      return Json.of(text).text();
    }
    if (value instanceof EnumValueDescriptor constant) {
      return constant.getIndex() >= 0 && random.nextBoolean()
          ? Json.of(constant.getName()).text()
          : Integer.toString(constant.getNumber());
    }
    if (value instanceof Double number && !Double.isFinite(number)) {
      return Json.of(number.toString()).text();
    }
    String digits =
        switch (field.getType()) {
          case FIXED64, UINT64 -> Long.toUnsignedString((Long) value);
          case FIXED32, UINT32 -> Integer.toUnsignedString((Integer) value);
          default -> value.toString();
        };
    boolean isNumber = value instanceof Number;
    return isNumber && random.nextBoolean() ? "\"" + digits + "\"" : digits;
  }
}
