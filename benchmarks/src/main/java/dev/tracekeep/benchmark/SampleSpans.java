package dev.tracekeep.benchmark;

import dev.tracekeep.otlp.OtlpHandler;
import dev.tracekeep.otlp.OtlpProblem;
import dev.tracekeep.otlp.OtlpReader;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * The sample's real spans, blown up to any number: the content repeats, the ids and times do not.
 */
final class SampleSpans {
  /** Where the sample is, from the root of the project. */
  private static final Path SAMPLE =
      Path.of(System.getProperty("tracekeep.sample", "samples/travel-agent.otlp.jsonl"));

  private SampleSpans() {}

  /**
   * Makes spans whose JSON was never looked at, as they are when they come from outside: what their
   * versions cost is part of every measured write.
   *
   * @param spansPerTrace how many spans follow each other in one trace, the first of them the root
   */
  static List<Span> make(int count, int spansPerTrace) {
    List<Span> sample = read();
    List<Span> spans = new ArrayList<>(count);
    Instant start = Instant.parse("2026-01-01T00:00:00Z");
    for (int i = 0; i < count; i++) {
      int trace = i / spansPerTrace;
      boolean root = i % spansPerTrace == 0;
      String traceId = String.format("%032x", trace * 0x9E3779B97F4A7C15L);
      Span model = sample.get(i % sample.size());
      Duration shift = Duration.between(model.times().startedAt(), start.plusMillis(i));
      int position = i;
      spans.add(
          Span.fromColumns(
              SpanColumn.all(),
              column ->
                  switch (column) {
                    case TENANT_ID -> SpanKey.DEFAULT_TENANT;
                    case TRACE_ID -> traceId;
                    case SPAN_ID -> spanId(position);
                    case PARENT_SPAN_ID ->
                        root ? null : spanId(position - position % spansPerTrace);
                    default -> moved(column.read(model), shift);
                  }));
    }
    return spans;
  }

  private static String spanId(int position) {
    return String.format("%016x", position * 0xBF58476D1CE4E5B9L);
  }

  private static Object moved(Object value, Duration shift) {
    if (value instanceof Instant time) {
      return time.plus(shift);
    }
    return value instanceof Json json ? Json.ofStored(json.text()) : value;
  }

  private static List<Span> read() {
    List<Span> spans = new ArrayList<>();
    try (InputStream in = Files.newInputStream(SAMPLE)) {
      OtlpReader.builder()
          .build()
          .read(
              in,
              SAMPLE.toString(),
              new OtlpHandler() {
                @Override
                public void onSpan(Span span) {
                  spans.add(span);
                }

                @Override
                public void onProblem(OtlpProblem problem) {
                  throw new IllegalStateException(problem.toString());
                }
              });
    } catch (IOException e) {
      throw new UncheckedIOException("Run the benchmarks from the root of the project", e);
    }
    return spans;
  }
}
