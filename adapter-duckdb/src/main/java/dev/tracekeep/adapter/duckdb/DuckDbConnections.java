package dev.tracekeep.adapter.duckdb;

import com.sun.management.OperatingSystemMXBean;
import dev.tracekeep.jdbc.ConnectionSource;
import dev.tracekeep.jdbc.Transactions;
import dev.tracekeep.storage.StorageConfig;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/**
 * The connections to one DuckDB database.
 *
 * <p>Readers take a duplicate of the first connection each, which costs some 20 microseconds, so
 * there is no pool. Writers take turns: DuckDB's own way with two writers is to let the second one
 * fail, and 8 threads on 10 keys retried 150 times for 400 writes. The turn is held per file, not
 * per store, because two stores of one process share the database behind a file.
 */
final class DuckDbConnections implements ConnectionSource {
  private static final String PREFIX = "jdbc:duckdb:";

  /**
   * The write-ahead log grows to this size before it is folded into the file. DuckDB's own 16 MB
   * make it fold after every second batch of 5,000 spans, which halves the speed of an import.
   */
  private static final String CHECKPOINT_THRESHOLD = "256MB";

  /** Enough for the batches of an import, where the heap leaves nothing. */
  private static final long LEAST_MEMORY_MIB = 256;

  private static final Map<String, ReentrantLock> WRITERS = new ConcurrentHashMap<>();
  private static final AtomicLong MEMORIES = new AtomicLong();

  private static final Transactions TRANSACTIONS = new Transactions(DuckDbFailures::isLostRace);

  private final StorageConfig config;
  private final String url;
  private final @Nullable Path file;

  /** The same for two stores exactly if they are on the same database. */
  private final String database;

  private final ReentrantLock writers;
  private @Nullable DuckDBConnection root;
  private @Nullable Connection writer;
  private boolean closed;

  DuckDbConnections(StorageConfig config) {
    this.config = config;
    this.url = PREFIX + config.uri().raw().substring(PREFIX.length());
    this.file = fileOf(url);
    boolean named = file == null && url.matches(".*:memory:.+");
    this.database =
        file != null ? file.toString() : named ? url : "memory " + MEMORIES.incrementAndGet();
    this.writers = WRITERS.computeIfAbsent(database, key -> new ReentrantLock());
  }

  /** The file behind an address; null for a database in memory. */
  private static @Nullable Path fileOf(String url) {
    String path = url.substring(PREFIX.length()).split("[;?]", 2)[0];
    return path.isEmpty() || path.startsWith(":memory:")
        ? null
        : Path.of(path).toAbsolutePath().normalize();
  }

  /** The file; null for a database in memory. */
  @Nullable Path file() {
    return file;
  }

  /** The database's name in this process: the same for two stores exactly if they share it. */
  String database() {
    return database;
  }

  @Override
  public <T extends @Nullable Object> T read(Work<T> work) throws Exception {
    try (Connection connection = open()) {
      return work.on(connection);
    }
  }

  @Override
  public <T extends @Nullable Object> T transact(Work<T> work) throws Exception {
    return exclusively(() -> TRANSACTIONS.repeated(() -> transactOnce(work)));
  }

  /** Work that may take several transactions. */
  @FunctionalInterface
  interface ExclusiveWork<T extends @Nullable Object> {
    T run() throws Exception;
  }

  /** Keeps all other writers of this process, and so of the file, away. */
  <T extends @Nullable Object> T exclusively(ExclusiveWork<T> work) throws Exception {
    if (!writers.tryLock(config.lockTimeout().toMillis(), TimeUnit.MILLISECONDS)) {
      throw new LockTimeoutException(config.lockTimeout());
    }
    try {
      return work.run();
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

  private <T extends @Nullable Object> T transactOnce(Work<T> work) throws Exception {
    Connection connection = writer();
    try (Statement statement = connection.createStatement()) {
      statement.execute("BEGIN TRANSACTION");
    }
    try {
      T result = work.on(connection);
      try (Statement statement = connection.createStatement()) {
        statement.execute("COMMIT");
      }
      return result;
    } catch (Exception e) {
      rollBack(connection, e);
      throw e;
    }
  }

  private void rollBack(Connection connection, Exception reason) {
    try (Statement statement = connection.createStatement()) {
      statement.execute("ROLLBACK");
    } catch (SQLException e) {
      // After a failed COMMIT there is nothing left to roll back, and the driver is out of step:
      // only a
      // new connection is safe.
      reason.addSuppressed(e);
      writer = null;
      closeQuietly(connection, reason);
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
    Connection current = writer;
    if (current == null || current.isClosed()) {
      current = open();
      writer = current;
    }
    return current;
  }

  private synchronized Connection open() throws SQLException {
    if (closed) {
      throw new SQLException("the store is closed");
    }
    DuckDBConnection first = root;
    if (first == null) {
      first = DriverManager.getConnection(url).unwrap(DuckDBConnection.class);
      try (Statement statement = first.createStatement()) {
        statement.execute("SET checkpoint_threshold = '" + CHECKPOINT_THRESHOLD + "'");
        String memory = memoryLimit();
        if (!memory.isEmpty()) {
          statement.execute("SET memory_limit = '" + memory + "'");
        }
      } catch (SQLException e) {
        closeQuietly(first, e);
        throw e;
      }
      root = first;
    }
    return first.duplicate();
  }

  /** What DuckDB may take; empty where the address says it. */
  private String memoryLimit() {
    Optional<String> given = config.engineProperty(DuckDbProvider.MEMORY_LIMIT);
    if (given.isPresent() || url.matches("(?is).*;\\s*(?:memory_limit|max_memory)\\s*=.*")) {
      return given.orElse("");
    }
    long machine =
        ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
            ? system.getTotalMemorySize() // of the container, where there is one
            : 0;
    return machine <= 0 ? "" : beside(machine, Runtime.getRuntime().maxMemory());
  }

  /** DuckDB's own four fifths of the machine would not leave enough for a large heap. */
  static String beside(long machineBytes, long heapBytes) {
    long left = Math.max(0, machineBytes - heapBytes) / 5 * 4;
    return Math.max(LEAST_MEMORY_MIB, left >> 20) + "MiB";
  }

  @Override
  public void close() throws SQLException {
    writers.lock(); // lets a write that is under way finish
    try {
      Connection lastWriter = writer;
      writer = null;
      if (lastWriter != null) {
        lastWriter.close();
      }
      synchronized (this) {
        closed = true;
        if (root != null) {
          root.close();
          root = null;
        }
      }
      if (file == null && database.startsWith("memory ")) {
        WRITERS.remove(database);
      }
    } finally {
      writers.unlock();
    }
  }
}
