package dev.tracekeep.adapter.libsql;

import dev.tracekeep.dedupe.MigratorLock;
import dev.tracekeep.storage.StorageConfig;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
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
  private final Turns turns = new Turns();
  private final Pool<Connection> readers;
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
    this.readers =
        new Pool<>(config.poolSize(), config.connectTimeout(), () -> open(false), reader -> true);
    this.migratorLocks = new MigratorLocks(file, jdbcUrl);
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
        ? turns.exclusively(config.lockTimeout(), () -> work.on(writer()))
        : Turns.repeating(config.lockTimeout(), () -> readers.lend(work::on));
  }

  @Override
  public <T extends @Nullable Object> T transact(Work<T> work) throws Exception {
    return transact(config.lockTimeout(), work);
  }

  @Override
  public <T extends @Nullable Object> T transact(Duration lockTimeout, Work<T> work)
      throws Exception {
    return turns.exclusively(
        lockTimeout, () -> Turns.repeating(lockTimeout, () -> transactOnce(work)));
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
        Pool.closeQuietly(connection, reason);
      }
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
        Pool.closeQuietly(connection, e);
        throw e;
      }
    }
    return connection;
  }

  @Override
  public void close() throws SQLException {
    turns.lastly(
        () -> {
          closed = true;
          Connection last = writer;
          writer = null;
          try {
            readers.close();
          } finally {
            if (last != null) {
              last.close();
            }
          }
        });
  }
}
