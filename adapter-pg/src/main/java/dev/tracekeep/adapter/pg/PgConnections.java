package dev.tracekeep.adapter.pg;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tracekeep.jdbc.ConnectionSource;
import dev.tracekeep.jdbc.SqlStatement;
import dev.tracekeep.jdbc.Transactions;
import dev.tracekeep.storage.StorageConfig;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGProperty;

/**
 * The connections to one PostgreSQL database: a pool that is made when first asked for, so that
 * opening a store does no I/O.
 *
 * <p>No session state outlives a transaction but what the connection was started with. Time-outs
 * are start-up options, which cost nothing; where a proxy refuses or ignores those, each
 * transaction sets its own, and no statement is kept prepared, because the next transaction may run
 * on another server connection. So it is with the connections of a pool that was handed in, which
 * were started with what the program wants.
 */
final class PgConnections implements ConnectionSource {
  /** A startup parameter that a proxy does not know, or says that it does not support. */
  private static final String PROTOCOL_VIOLATION = "08P01";

  private static final String NOT_SUPPORTED = "0A000";

  private static final Transactions TRANSACTIONS = new Transactions(PgFailures::isLostRace);

  /**
   * How long after the end of a statement's time the server's word is waited for: a server that is
   * gone says nothing.
   */
  private static final Duration SOCKET_GRACE = Duration.ofSeconds(5);

  private final StorageConfig config;
  private final boolean poolingAnnounced;

  /** The program's own connections; null where this store makes them. */
  private final @Nullable DataSource given;

  private @Nullable Pool pool;
  private boolean closed;

  /** The pool, and what its connections lead to. */
  private record Pool(DataSource connections, PgServer server, boolean perTransaction) {}

  PgConnections(StorageConfig config) {
    this.config = config;
    this.poolingAnnounced =
        config.engineProperty(PgProvider.TRANSACTION_POOLING).orElse("false").equals("true");
    this.given = config.resource(DataSource.class).orElse(null);
  }

  // ---- the pool --------------------------------------------------------------------------------

  /** What answers at the other end. */
  PgServer server() throws SQLException {
    return pool().server();
  }

