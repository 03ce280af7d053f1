package dev.tracekeep.otlp;

import dev.tracekeep.span.Span;

/**
 * Takes what an {@link OtlpReader} finds, in the order of the input. All methods of one handler are
 * called by the thread that called {@link OtlpReader#read}; what they throw ends the reading and
 * reaches the caller.
 */
public interface OtlpHandler {
  /** A span; never null, and never one that is over the reader's limit. */
  void onSpan(Span span);

  /** Something that was not imported, or is odd. The reading goes on as far as it can. */
  void onProblem(OtlpProblem problem);

  /**
   * How far the reading has come, for a progress bar. Called now and then, and once at the end.
   *
   * @param bytes how many bytes of the input, compressed as it came, were taken so far
   */
  default void onBytes(long bytes) {}
}
