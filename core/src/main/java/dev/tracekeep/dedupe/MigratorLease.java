package dev.tracekeep.dedupe;

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
 * The right to migrate on an engine without a lock that lives as long as a client: a claim with an
 * end, by the server's clock, that its owner puts off all the time. A killed owner's claim ends by
 * itself. An owner that was silent for longer than that is told so by {@link #keep} before its next
 * change. Thread-safe.
 */
public final class MigratorLease implements MigratorLock {
  private static final Logger LOG = LoggerFactory.getLogger(MigratorLease.class);

  /** How often a claim is renewed while it lasts. */
  private static final int RENEWALS = 5;

  private final Object table;
  private final Claims claims;
  private final String owner = UUID.randomUUID().toString();
  private final ScheduledExecutorService renewals;

  /** Until when the claim stands for certain, by this process's steady clock. */
  private volatile long certainUntil;

  /** Where claims are kept. Called by the migrating thread and by the one that renews. */
  public interface Claims {
    /** How long a claim lasts from the moment at which it is made or renewed. */
    Duration length();

    /** Makes a claim where nobody has one that has not ended; whether it was made. */
    boolean claim(String owner) throws Exception;

    /** Puts the end of an owner's claim off; false if it has ended or is another's. */
    boolean renew(String owner) throws Exception;

    /** Takes an owner's claim back. */
    void release(String owner) throws Exception;
  }

  private MigratorLease(Object table, Claims claims) {
    this.table = table;
    this.claims = claims;
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
   * @param table what it is on, for messages
   * @param patience how long to wait
   * @throws StorageException of kind {@code TRANSIENT} if the other one is alive
   */
  public static MigratorLease take(Object table, Claims claims, Duration patience)
      throws Exception {
    MigratorLease lease = new MigratorLease(table, claims);
    long deadline = System.nanoTime() + patience.toNanos();
    while (!lease.isTaken()) {
      if (System.nanoTime() - deadline > 0) {
        throw MigratorLock.taken(table, "another process");
      }
      // Not all at the same time again.
      TimeUnit.MILLISECONDS.sleep(100 + ThreadLocalRandom.current().nextInt(100));
    }
    long every = claims.length().toMillis() / RENEWALS + 1;
    lease.renewals.scheduleWithFixedDelay(lease::renewQuietly, every, every, TimeUnit.MILLISECONDS);
    return lease;
  }

  /** The name under which this migrator has its claim. */
  public String owner() {
    return owner;
  }

  private boolean isTaken() throws Exception {
    long asked = System.nanoTime();
    boolean taken = claims.claim(owner);
    certainUntil = asked + claims.length().toNanos();
    return taken;
  }

  /** Asks nobody: the renewals know until when the claim stands for certain. */
  @Override
  public void keep() {
    if (System.nanoTime() - certainUntil > 0) {
      throw lost();
    }
  }

  /** What an owner is told that another may have followed. */
  public StorageException lost() {
    return new StorageException(
        FailureKind.TRANSIENT,
        "This migration was silent for "
            + claims.length().toMillis()
            + " ms, and another process may go on with it. Wait for it to end, then try again.",
        null);
  }

  private void renewQuietly() {
    try {
      long asked = System.nanoTime();
      // A claim that has ended is not certain again: another may have been made since.
      if (claims.renew(owner) && asked - certainUntil < 0) {
        certainUntil = asked + claims.length().toNanos();
      }
    } catch (Exception e) {
      LOG.warn("The lease of this migration could not be renewed: {}", e.getMessage());
    }
  }

  /** Gives the lease back; where that fails it ends by itself, and what was done is done. */
  @Override
  public void close() {
    renewals.shutdown();
    try {
      // A renewal that is under way would come after the release and outlive it.
      if (!renewals.awaitTermination(claims.length().toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.debug("A renewal of the lease of {} is still under way", table);
      }
      claims.release(owner);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      LOG.warn("The lease of this migration could not be given back: {}", e.getMessage());
    }
  }
}
