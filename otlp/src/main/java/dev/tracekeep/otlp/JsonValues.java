package dev.tracekeep.otlp;

import dev.tracekeep.conventions.AttributeJson;
import dev.tracekeep.conventions.Attributes;
import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Json;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.io.NumberOutput;

/**
 * Reads the values of OTLP/JSON from a parser that stands on their first token. A value of the
 * wrong kind is skipped and remembered as the fault of the object around it, so that the parser
 * stays in step. An attribute, event or link with a fault is left out alone, with a remark. JSON
 * {@code null} is the default value, as in protobuf's mapping. Not thread-safe.
 */
final class JsonValues {
  private static final BigInteger UINT64_END = BigInteger.ONE.shiftLeft(64);
  private static final BigInteger UINT32 = BigInteger.ONE.shiftLeft(32).subtract(BigInteger.ONE);

  /** The digits of the greatest 64-bit number. */
  private static final int MAX_LONG_DIGITS = 19;

  /** The members of an {@code AnyValue}, in the order of the message. */
  private static final String VALUE_NAMES =
      "stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue";

  private final JsonParser parser;
  private final long maxSize;
  private @Nullable InvalidSpanException fault;
  private @Nullable InvalidSpanException tooLarge;
  private @Nullable Remarks remarks;
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
    tooLarge = null;
    remarks = null;
    size = 0;
  }

  /** The first thing that was wrong since {@link #begin}; null if nothing was. */
  @Nullable InvalidSpanException fault() {
    return tooLarge == null ? fault : tooLarge;
  }

  /** What was odd since {@link #begin}, but no fault of the whole; null if nothing was. */
  @Nullable Remarks remarks() {
    return remarks;
  }

  private void remark(String remark) {
    if (remarks == null) {
      remarks = new Remarks();
    }
    remarks.add(remark);
  }

  /**
   * Reads a part whose faults are its own: it is left out, and nothing else.
   *
   * @return whether the part is sound
   */
  boolean part(String what, Runnable read) {
    InvalidSpanException outer = fault;
    fault = null;
    read.run();
    boolean isSound = fault == null;
    if (fault != null) {
      remark(what + " was left out: " + fault.getMessage());
    }
    fault = outer;
    return isSound;
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
    long digits = digits();
    if (digits >= 0) {
      return digits;
    }
    BigInteger value = integer(field);
    if (value.bitLength() > 63) {
      fail(field, "is no signed 64-bit number");
      return 0;
    }
    return value.longValue();
  }

  /** An unsigned 64-bit integer, as a number or as a string of its digits. */
  long uint64(String field) {
    long digits = digits();
    if (digits >= 0) {
      return digits;
    }
    BigInteger value = integer(field);
    if (value.signum() < 0 || value.compareTo(UINT64_END) >= 0) {
      fail(field, "is no unsigned 64-bit number");
      return 0;
    }
    return value.longValue();
  }

  /**
   * An enum's number, or the number of its name; upper and lower case are the same, and the prefix
   * that all names share may be missing.
   *
   * @param names the numbers by the names without the prefix, in upper case
   */
  int enumeration(String field, String prefix, Map<String, Integer> names) {
    if (parser.currentToken() == JsonToken.VALUE_STRING) {
      String name = parser.getString().toUpperCase(Locale.ROOT);
      Integer number = names.get(name.startsWith(prefix) ? name.substring(prefix.length()) : name);
      if (number != null) {
        return number;
      }
      if (!name.isEmpty() && !isDigit(name.charAt(name.length() - 1))) {
        fail(field, "is neither a number nor one of " + new TreeSet<>(names.keySet()));
        return 0;
      }
    }
    BigInteger value = integer(field);
    if (value.bitLength() > 31) {
      fail(field, "is no 32-bit number");
      return 0;
    }
    return value.intValue();
  }

  /** The usual form of a number, read without objects; negative if it is any other. */
  private long digits() {
    JsonToken token = parser.currentToken();
    if (token == JsonToken.VALUE_NUMBER_INT) {
      return parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
          ? -1
          : parser.getLongValue();
    }
    int length = token == JsonToken.VALUE_STRING ? parser.getStringLength() : 0;
    if (length == 0 || length > MAX_LONG_DIGITS) {
      return -1;
    }
    char[] text = parser.getStringCharacters();
    int from = parser.getStringOffset();
    long value = 0;
    for (int i = from; i < from + length; i++) {
      if (!isDigit(text[i])) {
        return -1;
      }
      value = value * 10 + text[i] - '0'; // Over the range it is negative: nineteen nines are.
    }
    return value;
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private BigInteger integer(String field) {
    JsonToken token = parser.currentToken();
    try {
      if (token == JsonToken.VALUE_NUMBER_INT) {
        return parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
            ? parser.getBigIntegerValue()
            : BigInteger.valueOf(parser.getLongValue());
      }
      if (token == JsonToken.START_OBJECT) {
        return halves(field);
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

  /** The halves of a 64-bit number, as JavaScript libraries print it. */
  private BigInteger halves(String field) {
    BigInteger[] halves = new BigInteger[2];
    object(
        field,
        name -> {
          switch (name) {
            case "low" -> halves[0] = integer(field);
            case "high" -> halves[1] = integer(field);
            default -> skip();
          }
        });
    if (halves[0] == null || halves[1] == null) {
      fail(field, "is no number: an object of one has the members low and high");
      return BigInteger.ZERO;
    }
    return halves[1].shiftLeft(Integer.SIZE).or(halves[0].and(UINT32));
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
  Attributes keyValues(String field) {
    Attributes attributes = new Attributes();
    if (parser.currentToken() == JsonToken.START_OBJECT) {
      remark(field + " is an object, not an array of keys and values: taken by its names");
      while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = AttributeJson.cleanName(parser.currentName());
        parser.nextToken();
        keep(name, plainJson(field), attributes);
      }
    } else if (parser.currentToken() != JsonToken.START_ARRAY) {
      wrong(field, "is no array");
    } else {
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        keyValue(field, attributes);
      }
    }
    return attributes;
  }

  private void keyValue(String field, Attributes attributes) {
    InvalidSpanException outer = fault;
    fault = null;
    String key = "";
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      wrong(field, "has an element that is no object");
    } else {
      Object value = Json.NULL;
      while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        switch (name) {
          case "key", "Key" -> key = AttributeJson.cleanName(string(field));
          case "value", "Value" -> value = anyValue(field);
          default -> skip();
        }
      }
      if (fault == null) {
        keep(key, value, attributes);
      }
    }
    if (fault != null) {
      remark(
          (key.isEmpty() ? "an attribute" : "the attribute " + Delivery.printable(key))
              + " was left out: "
              + fault.getMessage());
    }
    fault = outer;
  }

  static void keep(String name, Object value, Attributes attributes) {
    if (value instanceof String text) {
      attributes.put(name, text);
    } else if (value instanceof Long number) {
      attributes.put(name, number.longValue());
    } else if (value instanceof Boolean bool) {
      attributes.put(name, bool.booleanValue());
    } else {
      attributes.put(name, (Json) value);
    }
  }

  /** A {@link String}, {@link Long}, {@link Boolean} or {@link Json}. */
  private Object anyValue(String field) {
    if (parser.currentToken() == JsonToken.VALUE_NULL) {
      return Json.NULL;
    }
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      remark(field + " has a value that is no AnyValue: taken as the JSON that it is");
      return plainJson(field);
    }
    Object value = Json.NULL;
    StringBuilder unknown = null;
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      Object read = valueOf(name, field);
      if (read != null) {
        value = read == Json.NULL ? value : read; // An empty member takes nothing back.
      } else if (value != Json.NULL) {
        skip();
      } else {
        unknown = unknown == null ? new StringBuilder("{") : unknown.append(',');
        Json.appendString(AttributeJson.cleanName(name), unknown);
        AttributeJson.appendValue(plainJson(field), unknown.append(':'));
      }
    }
    if (value != Json.NULL || unknown == null) {
      return value;
    }
    remark(field + " has a value with none of " + VALUE_NAMES + ": taken as the JSON that it is");
    return parsed(unknown.append('}'), field);
  }

  /** The value under that name of an {@code AnyValue}; null if the name is none of its members. */
  private @Nullable Object valueOf(String name, String field) {
    return switch (name) {
      case "stringValue", "string_value" -> string(field);
      case "boolValue", "bool_value" -> bool(field);
      case "intValue", "int_value" -> int64(field);
      case "doubleValue", "double_value" -> number(field);
      case "arrayValue", "array_value" -> list(field);
      case "kvlistValue", "kvlist_value" -> keyValueList(field);
      case "bytesValue", "bytes_value" -> bytes(field);
      default -> valueOfOtherSpelling(name, field);
    };
  }

  /** Go prints a oneof as an object of its own, with the names of its types. */
  private @Nullable Object valueOfOtherSpelling(String name, String field) {
    return switch (name.replace("_", "").toLowerCase(Locale.ROOT)) {
      case "value" -> parser.currentToken() == JsonToken.START_OBJECT ? anyValue(field) : null;
      case "stringvalue" -> string(field);
      case "boolvalue" -> bool(field);
      case "intvalue" -> int64(field);
      case "doublevalue" -> number(field);
      case "arrayvalue" -> list(field);
      case "kvlistvalue" -> keyValueList(field);
      case "bytesvalue" -> bytes(field);
      default -> null;
    };
  }

  /** Any JSON that the parser stands on, as it is. */
  private Object plainJson(String field) {
    return switch (parser.currentToken()) {
      case VALUE_STRING -> string(field);
      case VALUE_TRUE -> Boolean.TRUE;
      case VALUE_FALSE -> Boolean.FALSE;
      case START_OBJECT, START_ARRAY, VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> {
        StringBuilder out = new StringBuilder();
        copyJson(field, out);
        yield parsed(out, field);
      }
      default -> Json.NULL;
    };
  }

  /** The parser's limits are others than those of a span's JSON. */
  private Json parsed(StringBuilder text, String field) {
    try {
      return Json.parse(text.toString());
    } catch (InvalidSpanException overLimit) {
      fail(field, "has a value that cannot be kept: " + overLimit.getMessage());
      return Json.NULL;
    }
  }

  private void copyJson(String field, StringBuilder out) {
    int open = 0;
    do {
      JsonToken token = parser.currentToken();
      boolean isEnd = token == JsonToken.END_OBJECT || token == JsonToken.END_ARRAY;
      char last = out.isEmpty() ? '[' : out.charAt(out.length() - 1);
      if (!isEnd && last != '[' && last != '{' && last != ':') {
        out.append(',');
      }
      switch (token) {
        case PROPERTY_NAME -> {
          Json.appendString(AttributeJson.cleanName(parser.currentName()), out);
          out.append(':');
        }
        case VALUE_STRING -> Json.appendString(string(field), out);
        default -> {
          if (take(parser.getStringLength())) {
            out.append(parser.getString());
          }
        }
      }
      open += token.isStructStart() ? 1 : isEnd ? -1 : 0;
    } while (open > 0 && parser.nextToken() != null);
  }

  private Object bool(String field) {
    return switch (parser.currentToken()) {
      case VALUE_TRUE -> Boolean.TRUE;
      case VALUE_FALSE -> Boolean.FALSE;
      default -> {
        wrong(field, "has a boolValue that is no boolean");
        yield Json.NULL;
      }
    };
  }

  private Object number(String field) {
    JsonToken token = parser.currentToken();
    if (token != JsonToken.VALUE_STRING && !token.isNumeric()) {
      wrong(field, "has a doubleValue that is no number");
      return Json.NULL;
    }
    try {
      return number(Double.parseDouble(parser.getString()));
    } catch (NumberFormatException noNumber) {
      fail(field, "has a doubleValue that is no number");
      return Json.NULL;
    }
  }

  /** The shortest digits, by an algorithm that is the same on every JDK. */
  static Object number(double value) {
    return Double.isFinite(value)
        ? Json.ofStored(NumberOutput.toString(value, true))
        : Double.toString(value);
  }

  private Json list(String field) {
    StringBuilder out = new StringBuilder("[");
    object(
        field,
        name -> {
          if (name.equalsIgnoreCase("values")) {
            array(
                field,
                () -> {
                  if (out.length() > 1) {
                    out.append(',');
                  }
                  AttributeJson.appendValue(anyValue(field), out);
                });
          } else {
            skip();
          }
        });
    return Json.ofStored(out.append(']').toString());
  }

  private Json keyValueList(String field) {
    Attributes members = new Attributes();
    object(
        field,
        name -> {
          if (name.equalsIgnoreCase("values")) {
            array(field, () -> keyValue(field, members));
          } else {
            skip();
          }
        });
    return AttributeJson.of(members);
  }

  private Object bytes(String field) {
    String text = string(field).replace('-', '+').replace('_', '/');
    try {
      return bytes(Base64.getDecoder().decode(text));
    } catch (IllegalArgumentException noBase64) {
      fail(field, "has a bytesValue that is no base64");
      return Json.NULL;
    }
  }

  static String bytes(byte[] value) {
    return Base64.getEncoder().encodeToString(value);
  }

  /** Whether the characters still fit; what does not is dropped at once to save memory. */
  private boolean take(int characters) {
    size += characters;
    if (size > maxSize) {
      if (tooLarge == null) {
        tooLarge = Delivery.tooLarge(maxSize);
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
