package dev.tracekeep.storage;

/** How a number must compare with the one that a {@link SpanFilter} gives. */
public enum Comparison {
  /** Less than the given one. */
  LESS_THAN,
  /** Less than the given one, or equal to it. */
  AT_MOST,
  /** Equal to the given one, however either is spelled: 1, 1.0 and 1e0 are one number. */
  EQUAL_TO,
  /** More than the given one, or equal to it. */
  AT_LEAST,
  /** More than the given one. */
  MORE_THAN;

  /**
   * Whether a number compares so.
   *
   * @param compared what {@link Comparable#compareTo} says of it and the given one
   */
  public boolean holdsFor(int compared) {
    return switch (this) {
      case LESS_THAN -> compared < 0;
      case AT_MOST -> compared <= 0;
      case EQUAL_TO -> compared == 0;
      case AT_LEAST -> compared >= 0;
      case MORE_THAN -> compared > 0;
    };
  }
}
