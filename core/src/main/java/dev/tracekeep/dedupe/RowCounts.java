package dev.tracekeep.dedupe;

import dev.tracekeep.migration.MigrationPlan;
import java.util.List;

/**
 * What grouping a table by its key tells.
 *
 * @param rows how many rows there are
 * @param keys how many different keys they have
 * @param groups how many keys have more than one row
 * @param rowsWithoutKey rows that have no trace id or no span id
 * @param rowsWithoutTenant rows that have no tenant, where the table knows tenants
 * @param rowsWithoutVersion rows of our own table that have no version yet
 * @param largestGroups the keys with the most rows, five at most, largest first
 */
public record RowCounts(
    long rows,
    long keys,
    long groups,
    long rowsWithoutKey,
    long rowsWithoutTenant,
    long rowsWithoutVersion,
    List<MigrationPlan.Group> largestGroups) {
  /** Of a table that is empty or not there. */
  public static final RowCounts NONE = new RowCounts(0, 0, 0, 0, 0, 0, List.of());

  /** Copies the list. */
  public RowCounts {
    largestGroups = List.copyOf(largestGroups);
  }

  /** The same with the largest groups. */
  public RowCounts withLargestGroups(List<MigrationPlan.Group> value) {
    return new RowCounts(
        rows, keys, groups, rowsWithoutKey, rowsWithoutTenant, rowsWithoutVersion, value);
  }

  /** How many rows would move to the archive. */
  public long surplus() {
    return rows - keys;
  }
}
