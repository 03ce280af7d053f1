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
  private static final Receipt WRITTEN = new Receipt(1, 0, 0, 0, 0);
  private static final Receipt DEAD_LETTERED = new Receipt(0, 1, 0, 0, 0);
  private static final Receipt REFUSED = new Receipt(0, 0, 1, 0, 0);
  private static final Receipt DROPPED = new Receipt(0, 0, 0, 1, 0);
  private static final Receipt MISSING = new Receipt(0, 0, 0, 0, 1);

  /** The receipt of one operation; there are so many of them that they are made once. */
  static Receipt of(Outcome outcome) {
    return switch (outcome) {
      case WRITTEN -> WRITTEN;
      case DEAD_LETTERED -> DEAD_LETTERED;
      case REFUSED -> REFUSED;
      case DROPPED -> DROPPED;
      case MISSING -> MISSING;
    };
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
