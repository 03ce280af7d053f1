package dev.tracekeep.cli;

import dev.tracekeep.span.Span;
import java.io.IOException;
import java.io.InputStream;

/** Spans out of OTLP. */
final class OtlpInput {
  static OtlpInput of(String tenant) {
    return new OtlpInput();
  }

  interface Handler {
    void span(Span span);

    void refused(String message);

    void warning(String message);

    void bytes(long bytes);
  }

  void read(InputStream stream, String name, Handler handler) throws IOException {
    throw new IOException("not yet");
  }
}
