package dev.tracekeep.ingest;

/**
 * What became of the operations of one call in the end. Each is in exactly one of the counts.
 *
 * @param written the store has acknowledged them
 * @param deadLettered they are synced to the dead-letter log
 * @param refused they are nowhere: there was no room, or nothing that could take them
 * @param dropped a transformer took them out
 * @param missing updates of spans that the store does not have
 */
public record Receipt(int written, int deadLettered, int refused, int dropped, int missing) {
  static Receipt of(Outcome outcome) {
    return new Receipt(
        outcome == Outcome.WRITTEN ? 1 : 0,
        outcome == Outcome.DEAD_LETTERED ? 1 : 0,
        outcome == Outcome.REFUSED ? 1 : 0,
        outcome == Outcome.DROPPED ? 1 : 0,
        outcome == Outcome.MISSING ? 1 : 0);
  }

  /** How many operations the call had. */
  public int operations() {
    return written + deadLettered + refused + dropped + missing;
  }

  /** Whether all that was to be kept is durable, in the store or in the dead-letter log. */
  public boolean isSafe() {
    return refused == 0 && missing == 0;
  }
}
