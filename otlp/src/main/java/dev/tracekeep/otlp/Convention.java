package dev.tracekeep.otlp;

/** A way of naming attributes. Stateless and thread-safe. */
interface Convention {
  /** Whether the span's attributes follow this convention. */
  boolean isSpokenBy(SpanFields span);

  /** Adds to the draft what the attributes say; what is set already stays. */
  void describe(SpanFields span, Draft draft);
}
