package dev.tracekeep.ingest;

/** What became of an operation in the end. */
enum Outcome {
  WRITTEN,
  DEAD_LETTERED,
  REFUSED,
  DROPPED,
  MISSING
}
