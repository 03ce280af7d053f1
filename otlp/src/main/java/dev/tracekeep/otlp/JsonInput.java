package dev.tracekeep.otlp;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads OTLP/JSON as JSON lines, as a document or as the records of RFC 7464, whichever it is.
 * Lines and records are taken one by one, so that a broken one does not hurt the others; a document
 * is streamed, and behind a fault in it the reading goes on at the next line that is a request. Not
 * thread-safe.
 */
final class JsonInput {
  /** What stands in front of each record of RFC 7464. */
  static final char RECORD_SEPARATOR = '\u001E';

  /** What the console exporters print that print no JSON, and whose it is. */
  private static final List<List<String>> CONSOLES =
      List.of(
          List.of("instrumentationScope: {", "OpenTelemetry's JavaScript SDK"),
          List.of("Activity.TraceId:", "OpenTelemetry's .NET SDK"),
          List.of("[tracer: ", "OpenTelemetry's Java SDK"));

  private final RequestAssembler assembler;
  private final Delivery delivery;
  private final int maxMessageBytes;
  private final boolean isSequence;
  private final @Nullable Executor decoders;
  private final JsonFactory factory;
  private final LineDecoder decoder;
  private LineReader lines;

  JsonInput(
      InputStream in,
      RequestAssembler assembler,
      Delivery delivery,
      int maxMessageBytes,
      boolean isSequence,
      @Nullable Executor decoders) {
    this.assembler = assembler;
    this.delivery = delivery;
    this.maxMessageBytes = maxMessageBytes;
    this.isSequence = isSequence;
    this.decoders = decoders;
    this.lines = new LineReader(in, maxMessageBytes, isSequence ? RECORD_SEPARATOR : '\n', 1);
    this.factory = factory(maxMessageBytes);
    this.decoder = new LineDecoder(factory, assembler, delivery);
  }

  static JsonFactory factory(int maxMessageBytes) {
    return JsonFactory.builder()
        .streamReadConstraints(
            StreamReadConstraints.builder()
                .maxNestingDepth(LineDecoder.MAX_DEPTH)
                .maxStringLength(maxMessageBytes)
                .build())
        .build();
  }

  void read() throws IOException {
    if (!isSequence && !readStart()) {
      return;
    }
    if (decoders == null) {
      while (lines.next()) {
        readLine();
      }
    } else {
      new LinesAhead(factory, delivery, decoders).readAll(lines, this::readLine);
    }
  }

  /**
   * Reads up to the end of the first line that has JSON, or of the document.
   *
   * @return whether lines may follow
   */
  private boolean readStart() throws IOException {
    long foreignLines = 0;
    long firstForeign = 0;
    String console = null;
    while (true) {
      boolean fits = lines.nextFits();
      if (!fits && isBracket(lines.firstSolidOfNext())) {
        reportForeign(foreignLines, firstForeign);
        readDocument(lines.remaining(), lines.number());
        return true;
      }
      if (!lines.next()) {
        reportNothing(foreignLines, console);
        return false;
      }
      if (lines.isBlank() && !lines.isTooLong()) {
        continue;
      }
      if (fits && hasJson()) {
        break;
      }
      if (foreignLines++ == 0) {
        firstForeign = lines.number();
      }
      console = console == null ? console() : console;
    }
    reportForeign(foreignLines, firstForeign);
    readFirstJson();
    return true;
  }

  /** The first line with JSON: a request, or the start of a document. */
  private void readFirstJson() throws IOException {
    if (!isBracket(lines.firstSolid()) || isWholeValue()) {
      readLine();
      return;
    }
    long firstNumber = lines.number();
    int length = lines.length();
    byte[] first = Arrays.copyOfRange(lines.buffer(), lines.start(), lines.start() + length);
    boolean firstIsAscii = lines.isAscii();
    if (lines.nextFits()
        && lines.next()
        && (lines.firstSolid() != 0 || !lines.isBlank())
        && (first[0] == '[' || requestAt(lines.start(), lines.start() + lines.length()) < 0)) {
      readDocument(
          new SequenceInputStream(
              Collections.enumeration(
                  List.of(
                      new ByteArrayInputStream(first),
                      new ByteArrayInputStream(new byte[] {'\n'}),
                      lines.remaining()))),
          firstNumber - 1);
      return;
    }
    decoder.read(first, 0, length, firstNumber, firstIsAscii);
    if (lines.number() > firstNumber) {
      readLine();
    }
  }

  static boolean isBracket(byte b) {
    return b == '{' || b == '[';
  }

  /** Whether the line begins like JSON, or has a request in it. */
  private boolean hasJson() {
    byte first = lines.firstSolid();
    // Brackets stand around the times and levels of log lines, too.
    return first == '{'
        || first == '[' && (isWholeJson() || holdsObjects())
        || requestAt(lines.start(), lines.start() + lines.length()) >= 0;
  }

