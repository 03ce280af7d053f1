package dev.tracekeep.adapter.clickhouse;

import java.util.List;

/**
 * What tells multisets of rows apart: how many there are, and the sum of their hashes in two
 * halves.
 */
record Fingerprint(long rows, long low, long high) {
  /**
   * @param select three integers
   */
  static Fingerprint of(MigratorSession session, String select) throws Exception {
    List<Long> numbers = session.numbers(select, 3);
    return new Fingerprint(numbers.get(0), numbers.get(1), numbers.get(2));
  }

  /** The fingerprint of the rows of both. */
  Fingerprint plus(Fingerprint other) {
    return new Fingerprint(rows + other.rows, low + other.low, high + other.high);
  }

  /** As the journal has it. */
  @Override
  public String toString() {
    return rows + ":" + Long.toHexString(low) + ":" + Long.toHexString(high);
  }
}
