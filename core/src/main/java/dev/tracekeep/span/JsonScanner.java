package dev.tracekeep.span;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Reads a JSON text (RFC 8259) once, from left to right. It says whether the text is JSON and what
 * repeats a name in it, takes arrays and objects apart, and writes the canonical form of a value:
 * equal for two texts exactly if they mean the same.
 *
 * <p>The form follows the idea of RFC 8785 (JSON Canonicalization Scheme): no white space, members
 * sorted by name, the shortest escapes. It departs from it in two places. Names are sorted by the
 * bytes that they are written in here instead of by UTF-16 units. Numbers are not squeezed through
 * a double, which would make 2^53 and 2^53+1 equal: they become their significant digits and a
 * decimal exponent, of any size. Filters alone compare by it.
 *
 * <p>Why not a library: text that comes in is checked on every write, and a general parser with a
 * tree or events in between took two and a half times as long (10 against 4 microseconds for 850
 * characters). Besides, the usual parsers refuse a lone surrogate in a name, which JSON allows.
 */
final class JsonScanner {
  /** In smaller objects to compare each name with each other is faster than to hash them. */
  private static final int FEW_MEMBERS = 8;

  private final String text;

  /** What the canonical form is written into; null where it is not asked for. */
  private final @Nullable Utf8Buffer out;

  private int at;
  private int depth;
  private int deepest;
  private int escapes;
  private boolean hasLoneSurrogate;

  /** Where the repeated members are in the text, as pairs of start and end. */
  private final List<int[]> repeated = new ArrayList<>(0);

  /**
   * Of the members of all open objects: with a canonical form where they start in it and where
   * their names end there, without one where their names start and end in the text and where the
   * members end, each with its comma.
   */
  private int[] marks = NO_MARKS;

  private static final int[] NO_MARKS = {};

  private int markCount;

  /** A high surrogate that was read and may be half of a pair; 0 for none. */
  private char pendingHigh;

  private JsonScanner(String text, @Nullable Utf8Buffer out) {
    this.text = text;
    this.out = out;
  }

  /**
   * A text that was looked at.
   *
   * @param text the same text; lone surrogates as escapes, and without members whose name comes
   *     again
   * @param depth how deeply arrays and objects are nested in it
   */
  record Checked(String text, int depth) {}

  /** Refuses text that is no JSON. */
  static Checked check(String text) {
    JsonScanner scanner = scan(text, null);
    if (scanner.hasLoneSurrogate) {
      return check(JsonWriter.escapeLoneSurrogates(text));
    }
    return new Checked(scanner.withoutRepeatedMembers(), scanner.deepest);
  }

  /** The canonical form in UTF-8. */
  static byte[] canonical(String text) {
    Utf8Buffer out = new Utf8Buffer();
    scan(text, out);
    return Arrays.copyOf(out.bytes, out.length);
  }

