package dev.tracekeep.span;

/** The kinds of OpenTelemetry; a span without one has a null kind. */
public enum SpanKind {
  /** Work inside one process. */
  INTERNAL,
  /** The serving side of a remote call. */
  SERVER,
  /** The calling side of a remote call. */
  CLIENT,
  /** The sender of a message. */
  PRODUCER,
  /** The receiver of a message. */
  CONSUMER
}
