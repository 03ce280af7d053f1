package dev.tracekeep.dedupe;

import dev.tracekeep.migration.ArchiveAudit;
import dev.tracekeep.migration.ArchivedRow;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells of the rows that a migration removes: each of them to the audit, the first ones to the log.
 * A batch is told of before its commit, and logged after it. Not thread-safe.
 */
public final class RemovedRows {
  private static final Logger LOG = LoggerFactory.getLogger("dev.tracekeep.migration");

  private final TableIdentity table;
  private final String archive;
  private final int limit;
  private final @Nullable ArchiveAudit audit;
  private final List<String> pending = new ArrayList<>();
  private int logged;

  RemovedRows(TableIdentity table, String archive, int limit, @Nullable ArchiveAudit audit) {
    this.table = table;
    this.archive = archive;
    this.limit = limit;
    this.audit = audit;
  }

  /** Tells nobody, for rows that are moved outside of a migration. */
  public static RemovedRows untold(TableIdentity table) {
    return new RemovedRows(table, "", -1, null);
  }

  /**
   * How many rows of a batch are to be told of: all for an audit, else what the log still takes.
   */
  public long wanted() {
    return audit != null ? Long.MAX_VALUE : Math.max(0, limit + 1 - logged);
  }

  /** Starts a batch, or a failed one anew. */
  public void begin() {
    pending.clear();
  }

  /** A row of the batch. */
  public void add(ArchivedRow row) {
    if (logged + pending.size() <= limit) {
      pending.add(
          row.key().values().stream().map(String::valueOf).collect(Collectors.joining("/"))
              + " to "
              + archive
              + ": "
              + row.reason());
    }
    if (audit != null) {
      try {
        audit.removed(row);
      } catch (IOException e) {
        throw new CallersOwn(new UncheckedIOException("The audit failed: " + e.getMessage(), e));
      } catch (Throwable e) {
        throw new CallersOwn(e);
      }
    }
  }

  /** The batch is about to be committed. */
  public void sync() {
    if (audit != null) {
      try {
        audit.sync();
      } catch (IOException e) {
        throw new CallersOwn(new UncheckedIOException("The audit failed: " + e.getMessage(), e));
      } catch (Throwable e) {
        throw new CallersOwn(e);
      }
    }
  }

  /** The batch is committed. */
  public void committed() {
    for (String line : pending) {
      logged++;
      if (logged <= limit) {
        LOG.info("{}: moved {}", table, line);
      } else if (logged == limit + 1) {
        LOG.info(
            "{}: more rows are moved than are logged one by one; {} has them all", table, archive);
      }
    }
    pending.clear();
  }
}