  /** How deeply arrays and objects are nested in a text that may be no JSON. */
  static int depth(String text) {
    int depth = 0;
    int deepest = 0;
    boolean inString = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\') {
        i++;
      } else if (c == '"') {
        inString = !inString;
      } else if (!inString && (c == '[' || c == '{')) {
        deepest = Math.max(deepest, ++depth);
      } else if (!inString && (c == ']' || c == '}')) {
        depth--;
      }
    }
    return deepest;
  }

  private static JsonScanner scan(String text, @Nullable Utf8Buffer out) {
    JsonScanner scanner = new JsonScanner(text, out);
    scanner.skipSpace();
    scanner.value();
    scanner.end();
    return scanner;
  }

  /** Is told the members of an object, or the elements of an array without names. */
  interface Parts {
    void part(String name, String valueText);
  }

  /** Takes an object or an array apart; any other value has no parts. */
  static void parts(String text, Parts parts) {
    JsonScanner scanner = new JsonScanner(text, null);
    scanner.skipSpace();
    char first = scanner.peek();
    if (first != '{' && first != '[') {
      return;
    }
    boolean named = first == '{';
    char close = named ? '}' : ']';
    scanner.at++;
    scanner.skipSpace();
    if (scanner.peek() != close) {
      do {
        scanner.skipSpace();
        String name = named ? scanner.name() : "";
        int start = scanner.at;
        scanner.value();
        parts.part(name, text.substring(start, scanner.at));
        scanner.skipSpace();
      } while (scanner.more(close));
    } else {
      scanner.at++;
    }
    scanner.end();
  }

  private String name() {
    String name = string(text, at);
    string();
    colon();
    return name;
  }

  /** The characters of the string that starts at the given quote. */
  static String string(String text, int quoteAt) {
    StringBuilder characters = new StringBuilder();
    JsonScanner scanner = new JsonScanner(text, null);
    scanner.at = quoteAt;
    scanner.expect('"', "a string");
    while (scanner.peek() != '"') {
      characters.append(scanner.character());
    }
    return characters.toString();
  }

  /** Whether a string of a value passes; names are not asked. */
  static boolean anyString(String text, Predicate<String> test) {
    JsonScanner scanner = new JsonScanner(text, null);
    while (scanner.at < text.length()) {
      if (text.charAt(scanner.at) != '"') {
        scanner.at++;
        continue;
      }
      int start = scanner.at;
      scanner.string();
      int end = scanner.at;
      scanner.skipSpace();
      boolean isName = scanner.at < text.length() && text.charAt(scanner.at) == ':';
      if (!isName) {
        String characters = text.substring(start + 1, end - 1);
        if (test.test(characters.indexOf('\\') < 0 ? characters : string(text, start))) {
          return true;
        }
      }
    }
    return false;
  }

  static InvalidSpanException tooDeep() {
    return new InvalidSpanException("json", "is nested deeper than " + Json.MAX_DEPTH + " levels");
  }

  // ---- values ----------------------------------------------------------------------------------

  private void value() {
    char c = peek();
    switch (c) {
      case '{' -> object();
      case '[' -> array();
      case '"' -> string();
      case 't' -> literal("true");
      case 'f' -> literal("false");
      case 'n' -> literal("null");
      default -> number();
    }
  }

  private void array() {
    open('[');
    if (peek() == ']') {
      at++;
    } else {
      do {
        skipSpace();
        value();
        skipSpace();
        if (peek() == ',') {
          write(',');
        }
      } while (more(']'));
    }
    depth--;
    write(']');
  }

  private void object() {
    int firstMark = markCount;
    open('{');
    if (peek() == '}') {
      at++;
    } else if (out != null) {
      canonicalMembers(out, firstMark);
    } else {
      members(firstMark);
    }
    markCount = firstMark;
    depth--;
    write('}');
  }

  private void open(char bracket) {
    if (++depth > Json.MAX_DEPTH) {
      throw tooDeep();
    }
    deepest = Math.max(deepest, depth);
    at++;
    write(bracket);
    skipSpace();
  }

  private void write(char ascii) {
    if (out != null) {
      out.append(ascii);
    }
  }

  /** Behind a value: takes a comma and says that more follows, or takes the closing bracket. */
  private boolean more(char close) {
    char c = peek();
    if (c != ',' && c != close) {
      throw unexpected("',' or '" + close + "'");
    }
    at++;
    return c == ',';
  }

  private void colon() {
    skipSpace();
    expect(':', "':'");
    skipSpace();
  }

  private void literal(String word) {
    if (!text.startsWith(word, at)) {
      throw unexpected("a value");
    }
    at += word.length();
    if (out != null) {
      out.appendAscii(word);
    }
  }

  // ---- members whose name comes again ----------------------------------------------------------

  private void members(int firstMark) {
    boolean spelled = false;
    do {
      skipSpace();
      int start = at;
      int escapesBefore = escapes;
      string();
      spelled |= escapes > escapesBefore;
      mark(start);
      mark(at);
      int end = markCount;
      mark(0); // once it is known
      colon();
      value();
      skipSpace();
      marks[end] = at + 1;
    } while (more('}'));
    int count = (markCount - firstMark) / 3;
    if (spelled || count > FEW_MEMBERS) {
      findRepeatedAmongMany(firstMark, count);
    } else {
      findRepeatedAmongFew(firstMark, count);
    }
  }

  private void findRepeatedAmongFew(int firstMark, int count) {
    for (int i = 0; i < count - 1; i++) {
      int nameAt = marks[firstMark + 3 * i];
      int length = marks[firstMark + 3 * i + 1] - nameAt;
      for (int j = i + 1; j < count; j++) {
        int otherAt = marks[firstMark + 3 * j];
        if (marks[firstMark + 3 * j + 1] - otherAt == length
            && text.regionMatches(nameAt, text, otherAt, length)) {
          repeated.add(new int[] {nameAt, marks[firstMark + 3 * i + 2]});
          break;
        }
      }
    }
  }

  private void findRepeatedAmongMany(int firstMark, int count) {
    Set<String> later = new HashSet<>();
    for (int i = count - 1; i >= 0; i--) {
      int nameAt = marks[firstMark + 3 * i];
      if (!later.add(string(text, nameAt))) {
        repeated.add(new int[] {nameAt, marks[firstMark + 3 * i + 2]});
      }
    }
  }

  /** Cuts each repeated member out with its comma; all other letters stay. */
  private String withoutRepeatedMembers() {
    if (repeated.isEmpty()) {
      return text;
    }
    repeated.sort(Comparator.comparingInt(member -> member[0]));
    StringBuilder kept = new StringBuilder(text.length());
    int from = 0;
    for (int[] member : repeated) {
      if (member[0] >= from) { // else it lies within one that is cut out
        kept.append(text, from, member[0]);
        from = member[1];
      }
    }
    return kept.append(text, from, text.length()).toString();
  }

  private void mark(int position) {
    if (markCount == marks.length) {
      marks = Arrays.copyOf(marks, Math.max(24, marks.length * 2));
    }
    marks[markCount++] = position;
  }

  // ---- members in order ------------------------------------------------------------------------

  private void canonicalMembers(Utf8Buffer out, int firstMark) {
    int contentAt = out.length;
    do {
      skipSpace();
      if (out.length > contentAt) {
        out.append(',');
      }
      mark(out.length);
      string();
      mark(out.length);
      colon();
      out.append(':');
      value();
      skipSpace();
    } while (more('}'));
    sortMembers(out, firstMark);
  }

  private void sortMembers(Utf8Buffer out, int firstMark) {
    int members = (markCount - firstMark) / 2;
    boolean sorted = true;
    for (int i = 1; i < members && sorted; i++) {
      sorted = compareNames(out.bytes, firstMark, i - 1, i, 0) < 0;
    }
    if (!sorted) {
      rearrange(out, firstMark, members);
    }
  }

  private void rearrange(Utf8Buffer out, int firstMark, int members) {
    int base = marks[firstMark];
    int end = out.length;
    byte[] given = Arrays.copyOfRange(out.bytes, base, end);
    Integer[] order = new Integer[members];
    Arrays.setAll(order, i -> i);
    // Stable: of members with one name the last one stays last, and is the one that counts.
    Arrays.sort(order, (a, b) -> compareNames(given, firstMark, a, b, base));
    out.length = base;
    for (int i = 0; i < members; i++) {
      if (i + 1 < members && compareNames(given, firstMark, order[i], order[i + 1], base) == 0) {
        continue;
      }
      if (out.length > base) {
        out.append(',');
      }
      int member = order[i];
      int start = marks[firstMark + 2 * member];
      int stop = member + 1 < members ? marks[firstMark + 2 * member + 2] - 1 : end;
      out.append(given, start - base, stop - start);
    }
  }

  private int compareNames(byte[] bytes, int firstMark, int a, int b, int base) {
    int atA = firstMark + 2 * a;
    int atB = firstMark + 2 * b;
    return Arrays.compareUnsigned(
        bytes,
        marks[atA] - base,
        marks[atA + 1] - base,
        bytes,
        marks[atB] - base,
        marks[atB + 1] - base);
  }

  // ---- strings ---------------------------------------------------------------------------------

  private void string() {
    expect('"', "a string");
    write('"');
    while (true) {
      int plain = at;
      char c = 0;
      while (at < text.length() && isPlain(c = text.charAt(at))) {
        at++;
      }
      if (at > plain && out != null) {
        flushHigh(out);
        out.appendAscii(text, plain, at);
      }
      if (at == text.length()) {
        throw malformed("ends within a string");
      }
      if (c == '"') {
        break;
      }
      if (out != null) {
        unit(out, character());
      } else if (Character.isSurrogate(c)) {
        boolean pair = Text.isPairAt(text, at);
        hasLoneSurrogate |= !pair;
        at += pair ? 2 : 1;
      } else {
        character();
      }
    }
    if (out != null) {
      flushHigh(out);
    }
    at++;
    write('"');
  }

  /** Stands for itself in one byte. */
  private static boolean isPlain(char c) {
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
  }

  private void unit(Utf8Buffer out, char c) {
    if (pendingHigh != 0 && Character.isLowSurrogate(c)) {
      out.appendCodePoint(Character.toCodePoint(pendingHigh, c));
      pendingHigh = 0;
      return;
    }
    flushHigh(out);
    if (Character.isHighSurrogate(c)) {
      pendingHigh = c;
    } else if (Character.isLowSurrogate(c)) {
      out.appendEscape(c);
    } else {
      out.appendCharacter(c);
    }
  }

  /** A high surrogate that no low one follows has no UTF-8 form: it stays an escape. */
  private void flushHigh(Utf8Buffer out) {
    if (pendingHigh != 0) {
      out.appendEscape(pendingHigh);
      pendingHigh = 0;
    }
  }

  /** Takes one character of a string, escaped or not. */
  private char character() {
    char c = peek();
    at++;
    if (c < 0x20) {
      at--;
      throw malformed(String.format("has the raw control character U+%04X in a string", (int) c));
    }
    if (c != '\\') {
      return c;
    }
    escapes++;
    char escaped = peek();
    at++;
    return switch (escaped) {
      case '"', '\\', '/' -> escaped;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> hexadecimal();
      default -> {
        at--;
        throw malformed("has the unknown escape \\" + escaped);
      }
    };
  }

  private char hexadecimal() {
    int value = 0;
    for (int i = 0; i < 4; i++) {
      char c = peek();
      int digit = c < 0x80 ? Character.digit(c, 16) : -1;
      if (digit < 0) {
        throw unexpected("four hexadecimal digits");
      }
      value = value << 4 | digit;
      at++;
    }
    return (char) value;
  }

  // ---- numbers ---------------------------------------------------------------------------------

  private void number() {
    int start = at;
    if (peek() == '-') {
      at++;
    }
    if (peek() == '0') {
      at++;
    } else {
      digits("a value");
    }
    boolean integer = true;
    if (at < text.length() && text.charAt(at) == '.') {
      integer = false;
      at++;
      digits("a digit");
    }
    if (at < text.length() && (text.charAt(at) == 'e' || text.charAt(at) == 'E')) {
      integer = false;
      at++;
      if (peek() == '+' || peek() == '-') {
        at++;
      }
      int exponent = at;
      digits("a digit");
      if (at - exponent > Json.MAX_EXPONENT_DIGITS) {
        throw new InvalidSpanException(
            "json",
            "has a number with an exponent of more than " + Json.MAX_EXPONENT_DIGITS + " digits");
      }
    }
    if (out == null) {
      return;
    }
    // An integer that ends in no zero is its own canonical form.
    if (integer && text.charAt(at - 1) != '0') {
      out.appendAscii(text, start, at);
    } else {
      out.appendAscii(number(text.substring(start, at)));
    }
  }

  private void digits(String expected) {
    int start = at;
    while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
      at++;
    }
    if (at == start) {
      throw unexpected(expected);
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
    String significant = (negative ? "-" : "") + digits.substring(start, end);
    if (exponentAt < 0) {
      return significant + (shift == 0 ? "" : "e" + shift);
    }
    String spelled = text.substring(exponentAt + 1);
    BigInteger exponent =
        new BigInteger(spelled.startsWith("+") ? spelled.substring(1) : spelled)
            .add(BigInteger.valueOf(shift));
    return significant + (exponent.signum() == 0 ? "" : "e" + exponent);
  }

  // ---- the text --------------------------------------------------------------------------------

  private char peek() {
    if (at >= text.length()) {
      throw malformed(text.isBlank() ? "is empty" : "ends too early");
    }
    return text.charAt(at);
  }

  private void expect(char wanted, String expected) {
    if (peek() != wanted) {
      throw unexpected(expected);
    }
    at++;
  }

  private void skipSpace() {
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
        return;
      }
      at++;
    }
  }

  private void end() {
    skipSpace();
    if (at < text.length()) {
      throw unexpected("the end");
    }
  }

  private InvalidSpanException unexpected(String expected) {
    char c = peek();
    String found = c > 0x20 && c < 0x7F ? "'" + c + "'" : String.format("U+%04X", (int) c);
    return malformed("has " + found + " where " + expected + " should be");
  }

  private InvalidSpanException malformed(String problem) {
    return new InvalidSpanException("json", problem + ", at character " + (at + 1));
  }
}
