package dev.tracekeep.otlp;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.SequenceInputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.UnexpectedEndOfInputException;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads OTLP/JSON as JSON lines or as a document, whichever it is. JSON lines are taken line by
 * line, so that a broken one does not hurt the others; a document is streamed. Not thread-safe.
 */
final class JsonInput {
  /** OTLP takes three levels for each array of an attribute, and four for each list of pairs. */
  private static final int MAX_DEPTH = 1000;

  /** How the lines of an exporter begin. A document that is laid out by hand or tool does not. */
  private static final List<byte[]> LINE_STARTS =
      List.of(
          "{\"resourceSpans\"".getBytes(StandardCharsets.US_ASCII),
          "{\"resource_spans\"".getBytes(StandardCharsets.US_ASCII));

  private final LineReader lines;
  private final RequestAssembler assembler;
  private final Delivery delivery;
  private final int maxMessageBytes;
  private final JsonFactory factory;

  JsonInput(InputStream in, RequestAssembler assembler, Delivery delivery, int maxMessageBytes) {
    this.lines = new LineReader(in, maxMessageBytes);
    this.assembler = assembler;
    this.delivery = delivery;
    this.maxMessageBytes = maxMessageBytes;
    this.factory =
        JsonFactory.builder()
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxStringLength(maxMessageBytes)
                    .build())
            .build();
  }

  void read() throws IOException {
    if (!lines.nextFits()) {
      readDocument(lines.remaining());
      return;
    }
    skipBlankLines();
    if (isWholeValue()) {
      readLine();
      readLines();
      return;
    }
    long firstNumber = lines.number();
    byte[] first =
        Arrays.copyOfRange(lines.buffer(), lines.start(), lines.start() + lines.length());
    if (lines.nextFits() && lines.next() && (first[0] == '[' || !startsLikeALine())) {
      byte[] newlines = new byte[(int) Math.min(firstNumber - 1, maxMessageBytes)];
      Arrays.fill(newlines, (byte) '\n');
      readDocument(
          new SequenceInputStream(
              Collections.enumeration(
                  List.of(
                      new ByteArrayInputStream(newlines),
                      new ByteArrayInputStream(first),
                      new ByteArrayInputStream(new byte[] {'\n'}),
                      lines.remaining()))));
      return;
    }
    readLine(first, 0, first.length, firstNumber, 0);
    if (lines.number() > firstNumber) {
      readLine();
    }
    readLines();
  }

  private void skipBlankLines() throws IOException {
    while (lines.next() && lines.isBlank()) {}
  }

  private boolean startsLikeALine() {
    int from = lines.start();
    return LINE_STARTS.stream()
        .anyMatch(
            start ->
                lines.length() >= start.length
                    && Arrays.equals(
                        lines.buffer(), from, from + start.length, start, 0, start.length));
  }

  /**
   * Whether the line is one JSON value, and not the first line of a longer one. Broken in its
   * middle, it is a line too: more lines do not mend it.
   */
  private boolean isWholeValue() {
    try (JsonParser parser =
        factory.createParser(
            ObjectReadContext.empty(),
            new ByteArrayInputStream(lines.buffer(), lines.start(), lines.length()))) {
      try {
        parser.nextToken();
        parser.skipChildren();
        return true;
      } catch (JacksonException broken) {
        // Not every end that comes too early has an exception of its own: a comma before it has
        // none.
        return parser.currentLocation().getByteOffset() < lines.length();
      }
    }
  }

  private void readLines() throws IOException {
    while (lines.next()) {
      readLine();
    }
  }

  private void readLine() {
    if (lines.isTooLong()) {
      delivery.refused(
          lines.number(),
          "the line has more than " + maxMessageBytes + " bytes, the limit (max-message-bytes)");
    } else if (!lines.isBlank()) {
      readLine(
          lines.buffer(), lines.start(), lines.length(), lines.number(), lines.invalidUtf8At());
    }
  }

  private void readLine(byte[] bytes, int start, int length, long number, long invalidUtf8At) {
    if (invalidUtf8At > 0) {
      delivery.refused(number, "the line is not UTF-8 from byte " + invalidUtf8At + " on");
      return;
    }
    long before = delivery.delivered();
    try (JsonParser parser =
        factory.createParser(ObjectReadContext.empty(), bytes, start, length)) {
      new JsonRequestReader(parser, assembler, delivery, number).readAll();
    } catch (JacksonException broken) {
      delivery.refused(number, "the line " + fault(broken) + kept(before));
    }
  }

  private void readDocument(InputStream in) throws IOException {
    InputStreamReader text = new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder());
    try (JsonParser parser = factory.createParser(ObjectReadContext.empty(), text)) {
      try {
        new JsonRequestReader(parser, assembler, delivery, 0).readAll();
      } catch (JacksonIOException failed) {
        if (!(failed.getCause() instanceof CharacterCodingException)) {
          throw failed.getCause();
        }
        delivery.refused(line(parser), "the document is not UTF-8 here" + kept(0));
      } catch (JacksonException broken) {
        delivery.refused(line(parser), "the document " + fault(broken) + kept(0));
      }
    }
  }

  private String kept(long before) {
    return assembler.abandon() + (delivery.delivered() == before ? "" : keptBefore(before));
  }

  private String keptBefore(long before) {
    return "; the spans before it were kept (" + (delivery.delivered() - before) + ")";
  }

  /** Says what is wrong, without the parser's words: they quote the text, which may be private. */
  private static String fault(JacksonException broken) {
    TokenStreamLocation location = broken.getLocation();
    String where = location == null ? "" : " at column " + location.getColumnNr();
    if (broken instanceof UnexpectedEndOfInputException) {
      return "ends in the middle of its JSON" + where;
    }
    if (broken instanceof StreamConstraintsException limit) {
      return "is over a limit" + where + ": " + limit.getOriginalMessage();
    }
    return "is no JSON" + where;
  }

  private static long line(JsonParser parser) {
    return parser.currentLocation().getLineNr();
  }
}
