package dev.tracekeep.cli;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.storage.Trace;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/** A trace as a picture: its tree, a bar for each span, and what went wrong. */
final class TraceView {
  private static final int MIN_BAR = 16;
  private static final int MAX_BAR = 48;
  private static final int DURATION = 9;
  private static final int STATUS = 7;
  private static final int GAP = 2;
  private static final int MIN_NAME = 12;
  private static final int MAX_ERROR_TEXT = 600;

  private final Console console;
  private final Glyphs glyphs;
  private final PrintWriter out;

  TraceView(Console console) {
    this.console = console;
    this.glyphs = console.glyphs();
    this.out = console.out();
  }

  /** Draws the tree. */
  void draw(Trace trace) {
    List<TraceTree.Line> lines = TraceTree.lines(trace, glyphs);
    int nameWidth = MIN_NAME;
    for (TraceTree.Line line : lines) {
      nameWidth = Math.max(nameWidth, Printable.width(line.lead() + text(line)));
    }
    int rest = console.terminal().width() - DURATION - STATUS - 3 * GAP;
    nameWidth = Math.min(nameWidth, rest - MIN_BAR);
    int barWidth = Math.min(MAX_BAR, rest - nameWidth);
    TimeLine timeLine = new TimeLine(trace.spans(), barWidth, glyphs);

    header(trace, timeLine);
    String end = Durations.format(timeLine.length(), glyphs);
    String scale = "0 " + glyphs.rule.repeat(Math.max(1, barWidth - 3 - end.length())) + " " + end;
    out.println(
        console.styled(
            Style.FAINT,
            Printable.padRight("SPAN", nameWidth + GAP)
                + Printable.padRight(scale, barWidth + GAP)
                + Printable.padLeft("DURATION", DURATION)
                + "  STATUS"));
    for (TraceTree.Line line : lines) {
      print(line, nameWidth, timeLine);
      if (out.checkError()) {
        return; // Nobody reads on.
      }
    }
    errors(trace);
  }

  private void header(Trace trace, TimeLine timeLine) {
    long errors = count(trace, SpanStatus.ERROR);
    long running = count(trace, SpanStatus.RUNNING);
    out.println(
        console.styled(Style.HEADING, "Trace " + Printable.line(trace.key().traceId()))
            + ("default".equals(trace.key().tenantId())
                ? ""
                : " of tenant " + trace.key().tenantId()));
    List<String> facts = new ArrayList<>();
    facts.add(Instants.format(timeLine.from()) + " UTC");
    facts.add(Durations.format(timeLine.length(), glyphs));
    facts.add(counted(trace.spans().size(), "span", "spans"));
    if (running > 0) {
      facts.add(String.format(Locale.ROOT, "%,d running", running));
    }
    if (timeLine.outliers() > 0) {
      facts.add(String.format(Locale.ROOT, "%,d not on the line of time", timeLine.outliers()));
    }
    facts.add(errors == 0 ? "no errors" : counted(errors, "error", "errors"));
    facts.addAll(UsageSum.of(trace.spans()).facts());
    out.println(String.join(glyphs.separator, facts));
    Set<String> origin = new LinkedHashSet<>();
    trace.spans().stream()
        .flatMap(
            span ->
                Stream.of(
                    labelled("service", span.origin().serviceName()),
                    labelled("environment", span.origin().environment()),
                    labelled("user", span.correlation().userId()),
                    labelled("session", span.correlation().sessionId())))
        .filter(fact -> !fact.isEmpty())
        .limit(1000)
        .forEach(origin::add);
    if (!origin.isEmpty()) {
      out.println(
          Printable.fit(
              String.join(glyphs.separator, origin), console.terminal().width(), glyphs.ellipsis));
    }
    out.println();
  }

  private static String labelled(String label, @org.jspecify.annotations.Nullable String value) {
    return value == null ? "" : label + " " + Printable.line(value);
  }

  private static long count(Trace trace, SpanStatus status) {
    return trace.spans().stream().filter(span -> span.status() == status).count();
  }

  static String counted(long count, String one, String many) {
    return String.format(Locale.ROOT, "%,d %s", count, count == 1 ? one : many);
  }

  private static String text(TraceTree.Line line) {
    Span span = line.span();
    if (span == null) {
      return "(" + Printable.line(Objects.requireNonNull(line.marker())) + ")";
    }
    return span.name().isEmpty() ? "(no name)" : Printable.line(span.name());
  }

