package dev.tracekeep.otlp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Span;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.zip.GZIPOutputStream;

/** Everything that one reading gave. */
final class Collected implements OtlpHandler {
  static final String SOURCE = "spans.json";

  final List<Span> spans = new ArrayList<>();
  final List<OtlpProblem> problems = new ArrayList<>();

  /** Both in their order. */
  final List<Object> findings = new ArrayList<>();

  long bytes;

  static Collected of(String text) {
    return of(text.getBytes(StandardCharsets.UTF_8));
  }

  static Collected of(byte[] input) {
    return of(OtlpReader.builder().build(), input);
  }

  /** Reads alone and with the help of other threads: both must give the same. */
  static Collected of(OtlpReader reader, byte[] input) {
    Collected collected = new Collected();
    Collected ahead = new Collected();
    try {
      reader.read(new ByteArrayInputStream(input), SOURCE, collected);
      reader.read(new ByteArrayInputStream(input), SOURCE, ahead, ForkJoinPool.commonPool());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    assertThat(ahead.findings).isEqualTo(collected.findings);
    assertThat(ahead.bytes).isEqualTo(collected.bytes);
    return collected;
  }

  /** Reads one span with these fields, given as JSON members beside the ids and the times. */
  static Span span(String members) {
    Collected collected = of(Requests.line(Requests.span("0102030405060708", members)));
    if (collected.spans.size() != 1 || !collected.problems.isEmpty()) {
      throw new AssertionError(collected.problems.toString());
    }
    return collected.spans.get(0);
  }

  static byte[] gzip(byte[] input) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(input);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  List<String> ids() {
    return spans.stream().map(span -> span.key().spanId()).toList();
  }

  List<String> messages() {
    return problems.stream().map(OtlpProblem::toString).toList();
  }

  @Override
  public void onSpan(Span span) {
    spans.add(span);
    findings.add(span);
  }

  @Override
  public void onProblem(OtlpProblem problem) {
    problems.add(problem);
    findings.add(problem);
  }

  @Override
  public void onBytes(long bytes) {
    this.bytes = bytes;
  }
}
