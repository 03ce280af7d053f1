package com.example.tracekeep.h2;

import dev.tracekeep.jdbc.ConnectionSource;
import dev.tracekeep.storage.StorageConfig;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** Connections to one H2 database. Writers take turns, so that none loses a race. */
final class H2Connections implements ConnectionSource {
  private static final Map<String, ReentrantLock> WRITERS = new ConcurrentHashMap<>();

  private final StorageConfig config;
  private final String url;
  private final ReentrantLock writers;
  private Connection root;
  private boolean closed;

  H2Connections(StorageConfig config) {
    this.config = config;
    // By default H2 writes a commit half a second later: a killed process would lose it.
    this.url = config.uri().raw() + ";WRITE_DELAY=0";
    this.writers = WRITERS.computeIfAbsent(config.uri().raw(), key -> new ReentrantLock());
  }

  @Override
  public <T> T read(Work<T> work) throws Exception {
    try (Connection connection = open()) {
      return work.on(connection);
    }
  }

  @Override
  public <T> T transact(Work<T> work) throws Exception {
    if (!writers.tryLock(config.lockTimeout().toMillis(), TimeUnit.MILLISECONDS)) {
      throw new SQLTimeoutException("another write took longer than " + config.lockTimeout());
    }
    try (Connection connection = open()) {
      connection.setAutoCommit(false);
      try {
        T result = work.on(connection);
        connection.commit();
        return result;
      } catch (Exception e) {
        connection.rollback();
        throw e;
      }
    } finally {
      writers.unlock();
    }
  }

  private synchronized Connection open() throws SQLException {
    if (closed) {
      throw new SQLException("the store is closed");
    }
    if (root == null) {
      // H2 closes a database with its last connection: this one keeps it open between two calls.
      root = connect();
    }
    return connect();
  }

  private Connection connect() throws SQLException {
    String user = config.username() == null ? "sa" : config.username();
    String password = config.password() == null ? "" : config.password();
    return DriverManager.getConnection(url, user, password);
  }

  @Override
  public synchronized void close() throws SQLException {
    closed = true;
    if (root != null) {
      root.close();
      root = null;
    }
  }
}
