package dev.tracekeep.adapter.pg;

import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.migration.SpanTable;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Asks for a lock again and again, each time for no longer than the limit, so that whoever queues
 * behind it gets a turn in between.
 */
record LockTries(SpanTable table, Duration lockTimeout, PgConnections connections) {
  /** With the default limit of two seconds that is about a minute. */
  private static final int TRIES = 20;

  private static final Duration LONGEST_REST = Duration.ofSeconds(1);

  /** Work that takes a lock. */
  @FunctionalInterface
  interface Work {
    void run() throws Exception;
  }

  /** Does the work; again where it did not get its lock in time. */
  void run(Work work) throws Exception {
    for (int tries = 1; ; tries++) {
      try {
        work.run();
        return;
      } catch (SQLException e) {
        if (!PgMigration.LOCK_NOT_AVAILABLE.equals(e.getSQLState())) {
          throw e;
        }
        if (tries == TRIES) {
          throw notGiven(e);
        }
      }
      // As long as others had to wait, so that the queue behind the lock can empty.
      Duration rest = lockTimeout.compareTo(LONGEST_REST) < 0 ? lockTimeout : LONGEST_REST;
      TimeUnit.NANOSECONDS.sleep(rest.toNanos());
    }
  }

  private StorageException notGiven(SQLException cause) throws Exception {
    List<String> holders =
        connections.read(
            connection ->
                new SqlStatement(
                        "SELECT DISTINCT 'process ' || a.pid || coalesce(' of ' ||"
                            + " nullif(a.application_name, ''), '') || ' (in a transaction since '"
                            + " || to_char(a.xact_start AT TIME ZONE 'UTC',"
                            + " 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') || ')' FROM pg_locks l JOIN"
                            + " pg_stat_activity a ON a.pid = l.pid WHERE l.relation ="
                            + " to_regclass(?) AND l.granted AND a.pid <> pg_backend_pid() AND"
                            + " a.xact_start < now() - interval '1 second'",
                        "\""
                            + (table.schema() == null ? "public" : table.schema())
                            + "\".\""
                            + table.name()
                            + "\"")
                    .list(connection, row -> String.valueOf(row.getString(1))));
    return new StorageException(
        FailureKind.TRANSIENT,
        "The lock on "
            + table
            + " that the last step of its migration needs was not given in "
            + TRIES
            + " tries of "
            + lockTimeout.toMillis()
            + " ms"
            + (holders.isEmpty() ? "" : ", because of " + String.join(", ", holders))
            + ". Nothing is lost: end the old transaction, then run 'tracekeep migrate apply' again"
            + " to finish it.",
        cause);
  }
}