  private void print(TraceTree.Line line, int nameWidth, TimeLine timeLine) {
    Span span = line.span();
    if (span == null) {
      out.println(console.styled(Style.PENDING, text(line)));
      return;
    }
    String name =
        Printable.padRight(
            Printable.fit(line.lead() + text(line), nameWidth, glyphs.ellipsis), nameWidth);
    // The lead was measured with the name, and is cut only where nothing else is left.
    int leadEnd = Math.min(line.lead().length(), name.length());
    Style style = Style.of(span.status());
    out.println(
        console.styled(Style.FAINT, name.substring(0, leadEnd))
            + name.substring(leadEnd)
            + "  "
            + console.styled(style, timeLine.bar(span))
            + "  "
            + Printable.padLeft(duration(span), DURATION)
            + "  "
            + console.styled(style, span.status().toString())
            + console.styled(Style.PENDING, note(span, timeLine))
            + console.styled(Style.FAINT, usage(span)));
  }

  private static String note(Span span, TimeLine timeLine) {
    if (timeLine.isOutlier(span)) {
      Instant end = span.times().endedAt();
      return "  far from the root: "
          + Instants.format(span.times().startedAt())
          + (end == null ? "" : " to " + Instants.format(end));
    }
    return endsEarly(span) ? "  ends before it starts" : "";
  }

  private String usage(Span span) {
    List<String> facts = new ArrayList<>();
    if (span.usage().model() != null) {
      facts.add(Printable.line(span.usage().model()));
    }
    facts.addAll(UsageSum.of(List.of(span)).facts());
    return facts.isEmpty() ? "" : "  " + String.join(glyphs.separator, facts);
  }

  private static boolean endsEarly(Span span) {
    Instant end = span.times().endedAt();
    return end != null && end.isBefore(span.times().startedAt());
  }

  private String duration(Span span) {
    Instant end = span.times().endedAt();
    return end == null
        ? ""
        : Durations.format(Duration.between(span.times().startedAt(), end), glyphs);
  }

  private void errors(Trace trace) {
    boolean first = true;
    for (Span span : trace.spans()) {
      Json error = span.payload().error();
      if (error == null) {
        continue;
      }
      if (first) {
        out.println();
        out.println(console.styled(Style.HEADING, "Errors"));
        first = false;
      }
      out.println(
          "  "
              + Printable.line(span.name())
              + "  "
              + console.styled(Style.FAINT, span.key().spanId())
              + "  "
              + console.styled(Style.BAD, errorText(error)));
      if (out.checkError()) {
        return;
      }
    }
  }

  private String errorText(Json error) {
    String text = error.asText();
    if (error.kind() == Json.Kind.OBJECT) {
      Json message = error.get("message");
      Json type = error.get("type");
      // OpenTelemetry allows an error that says nothing about itself.
      text =
          message != null
              ? message.asText()
              : type != null ? "type " + type.asText() : "(without a message)";
    }
    return Printable.fit(Printable.line(text), MAX_ERROR_TEXT, glyphs.ellipsis);
  }

  private static String text(Object value) {
    return value instanceof BigDecimal number ? number.toPlainString() : value.toString();
  }

  /** Writes down every field of every span, in the order of the tree. */
  void details(Trace trace) {
    int label =
        SpanColumn.all().stream().mapToInt(column -> column.columnName().length()).max().orElse(0);
    for (TraceTree.Line line : TraceTree.lines(trace, glyphs)) {
      Span span = line.span();
      if (span == null) {
        continue;
      }
      out.println();
      out.println(
          console.styled(Style.HEADING, text(line))
              + "  "
              + console.styled(Style.of(span.status()), span.status().toString()));
      for (SpanColumn column : SpanColumn.all()) {
        Object value = column.read(span);
        if (value == null
            || value instanceof List<?> list && list.isEmpty()
            || column == SpanColumn.TENANT_ID
            || column == SpanColumn.TRACE_ID
            || column == SpanColumn.NAME) {
          continue;
        }
        out.println(
            "  "
                + console.styled(Style.FAINT, Printable.padRight(column.columnName(), label))
                + "  "
                + Printable.line(text(value)));
      }
      if (out.checkError()) {
        return;
      }
    }
  }
}
