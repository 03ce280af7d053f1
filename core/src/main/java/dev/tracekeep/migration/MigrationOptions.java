package dev.tracekeep.migration;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How a migration works. Start from {@link #DEFAULT} and change what has to be different.
 *
 * @param batchRows how many losing rows are moved in one transaction, about: the rows of one key
 *     are never split
 * @param lockTimeout how long a statement may wait for a lock, and so how long writers may have to
 *     queue behind it; a lock that is not given within that time is asked for again
 * @param loggedRows how many removed rows are logged one by one; the archive has them all
 * @param pause how long to rest between two batches, so that other work gets its turn
 * @param archiveTable the archive's name, in the schema of the table, for a migration that begins;
 *     null for {@code <table>_dedupe_archive}. A migration that is resumed keeps its own
 * @param layout what the constraint is called and which form it has
 * @param audit is told of each removed row before it is gone for good; null for nobody
 */
public record MigrationOptions(
    int batchRows,
    Duration lockTimeout,
    int loggedRows,
    Duration pause,
    @Nullable String archiveTable,
    MigrationLayout layout,
    @Nullable ArchiveAudit audit) {
  /** 10,000 rows a batch without a pause, 2 seconds for a lock, 100 rows in the log. */
  public static final MigrationOptions DEFAULT =
      new MigrationOptions(10_000, Duration.ofSeconds(2), 100);

  /**
   * @throws IllegalArgumentException if a batch has no row, a limit is negative or a name is blank
   */
  public MigrationOptions {
    Objects.requireNonNull(lockTimeout, "lockTimeout");
    Objects.requireNonNull(pause, "pause");
    Objects.requireNonNull(layout, "layout");
    if (batchRows < 1 || loggedRows < 0 || lockTimeout.isNegative() || pause.isNegative()) {
      throw new IllegalArgumentException(
          "batchRows must be at least 1, loggedRows, lockTimeout and pause at least 0");
    }
    if (archiveTable != null && archiveTable.isBlank()) {
      throw new IllegalArgumentException("The archive's name must not be blank");
    }
  }

  /** Without a pause, the archive's usual name, the layout found by itself, and no audit. */
  public MigrationOptions(int batchRows, Duration lockTimeout, int loggedRows) {
    this(batchRows, lockTimeout, loggedRows, Duration.ZERO, null, MigrationLayout.AUTO, null);
  }

  /** The same with other batches. */
  public MigrationOptions withBatchRows(int value) {
    return new MigrationOptions(value, lockTimeout, loggedRows, pause, archiveTable, layout, audit);
  }

  /** The same with another limit of waiting for locks. */
  public MigrationOptions withLockTimeout(Duration value) {
    return new MigrationOptions(batchRows, value, loggedRows, pause, archiveTable, layout, audit);
  }

  /** The same with another number of rows in the log. */
  public MigrationOptions withLoggedRows(int value) {
    return new MigrationOptions(batchRows, lockTimeout, value, pause, archiveTable, layout, audit);
  }

  /** The same with another rest between batches. */
  public MigrationOptions withPause(Duration value) {
    return new MigrationOptions(
        batchRows, lockTimeout, loggedRows, value, archiveTable, layout, audit);
  }

  /** The same with another archive; null for the usual one. */
  public MigrationOptions withArchiveTable(@Nullable String value) {
    return new MigrationOptions(batchRows, lockTimeout, loggedRows, pause, value, layout, audit);
  }

  /** The same with another layout. */
  public MigrationOptions withLayout(MigrationLayout value) {
    return new MigrationOptions(
        batchRows, lockTimeout, loggedRows, pause, archiveTable, value, audit);
  }

  /** The same with another audit; null for none. */
  public MigrationOptions withAudit(@Nullable ArchiveAudit value) {
    return new MigrationOptions(
        batchRows, lockTimeout, loggedRows, pause, archiveTable, layout, value);
  }
}
