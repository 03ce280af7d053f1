package dev.tracekeep.storage;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanStatus;
import dev.tracekeep.span.TraceKey;

/**
 * A trace in a list: its root span, {@linkplain Span#isLight() light}.
 *
 * @param root the first span of the trace that has no parent
 */
public record TraceSummary(Span root) {
  /** The trace. */
  public TraceKey key() {
    return root.key().trace();
  }

  /** How the root stands. */
  public SpanStatus status() {
    return root.status();
  }
}
