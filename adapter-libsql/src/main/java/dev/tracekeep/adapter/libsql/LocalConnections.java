package dev.tracekeep.adapter.libsql;

import dev.failsafe.Failsafe;
import dev.failsafe.FailsafeException;
import dev.failsafe.RetryPolicy;
import dev.tracekeep.jdbc.MigrationDialect.MigratorLock;
import dev.tracekeep.storage.StorageConfig;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.sqlite.JDBC;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteConfig.JournalMode;
import org.sqlite.SQLiteConfig.Pragma;
import org.sqlite.SQLiteConfig.SynchronousMode;

/**
 * The connections to a SQLite database of this machine.
 *
 * <p>A file has one connection that writes and up to {@code pool-size} that read: in WAL mode
 * readers never wait for the writer. A database in memory has one connection for both; SQLite's
 * shared cache, the other way, lets readers fail on a writer's locks and outlives its store.
 *
 * <p>There is no library for this pool: of what one does (keep-alive, eviction, validation) nothing
 * applies to a file, and writers must take turns anyway.
 */
final class LocalConnections implements LibSqlConnections {
  /** How long SQLite itself waits; longer waits are repetitions, which an interrupt ends. */
  private static final Duration BUSY_TIMEOUT = Duration.ofSeconds(1);

  /**
   * The write-ahead log is folded into the file at this size. At SQLite's own 1,000 pages (4 MB)
   * every second batch of an import pays for that.
   */
  private static final int CHECKPOINT_PAGES = 8_000;

  /** The writer's cache in KiB: an index on random ids is thrown out of SQLite's own 2 MB. */
  private static final int WRITER_CACHE_KIB = 65_536;

  private final StorageConfig config;
  private final String jdbcUrl;
  private final @Nullable Path file;
  private final ReentrantLock writers = new ReentrantLock(true);
  private final Semaphore readers;
  private final Deque<Connection> idleReaders = new ConcurrentLinkedDeque<>();
  private final MigratorLocks migratorLocks;
  private @Nullable Connection writer;
  private volatile boolean closed;

  LocalConnections(StorageConfig config, LibSqlAddress.Memory memory) {
    this(config, memory.jdbcUrl(), null);
  }

  LocalConnections(StorageConfig config, LibSqlAddress.File file) {
    this(config, file.jdbcUrl(), file.path());
  }

  private LocalConnections(StorageConfig config, String jdbcUrl, @Nullable Path file) {
    this.config = config;
    this.jdbcUrl = jdbcUrl;
    this.file = file;
    this.readers = new Semaphore(config.poolSize(), true);
    this.migratorLocks = new MigratorLocks(file);
  }

  @Override
  public boolean isShared() {
    return file != null;
  }

  @Override
  public String engineName() {
    return "SQLite";
  }

  @Override
  public MigratorLock lockMigrators() throws Exception {
    return migratorLocks.take();
  }

  @Override
  public <T extends @Nullable Object> T read(Work<T> work) throws Exception {
    return file == null
        ? exclusively(config.lockTimeout(), () -> work.on(writer()))
        : repeating(config.lockTimeout(), () -> readOnce(work));
  }

  private <T extends @Nullable Object> T readOnce(Work<T> work) throws Exception {
    if (!readers.tryAcquire(config.connectTimeout().toMillis(), TimeUnit.MILLISECONDS)) {
      throw new PoolExhaustedException(config.poolSize(), config.connectTimeout());
    }
    try {
      Connection idle = idleReaders.pollFirst();
      Connection connection = idle == null ? open(false) : idle;
      T result;
      try {
        result = work.on(connection);
      } catch (Exception e) {
        closeQuietly(connection, e); // what a failure leaves behind is not worth finding out
        throw e;
      }
      idleReaders.addFirst(connection);
      if (closed) {
        closeIdleReaders();
      }
      return result;
    } finally {
      readers.release();
    }
  }

  @Override
  public <T extends @Nullable Object> T transact(Work<T> work) throws Exception {
    return transact(config.lockTimeout(), work);
  }

  @Override
  public <T extends @Nullable Object> T transact(Duration lockTimeout, Work<T> work)
      throws Exception {
    return exclusively(lockTimeout, () -> repeating(lockTimeout, () -> transactOnce(work)));
  }

  @FunctionalInterface
  private interface Attempt<T extends @Nullable Object> {
    T run() throws Exception;
  }

