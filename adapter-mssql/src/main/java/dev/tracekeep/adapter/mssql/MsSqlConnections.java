package dev.tracekeep.adapter.mssql;

import com.microsoft.sqlserver.jdbc.SQLServerConnection;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tracekeep.jdbc.ConnectionSource;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.jdbc.Transactions;
import dev.tracekeep.storage.StorageConfig;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import javax.sql.DataSource;
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

  /** The driver's isolation level SNAPSHOT, which JDBC does not have. */
  private static final int SNAPSHOT_ISOLATION = SQLServerConnection.TRANSACTION_SNAPSHOT;

  private static final Transactions TRANSACTIONS = new Transactions(MsSqlFailures::isLostRace);

  private final StorageConfig config;

  /** The program's own connections; null where this store makes them. */
  private final @Nullable DataSource given;

  private @Nullable Pool pool;
  private boolean closed;

  /** The pools, and what their connections lead to. */
  private record Pool(DataSource connections, DataSource withoutTimeout, MsSqlServer server) {}

  MsSqlConnections(StorageConfig config) {
    this.config = config;
    this.given = config.resource(DataSource.class).orElse(null);
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
    DataSource own = given;
    if (own != null) {
      try (Connection connection = own.getConnection()) {
        return new Pool(own, own, MsSqlServer.of(connection));
      }
    }
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
      hikari.setTransactionIsolation(Integer.toString(SNAPSHOT_ISOLATION));
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
    Pool current = pool();
    try (Connection connection = lend(current, current.connections())) {
      return read(connection, work);
    }
  }

  /** Connections of another's pool may have been told not to commit by themselves. */
  private static <T extends @Nullable Object> T read(Connection connection, Work<T> work)
      throws Exception {
    return connection.getAutoCommit()
        ? work.on(connection)
        : Transactions.committed(connection, work);
  }

  private Connection lend(Pool from, DataSource connections) throws SQLException {
    Connection connection = connections.getConnection();
    if (given != null && !from.server().locksByHints()) {
      connection.setTransactionIsolation(SNAPSHOT_ISOLATION); // pools set it again
    }
    return connection;
  }

  @Override
  public <T extends @Nullable Object> T transact(Work<T> work) throws Exception {
    Pool current = pool();
    return TRANSACTIONS.repeated(
        () -> {
          try (Connection connection = lend(current, current.connections())) {
            return Transactions.committed(connection, work);
          }
        });
  }

  /** A connection whose statements may take any time; closing it gives it back. */
  Connection withoutTimeout() throws SQLException {
    Pool current = pool();
    return lend(current, current.withoutTimeout());
  }

  /**
   * Connections as a migration wants them, from a pool of their own: their statements may take any
   * time, which the driver is told when it connects.
   *
   * @param lockTimeout how long their statements wait for a lock
   */
  ConnectionSource withLockTimeout(Duration lockTimeout) {
    return new ConnectionSource() {
      @Override
      public <T extends @Nullable Object> T read(Work<T> work) throws Exception {
        return waiting(lockTimeout, connection -> MsSqlConnections.read(connection, work));
      }

      @Override
      public <T extends @Nullable Object> T transact(Work<T> work) throws Exception {
        return TRANSACTIONS.repeated(
            () -> waiting(lockTimeout, c -> Transactions.committed(c, work)));
      }

      @Override
      public void close() {
        // The store closes what it lends.
      }
    };
  }

  private <T extends @Nullable Object> T waiting(Duration lockTimeout, Work<T> work)
      throws Exception {
    try (Connection connection = withoutTimeout()) {
      if (given == null) {
        setLockTimeout(connection, millis(lockTimeout));
        return work.on(connection);
      }
      // No pool knows of this setting, and the program may rely on its own.
      long before = new SqlStatement("SELECT @@LOCK_TIMEOUT").number(connection);
      setLockTimeout(connection, millis(lockTimeout));
      try {
        return work.on(connection);
      } finally {
        setLockTimeout(connection, before);
      }
    }
  }

  private static void setLockTimeout(Connection connection, long millis) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCK_TIMEOUT " + millis);
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    Pool made = pool;
    pool = null;
    if (made != null) {
      for (DataSource one : List.of(made.connections(), made.withoutTimeout())) {
        if (one instanceof HikariDataSource own && own != given) {
          own.close();
        }
      }
    }
  }
}
