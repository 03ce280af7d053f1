package dev.tracekeep.span;

import java.util.Locale;

/**
 * How a span stands. Derived from its error and its end, never stored by hand, so the two cannot
 * disagree.
 */
public enum SpanStatus {
  /** Ended without an error. */
  OK,
  /** Has no error and no end yet. */
  RUNNING,
  /** Has an error, whether it ended or not. */
  ERROR;

  /** {@code ok}, {@code running} or {@code error}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