  /** Whether the next transaction may run on another server connection. */
  boolean isPooledByTransaction() throws SQLException {
    return pool().perTransaction();
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
        return new Pool(own, PgServer.of(connection), true);
      }
    }
    boolean perTransaction = poolingAnnounced;
    PgServer server;
    try (Connection connection = connect(perTransaction, "", true)) {
      server = PgServer.of(connection);
      perTransaction |= server.statementTimeoutMillis() != millis(config.statementTimeout());
    } catch (SQLException e) {
      boolean refusesOptions =
          PROTOCOL_VIOLATION.equals(e.getSQLState()) || NOT_SUPPORTED.equals(e.getSQLState());
      if (perTransaction || !refusesOptions) {
        throw e;
      }
      perTransaction = true;
      try (Connection connection = connect(true, "", true)) {
        server = PgServer.of(connection);
      } catch (SQLException second) {
        second.addSuppressed(e);
        throw second;
      }
    }
    HikariConfig hikari = new HikariConfig();
    hikari.setPoolName("tracekeep-pg");
    hikari.setJdbcUrl(config.uri().raw());
    hikari.setDataSourceProperties(properties(perTransaction, "", true));
    hikari.setExceptionOverride(new KeptConnections());
    hikari.setMaximumPoolSize(config.poolSize());
    hikari.setMinimumIdle(0);
    long timeout = Math.max(250, config.connectTimeout().toMillis());
    hikari.setConnectionTimeout(timeout);
    hikari.setValidationTimeout(Math.min(5_000, timeout));
    hikari.setInitializationFailTimeout(-1);
    return new Pool(new HikariDataSource(hikari), server, perTransaction);
  }

  /** Connects beside the pool; the caller closes it. */
  private Connection connect(boolean perTransaction, String options, boolean isLimited)
      throws SQLException {
    DataSource own = given;
    return own != null
        ? own.getConnection()
        : DriverManager.getConnection(
            config.uri().raw(), properties(perTransaction, options, isLimited));
  }

  /** What the driver is told where the address says nothing else. */
  private Properties properties(boolean perTransaction, String moreOptions, boolean isLimited) {
    Properties properties = new Properties();
    if (config.username() != null) {
      properties.setProperty(PGProperty.USER.getName(), config.username());
    }
    if (config.password() != null) {
      properties.setProperty(PGProperty.PASSWORD.getName(), config.password());
    }
    String seconds = Long.toString(Math.max(1, config.connectTimeout().toSeconds()));
    properties.setProperty(PGProperty.CONNECT_TIMEOUT.getName(), seconds);
    properties.setProperty(PGProperty.LOGIN_TIMEOUT.getName(), seconds);
    if (isLimited) {
      properties.setProperty(
          PGProperty.SOCKET_TIMEOUT.getName(),
          Long.toString(config.statementTimeout().plus(SOCKET_GRACE).plusMillis(999).toSeconds()));
    }
    properties.setProperty(PGProperty.TCP_KEEP_ALIVE.getName(), "true");
    properties.setProperty(PGProperty.APPLICATION_NAME.getName(), "tracekeep");
    // The details of an error quote the row, and with it payloads that may be private.
    properties.setProperty(PGProperty.LOG_SERVER_ERROR_DETAIL.getName(), "false");
    if (perTransaction) {
      properties.setProperty(PGProperty.PREPARE_THRESHOLD.getName(), "0");
    } else {
      properties.setProperty(
          PGProperty.OPTIONS.getName(),
          "-c statement_timeout="
              + millis(config.statementTimeout())
              + " -c lock_timeout="
              + millis(config.lockTimeout())
              + moreOptions);
    }
    return properties;
  }

  // ---- lending ---------------------------------------------------------------------------------

  @Override
  public <T extends @Nullable Object> T read(Work<T> work) throws Exception {
    Pool current = pool();
    if (current.perTransaction()) {
      return transactOnce(current, timeouts(), true, work);
    }
    try (Connection connection = current.connections().getConnection()) {
      return work.on(connection);
    }
  }

  @Override
  public <T extends @Nullable Object> T transact(Work<T> work) throws Exception {
    return transact(pool().perTransaction() ? timeouts() : "", true, work);
  }

  private String timeouts() {
    return "SET LOCAL statement_timeout = "
        + millis(config.statementTimeout())
        + "; SET LOCAL lock_timeout = "
        + millis(config.lockTimeout());
  }

  /** A time-out as PostgreSQL takes it, which understands 0 as none and has an upper limit. */
  static int millis(Duration timeout) {
    return (int) Math.max(1, Math.min(Integer.MAX_VALUE, timeout.toMillis()));
  }

  /**
   * Like {@link #transact(Work)}, with settings of its own.
   *
   * @param settings SET LOCAL statements; empty for none
   */
  <T extends @Nullable Object> T transact(String settings, Work<T> work) throws Exception {
    return transact(settings, true, work);
  }

  private <T extends @Nullable Object> T transact(String settings, boolean isLimited, Work<T> work)
      throws Exception {
    Pool current = pool();
    return TRANSACTIONS.repeated(() -> transactOnce(current, settings, isLimited, work));
  }

  private static <T extends @Nullable Object> T transactOnce(
      Pool pool, String settings, boolean isLimited, Work<T> work) throws Exception {
    try (Connection connection = pool.connections().getConnection()) {
      if (!isLimited) {
        connection.setNetworkTimeout(Runnable::run, 0); // pools set it again
      }
      if (!pool.server().isPostgres()) {
        // The counts of a merge are right there only if nobody writes between its two statements.
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      }
      return Transactions.committed(
          connection,
          begun -> {
            if (!settings.isEmpty()) {
              new SqlStatement(settings).execute(begun);
            }
            return work.on(begun);
          });
    }
  }

  /** A connection beside the pool whose statements may take any time; the caller closes it. */
  Connection dedicated(Duration lockTimeout) throws SQLException {
    Pool current = pool();
    return connect(
        current.perTransaction(),
        " -c statement_timeout=0 -c lock_timeout=" + millis(lockTimeout),
        false);
  }

  /** The pool as a migration wants it: its statements may take any time. */
  ConnectionSource withSettings(String settings) {
    return new ConnectionSource() {
      @Override
      public <T extends @Nullable Object> T read(Work<T> work) throws Exception {
        return transactOnce(pool(), settings, false, work);
      }

      @Override
      public <T extends @Nullable Object> T transact(Work<T> work) throws Exception {
        return PgConnections.this.transact(settings, false, work);
      }

      @Override
      public void close() {
        // The store closes what it lends.
      }
    };
  }

  @Override
  public synchronized void close() {
    closed = true;
    Pool made = pool;
    pool = null;
    if (made != null && made.connections() instanceof HikariDataSource own && own != given) {
      own.close();
    }
  }
}
