package dev.tracekeep.span;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A JSON value, kept as the text that came in and compared by what it means.
 *
 * <p>The text is not rewritten: numbers keep their digits, objects the order of their keys. Two
 * values are equal if they differ only in white space, the order of keys, the spelling of numbers
 * ({@code 1}, {@code 1.0}, {@code 1e0}) or of escapes. {@code null}, {@code ""}, {@code {}}, {@code
 * []} and a bare scalar are five values, and a Java null (absent) is a sixth.
 *
 * <p>Lone surrogates and U+0000 inside of strings and names are kept as {@code \}{@code u} escapes,
 * so that the text itself is always well-formed. An object that repeats a name keeps its last value
 * alone, because the engines disagree about which one counts: the only case in which text is
 * rewritten.
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
  public static final Json NULL = trusted("null");

  /** JSON {@code true}. */
  public static final Json TRUE = trusted("true");

  /** JSON {@code false}. */
  public static final Json FALSE = trusted("false");

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

  private final String text;

  /**
   * SHA-256 of the canonical form; computed when first needed, racing writers agree. Volatile,
   * because a reader must not see the array ahead of its bytes.
   */
  private volatile byte @Nullable [] contentHash;

  private Json(String text, byte @Nullable [] contentHash) {
    this.text = text;
    if (contentHash != null) {
      this.contentHash = contentHash;
    }
  }

  /**
   * Takes text from outside.
   *
   * @throws InvalidSpanException if it is no JSON (RFC 8259) or nested too deeply; the message says
   *     where, and quotes at most one character
   */
  public static Json parse(String text) {
    String clean = JsonWriter.escapeLoneSurrogates(stripped(text));
    JsonScanner.Checked checked = JsonScanner.check(clean);
    return new Json(
        checked.repeatsName() ? JsonScanner.withoutRepeatedNames(clean) : clean, checked.hash());
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
   * Takes text that a store gives back, without looking at it. Malformed text is then equal only to
   * the same text.
   */
  public static Json ofStored(String text) {
    return new Json(stripped(text), null);
  }

  /** A JSON string. */
  public static Json of(String value) {
    StringBuilder out = new StringBuilder(value.length() + 16);
    JsonWriter.quote(value, out);
    return trusted(out.toString());
  }

  /** A JSON number. */
  public static Json of(long value) {
    return trusted(Long.toString(value));
  }

  /** A JSON number with the digits of the value. */
  public static Json of(BigDecimal value) {
    return trusted(value.toString());
  }

  /**
   * A JSON number; NaN and the infinities, which JSON lacks, become the strings {@code "NaN"},
   * {@code "Infinity"} and {@code "-Infinity"} as in the protobuf JSON mapping.
   */
  public static Json of(double value) {
    return Double.isFinite(value) ? trusted(Double.toString(value)) : of(Double.toString(value));
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
    for (Json element : elements) {
      if (out.length() > 1) {
        out.append(',');
      }
      out.append(element.text);
    }
    return composed(out.append(']'));
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

  private static Json trusted(String text) {
    return new Json(text, null);
  }

  private static Json composed(StringBuilder text) {
    JsonScanner.checkDepth(text);
    return trusted(text.toString());
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
   * The members of an object in their order; empty for any other kind.
   *
   * @throws InvalidSpanException if the text, taken from a store, is no JSON
   */
  public Map<String, Json> members() {
    Map<String, Json> members = new LinkedHashMap<>();
    if (kind() == Kind.OBJECT) {
      JsonScanner.parts(text, (name, value) -> members.put(name, trusted(value)));
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
      JsonScanner.parts(text, (name, value) -> elements.add(trusted(value)));
    }
    return elements;
  }

  /** The string's characters if this is a string, the text otherwise. */
  public String asText() {
    return kind() == Kind.STRING ? JsonScanner.string(text, 0) : text;
  }

  /** SHA-256 of the canonical form; the array must not be changed. */
  byte[] contentHash() {
    byte[] hash = contentHash;
    if (hash == null) {
      try {
        hash = JsonScanner.check(text).hash();
      } catch (InvalidSpanException malformed) {
        // Only a store that others write to can hold such text. It is equal to itself alone.
        hash = Digests.sha256(("malformed:" + text).getBytes(StandardCharsets.UTF_8));
      }
      contentHash = hash;
    }
    return hash;
  }

  /** Compares by structure: see the class description. */
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof Json that
            && (text.equals(that.text) || Arrays.equals(contentHash(), that.contentHash())));
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(contentHash());
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
      members.forEach(
          (name, value) -> {
            if (out.length() > 1) {
              out.append(',');
            }
            JsonWriter.quote(name, out);
            out.append(':').append(value.text);
          });
      return composed(out.append('}'));
    }
  }
}
