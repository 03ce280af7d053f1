package dev.tracekeep.document;

import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Json;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Takes one JSON object apart into its members, whose values it passes over by their brackets and
 * quotes alone.
 *
 * <p>Why not {@link Json#members()}: a value may be nested as deeply as a span allows, and stands
 * one or two levels deeper in a line, so the limit on depth must hold for each value and not for
 * the line. A value is checked when it is made a {@link Json}, and no text is read twice.
 */
final class MemberScanner {
  private final String text;
  private final String field;
  private int at;

  private MemberScanner(String text, String field) {
    this.text = text;
    this.field = field;
  }

  /**
   * The members by name, in order, each with the text of its value.
   *
   * @param field what messages call the text
   * @throws InvalidSpanException if the text is no object, or repeats a name
   */
  static Map<String, String> members(String text, String field) {
    return new MemberScanner(text, field).object();
  }

  private Map<String, String> object() {
    Map<String, String> members = new LinkedHashMap<>();
    skipSpace();
    expect('{');
    skipSpace();
    if (peek() == '}') {
      at++;
    } else {
      do {
        skipSpace();
        String name = name();
        skipSpace();
        expect(':');
        skipSpace();
        int start = at;
        skipValue();
        if (members.put(name, text.substring(start, at).stripTrailing()) != null) {
          throw malformed("repeats the member '" + name + "'");
        }
      } while (more());
    }
    skipSpace();
    if (at < text.length()) {
      throw malformed("goes on after its end");
    }
    return members;
  }

  private String name() {
    int start = at;
    skipString();
    return Json.ofStored(text.substring(start, at)).asText();
  }

  private boolean more() {
    char c = peek();
    at++;
    if (c != ',' && c != '}') {
      throw malformed("has no comma behind a member");
    }
    return c == ',';
  }

  /** Ends behind the value: at a comma or a closing brace of this object. */
  private void skipValue() {
    int depth = 0;
    while (true) {
      switch (peek()) {
        case '"' -> skipString();
        case '{', '[' -> {
          depth++;
          at++;
        }
        case '}', ']' -> {
          if (depth == 0) {
            return;
          }
          depth--;
          at++;
        }
        case ',' -> {
          if (depth == 0) {
            return;
          }
          at++;
        }
        default -> at++;
      }
    }
  }

  private void skipString() {
    expect('"');
    while (peek() != '"') {
      at += peek() == '\\' ? 2 : 1;
    }
    at++;
  }

  private void skipSpace() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private void expect(char wanted) {
    if (peek() != wanted) {
      throw malformed("is no JSON object");
    }
    at++;
  }

  private char peek() {
    if (at >= text.length()) {
      throw malformed("ends too early");
    }
    return text.charAt(at);
  }

  private InvalidSpanException malformed(String problem) {
    return new InvalidSpanException(field, problem + " (at character " + at + ")");
  }
}
