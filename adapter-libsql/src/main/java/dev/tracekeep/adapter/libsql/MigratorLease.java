package dev.tracekeep.adapter.libsql;

import dev.tracekeep.jdbc.MigrationDialect.MigratorLock;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets one migrator at a time at a server's database. A server has no lock that lives as long as a
 * client: so it is a row with an end, by the server's clock. Every transaction of its owner puts
 * that end off, and fails if the row has become another's; so an owner that was asleep for longer
 * changes nothing any more. A killed owner's row ends {@value #SECONDS} seconds later.
 */
final class MigratorLease implements MigratorLock {
  private static final Logger LOG = LoggerFactory.getLogger(MigratorLease.class);

  private static final int SECONDS = 10;

  private static final String TABLE = "tracekeep_migrator";

  private final LibSqlConnections connections;
  private final String owner = UUID.randomUUID().toString();
  private final ScheduledExecutorService renewals;

  private MigratorLease(LibSqlConnections connections) {
    this.connections = connections;
    this.renewals =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "tracekeep-migrator-lease");
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Takes the lease, or waits for the end of another's.
   *
   * @throws StorageException of kind {@code TRANSIENT} if the other one is alive
   */
  static MigratorLease take(LibSqlConnections connections, Duration patience) throws Exception {
    MigratorLease lease = new MigratorLease(connections);
    long deadline = System.nanoTime() + patience.toNanos();
    while (!lease.isTaken()) {
      if (System.nanoTime() > deadline) {
        throw new StorageException(
            FailureKind.TRANSIENT,
            "The database is being migrated by another process. Wait for it to end, then try again.",
            null);
      }
      TimeUnit.MILLISECONDS.sleep(200);
    }
    // A step may be silent for long between two transactions.
    lease.renewals.scheduleAtFixedRate(lease::renewQuietly, 1, 1, TimeUnit.SECONDS);
    return lease;
  }

  private boolean isTaken() throws Exception {
    return connections.transact(
        connection -> {
          new SqlStatement(
                  "CREATE TABLE IF NOT EXISTS "
                      + TABLE
                      + " (one INTEGER PRIMARY KEY CHECK (one = 1), owner TEXT, ends_at INTEGER)")
              .execute(connection);
          return new SqlStatement(
                      "INSERT INTO "
                          + TABLE
                          + " AS t (one, owner, ends_at) VALUES (1, ?, unixepoch() + ?)"
                          + " ON CONFLICT (one) DO UPDATE SET owner = excluded.owner,"
                          + " ends_at = excluded.ends_at"
                          + " WHERE t.owner = excluded.owner OR t.ends_at <= unixepoch()",
                      owner,
                      SECONDS)
                  .execute(connection)
              > 0;
        });
  }

  /**
   * Puts the end of the lease off, in the owner's current transaction.
   *
   * @throws StorageException of kind {@code TRANSIENT} if another has it by now
   */
  void keep(Connection connection) throws SQLException {
    int kept =
        new SqlStatement(
                "UPDATE " + TABLE + " SET ends_at = unixepoch() + ? WHERE owner = ?",
                SECONDS,
                owner)
            .execute(connection);
    if (kept == 0) {
      throw new StorageException(
          FailureKind.TRANSIENT,
          "Another process goes on with this migration, because this one was silent for "
              + SECONDS
              + " seconds. Wait for it to end, then try again.",
          null);
    }
  }

  private void renewQuietly() {
    try {
      connections.transact(connection -> true); // every transaction keeps the lease
    } catch (Exception e) {
      LOG.warn("The lease of this migration could not be renewed: {}", e.getMessage());
    }
  }

  @Override
  public void close() throws SQLException {
    // Not at once: a request that is interrupted leaves its transaction to the server's time-out.
    renewals.shutdown();
    try {
      connections.transact(
          connection ->
              new SqlStatement("DELETE FROM " + TABLE + " WHERE owner = ?", owner)
                  .execute(connection));
    } catch (SQLException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new SQLException("the lease of this migration could not be given back", e);
    }
  }
}
