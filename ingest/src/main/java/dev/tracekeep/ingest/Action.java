package dev.tracekeep.ingest;

import dev.tracekeep.ingest.DeadLetterLog.Segment;
import java.util.List;

/** What the state machine wants done next; its doer tells it how that went. */
sealed interface Action {
  /** Call the store with the chunk; then {@code written} or {@code writeFailed}, at any time. */
  record Write(Batch.Chunk chunk) implements Action {}

  /** Append to the log and sync it; then {@code appended} or {@code appendFailed}. */
  record Append(DeadLetterLog.Kind kind, List<Entry> entries) implements Action {
    /** An operation and why it goes to the log. */
    record Entry(Operation operation, String reason) {}
  }

  /** Read the oldest segment of deferred letters; then {@code read} or {@code readFailed}. */
  record ReadSegment() implements Action {}

  /** Remove the segment, all of whose letters are durable elsewhere; then {@code removed}. */
  record RemoveSegment(Segment segment) implements Action {}

  /** Nothing is to be done before that time, unless something happens. */
  record Await(long until) implements Action {}
}