  private <T extends @Nullable Object> T exclusively(Duration timeout, Attempt<T> work)
      throws Exception {
    if (!writers.tryLock(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new LockTimeoutException(timeout);
    }
    try {
      return work.run();
    } finally {
      writers.unlock();
    }
  }

  /** Repeats what lost a race against another process or connection, until the time is over. */
  private static <T extends @Nullable Object> T repeating(Duration timeout, Attempt<T> work)
      throws Exception {
    long nanos = Math.max(timeout.toNanos(), 1000);
    RetryPolicy<@Nullable Object> policy =
        RetryPolicy.builder()
            .handleIf(failure -> LibSqlFailures.isLostRace(failure))
            .withBackoff(
                Duration.ofNanos(Math.min(nanos / 4, 5_000_000)),
                Duration.ofNanos(Math.min(nanos / 2, 100_000_000)))
            .withJitter(0.3)
            .withMaxRetries(-1)
            .withMaxDuration(Duration.ofNanos(nanos))
            .build();
    try {
      return Failsafe.with(policy).get(work::run);
    } catch (FailsafeException e) {
      // Failsafe wraps what is checked; callers are to see what the driver threw.
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  private <T extends @Nullable Object> T transactOnce(Work<T> work) throws Exception {
    Connection connection = writer();
    // Takes the write lock at once: a transaction that read first could never get it any more if
    // another process wrote meanwhile.
    execute(connection, "BEGIN IMMEDIATE");
    try {
      T result = work.on(connection);
      execute(connection, "COMMIT");
      return result;
    } catch (Exception e) {
      rollBack(connection, e);
      throw e;
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private void rollBack(Connection connection, Exception reason) {
    try {
      execute(connection, "ROLLBACK");
    } catch (SQLException e) {
      if (String.valueOf(e.getMessage()).contains("no transaction is active")) {
        return; // SQLite has rolled back by itself: a full disk, an interrupt
      }
      reason.addSuppressed(e);
      if (file != null) { // what is in memory dies with its connection
        writer = null;
        closeQuietly(connection, reason);
      }
    }
  }

  private static void closeQuietly(Connection connection, Exception reason) {
    try {
      connection.close();
    } catch (SQLException e) {
      reason.addSuppressed(e);
    }
  }

  /** The one connection that writes; the caller has the writers' turn. */
  private Connection writer() throws SQLException {
    if (closed) {
      throw new SQLException("the store is closed");
    }
    Connection current = writer;
    if (current == null) {
      current = open(true);
      writer = current;
    }
    return current;
  }

  private Connection open(boolean forWriting) throws SQLException {
    if (closed) {
      throw new SQLException("the store is closed");
    }
    SQLiteConfig pragmas = new SQLiteConfig();
    pragmas.setBusyTimeout(
        (int) Math.max(1, Math.min(BUSY_TIMEOUT.toMillis(), config.lockTimeout().toMillis())));
    if (file != null) {
      pragmas.setSynchronous(SynchronousMode.FULL);
      if (forWriting) {
        pragmas.setJournalMode(JournalMode.WAL);
        pragmas.setPragma(Pragma.WAL_AUTOCHECKPOINT, Integer.toString(CHECKPOINT_PAGES));
        pragmas.setCacheSize(-WRITER_CACHE_KIB);
      }
    }
    Connection connection = JDBC.createConnection(jdbcUrl, pragmas.toProperties());
    if (!forWriting) {
      try {
        execute(connection, "PRAGMA query_only = ON");
      } catch (SQLException e) {
        closeQuietly(connection, e);
        throw e;
      }
    }
    return connection;
  }

  private void closeIdleReaders() throws SQLException {
    for (Connection idle = idleReaders.pollFirst(); idle != null; idle = idleReaders.pollFirst()) {
      idle.close();
    }
  }

  @Override
  public void close() throws SQLException {
    writers.lock(); // lets a write that is under way finish
    try {
      closed = true;
      closeIdleReaders();
      Connection last = writer;
      writer = null;
      if (last != null) {
        last.close();
      }
    } finally {
      writers.unlock();
    }
  }

  /** Another thread of this process wrote for too long. */
  static final class LockTimeoutException extends Exception {
    private static final long serialVersionUID = 1L;

    LockTimeoutException(Duration waited) {
      super("another write to this database took longer than " + waited);
    }
  }

  /** All connections for reading were lent for too long. */
  static final class PoolExhaustedException extends Exception {
    private static final long serialVersionUID = 1L;

    PoolExhaustedException(int size, Duration waited) {
      super("all " + size + " connections for reading were busy for " + waited);
    }
  }
}
