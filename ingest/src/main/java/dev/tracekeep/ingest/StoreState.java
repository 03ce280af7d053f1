package dev.tracekeep.ingest;

/** How the pipeline finds the store. */
public enum StoreState {
  /** It answers. */
  AVAILABLE,
  /** The last call failed and is repeated soon; spans wait in memory. */
  RETRYING,
  /** It failed too often: nothing is sent, spans go to the dead-letter log. */
  UNAVAILABLE,
  /** A small batch finds out whether it is back. */
  PROBING
}
