package dev.tracekeep.adapter.libsql;

import dev.tracekeep.jdbc.MigrationDialect.MigratorLock;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
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
 * client: so it is a row with an end, by the server's clock, that its owner keeps putting off. A
 * killed owner's row ends {@value #SECONDS} seconds later. Should an owner that was merely asleep
 * wake up behind that end, nothing is lost: each step is a transaction that looks anew.
 */
final class MigratorLease implements MigratorLock {
  private static final Logger LOG = LoggerFactory.getLogger(MigratorLease.class);

  static final int SECONDS = 15;

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
    while (!lease.renew()) {
      if (System.nanoTime() > deadline) {
        throw new StorageException(
            FailureKind.TRANSIENT,
            "The database is being migrated by another process. Wait for it to end, then try again.",
            null);
      }
      TimeUnit.MILLISECONDS.sleep(200);
    }
    lease.renewals.scheduleAtFixedRate(
        lease::renewQuietly, SECONDS / 3, SECONDS / 3, TimeUnit.SECONDS);
    return lease;
  }

  private boolean renew() throws Exception {
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

  private void renewQuietly() {
    try {
      renew();
    } catch (Exception e) {
      LOG.warn("The lease of this migration could not be renewed: {}", e.getMessage());
    }
  }

  @Override
  public void close() throws SQLException {
    renewals.shutdownNow();
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
