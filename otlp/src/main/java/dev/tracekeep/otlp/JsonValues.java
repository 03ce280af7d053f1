package dev.tracekeep.otlp;

import dev.tracekeep.span.InvalidSpanException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.io.NumberOutput;

/**
 * Reads the values of OTLP/JSON from a parser that stands on their first token. A value of the
 * wrong kind is skipped and remembered as the fault of the object around it, so that the parser
 * stays in step. JSON {@code null} is the default value, as in protobuf's mapping. Not thread-safe.
 */
final class JsonValues {
  private static final BigInteger UINT64_END = BigInteger.ONE.shiftLeft(64);

  private final JsonParser parser;
  private final long maxSize;
  private @Nullable InvalidSpanException fault;
  private long size;

  /** Reads one member of an object; the parser stands on its value. */
  @FunctionalInterface
  interface Member {
    void read(String name);
  }

  JsonValues(JsonParser parser, long maxSize) {
    this.parser = parser;
    this.maxSize = maxSize;
  }

  /** Forgets faults and size: a new span, resource or scope begins. */
  void begin() {
    fault = null;
    size = 0;
  }

  /** The first thing that was wrong since {@link #begin}; null if nothing was. */
  @Nullable InvalidSpanException fault() {
    return fault;
  }

  /** How many characters were taken since {@link #begin}. */
  long size() {
    return size;
  }