  private boolean holdsObjects() {
    byte[] buffer = lines.buffer();
    int i = lines.start();
    int end = i + lines.length();
    int seen = 0;
    for (; i < end; i++) {
      if (buffer[i] > ' ' && seen++ > 0) {
        return isBracket(buffer[i]);
      }
    }
    return true; // The bracket stands alone, as in a document that is laid out.
  }

  private boolean isWholeJson() {
    try (JsonParser parser = lineParser()) {
      parser.nextToken();
      parser.skipChildren();
      return parser.nextToken() == null;
    } catch (JacksonException broken) {
      return false;
    }
  }

  private JsonParser lineParser() {
    return factory.createParser(
        ObjectReadContext.empty(), lines.buffer(), lines.start(), lines.length());
  }

  /** What a console exporter has printed; null if it is none of these. */
  private @Nullable String console() {
    String line =
        new String(
            lines.buffer(),
            lines.start(),
            Math.min(lines.length(), InputFormat.HEAD_BYTES),
            StandardCharsets.ISO_8859_1);
    return CONSOLES.stream()
        .filter(console -> line.contains(console.get(0)))
        .map(console -> console.get(1))
        .findFirst()
        .orElse(null);
  }

  private static String consoleOutput(String console) {
    return "the input is the console output of "
        + console
        + ", not OTLP: use its OTLP exporter, and the file exporter of an OpenTelemetry Collector";
  }

  private void reportForeign(long count, long first) {
    if (count > 0) {
      delivery.refused(
          first,
          count == 1
              ? "the line is no JSON"
              : "the first " + count + " lines with text in them are no JSON");
    }
  }

  private void reportNothing(long foreignLines, @Nullable String console) {
    if (foreignLines == 0) {
      delivery.warning(0, OtlpReader.EMPTY);
    } else if (console != null) {
      delivery.refused(0, consoleOutput(console));
    } else {
      delivery.refused(0, OtlpReader.NO_OTLP);
    }
  }

  /**
   * Whether the line is one JSON value, and not the first line of a longer one. Broken in its
   * middle, it is a line too: more lines do not mend it.
   */
  private boolean isWholeValue() {
    try (JsonParser parser = lineParser()) {
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

  private void readLine() {
    if (lines.isTooLong()) {
      delivery.refused(
          lines.number(), "the line has more than " + maxMessageBytes + " bytes, the limit");
    } else if (!lines.isBlank()) {
      decoder.read(lines.buffer(), lines.start(), lines.length(), lines.number(), lines.isAscii());
    }
  }

  /** Where a request begins in the current line; negative if none does. */
  private int requestAt(int from, int end) {
    return LineDecoder.requestAt(lines.buffer(), from, end);
  }

  /**
   * Streams a document.
   *
   * @param linesBefore how many lines stand before it
   */
  private void readDocument(InputStream in, long linesBefore) throws IOException {
    Utf8Input text = new Utf8Input(in);
    String problem;
    long faultLine;
    ByteArrayOutputStream unread = new ByteArrayOutputStream();
    try (JsonParser parser = factory.createParser(ObjectReadContext.empty(), text)) {
      try {
        RequestFinder requests =
            new RequestFinder(
                parser,
                new JsonRequestReader(
                    parser,
                    assembler,
                    delivery,
                    () -> linesBefore + parser.currentTokenLocation().getLineNr()),
                assembler,
                delivery);
        requests.readAll();
        return;
      } catch (JacksonIOException failed) {
        if (!(failed.getCause() instanceof CharacterCodingException
            || failed.getCause() instanceof CharConversionException)) {
          throw failed.getCause();
        }
        problem = "the document is not UTF-8 here";
      } catch (JacksonException broken) {
        problem = LineDecoder.fault("the document ", broken, 0).message(0);
      }
      faultLine = linesBefore + parser.currentLocation().getLineNr();
      parser.releaseBuffered(unread);
    }
    problem += assembler.abandon() + decoder.kept(0);
    InputStream rest =
        new SequenceInputStream(new ByteArrayInputStream(unread.toByteArray()), text.remaining());
    lines = new LineReader(rest, maxMessageBytes, '\n', faultLine);
    goOnAtNextRequest(faultLine, problem);
  }

  private void goOnAtNextRequest(long faultLine, String problem) throws IOException {
    boolean hasRest = false;
    String console = null;
    while (lines.next()) {
      if (!lines.isTooLong() && requestAt(lines.start(), lines.start() + lines.length()) >= 0) {
        delivery.refused(
            faultLine,
            lines.number() == faultLine
                ? problem + "; the next request on the line was read on its own"
                : problem + "; the reading goes on at line " + lines.number());
        int start = requestAt(lines.start(), lines.start() + lines.length());
        decoder.read(
            lines.buffer(),
            start,
            lines.start() + lines.length() - start,
            lines.number(),
            lines.isAscii());
        return;
      }
      hasRest |= !lines.isBlank() || lines.isTooLong();
      console = console == null ? console() : console;
    }
    if (console != null && delivery.delivered() == 0) {
      delivery.refused(0, consoleOutput(console));
      return;
    }
    delivery.refused(faultLine, problem + (hasRest ? "; the rest was not read" : ""));
  }
}
