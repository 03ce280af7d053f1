package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets one migrator at a time at a table. ClickHouse has neither a lock that lives as long as a
 * client nor a compare-and-set; what it has is inserts that are seen by every later read. So a
 * migrator writes a claim with an end, by the server's clock, and has the lease only if it then
 * sees no other claim that is alive: of two that claim at once the later one sees the first, and
 * both may step back, but never go on together. The claim is renewed all the time; a killed
 * migrator's ends a sixth of {@code lock-timeout} later: after one second at least, after ten at
 * most.
 *
 * <p>What it cannot rule out: a migrator that is frozen for longer between asking {@link #keep} and
 * sending its statement. Nothing is lost then, because no statement of a migration drops a row that
 * is not elsewhere, and all are counted before the tables change places.
 */
final class MigratorLease implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(MigratorLease.class);

  private static final String NAME = "tracekeep_migrator";

  /** Long enough for a server that is busy with a large copy, and for a machine that is. */
  private static final Duration LONGEST = Duration.ofSeconds(10);

  /** Not shorter than a pause of a busy process. */
  private static final Duration SHORTEST = Duration.ofSeconds(1);

  /** Another migrator waits for lock-timeout: by then a dead one's claim must have ended. */
  private static final int OF_PATIENCE = 6;

  /** How often a claim is renewed while it lasts. */
  private static final int RENEWALS = 5;

  private final ClickHouseClient client;
  private final String claims;
  private final String table;
  private final Duration length;
  private final String owner = UUID.randomUUID().toString();

  /** Until when the claim stands for certain, by this process's clock. */
  private volatile long certainUntil;

  private final ScheduledExecutorService renewals =
      new ScheduledThreadPoolExecutor(
          1,
          task -> {
            Thread thread = new Thread(task, "tracekeep-migrator-lease");
            thread.setDaemon(true);
            return thread;
          });

  private MigratorLease(ClickHouseClient client, String database, String table, Duration patience) {
    Duration share = patience.dividedBy(OF_PATIENCE);
    this.length =
        share.compareTo(SHORTEST) < 0 ? SHORTEST : share.compareTo(LONGEST) < 0 ? share : LONGEST;
    this.client = client;
    this.claims = SqlText.name(database) + "." + SqlText.name(NAME);
    this.table = table;
  }

  /**
   * Takes the lease, or waits for the end of another's and of the statements that it left behind.
   *
   * @param comment what the statements of a migrator of this table are marked with
   * @throws StorageException of kind {@code TRANSIENT} if the other one is alive
   */
  static MigratorLease take(
      ClickHouseClient client, String database, String table, String comment, Duration patience)
      throws Exception {
    MigratorLease lease = new MigratorLease(client, database, table, patience);
    lease.createClaims();
    long deadline = System.nanoTime() + patience.toNanos();
    while (!lease.isTaken()) {
      if (System.nanoTime() > deadline) {
        throw busy(table, "is being migrated by another process");
      }
      // Not all at the same time again.
      TimeUnit.MILLISECONDS.sleep(100 + ThreadLocalRandom.current().nextInt(200));
    }
    long every = lease.length.toMillis() / RENEWALS + 1;
    lease.renewals.scheduleAtFixedRate(lease::renewQuietly, every, every, TimeUnit.MILLISECONDS);
    try {
      while (lease.leftBehind(comment) > 0) {
        if (System.nanoTime() > deadline) {
          throw busy(table, "is still being worked on by a statement of an interrupted migration");
        }
        TimeUnit.MILLISECONDS.sleep(200);
      }
    } catch (Exception e) {
      lease.close();
      throw e;
    }
    return lease;
  }

  private static StorageException busy(String table, String why) {
    return new StorageException(
        FailureKind.TRANSIENT,
        "The table " + table + " " + why + ". Wait for it to end, then try again.",
        null);
  }

  private void createClaims() throws Exception {
    client.execute(
        "CREATE TABLE IF NOT EXISTS "
            + claims
            + " (table_name String, owner String, number UInt64, ends_at DateTime64(3, 'UTC'))"
            + " ENGINE = MergeTree ORDER BY (table_name, owner, number)"
            + " TTL toDateTime(ends_at) + INTERVAL 1 DAY");
  }

  private boolean isTaken() throws Exception {
    if (others() > 0) {
      return false;
    }
    long asked = System.nanoTime();
    client.execute("INSERT INTO " + claims + claim(end()));
    if (others() == 0) {
      certainUntil = asked + length.toNanos();
      return true;
    }
    release();
    return false;
  }

  private String end() {
    return "now64(3, 'UTC') + INTERVAL " + length.toMillis() + " MILLISECOND";
  }

  private String claim(String end) {
    return " SELECT "
        + SqlText.literal(table)
        + ", "
        + SqlText.literal(owner)
        + ", (SELECT count() FROM "
        + claims
        + ofOwner()
        + "), "
        + end;
  }

  private String ofOwner() {
    return " WHERE table_name = "
        + SqlText.literal(table)
        + " AND owner = "
        + SqlText.literal(owner);
  }

  private String alive() {
    return "(SELECT owner FROM "
        + claims
        + " WHERE table_name = "
        + SqlText.literal(table)
        + " GROUP BY owner HAVING argMax(ends_at, number) > now64(3, 'UTC'))";
  }

  private long others() throws Exception {
    return client.number(
        "SELECT count() FROM " + alive() + " WHERE owner != " + SqlText.literal(owner));
  }

  /** A statement whose sender was killed runs on: nobody tells the server. */
  private long leftBehind(String comment) throws Exception {
    return client.number(
        "SELECT count() FROM system.processes WHERE Settings['log_comment'] = "
            + SqlText.literal(comment));
  }

  /**
   * Makes sure that this migrator still has the lease.
   *
   * @throws StorageException of kind {@code TRANSIENT} if it was silent for too long
   */
  void keep() {
    if (System.nanoTime() - certainUntil > 0) {
      throw new StorageException(
          FailureKind.TRANSIENT,
          "This migration of "
              + table
              + " did not reach the server for "
              + length.toMillis()
              + " ms, and another process may go on with it. Try again: it goes on where it is.",
          null);
    }
  }

  private void renewQuietly() {
    try {
      long asked = System.nanoTime();
      // A claim that has ended is not renewed: another may have been made since.
      client.execute(
          "INSERT INTO "
              + claims
              + claim(end())
              + " WHERE "
              + SqlText.literal(owner)
              + " IN "
              + alive());
      boolean alive =
          client.number(
                  "SELECT count() FROM " + alive() + " WHERE owner = " + SqlText.literal(owner))
              > 0;
      if (alive && asked - certainUntil < 0) {
        certainUntil = asked + length.toNanos();
      }
    } catch (Exception e) {
      LOG.warn("The lease of this migration could not be renewed: {}", e.getMessage());
    }
  }

  private void release() throws Exception {
    // Not long ago: such a row would be over its TTL, and gone before anybody has read it.
    client.execute("INSERT INTO " + claims + claim("now64(3, 'UTC')"));
  }

  /** Gives the lease back; where that fails it ends by itself. */
  @Override
  public void close() {
    renewals.shutdown();
    try {
      // A renewal that is under way would come after the release and outlive it.
      renewals.awaitTermination(length.toMillis(), TimeUnit.MILLISECONDS);
      release();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      LOG.warn("The lease of this migration could not be given back: {}", e.getMessage());
    }
  }
}
