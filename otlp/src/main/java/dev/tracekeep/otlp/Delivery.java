package dev.tracekeep.otlp;

import dev.tracekeep.conventions.OtelResource;
import dev.tracekeep.conventions.OtelScope;
import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Span;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Hands the spans and problems of one input to its handler. Not thread-safe. */
final class Delivery {
  private static final int MAX_NAME_IN_MESSAGE = 64;

  private final String source;
  private final OtlpHandler handler;
  private final SpanMapper mapper;
  private final long maxSpanBytes;
  private final Map<String, Tally> tallies = new LinkedHashMap<>();
  private String place = "";
  private long delivered;

  /** What is said once for an input, however often it was met. */
  private static final class Tally {
    final OtlpProblem.Severity severity;
    final long firstLine;
    long count;

    Tally(OtlpProblem.Severity severity, long firstLine) {
      this.severity = severity;
      this.firstLine = firstLine;
    }
  }

  Delivery(String source, OtlpHandler handler, SpanMapper mapper, long maxSpanBytes) {
    this.source = source;
    this.handler = handler;
    this.mapper = mapper;
    this.maxSpanBytes = maxSpanBytes;
  }

  /** Keeps what was found in a part, in order: spans and problems. */
  private static final class Findings implements OtlpHandler {
    final List<Object> found = new ArrayList<>();

    @Override
    public void onSpan(Span span) {
      found.add(span); // its version, which the size needs, is worked out by now
    }

    @Override
    public void onProblem(OtlpProblem problem) {
      found.add(problem);
    }
  }

  /** A delivery for a part of the input, for another thread; {@link #take} hands on what it got. */
  Delivery part() {
    Delivery part = new Delivery(source, new Findings(), mapper, maxSpanBytes);
    part.place = place;
    return part;
  }

  /** Hands on what a {@link #part} has got; call it in the order of the parts. */
  void take(Delivery part) {
    for (Object finding : ((Findings) part.handler).found) {
      if (finding instanceof Span span) {
        handler.onSpan(span);
      } else {
        handler.onProblem((OtlpProblem) finding);
      }
    }
    delivered += part.delivered;
    part.tallies.forEach(
        (message, tally) ->
            tallies.computeIfAbsent(message, key -> new Tally(tally.severity, tally.firstLine))
                    .count +=
                tally.count);
  }

  /** How many spans were handed over. */
  long delivered() {
    return delivered;
  }

  long maxSpanBytes() {
    return maxSpanBytes;
  }

  void span(OtelResource resource, OtelScope scope, SpanFields fields) {
    Span span;
    try {
      span = mapper.map(resource, scope, fields);
      checkSize(span);
    } catch (InvalidSpanException invalid) {
      refused(fields.line, described(fields) + ": " + invalid.getMessage());
      return;
    }
    delivered++;
    handler.onSpan(span);
    for (String remark : fields.remarks()) {
      warning(fields.line, described(fields) + ": " + remark);
    }
    Instant end = span.times().endedAt();
    if (end != null && end.isBefore(span.times().startedAt())) {
      warning(
          fields.line,
          described(fields)
              + ": ended_at "
              + end
              + " is before started_at "
              + span.times().startedAt()
              + "; it was kept as it is");
    }
  }

  void refused(long line, String message) {
    problem(OtlpProblem.Severity.REFUSED, line, message);
  }

  void warning(long line, String message) {
    problem(OtlpProblem.Severity.WARNING, line, message);
  }

  private void problem(OtlpProblem.Severity severity, long line, String message) {
    handler.onProblem(
        place.isEmpty()
            ? new OtlpProblem(source, line, severity, message)
            : new OtlpProblem(source, 0, severity, place + ": " + message));
  }

  /** Says which part of the input the next problems are about, where lines do not; may be empty. */
  void place(String value) {
    place = value;
  }

  /** Notes something that {@link #finish} says once, with the first line and the count. */
  void once(OtlpProblem.Severity severity, long line, String message) {
    tallies.computeIfAbsent(message, key -> new Tally(severity, line)).count++;
  }

  /** Says at the end of the input what was to be said once. */
  void finish() {
    place = "";
    tallies.forEach(
        (message, tally) ->
            problem(
                tally.severity,
                tally.firstLine,
                tally.count == 1 ? message : message + " (" + tally.count + " of this kind)"));
    tallies.clear();
  }

  static InvalidSpanException tooLarge(long limit) {
    return new InvalidSpanException(
        "span", "has more than " + limit + " bytes of text and JSON, the limit (max-span-bytes)");
  }

  /** Says which span it is, as far as that is known. */
  static String described(SpanFields fields) {
    return "span " + printable(fields.spanId) + " of trace " + printable(fields.traceId);
  }

  /** A name that comes from outside must not fill the terminal or steer it. */
  static String printable(String id) {
    if (id.isEmpty()) {
      return "(empty)";
    }
    String shown = id.length() > MAX_NAME_IN_MESSAGE ? id.substring(0, MAX_NAME_IN_MESSAGE) : id;
    return shown.replaceAll("[^\\x21-\\x7E]", "?") + (shown.length() < id.length() ? "..." : "");
  }

  /** The same measure as the stores', so that none of them refuses what was read here. */
  private void checkSize(Span span) {
    if (span.size() > maxSpanBytes) {
      throw tooLarge(maxSpanBytes);
    }
  }
}
