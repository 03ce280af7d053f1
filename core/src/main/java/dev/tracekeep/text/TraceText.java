package dev.tracekeep.text;

import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.span.SpanType;
import dev.tracekeep.span.UsageSum;
import dev.tracekeep.storage.Trace;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A trace as text: as a {@linkplain #drawing drawing}, which is what {@code tracekeep trace}
 * prints, or as an {@linkplain #outline outline} that two runs of one program have in common.
 *
 * <p>Text of spans is made {@linkplain Printable printable}. No chain of spans is too deep, and
 * none is lost: spans whose parent is missing, or whose parents form a circle, stand under a line
 * that says so. Immutable and thread-safe.
 */
public final class TraceText {
  /** A drawing in fewer cells cannot be read. */
  public static final int MIN_WIDTH = 60;

  private static final int DEFAULT_WIDTH = 80;
  private static final int MIN_BAR = 16;
  private static final int MAX_BAR = 48;
  private static final int DURATION = 9;
  private static final int STATUS = 7;
  private static final int GAP = 2;
  private static final int MIN_NAME = 12;
  private static final int MAX_ERROR_TEXT = 600;

  private static final TraceText PLAIN =
      new TraceText(DEFAULT_WIDTH, Glyphs.UNICODE, false, Cells.estimated());

  private final int width;
  private final Glyphs glyphs;
  private final boolean coloured;
  private final Cells cells;

  private TraceText(int width, Glyphs glyphs, boolean coloured, Cells cells) {
    this.width = width;
    this.glyphs = glyphs;
    this.coloured = coloured;
    this.cells = cells;
  }

  /** In Unicode, without colours, 80 cells wide. */
  public static TraceText plain() {
    return PLAIN;
  }

  /**
   * The same in another width. What stands behind a span's status may reach beyond it.
   *
   * @param value in cells
   * @throws IllegalArgumentException if it is below {@link #MIN_WIDTH}
   */
  public TraceText width(int value) {
    if (value < MIN_WIDTH) {
      throw new IllegalArgumentException(
          "The width is " + value + " cells: a trace needs " + MIN_WIDTH);
    }
    return new TraceText(value, glyphs, coloured, cells);
  }

  /** The same with other characters. */
  public TraceText glyphs(Glyphs value) {
    return new TraceText(width, Objects.requireNonNull(value, "glyphs"), coloured, cells);
  }

  /** The same with or without ANSI colours. */
  public TraceText coloured(boolean value) {
    return new TraceText(width, glyphs, value, cells);
  }

  /** The same with another measure of characters. */
  public TraceText cells(Cells value) {
    return new TraceText(width, glyphs, coloured, Objects.requireNonNull(value, "cells"));
  }

  /**
   * The trace on a line of time: what there is to know of it, its tree with a bar for each span,
   * and what went wrong.
   *
   * @return the lines, without line breaks, made as they are read
   */
  public Stream<String> drawing(Trace trace) {
    List<TraceTree.Line> lines = TraceTree.lines(trace.spans(), glyphs);
    int longest = MIN_NAME;
    for (TraceTree.Line line : lines) {
      longest = Math.max(longest, cells.width(line.lead() + text(line)));
    }
    int rest = width - DURATION - STATUS - 3 * GAP;
    int nameWidth = Math.min(longest, rest - MIN_BAR);
    int barWidth = Math.min(MAX_BAR, rest - nameWidth);
    TimeLine timeLine = new TimeLine(trace.spans(), barWidth, glyphs);
    return Stream.of(
            header(trace, timeLine).stream(),
            Stream.of(scale(timeLine, nameWidth, barWidth)),
            lines.stream().map(line -> row(line, nameWidth, timeLine)),
            errors(trace))
        .flatMap(part -> part);
  }

  private List<String> header(Trace trace, TimeLine timeLine) {
    List<String> lines = new ArrayList<>();
    lines.add(
        styled(Style.HEADING, "Trace " + Printable.line(trace.key().traceId()))
            + ("default".equals(trace.key().tenantId())
                ? ""
                : " of tenant " + trace.key().tenantId()));
    long errors = count(trace, SpanStatus.ERROR);
    long running = count(trace, SpanStatus.RUNNING);
    List<String> facts = new ArrayList<>();
    facts.add(Wording.time(timeLine.from()) + " UTC");
    facts.add(Wording.duration(timeLine.length(), glyphs));
    facts.add(Wording.counted(trace.spans().size(), "span", "spans"));
    if (running > 0) {
      facts.add(String.format(Locale.ROOT, "%,d running", running));
    }
    if (timeLine.outliers() > 0) {
      facts.add(String.format(Locale.ROOT, "%,d not on the line of time", timeLine.outliers()));
    }
    facts.add(errors == 0 ? "no errors" : Wording.counted(errors, "error", "errors"));
    facts.addAll(Wording.usage(UsageSum.of(trace.spans())));
    lines.add(String.join(glyphs.separator(), facts));
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
      lines.add(cells.fit(String.join(glyphs.separator(), origin), width, glyphs.ellipsis()));
    }
    lines.add("");
    return lines;
  }

  private static String labelled(String label, @Nullable String value) {
    return value == null ? "" : label + " " + Printable.line(value);
  }

  private static long count(Trace trace, SpanStatus status) {
    return trace.spans().stream().filter(span -> span.status() == status).count();
  }

  private String scale(TimeLine timeLine, int nameWidth, int barWidth) {
    String end = Wording.duration(timeLine.length(), glyphs);
    String scale =
        "0 " + glyphs.rule().repeat(Math.max(1, barWidth - 3 - end.length())) + " " + end;
    return styled(
        Style.FAINT,
        cells.padRight("SPAN", nameWidth + GAP)
            + cells.padRight(scale, barWidth + GAP)
            + cells.padLeft("DURATION", DURATION)
            + "  STATUS");
  }

  private static String text(TraceTree.Line line) {
    Span span = line.span();
    return span == null
        ? "(" + Printable.line(Objects.requireNonNull(line.marker())) + ")"
        : name(span);
  }

  private static String name(Span span) {
    return span.name().isEmpty() ? "(no name)" : Printable.line(span.name());
  }

  private String row(TraceTree.Line line, int nameWidth, TimeLine timeLine) {
    Span span = line.span();
    if (span == null) {
      return styled(Style.PENDING, text(line));
    }
    String name =
        cells.padRight(
            cells.fit(line.lead() + text(line), nameWidth, glyphs.ellipsis()), nameWidth);
    // The lead was measured with the name, and is cut only where nothing else is left.
    int leadEnd = Math.min(line.lead().length(), name.length());
    Style style = Style.of(span.status());
    return styled(Style.FAINT, name.substring(0, leadEnd))
        + name.substring(leadEnd)
        + "  "
        + styled(style, timeLine.bar(span))
        + "  "
        + cells.padLeft(duration(span), DURATION)
        + "  "
        + styled(style, span.status().toString())
        + styled(Style.PENDING, note(span, timeLine))
        + styled(Style.FAINT, usage(span));
  }

  private static String note(Span span, TimeLine timeLine) {
    if (timeLine.isOutlier(span)) {
      Instant end = span.times().endedAt();
      return "  far from the root: "
          + Wording.time(span.times().startedAt())
          + (end == null ? "" : " to " + Wording.time(end));
    }
    return endsEarly(span) ? "  ends before it starts" : "";
  }

  private String usage(Span span) {
    List<String> facts = new ArrayList<>();
    if (span.usage().model() != null) {
      facts.add(Printable.line(span.usage().model()));
    }
    facts.addAll(Wording.usage(UsageSum.of(List.of(span))));
    return facts.isEmpty() ? "" : "  " + String.join(glyphs.separator(), facts);
  }

  private static boolean endsEarly(Span span) {
    Instant end = span.times().endedAt();
    return end != null && end.isBefore(span.times().startedAt());
  }

  private String duration(Span span) {
    Instant end = span.times().endedAt();
    // As it was written: an end before the start is shown as such.
    return end == null
        ? ""
        : Wording.duration(Duration.between(span.times().startedAt(), end), glyphs);
  }

  private Stream<String> errors(Trace trace) {
    List<Span> failed =
        trace.spans().stream().filter(span -> span.payload().error() != null).toList();
    return failed.isEmpty()
        ? Stream.empty()
        : Stream.concat(
            Stream.of("", styled(Style.HEADING, "Errors")), failed.stream().map(this::error));
  }

  private String error(Span span) {
    return "  "
        + Printable.line(span.name())
        + "  "
        + styled(Style.FAINT, span.key().spanId())
        + "  "
        + styled(Style.BAD, errorText(Objects.requireNonNull(span.payload().error())));
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
    return cells.fit(Printable.line(text), MAX_ERROR_TEXT, glyphs.ellipsis());
  }

  /**
   * Every field of every span, in the order of the tree.
   *
   * @return the lines, without line breaks, made as they are read
   */
  public Stream<String> details(Trace trace) {
    int label =
        SpanColumn.all().stream().mapToInt(column -> column.columnName().length()).max().orElse(0);
    return TraceTree.lines(trace.spans(), glyphs).stream()
        .map(TraceTree.Line::span)
        .filter(Objects::nonNull)
        .flatMap(span -> details(span, label));
  }

  private Stream<String> details(Span span, int label) {
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.add(
        styled(Style.HEADING, name(span))
            + "  "
            + styled(Style.of(span.status()), span.status().toString()));
    for (SpanColumn column : SpanColumn.all()) {
      Object value = column.read(span);
      if (value == null
          || value instanceof List<?> list && list.isEmpty()
          || column == SpanColumn.TENANT_ID
          || column == SpanColumn.TRACE_ID
          || column == SpanColumn.NAME) {
        continue;
      }
      lines.add(
          "  "
              + styled(Style.FAINT, cells.padRight(column.columnName(), label))
              + "  "
              + Printable.line(valueText(value)));
    }
    return lines.stream();
  }

  private static String valueText(Object value) {
    return value instanceof BigDecimal number ? number.toPlainString() : value.toString();
  }

  /**
   * The tree alone: of each span its name, its type where it has one, and whether it failed or
   * still runs. No ids, times or numbers, so that two runs of a program that does the same in the
   * same order have the same outline. Siblings stand by their start, those of one instant by name.
   *
   * @return lines that end with a line feed, but the last one; never coloured
   */
  public String outline(Trace trace) {
    List<Span> spans =
        trace.spans().stream()
            .sorted(
                Comparator.comparing((Span span) -> span.times().startedAt())
                    .thenComparing(Span::name))
            .toList();
    return TraceTree.lines(spans, glyphs).stream()
        .map(
            line ->
                line.span() == null
                    // The parent's id is another one in each run.
                    ? "(without a root)"
                    : line.lead() + text(line) + outlined(line.span()))
        .collect(Collectors.joining("\n"));
  }

  private static String outlined(Span span) {
    return (span.type().equals(SpanType.GENERIC) ? "" : "  " + Printable.line(span.type().name()))
        + (span.status() == SpanStatus.OK ? "" : "  " + span.status());
  }

  private String styled(Style style, String text) {
    return coloured ? style.apply(text) : text;
  }
}
