package dev.tracekeep.adapter.mongo;

import com.mongodb.MongoException;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Updates;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.StorageException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.bson.BsonDocument;
import org.bson.BsonInt64;
import org.bson.BsonString;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets one migrator at a time at a collection. MongoDB has no lock that lives as long as a client:
 * so it is a document with an end, by the server's clock, which its owner puts off each second. A
 * killed owner's document ends {@value #SECONDS} seconds later. An owner that was silent for longer
 * is told so before its next deletion, and gives up.
 */
final class MigratorLease implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(MigratorLease.class);

  private static final int SECONDS = 10;

  private static final String COLLECTION = "tracekeep_migrator";
  private static final String OWNER = "owner";
  private static final String ENDS_AT = "ends_at";

  private final MongoDatabase database;
  private final String table;
  private final String owner = UUID.randomUUID().toString();
  private final ScheduledThreadPoolExecutor renewals;

  /** What must be added to this process's steady clock to get the server's milliseconds. */
  private final long clockOffset;

  private MigratorLease(MongoDatabase database, String table) {
    this.database = database;
    this.table = table;
    this.clockOffset = MongoServer.clock(database) - steadyMillis();
    this.renewals =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "tracekeep-migrator-lease");
              thread.setDaemon(true);
              return thread;
            });
  }

  private static long steadyMillis() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
  }

  private long serverMillis() {
    return steadyMillis() + clockOffset;
  }

  /**
   * Takes the lease, or waits for the end of another's.
   *
   * @throws StorageException of kind {@code TRANSIENT} if the other one is alive
   */
  static MigratorLease take(MongoDatabase database, String table, Duration patience)
      throws InterruptedException {
    MigratorLease lease = new MigratorLease(database, table);
    long deadline = System.nanoTime() + patience.toNanos();
    while (!lease.isTaken()) {
      if (System.nanoTime() > deadline) {
        throw new StorageException(
            FailureKind.TRANSIENT,
            "The collection "
                + table
                + " is being migrated by another process. Wait for it to end, then try again.",
            null);
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
    lease.renewals.scheduleAtFixedRate(lease::renewQuietly, 1, 1, TimeUnit.SECONDS);
    return lease;
  }

  private MongoCollection<BsonDocument> leases() {
    return database.getCollection(COLLECTION, BsonDocument.class);
  }

  private boolean isTaken() {
    long now = serverMillis();
    try {
      leases()
          .insertOne(
              new BsonDocument("_id", new BsonString(table))
                  .append(OWNER, new BsonString(owner))
                  .append(ENDS_AT, new BsonInt64(now + SECONDS * 1000L)));
      return true;
    } catch (MongoException e) {
      if (!MongoFailures.isDuplicateKey(e)) {
        throw e;
      }
    }
    return leases()
            .updateOne(
                Filters.and(Filters.eq("_id", table), Filters.lte(ENDS_AT, now)),
                Updates.combine(
                    Updates.set(OWNER, owner), Updates.set(ENDS_AT, now + SECONDS * 1000L)))
            .getMatchedCount()
        > 0;
  }

  /**
   * Puts the end of the lease off.
   *
   * @throws StorageException of kind {@code TRANSIENT} if another has it by now
   */
  void keep() {
    boolean kept =
        leases()
                .updateOne(
                    Filters.and(Filters.eq("_id", table), Filters.eq(OWNER, owner)),
                    Updates.set(ENDS_AT, serverMillis() + SECONDS * 1000L))
                .getMatchedCount()
            > 0;
    if (!kept) {
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
      keep();
    } catch (RuntimeException e) {
      LOG.warn("The lease of this migration could not be renewed: {}", e.getMessage());
    }
  }

  @Override
  public void close() {
    renewals.shutdownNow();
    try {
      leases().deleteOne(Filters.and(Filters.eq("_id", table), Filters.eq(OWNER, owner)));
    } catch (MongoException e) {
      // It ends by itself, and what was done under it is done.
      LOG.warn("The lease of this migration was not given back: {}", e.getMessage());
    }
  }
}
