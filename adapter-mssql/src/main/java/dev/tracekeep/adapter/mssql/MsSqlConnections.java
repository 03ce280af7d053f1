package dev.tracekeep.adapter.mssql;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.failsafe.Failsafe;
import dev.failsafe.FailsafeException;
import dev.failsafe.RetryPolicy;
import dev.tracekeep.jdbc.ConnectionSource;
import dev.tracekeep.storage.StorageConfig;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Locale;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * The connections to one database: a pool that is made when first asked for, so that opening a
 * store does no I/O.
 *
 * <p>A statement's time-out is the driver's, which asks the server to cancel. Behind it stands a
 * time-out of the socket, for servers that do not hear that, and for networks that swallow it.
 */
final class MsSqlConnections implements ConnectionSource {
  /** How much longer than a statement the socket waits. */
  private static final Duration SOCKET_GRACE = Duration.ofSeconds(10);

  /** A migration runs in one thread; plans and checks may come beside it. */
  private static final int MIGRATION_POOL_SIZE = 4;

  /** The driver's name of the isolation level SNAPSHOT, which JDBC does not have. */
  private static final String SNAPSHOT = "4096";

  private static final RetryPolicy<@Nullable Object> RETRY_LOST_RACES =
      RetryPolicy.builder()
          .handleIf(failure -> MsSqlFailures.isLostRace(failure))
          .withBackoff(Duration.ofMillis(5), Duration.ofMillis(500))
          .withJitter(0.3)
          .withMaxRetries(10)
          .build();

  private final StorageConfig config;
  private @Nullable Pool pool;
  private boolean closed;

  /** The pools, and what their connections lead to. */
  private record Pool(
      HikariDataSource connections, HikariDataSource unhurried, MsSqlServer server) {}

  MsSqlConnections(StorageConfig config) {
    this.config = config;
  }

  // ---- the pool --------------------------------------------------------------------------------

  /** What answers at the other end. */
  MsSqlServer server() throws SQLException {
    return pool().server();
  }

  private synchronized Pool pool() throws SQLException {
    if (closed) {
      throw new SQLException("the store is closed");
    }
    Pool made = pool;
    if (made == null) {
      made = open();
      pool = made;
    }
    return made;
  }

  /**
   * Connects once without the pool: it would try again until its time-out where the password is
   * wrong, and log a stack trace.
   */
  private Pool open() throws SQLException {
    Properties properties = properties(config.statementTimeout(), config.lockTimeout());
    MsSqlServer server;
    try (Connection connection = DriverManager.getConnection(config.uri().raw(), properties)) {
      server = MsSqlServer.of(connection);
    }
    return new Pool(
        pool("tracekeep-mssql", properties, config.poolSize(), server),
        pool(
            "tracekeep-mssql-migration",
            properties(Duration.ZERO, config.lockTimeout()),
            MIGRATION_POOL_SIZE,
            server),
        server);
  }

  private HikariDataSource pool(String name, Properties properties, int size, MsSqlServer server) {
    HikariConfig hikari = new HikariConfig();
    hikari.setPoolName(name);
    hikari.setJdbcUrl(config.uri().raw());
    hikari.setDataSourceProperties(properties);
    hikari.setMaximumPoolSize(size);
    hikari.setMinimumIdle(0);
    if (!server.locksByHints()) {
      // An update reads and then writes: where no lock keeps others out in between, the later of
      // two must fail and be repeated.
      hikari.setTransactionIsolation(SNAPSHOT);
    }
    long timeout = Math.max(250, config.connectTimeout().toMillis());
    hikari.setConnectionTimeout(timeout);
    hikari.setValidationTimeout(Math.min(5_000, timeout));
    hikari.setInitializationFailTimeout(-1);
    return new HikariDataSource(hikari);
  }

