package dev.tracekeep.span;

import com.dynatrace.hash4j.hashing.Hashing;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A JSON value, kept as the text that came in.
 *
 * <p>Two values are equal if their texts are, letter by letter; that is how versions tell spans
 * apart. Where a filter asks, {@link #sameValue} compares what they mean: it looks past white
 * space, the order of keys, and the spelling of numbers ({@code 1}, {@code 1.0}, {@code 1e0}) and
 * of escapes. {@code null}, {@code ""}, {@code {}}, {@code []} and a bare scalar are five values,
 * and a Java null (absent) is a sixth.
 *
 * <p>The text is rewritten in two cases. Lone surrogates and U+0000 inside of strings and names are
 * kept as {@code \}{@code u} escapes, so that the text itself is always well-formed. And where an
 * object repeats a name the earlier members are cut out, because the engines disagree about which
 * one counts: {@code {"a":1,"b":2,"a":3}} becomes {@code {"b":2,"a":3}}.
 *
 * <p>Nesting ends at {@value #MAX_DEPTH} levels: that is where SQLite stops, and all engines must
 * agree. The exponent of a number ends at {@value #MAX_EXPONENT_DIGITS} digits.
 *
 * <p>Immutable and thread-safe. Nothing is parsed after the construction until a question is asked
 * that the text alone cannot answer.
 */
public final class Json {
  /** Deepest nesting of arrays and objects that is accepted. */
  public static final int MAX_DEPTH = 1000;

  /** Longest exponent of a number: arithmetic on it takes time that grows with its square. */
  static final int MAX_EXPONENT_DIGITS = 1000;

  /** JSON {@code null}: a value, not an absence. */
  public static final Json NULL = scalar("null");

  /** JSON {@code true}. */
  public static final Json TRUE = scalar("true");

  /** JSON {@code false}. */
  public static final Json FALSE = scalar("false");

  /** What a JSON value is. */
  public enum Kind {
    /** An object. */
    OBJECT,
    /** An array. */
    ARRAY,
    /** A string. */
    STRING,
    /** A number. */
    NUMBER,
    /** {@code true} or {@code false}. */
    BOOLEAN,
    /** {@code null}. */
    NULL
  }

  /** Of text that nobody has looked at. */
  private static final int UNKNOWN_DEPTH = -1;

  private final String text;

  /** How deeply arrays and objects are nested. */
  private final int depth;

  private Json(String text, int depth) {
    this.text = text;
    this.depth = depth;
  }

  /**
   * Takes text from outside.
   *
   * @throws InvalidSpanException if it is no JSON (RFC 8259) or nested too deeply; the message says
   *     where, and quotes at most one character
   */
  public static Json parse(String text) {
    JsonScanner.Checked checked = JsonScanner.check(stripped(text));
    return new Json(checked.text(), checked.depth());
  }

  /** Without the white space around it; RFC 8259 knows fewer of it than {@link String#strip}. */
  private static String stripped(String text) {
    int start = 0;
    int end = text.length();
    while (start < end && isWhiteSpace(text.charAt(start))) {
      start++;
    }
    while (start < end && isWhiteSpace(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(start, end);
  }

  private static boolean isWhiteSpace(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
  }

  /**
   * Takes text that a store gives back, without looking at it. Malformed text then has the value of
   * the same text only.
   */
  public static Json ofStored(String text) {
    return new Json(stripped(text), UNKNOWN_DEPTH);
  }

  /** A JSON string. */
  public static Json of(String value) {
    StringBuilder out = new StringBuilder(value.length() + 16);
    JsonWriter.quote(value, out);
    return scalar(out.toString());
  }

  /**
   * Appends a JSON string, for those who write a whole document at once. Lone surrogates become
   * escapes.
   */
  public static void appendString(String value, StringBuilder out) {
    JsonWriter.quote(value, out);
  }

  /** A JSON number. */
  public static Json of(long value) {
    return scalar(Long.toString(value));
  }

  /** A JSON number with the digits of the value. */
  public static Json of(BigDecimal value) {
    return scalar(value.toString());
  }

  /**
   * A JSON number by the shortest digits that give the value again, the same ones on every JDK. NaN
   * and the infinities, which JSON lacks, become the strings {@code "NaN"}, {@code "Infinity"} and
   * {@code "-Infinity"} as in the protobuf JSON mapping.
   */
  public static Json of(double value) {
    return Double.isFinite(value) ? scalar(DoubleText.of(value)) : of(Double.toString(value));
  }

  /** A JSON boolean. */
  public static Json of(boolean value) {
    return value ? TRUE : FALSE;
  }

  /**
   * An array of the given values.
   *
   * @throws InvalidSpanException if it is nested too deeply
   */
  public static Json array(List<Json> elements) {
    StringBuilder out = new StringBuilder("[");
    int deepest = 0;
    for (Json element : elements) {
      if (out.length() > 1) {
        out.append(',');
      }
      out.append(element.text);
      deepest = Math.max(deepest, element.depth());
    }
    return composed(out.append(']'), deepest);
  }

  /**
   * An object with the given members, in the order of the map.
   *
   * @throws InvalidSpanException if it is nested too deeply
   */
  public static Json object(Map<String, Json> members) {
    ObjectBuilder builder = objectBuilder();
    members.forEach(builder::put);
    return builder.build();
  }

  /** Builds an object member by member. */
  public static ObjectBuilder objectBuilder() {
    return new ObjectBuilder();
  }

  private static Json scalar(String text) {
    return new Json(text, 0);
  }

  private static Json composed(StringBuilder text, int deepest) {
    if (deepest >= MAX_DEPTH) {
      throw JsonScanner.tooDeep();
    }
    return new Json(text.toString(), deepest + 1);
  }

  private int depth() {
    return depth == UNKNOWN_DEPTH ? JsonScanner.depth(text) : depth;
  }

  /** The text as it came in, without white space around it. */
  public String text() {
    return text;
  }

  /** What this value is, read from its first character. */
  public Kind kind() {
    return switch (text.isEmpty() ? ' ' : text.charAt(0)) {
      case '{' -> Kind.OBJECT;
      case '[' -> Kind.ARRAY;
      case '"' -> Kind.STRING;
      case 't', 'f' -> Kind.BOOLEAN;
      case 'n' -> Kind.NULL;
      default -> Kind.NUMBER;
    };
  }

  /**
   * The member of that name, or null if there is none or this is no object.
   *
   * @throws InvalidSpanException if the text, taken from a store, is no JSON
   */
  public @Nullable Json get(String name) {
    return kind() == Kind.OBJECT ? members().get(name) : null;
  }

  /**
   * What lies at the end of a path of names through nested objects; this value for an empty path,
   * null where there is none. A name is taken as it is: {@code a.b} is one name. Text of a store
   * that is no JSON has no members.
   */
  public @Nullable Json at(List<String> path) {
    Json value = this;
    try {
      for (String name : path) {
        if (value == null) {
          return null;
        }
        value = value.get(name);
      }
    } catch (InvalidSpanException malformed) {
      return null;
    }
    return value;
  }

  /** The names of an object's members in their order; none for any other kind or malformed text. */
  public Set<String> memberNames() {
    try {
      return members().keySet();
    } catch (InvalidSpanException malformed) {
      return Set.of();
    }
  }

  /**
   * Whether any string in this value passes: the value itself, or one at any depth. Names of
   * members are not asked. Text of a store that is no JSON has no strings.
   */
  public boolean anyString(Predicate<String> test) {
    try {
      return JsonScanner.anyString(text, test);
    } catch (InvalidSpanException malformed) {
      return false;
    }
  }

  /**
   * The members of an object in their order; empty for any other kind.
   *
   * @throws InvalidSpanException if the text, taken from a store, is no JSON
   */
  public Map<String, Json> members() {
    Map<String, Json> members = new LinkedHashMap<>();
    if (kind() == Kind.OBJECT) {
      JsonScanner.parts(text, (name, value) -> members.put(name, new Json(value, UNKNOWN_DEPTH)));
    }
    return members;
  }

  /**
   * The elements of an array in their order; empty for any other kind.
   *
   * @throws InvalidSpanException if the text, taken from a store, is no JSON
   */
  public List<Json> elements() {
    List<Json> elements = new ArrayList<>();
    if (kind() == Kind.ARRAY) {
      JsonScanner.parts(text, (name, value) -> elements.add(new Json(value, UNKNOWN_DEPTH)));
    }
    return elements;
  }

  /** The string's characters if this is a string, the text otherwise. */
  public String asText() {
    return kind() == Kind.STRING ? JsonScanner.string(text, 0) : text;
  }

  /**
   * The number as it is written, without any loss.
   *
   * @throws IllegalStateException if this is no number
   */
  public BigDecimal asNumber() {
    if (kind() != Kind.NUMBER) {
      throw new IllegalStateException("This is no number: " + kind());
    }
    return new BigDecimal(text.strip());
  }

  /**
   * Whether two values mean the same: see the class description. Text of a store that is no JSON
   * means what the same text does.
   */
  public boolean sameValue(Json other) {
    if (text.equals(other.text)) {
      return true;
    }
    if (kind() != other.kind()) {
      return false;
    }
    byte[] canonical = canonical();
    return canonical != null && Arrays.equals(canonical, other.canonical());
  }

  /** A hash of what this value means: the same for each {@link #sameValue}, and for ever. */
  public long valueHash() {
    byte[] canonical = canonical();
    return Hashing.xxh3_64()
        .hashBytesToLong(canonical == null ? text.getBytes(StandardCharsets.UTF_8) : canonical);
  }

  private byte @Nullable [] canonical() {
    try {
      return JsonScanner.canonical(text);
    } catch (InvalidSpanException malformed) {
      // Only a store that others write to can hold such text.
      return null;
    }
  }

  /** Compares letter by letter; {@link #sameValue} compares by structure. */
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other || (other instanceof Json that && text.equals(that.text));
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  /** The text. */
  @Override
  public String toString() {
    return text;
  }

  /**
   * Builds an object member by member, in order. A name that comes again keeps its place and takes
   * the later value. Not thread-safe.
   */
  public static final class ObjectBuilder {
    private final Map<String, Json> members = new LinkedHashMap<>();

    private ObjectBuilder() {}

    /** Adds a member; a null value adds nothing. */
    public ObjectBuilder put(String name, @Nullable Json value) {
      if (value != null) {
        members.put(name, value);
      }
      return this;
    }

    /** Adds a string; null adds nothing. */
    public ObjectBuilder put(String name, @Nullable String value) {
      return put(name, value == null ? null : Json.of(value));
    }

    /** Adds a number. */
    public ObjectBuilder put(String name, long value) {
      return put(name, Json.of(value));
    }

    /** Adds a boolean. */
    public ObjectBuilder put(String name, boolean value) {
      return put(name, Json.of(value));
    }

    /** Whether nothing was added yet. */
    public boolean isEmpty() {
      return members.isEmpty();
    }

    /**
     * The object.
     *
     * @throws InvalidSpanException if it is nested too deeply
     */
    public Json build() {
      StringBuilder out = new StringBuilder("{");
      int deepest = 0;
      for (Map.Entry<String, Json> member : members.entrySet()) {
        if (out.length() > 1) {
          out.append(',');
        }
        JsonWriter.quote(member.getKey(), out);
        out.append(':').append(member.getValue().text);
        deepest = Math.max(deepest, member.getValue().depth());
      }
      return composed(out.append('}'), deepest);
    }
  }
}
