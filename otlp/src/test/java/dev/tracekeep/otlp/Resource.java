package dev.tracekeep.otlp;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** Inputs that are too long for a test's text. */
final class Resource {
  private Resource() {}

  static byte[] read(String name) {
    try (InputStream in = Resource.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new AssertionError("there is no test resource " + name);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