  /**
   * What the driver is told where the address says nothing else.
   *
   * @param statementTimeout zero for none
   */
  Properties properties(Duration statementTimeout, Duration lockTimeout) {
    Properties properties = new Properties();
    set(properties, "user", config.username(), "username");
    set(properties, "password", config.password());
    long connectSeconds = Math.max(1, config.connectTimeout().toSeconds());
    set(properties, "loginTimeout", Long.toString(Math.min(65_535, connectSeconds)));
    set(properties, "applicationName", "tracekeep");
    set(properties, "lockTimeout", Integer.toString(millis(lockTimeout)));
    if (!statementTimeout.isZero()) {
      long seconds = Math.max(1, statementTimeout.plusMillis(999).toSeconds());
      set(properties, "queryTimeout", Long.toString(seconds));
      set(
          properties,
          "socketTimeout",
          Integer.toString(millis(Duration.ofSeconds(seconds).plus(SOCKET_GRACE))));
    }
    return properties;
  }

  private void set(
      Properties properties, String name, @Nullable String value, String... otherNames) {
    boolean isInAddress = isInAddress(name);
    for (String other : otherNames) {
      isInAddress |= isInAddress(other);
    }
    if (value != null && !isInAddress) {
      properties.setProperty(name, value);
    }
  }

  /** The driver lets what it is given win over the address; here the address wins. */
  private boolean isInAddress(String name) {
    return config
        .uri()
        .raw()
        .toLowerCase(Locale.ROOT)
        .matches("(?s).*;\\s*" + name.toLowerCase(Locale.ROOT) + "\\s*=.*");
  }

  /** A time-out as the server takes it, which understands 0 as none and has an upper limit. */
  static int millis(Duration timeout) {
    return (int) Math.max(1, Math.min(Integer.MAX_VALUE, timeout.toMillis()));
  }

  // ---- lending ---------------------------------------------------------------------------------

  @Override
  public <T extends @Nullable Object> T read(Work<T> work) throws Exception {
    try (Connection connection = pool().connections().getConnection()) {
      return work.on(connection);
    }
  }

  @Override
  public <T extends @Nullable Object> T transact(Work<T> work) throws Exception {
    Pool current = pool();
    return repeated(
        () -> {
          try (Connection connection = current.connections().getConnection()) {
            return committed(connection, work);
          }
        });
  }

  /** Something that may lose a race. */
  @FunctionalInterface
  private interface Attempt<T extends @Nullable Object> {
    T run() throws Exception;
  }

  private static <T extends @Nullable Object> T repeated(Attempt<T> attempt) throws Exception {
    try {
      return Failsafe.with(RETRY_LOST_RACES).get(attempt::run);
    } catch (FailsafeException e) {
      // Failsafe wraps what is checked; callers are to see what the driver threw.
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  private static <T extends @Nullable Object> T committed(Connection connection, Work<T> work)
      throws Exception {
    connection.setAutoCommit(false);
    try {
      T result = work.on(connection);
      connection.commit();
      return result;
    } catch (Exception e) {
      try {
        connection.rollback();
      } catch (SQLException lost) {
        e.addSuppressed(lost);
      }
      throw e;
    }
  }

  /** A connection whose statements may take any time; closing it gives it back. */
  Connection unhurried() throws SQLException {
    return pool().unhurried().getConnection();
  }

  /**
   * Connections as a migration wants them, from a pool of their own: their statements may take any
   * time, which the driver is told when it connects.
   *
   * @param lockTimeout how long their statements wait for a lock
   */
  ConnectionSource unhurried(Duration lockTimeout) {
    return new ConnectionSource() {
      @Override
      public <T extends @Nullable Object> T read(Work<T> work) throws Exception {
        try (Connection connection = pool().unhurried().getConnection()) {
          setLockTimeout(connection, lockTimeout);
          return work.on(connection);
        }
      }

      @Override
      public <T extends @Nullable Object> T transact(Work<T> work) throws Exception {
        HikariDataSource unhurried = pool().unhurried();
        return repeated(
            () -> {
              try (Connection connection = unhurried.getConnection()) {
                setLockTimeout(connection, lockTimeout);
                return committed(connection, work);
              }
            });
      }

      @Override
      public void close() {
        // The store closes what it lends.
      }
    };
  }

  private static void setLockTimeout(Connection connection, Duration lockTimeout)
      throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCK_TIMEOUT " + millis(lockTimeout));
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    Pool made = pool;
    pool = null;
    if (made != null) {
      made.connections().close();
      made.unhurried().close();
    }
  }
}
