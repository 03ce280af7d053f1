package dev.tracekeep.span;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.ErrorReportConfiguration;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;

/**
 * The canonical form of a JSON text: equal for two texts exactly if they mean the same.
 *
 * <p>It follows the idea of RFC 8785 (JSON Canonicalization Scheme): no white space, members sorted
 * by name, one spelling for each character. It departs from it in three places. Names are sorted by
 * the UTF-8 bytes that they are written in, instead of UTF-16 units. All control characters, and
 * lone surrogates, are written as {@code \}{@code u} escapes. Numbers are not squeezed through a
 * double, which would make 2^53 and 2^53+1 equal: they become their significant digits and a
 * decimal exponent.
 *
 * <p>Versions of stored spans depend on this form: it may never change.
 */
final class CanonicalJson {
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(Json.MAX_DEPTH)
                  .maxStringLength(Integer.MAX_VALUE)
                  .maxNumberLength(Integer.MAX_VALUE)
                  .maxNameLength(Integer.MAX_VALUE)
                  .build())
          // A token may be private: no message quotes more than its first two characters.
          .errorReportConfiguration(
              ErrorReportConfiguration.builder().maxErrorTokenLength(0).build())
          .build();

  /** A string, and the colon behind it if it is the name of a member. */
  private static final Pattern STRING =
      Pattern.compile("(\"[^\"\\\\]*+(?:\\\\.[^\"\\\\]*+)*+\")(\\s*+:)?");

  /** An escape; in the group if it is anything but a lone surrogate. */
  private static final Pattern ESCAPE =
      Pattern.compile(
          "(\\\\u[dD][89abAB]\\p{XDigit}{2}\\\\u[dD][c-fC-F]\\p{XDigit}{2}"
              + "|\\\\(?!u[dD][89a-fA-F]).)"
              + "|\\\\u\\p{XDigit}{4}");

  private static final char[] HEX = "0123456789abcdef".toCharArray();

  private final Utf8Buffer out = new Utf8Buffer();
  private final Deque<Members> open = new ArrayDeque<>();
  private final boolean keepsNumbers;
  private boolean repeatsName;

  private CanonicalJson(boolean keepsNumbers) {
    this.keepsNumbers = keepsNumbers;
  }

  static JsonParser parser(String text) {
    return FACTORY.createParser(ObjectReadContext.empty(), text);
  }

  /** SHA-256 of the canonical form; refuses text that is no JSON. */
  static byte[] hash(String text) {
    return write(text, false).sha256();
  }

  /**
   * The canonical form, hashed, and whether an object in it repeats a name.
   *
   * @param hash SHA-256 of the canonical form
   * @param repeatsName whether the last of several members of one name was taken
   */
  record Checked(byte[] hash, boolean repeatsName) {}

  /** Refuses text that is no JSON. */
  static Checked check(String text) {
    CanonicalJson canonical = write(text, false);
    return new Checked(canonical.sha256(), canonical.repeatsName);
  }

  /** The same value with each name once, the last one's value; numbers keep their digits. */
  static String withoutRepeatedNames(String text) {
    Utf8Buffer out = write(text, true).out;
    return new String(out.bytes, 0, out.length, StandardCharsets.UTF_8);
  }

  private static CanonicalJson write(String text, boolean keepsNumbers) {
    CanonicalJson canonical = new CanonicalJson(keepsNumbers);
    canonical.write(text);
    return canonical;
  }

  private byte[] sha256() {
    return Digests.sha256(out.bytes, out.length);
  }

  static InvalidSpanException malformed(RuntimeException cause) {
    if (cause instanceof StreamConstraintsException) {
      return tooDeep(); // the only limit that the factory sets
    }
    if (cause instanceof JacksonException complaint) {
      String where =
          complaint.getLocation() == null
              ? ""
              : " at character " + (complaint.getLocation().getCharOffset() + 1);
      return new InvalidSpanException(
          "json",
          "is malformed" + where + ": " + withoutMarker(complaint.getOriginalMessage()),
          cause);
    }
    throw cause;
  }

  /** The marker is a place in a source that the parser does not show. */
  private static String withoutMarker(String complaint) {
    int marker = complaint.indexOf(" (start marker at ");
    return marker < 0 ? complaint : complaint.substring(0, marker);
  }

  private static InvalidSpanException tooDeep() {
    return new InvalidSpanException("json", "is nested deeper than " + Json.MAX_DEPTH + " levels");
  }

  /** Refuses text that was put together from well-formed values, and is nested too deeply now. */
  static void checkDepth(CharSequence text) {
    if (text.length() <= 2 * Json.MAX_DEPTH) {
      return; // each level takes two characters
    }
    int depth = 0;
    boolean inString = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\') {
        i++;
      } else if (c == '"') {
        inString = !inString;
      } else if (!inString && (c == '[' || c == '{')) {
        depth++;
        if (depth > Json.MAX_DEPTH) {
          throw tooDeep();
        }
      } else if (!inString && (c == ']' || c == '}')) {
        depth--;
      }
    }
  }

  /** The same text with U+FFFD for each lone surrogate, all of them escaped, in a name. */
  static String withoutLoneSurrogatesInNames(String text) {
    return STRING
        .matcher(text)
        .replaceAll(
            string ->
                Matcher.quoteReplacement(
                    string.group(2) == null
                        ? string.group()
                        : withoutLoneSurrogates(string.group(1)) + string.group(2)));
  }

  private static String withoutLoneSurrogates(String quoted) {
    return ESCAPE
        .matcher(quoted)
        .replaceAll(
            escape ->
                escape.group(1) == null ? "\uFFFD" : Matcher.quoteReplacement(escape.group()));
  }

  private void write(String text) {
    try (JsonParser parser = parser(text)) {
      JsonToken token = parser.nextToken();
      if (token == null) {
        throw new InvalidSpanException("json", "is empty text, which is no JSON value");
      }
      do {
        write(parser, token);
        token = parser.nextToken();
        if (token != null && open.isEmpty()) {
          throw new InvalidSpanException("json", "has more text behind its one value");
        }
      } while (token != null);
    } catch (JacksonException e) {
      throw malformed(e);
    }
  }

  private void write(JsonParser parser, JsonToken token) {
    switch (token) {
      case START_OBJECT -> {
        separate();
        out.append('{');
        open.push(new Members(false));
      }
      case START_ARRAY -> {
        separate();
        out.append('[');
        open.push(new Members(true));
      }
      case END_OBJECT -> {
        repeatsName |= open.pop().sort(out);
        out.append('}');
      }
      case END_ARRAY -> {
        open.pop();
        out.append(']');
      }
      case PROPERTY_NAME -> open.element().begin(out, parser.currentName());
      case VALUE_STRING -> {
        separate();
        out.appendQuoted(parser.getString());
      }
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> {
        separate();
        String spelled = parser.getString();
        out.appendAscii(keepsNumbers ? spelled : number(spelled));
      }
      default -> {
        separate();
        out.appendAscii(parser.getString());
      }
    }
  }

  /** Puts the comma between the elements of an array. */
  private void separate() {
    Members container = open.peek();
    if (container != null && container.isArray) {
      if (!container.first) {
        out.append(',');
      }
      container.first = false;
    }
  }

  /**
   * The digits without leading and trailing zeros, and the exponent that puts the decimal point
   * behind the last one: {@code 1}, {@code 1.0} and {@code 10e-1} are all {@code 1}; {@code 1500}
   * is {@code 15e2}. Worked out on the text, because a {@code BigDecimal} of {@code 1e9999999999}
   * cannot be made.
   */
  static String number(String text) {
    boolean negative = text.charAt(0) == '-';
    int exponentAt = Math.max(text.indexOf('e'), text.indexOf('E'));
    String mantissa = text.substring(negative ? 1 : 0, exponentAt < 0 ? text.length() : exponentAt);
    int point = mantissa.indexOf('.');
    String digits =
        point < 0 ? mantissa : mantissa.substring(0, point) + mantissa.substring(point + 1);
    int fraction = point < 0 ? 0 : mantissa.length() - point - 1;

    int start = 0;
    while (start < digits.length() && digits.charAt(start) == '0') {
      start++;
    }
    int end = digits.length();
    while (end > start && digits.charAt(end - 1) == '0') {
      end--;
    }
    if (start == end) {
      return "0";
    }
    int shift = digits.length() - end - fraction;
    String sign = negative ? "-" : "";
    String significant = digits.substring(start, end);
    if (exponentAt < 0) {
      return sign + significant + (shift == 0 ? "" : "e" + shift);
    }
    String spelled = text.substring(exponentAt + 1);
    if (spelled.length() > Json.MAX_EXPONENT_DIGITS) {
      throw new InvalidSpanException(
          "json",
          "has a number with an exponent of more than " + Json.MAX_EXPONENT_DIGITS + " digits");
    }
    BigInteger exponent =
        new BigInteger(spelled.startsWith("+") ? spelled.substring(1) : spelled)
            .add(BigInteger.valueOf(shift));
    return sign + significant + (exponent.signum() == 0 ? "" : "e" + exponent);
  }

  /** Appends a JSON string. Characters without a UTF-8 form, and U+0000, become escapes. */
  static void quote(String value, StringBuilder out) {
    out.append('"');
    int plainFrom = 0;
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c >= 0x20 && c != '"' && c != '\\' && !Character.isSurrogate(c)) {
        continue;
      }
      if (Text.isPairAt(value, i)) {
        i++;
        continue;
      }
      out.append(value, plainFrom, i);
      plainFrom = i + 1;
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> escape(c, out);
      }
    }
    out.append(value, plainFrom, value.length()).append('"');
  }

  /**
   * A raw lone surrogate can stand in a Java string, but in no encoded text: it becomes an escape.
   */
  static String escapeLoneSurrogates(String text) {
    StringBuilder out = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isSurrogate(c)) {
        if (Text.isPairAt(text, i)) {
          if (out != null) {
            out.append(c).append(text.charAt(i + 1));
          }
          i++;
          continue;
        }
        if (out == null) {
          out = new StringBuilder(text.length() + 16).append(text, 0, i);
        }
        escape(c, out);
      } else if (out != null) {
        out.append(c);
      }
    }
    return out == null ? text : out.toString();
  }

  private static void escape(char c, StringBuilder out) {
    out.append("\\u")
        .append(HEX[c >> 12])
        .append(HEX[c >> 8 & 0xF])
        .append(HEX[c >> 4 & 0xF])
        .append(HEX[c & 0xF]);
  }

  /** Where the members of an open object stand in the output, so that they can be put in order. */
  private static final class Members {
    final boolean isArray;
    boolean first = true;
    private final List<Member> members;

    Members(boolean isArray) {
      this.isArray = isArray;
      this.members = isArray ? List.of() : new ArrayList<>();
    }

    void begin(Utf8Buffer out, String name) {
      close(out);
      if (!members.isEmpty()) {
        out.append(',');
      }
      int start = out.length;
      out.appendQuoted(name);
      members.add(new Member(start, out.length));
      out.append(':');
    }

    private void close(Utf8Buffer out) {
      if (!members.isEmpty()) {
        members.get(members.size() - 1).end = out.length;
      }
    }

    /** Sorts the members by name; returns whether a name came more than once. */
    boolean sort(Utf8Buffer out) {
      close(out);
      if (isSorted(out)) {
        return false;
      }
      boolean repeats = false;
      int start = members.get(0).start;
      byte[] unsorted = Arrays.copyOfRange(out.bytes, start, out.length);
      List<Member> sorted = new ArrayList<>(members);
      sorted.sort(
          (a, b) -> compareNames(unsorted, a, b, start)); // stable: of equals the last is last
      out.length = start;
      for (int i = 0; i < sorted.size(); i++) {
        Member member = sorted.get(i);
        if (i + 1 < sorted.size()
            && compareNames(unsorted, member, sorted.get(i + 1), start) == 0) {
          repeats = true;
          continue;
        }
        if (out.length > start) {
          out.append(',');
        }
        out.append(unsorted, member.start - start, member.end - member.start);
      }
      return repeats;
    }

    private boolean isSorted(Utf8Buffer out) {
      for (int i = 1; i < members.size(); i++) {
        if (compareNames(out.bytes, members.get(i - 1), members.get(i), 0) >= 0) {
          return false;
        }
      }
      return true;
    }

    /** Compares what stands between the quotes. */
    private static int compareNames(byte[] bytes, Member a, Member b, int base) {
      return Arrays.compareUnsigned(
          bytes,
          a.start + 1 - base,
          a.nameEnd - 1 - base,
          bytes,
          b.start + 1 - base,
          b.nameEnd - 1 - base);
    }
  }

  private static final class Member {
    final int start;
    final int nameEnd;
    int end;

    Member(int start, int nameEnd) {
      this.start = start;
      this.nameEnd = nameEnd;
    }
  }
}
