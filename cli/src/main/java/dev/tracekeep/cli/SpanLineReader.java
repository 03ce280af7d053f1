package dev.tracekeep.cli;

import dev.tracekeep.document.DeadLetter;
import dev.tracekeep.document.SpanLine;
import dev.tracekeep.otlp.OtlpHandler;
import dev.tracekeep.otlp.OtlpProblem;
import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Span;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** Reads Tracekeep's own lines: whole spans, and dead letters that carry one. */
final class SpanLineReader {
  /** How the two kinds of lines begin. */
  private static final String[] STARTS = {"{\"crc32c\":\"", "{\"tenantId\":\""};

  private SpanLineReader() {}

  /** Whether the input begins with such a line; nothing is taken from it. */
  static boolean isOne(BufferedInputStream input) throws IOException {
    input.mark(64);
    try {
      String start = new String(input.readNBytes(16), StandardCharsets.UTF_8);
      for (String each : STARTS) {
        if (start.startsWith(each)) {
          return true;
        }
      }
      return false;
    } finally {
      input.reset();
    }
  }

  /** Reads to the end. A line that is no whole span is a problem, and costs nothing else. */
  static void read(InputStream input, String source, OtlpHandler handler) throws IOException {
    BufferedReader reader =
        new BufferedReader(new InputStreamReader(input, StandardCharsets.UTF_8));
    long number = 0;
    long bytes = 0;
    for (String line = reader.readLine(); line != null; line = reader.readLine()) {
      number++;
      bytes += line.length() + 1;
      if (line.isBlank()) {
        continue;
      }
      try {
        handler.onSpan(span(line));
      } catch (InvalidSpanException e) {
        handler.onProblem(
            new OtlpProblem(source, number, OtlpProblem.Severity.REFUSED, e.getMessage()));
      }
      handler.onBytes(bytes);
    }
  }

  private static Span span(String line) {
    if (!DeadLetter.isOne(line)) {
      return SpanLine.span(line);
    }
    DeadLetter letter = DeadLetter.parse(line);
    Span span = letter.span();
    if (span == null) {
      throw new InvalidSpanException(
          "operation",
          "is an update of the span "
              + letter.key()
              + ", which needs the letters before it: 'tracekeep dlq replay' stores it from the"
              + " log's folder");
    }
    return span;
  }
}
