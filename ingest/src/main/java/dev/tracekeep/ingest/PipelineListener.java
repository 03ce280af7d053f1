package dev.tracekeep.ingest;

import dev.tracekeep.span.SpanKey;

/**
 * Hears what an operator should know. Called on the pipeline's thread (a refusal at the door: on
 * the caller's), so it must return soon; what it throws is logged and changes nothing.
 */
public interface PipelineListener {
  /** Hears nothing. */
  PipelineListener NONE = new PipelineListener() {};

  /**
   * An operation is lost to the pipeline: there was no room in time, or neither the store nor the
   * log could take it. Whoever handed it in still has it.
   *
   * @param reason for people, without a payload
   */
  default void refused(SpanKey span, String reason) {}

  /**
   * An operation went to the dead-letter log because the store will never take it.
   *
   * @param reason what the store said, or which transformer failed
   */
  default void deadLettered(SpanKey span, String reason) {}

  /** An update found no row. */
  default void missing(SpanKey span) {}

  /**
   * The pipeline's view of the store has changed.
   *
   * @param reason what the store said; empty where it answered
   */
  default void stateChanged(StoreState from, StoreState to, String reason) {}

  /**
   * The dead-letter log cannot be written: spans stay in memory until it can, or until it is full.
   *
   * @param reason what the file system said
   */
  default void logFailed(String reason) {}
}
