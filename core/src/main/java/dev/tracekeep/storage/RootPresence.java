package dev.tracekeep.storage;

/** Which traces a list shows, by whether their root is stored. */
public enum RootPresence {
  /** All traces. */
  ANY,
  /** Traces of which a root is stored. */
  STORED,
  /** Traces of which no root is stored: it was never exported, or has not arrived yet. */
  MISSING
}
