package dev.tracekeep.dedupe;

import dev.tracekeep.migration.MigrationPlan.ConstraintState;
import dev.tracekeep.migration.MigrationPlan.Details;
import java.util.List;

/**
 * What one look at a table found: the engine's catalog is asked once, and the answer is passed
 * along. Whatever costs a scan is asked for only when it is needed, and then kept. An engine adds
 * what its own stages need. Belongs to one call of the migration; need not be thread-safe.
 */
public interface TableLook {
  /** The table as the engine calls it; as it was asked for where there is no such table. */
  TableIdentity identity();

  /** Whether there is such a table. */
  boolean exists();

  /**
   * Whether it is the store's own table, by its identity and not by the way it was named. An own
   * table gets the columns and versions of this release.
   */
  boolean isOwn();

  /** The columns of the key once the migration is done, in the order of the key. */
  List<String> keyColumns();

  /** The columns of the table, in its order. */
  List<String> columnNames();

  /** The columns that this release needs and an own table lacks; empty for a foreign table. */
  List<String> missingColumns();

  /** The state of the constraint on {@link #keyColumns}. */
  ConstraintState constraint() throws Exception;

  /**
   * Whether an own table has rows without a version although it has the column: written by an older
   * release, or left by a migration that took the table for another system's. Cheap; called when a
   * store is opened.
   */
  boolean hasRowsWithoutVersion() throws Exception;

  /** Groups the table by its key; one scan, done once. */
  RowCounts counts() throws Exception;

  /** Why this table cannot be migrated on this engine, one sentence each; not by its counts. */
  List<String> refusals() throws Exception;

  /**
   * What else an operator wants to know. Notes that hold on every engine are the template's, and
   * need not be here.
   */
  Details details() throws Exception;
}