  /** Reads the members of the object that the parser stands on. */
  void object(String field, Member member) {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      wrong(field, "is no object");
      return;
    }
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      member.read(name);
    }
  }

  /** Runs the action for each element of the array that the parser stands on. */
  void array(String field, Runnable element) {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      wrong(field, "is no array");
      return;
    }
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      element.run();
    }
  }

  /** Passes over a field that OTLP does not know, as protobuf's rules want it. */
  void skip() {
    parser.skipChildren();
  }

  String string(String field) {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      wrong(field, "is no string");
      return "";
    }
    return take(parser.getStringLength()) ? parser.getString() : "";
  }

  /** A signed 64-bit integer, as a number or as a string of its digits. */
  long int64(String field) {
    BigInteger value = integer(field);
    if (value.bitLength() > 63) {
      fail(field, "is no signed 64-bit number");
      return 0;
    }
    return value.longValue();
  }

  /** An unsigned 64-bit integer, as a number or as a string of its digits. */
  long uint64(String field) {
    BigInteger value = integer(field);
    if (value.signum() < 0 || value.compareTo(UINT64_END) >= 0) {
      fail(field, "is no unsigned 64-bit number");
      return 0;
    }
    return value.longValue();
  }

  /** An enum's number, or the number of its name. */
  int enumeration(String field, Map<String, Integer> names) {
    if (parser.currentToken() == JsonToken.VALUE_STRING) {
      Integer number = names.get(parser.getString());
      if (number != null) {
        return number;
      }
    }
    BigInteger value = integer(field);
    if (value.bitLength() > 31) {
      fail(field, "is no 32-bit number");
      return 0;
    }
    return value.intValue();
  }

  private BigInteger integer(String field) {
    JsonToken token = parser.currentToken();
    try {
      if (token == JsonToken.VALUE_NUMBER_INT) {
        return parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
            ? parser.getBigIntegerValue()
            : BigInteger.valueOf(parser.getLongValue());
      }
      if (token == JsonToken.VALUE_STRING || token == JsonToken.VALUE_NUMBER_FLOAT) {
        return exact(parser.getString());
      }
    } catch (ArithmeticException | NumberFormatException notWhole) {
      fail(field, "is no whole number");
      return BigInteger.ZERO;
    }
    wrong(field, "is no number");
    return BigInteger.ZERO;
  }

  private static BigInteger exact(String digits) {
    try {
      return BigInteger.valueOf(Long.parseLong(digits));
    } catch (NumberFormatException longOrFraction) {
      BigDecimal value = new BigDecimal(digits);
      // 1e999999999 would need a gigabyte as an integer.
      if (value.precision() - (long) value.scale() > 30) {
        throw new ArithmeticException("too large");
      }
      return value.toBigIntegerExact();
    }
  }

  /** The attributes that the parser stands on; of a repeated key the last one counts. */
  Map<String, AnyValue> keyValues(String field) {
    Map<String, AnyValue> attributes = new LinkedHashMap<>();
    array(field, () -> keyValue(field, attributes));
    return attributes;
  }

  private void keyValue(String field, Map<String, AnyValue> attributes) {
    KeyValue attribute = new KeyValue();
    object(
        field,
        name -> {
          switch (name) {
            case "key" -> attribute.key = AnyValue.cleanName(string(field));
            case "value" -> attribute.value = anyValue(field);
            default -> skip();
          }
        });
    attributes.put(attribute.key, attribute.value);
  }

  private static final class KeyValue {
    String key = "";
    AnyValue value = AnyValue.ABSENT;
  }

  private AnyValue anyValue(String field) {
    if (parser.currentToken() == JsonToken.VALUE_NULL) {
      return AnyValue.ABSENT;
    }
    KeyValue holder = new KeyValue();
    object(
        field,
        name -> {
          switch (name) {
            case "stringValue", "string_value" -> holder.value = new AnyValue.Text(string(field));
            case "boolValue", "bool_value" -> holder.value = bool(field);
            case "intValue", "int_value" ->
                holder.value = AnyValue.literal(Long.toString(int64(field)));
            case "doubleValue", "double_value" -> holder.value = number(field);
            case "arrayValue", "array_value" -> holder.value = list(field);
            case "kvlistValue", "kvlist_value" -> holder.value = keyValueList(field);
            case "bytesValue", "bytes_value" -> holder.value = bytes(field);
            default -> skip();
          }
        });
    return holder.value;
  }

  private AnyValue bool(String field) {
    return switch (parser.currentToken()) {
      case VALUE_TRUE -> AnyValue.literal("true");
      case VALUE_FALSE -> AnyValue.literal("false");
      default -> {
        wrong(field, "has a boolValue that is no boolean");
        yield AnyValue.ABSENT;
      }
    };
  }

  private AnyValue number(String field) {
    JsonToken token = parser.currentToken();
    if (token != JsonToken.VALUE_STRING && !token.isNumeric()) {
      wrong(field, "has a doubleValue that is no number");
      return AnyValue.ABSENT;
    }
    try {
      return number(Double.parseDouble(parser.getString()));
    } catch (NumberFormatException noNumber) {
      fail(field, "has a doubleValue that is no number");
      return AnyValue.ABSENT;
    }
  }

  /** The shortest digits, by an algorithm that is the same on every JDK. */
  static AnyValue number(double value) {
    return Double.isFinite(value)
        ? AnyValue.literal(NumberOutput.toString(value, true))
        : new AnyValue.Text(Double.toString(value));
  }

  private AnyValue list(String field) {
    StringBuilder out = new StringBuilder("[");
    object(
        field,
        name -> {
          if (name.equals("values")) {
            array(
                field,
                () -> {
                  if (out.length() > 1) {
                    out.append(',');
                  }
                  anyValue(field).appendTo(out);
                });
          } else {
            skip();
          }
        });
    return AnyValue.literal(out.append(']').toString());
  }

  private AnyValue keyValueList(String field) {
    Map<String, AnyValue> members = new LinkedHashMap<>();
    object(
        field,
        name -> {
          if (name.equals("values")) {
            array(field, () -> keyValue(field, members));
          } else {
            skip();
          }
        });
    return new AnyValue.Literal(AnyValue.object(members));
  }

  private AnyValue bytes(String field) {
    String text = string(field).replace('-', '+').replace('_', '/');
    try {
      return bytes(Base64.getDecoder().decode(text));
    } catch (IllegalArgumentException noBase64) {
      fail(field, "has a bytesValue that is no base64");
      return AnyValue.ABSENT;
    }
  }

  static AnyValue bytes(byte[] value) {
    return new AnyValue.Text(Base64.getEncoder().encodeToString(value));
  }

  /** Whether the characters still fit; what does not is dropped at once to save memory. */
  private boolean take(int characters) {
    size += characters;
    if (size > maxSize) {
      if (fault == null) {
        fault = Delivery.tooLarge(maxSize);
      }
      return false;
    }
    return true;
  }

  private void wrong(String field, String problem) {
    if (parser.currentToken() != JsonToken.VALUE_NULL) {
      fail(field, problem);
      parser.skipChildren();
    }
  }

  private void fail(String field, String problem) {
    if (fault == null) {
      fault = new InvalidSpanException(field, problem);
    }
  }
}
