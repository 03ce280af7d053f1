package dev.tracekeep.testing;

import dev.tracekeep.storage.Trace;
import org.jspecify.annotations.Nullable;

/**
 * Where assertions about traces begin. The method goes well with a static import of AssertJ's own
 * {@code assertThat}.
 */
public final class TraceAssertions {
  private TraceAssertions() {}

  /** Assertions about a trace, such as {@link TraceRecorder#trace()}. */
  public static TraceAssert assertThat(@Nullable Trace actual) {
    return new TraceAssert(actual);
  }
}
