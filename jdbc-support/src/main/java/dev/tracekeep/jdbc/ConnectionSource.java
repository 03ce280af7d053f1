package dev.tracekeep.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Lends connections to one database. Thread-safe. */
public interface ConnectionSource extends AutoCloseable {
  /** Work on a connection that is lent for its time. */
  @FunctionalInterface
  interface Work<T extends @Nullable Object> {
    /** Does the work; the connection must be neither committed nor closed. */
    T on(Connection connection) throws Exception;
  }

  /** Lends a connection for reading. */
  <T extends @Nullable Object> T read(Work<T> work) throws Exception;

  /**
   * Lends a connection within a transaction: commits after the work, rolls back if it fails, and
   * repeats it as a whole where the engine says that it lost a race (deadlock, serialization).
   */
  <T extends @Nullable Object> T transact(Work<T> work) throws Exception;

  /** Closes every connection. */
  @Override
  void close() throws SQLException;
}
