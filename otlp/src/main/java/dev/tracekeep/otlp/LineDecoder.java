package dev.tracekeep.otlp;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.UnexpectedEndOfInputException;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads requests that stand on one line each. No line depends on another one. Not thread-safe, but
 * each thread may have its own.
 */
final class LineDecoder {
  /** OTLP takes three levels for each array of an attribute, and four for each list of pairs. */
  static final int MAX_DEPTH = 1000;

  /** More requests behind torn ones on one line are no accident. */
  private static final int MAX_RESTARTS = 16;

  /** How the lines of an exporter begin. A document that is laid out by hand or tool does not. */
  private static final List<byte[]> REQUEST_STARTS =
      List.of(
          "{\"resourceSpans\"".getBytes(StandardCharsets.US_ASCII),
          "{\"resource_spans\"".getBytes(StandardCharsets.US_ASCII));

  private final JsonFactory factory;
  private final RequestAssembler assembler;
  private final Delivery delivery;

  LineDecoder(JsonFactory factory, RequestAssembler assembler, Delivery delivery) {
    this.factory = factory;
    this.assembler = assembler;
    this.delivery = delivery;
  }

  /** Reads a line. A request may stand behind one that was torn when its writer died. */
  void read(byte[] text, int start, int length, long number, boolean isAscii) {
    int end = start + length;
    int from = start;
    for (int restarts = 0; from >= 0; restarts++) {
      long before = delivery.delivered();
      Fault fault = readRequest(text, from, end, number, isAscii);
      if (fault == null) {
        return;
      }
      int next =
          restarts < MAX_RESTARTS ? requestAt(text, from + fault.lastRequestAt + 1, end) : -1;
      String goesOn =
          next < 0 ? "" : "; the request at column " + (next - start + 1) + " was read on its own";
      delivery.refused(
          number, fault.message(from - start) + assembler.abandon() + kept(before) + goesOn);
      from = next;
    }
  }

  /**
   * Reads the body of one request, all of it or nothing.
   *
   * @throws MalformedRequestException if it is no request
   */
  void readBody(byte[] body) throws MalformedRequestException {
    int start = solid(body, 0, body.length);
    if (start == body.length) {
      return;
    }
    int invalidAt = Utf8.invalidAt(body, start, body.length);
    if (invalidAt >= 0 || body[start] != '{') {
      throw new MalformedRequestException(
          invalidAt >= 0
              ? "the body is not UTF-8 at byte " + (start + invalidAt + 1)
              : "the body is no ExportTraceServiceRequest in JSON: it must be an object");
    }
    try (JsonParser parser = factory.createParser(ObjectReadContext.empty(), body)) {
      RequestFinder requests =
          new RequestFinder(
              parser,
              new JsonRequestReader(
                  parser, assembler, delivery, () -> parser.currentTokenLocation().getLineNr()),
              assembler,
              delivery);
      try {
        requests.readAll();
      } catch (JacksonException broken) {
        throw new MalformedRequestException(
            fault("the body ", broken, 0).message(0) + " of line " + line(broken));
      }
    }
  }

  private static long line(JacksonException broken) {
    TokenStreamLocation location = broken.getLocation();
    return location == null ? 1 : location.getLineNr();
  }

  /**
   * What is wrong with a part of a line.
   *
   * @param lastRequestAt where the last request began, from the start of the part
   * @param column where the fault is, from the start of the part; negative if that is not known
   */
  record Fault(int lastRequestAt, String words, long column, String rest) {
    String message(int columnsBefore) {
      return words + (column < 0 ? "" : " at column " + (column + columnsBefore)) + rest;
    }
  }

  /** Null if nothing is wrong. */
  private @Nullable Fault readRequest(
      byte[] text, int from, int end, long number, boolean isAscii) {
    int invalidAt = isAscii ? -1 : Utf8.invalidAt(text, from, end);
    if (invalidAt >= 0) {
      return new Fault(0, "the line is not UTF-8", invalidAt + 1L, "");
    }
    if (!JsonInput.isBracket(text[from])) {
      // Jackson would take it for UTF-16 or UTF-32 where its first bytes are zeros.
      int solid = solid(text, from, end);
      if (solid == end || !JsonInput.isBracket(text[solid])) {
        return new Fault(0, "the line is no JSON", solid - from + 1L, "");
      }
    }
    try (JsonParser parser =
        factory.createParser(ObjectReadContext.empty(), text, from, end - from)) {
      RequestFinder requests =
          new RequestFinder(
              parser,
              new JsonRequestReader(parser, assembler, delivery, () -> number),
              assembler,
              delivery);
      try {
        requests.readAll();
        return null;
      } catch (JacksonException broken) {
        return fault("the line ", broken, (int) Math.max(0, requests.lastRequestAt()));
      }
    }
  }

  /** Where the first byte stands that is no white space; the end if there is none. */
  private static int solid(byte[] text, int from, int end) {
    int i = from;
    while (i < end && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '\n')) {
      i++;
    }
    return i;
  }

  /** In a JSON string its quotes would be escaped, so this is never the text of an attribute. */
  static int requestAt(byte[] text, int from, int end) {
    for (int i = from; i < end; i++) {
      if (text[i] == '{') {
        for (byte[] start : REQUEST_STARTS) {
          if (end - i >= start.length
              && Arrays.equals(text, i, i + start.length, start, 0, start.length)) {
            return i;
          }
        }
      }
    }
    return -1;
  }

  String kept(long before) {
    return delivery.delivered() == before
        ? ""
        : "; the spans before it were kept (" + (delivery.delivered() - before) + ")";
  }

  /** Says what is wrong, without the parser's words: they quote the text, which may be private. */
  static Fault fault(String what, JacksonException broken, int lastRequestAt) {
    TokenStreamLocation location = broken.getLocation();
    long column = location == null ? -1 : location.getColumnNr();
    if (broken instanceof UnexpectedEndOfInputException) {
      return new Fault(lastRequestAt, what + "ends in the middle of its JSON", column, "");
    }
    if (broken instanceof StreamConstraintsException limit) {
      return new Fault(lastRequestAt, what + "is over a limit", column, ": " + reason(limit));
    }
    return new Fault(lastRequestAt, what + "is no JSON", column, "");
  }

  private static String reason(StreamConstraintsException limit) {
    String message = String.valueOf(limit.getOriginalMessage());
    if (message.contains("nesting depth")) {
      return "it nests objects and arrays more than " + MAX_DEPTH + " deep";
    }
    return message.contains("String value length")
        ? "one of its strings is too long"
        : "one of its numbers or names is too long";
  }
}
