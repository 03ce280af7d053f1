package dev.tracekeep.jdbc;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.SpanVersion;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * A statement in the making: text and the parameters that go with it, so that the two cannot drift
 * apart. Not thread-safe.
 */
public final class SqlStatement {
  private static final int ROWS_AT_ONCE = 500;

  private final StringBuilder text = new StringBuilder();
  private final List<Object> parameters = new ArrayList<>();

  /** Starts with a text and the parameters for its question marks. */
  public SqlStatement(String text, Object... parameters) {
    append(text, parameters);
  }

  /** Appends text and the parameters for its question marks. */
  public SqlStatement append(String more, Object... moreParameters) {
    text.append(more);
    parameters.addAll(List.of(moreParameters));
    return this;
  }

  /** Appends another statement's text and parameters. */
  public SqlStatement append(SqlStatement part) {
    text.append(part.text);
    parameters.addAll(part.parameters);
    return this;
  }

  /** The text so far. */
  public String text() {
    return text.toString();
  }

  /** Reads one row after the other. */
  @FunctionalInterface
  public interface RowReader {
    /** Reads the current row. */
    void read(ResultSet row) throws SQLException;
  }

  /** Reads one value from the current row. */
  @FunctionalInterface
  public interface RowMapper<T> {
    /** Reads the current row. */
    T map(ResultSet row) throws SQLException;
  }

  /** Runs a query and reads each row. */
  public void forEach(Connection connection, RowReader reader) throws SQLException {
    try (PreparedStatement statement = prepare(connection);
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        reader.read(rows);
      }
    }
  }

  /** Reads one row and says whether to go on. */
  @FunctionalInterface
  interface RowTest {
    /** Reads the current row; false ends the reading. */
    boolean goesOn(ResultSet row) throws SQLException;
  }

  /**
   * Runs a query that may have many rows and reads them until one says that it is enough. Rows come
   * bit by bit: within a transaction where the driver needs one for that.
   */
  void forEachWhile(Connection connection, SqlDialect dialect, RowTest reader) throws SQLException {
    boolean inTransaction = dialect.streamsInTransactionsAlone() && connection.getAutoCommit();
    if (inTransaction) {
      connection.setAutoCommit(false);
    }
    try (PreparedStatement statement = prepare(connection)) {
      statement.setFetchSize(ROWS_AT_ONCE);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next() && reader.goesOn(rows)) {
          // The reader does the work.
        }
      }
    } finally {
      if (inTransaction) {
        connection.setAutoCommit(true);
      }
    }
  }

  /** Runs a query and collects its rows. */
  public <T> List<T> list(Connection connection, RowMapper<T> mapper) throws SQLException {
    List<T> list = new ArrayList<>();
    forEach(connection, row -> list.add(mapper.map(row)));
    return list;
  }

  /** Runs a query of one number. */
  public long number(Connection connection) throws SQLException {
    return list(connection, row -> row.getLong(1)).get(0);
  }

  /** Runs a change and returns how many rows it touched. */
  public int execute(Connection connection) throws SQLException {
    try (PreparedStatement statement = prepare(connection)) {
      return statement.executeUpdate();
    }
  }

  private PreparedStatement prepare(Connection connection) throws SQLException {
    PreparedStatement statement = connection.prepareStatement(text());
    try {
      for (int i = 0; i < parameters.size(); i++) {
        bind(statement, i + 1, parameters.get(i));
      }
      return statement;
    } catch (SQLException | RuntimeException e) {
      statement.close();
      throw e;
    }
  }

  /** Binds a value in the form that crosses every driver unharmed. */
  static void bind(PreparedStatement statement, int index, Object value) throws SQLException {
    if (value instanceof String string) {
      statement.setString(index, string);
    } else if (value instanceof Long number) {
      statement.setLong(index, number);
    } else if (value instanceof Integer number) {
      statement.setInt(index, number);
    } else if (value instanceof BigDecimal number) {
      statement.setBigDecimal(index, number);
    } else if (value instanceof Double number) {
      statement.setDouble(index, number);
    } else if (value instanceof Boolean flag) {
      statement.setBoolean(index, flag);
    } else if (value instanceof Instant instant) {
      statement.setLong(index, EpochNanos.of(instant));
    } else if (value instanceof Json json) {
      statement.setString(index, json.text());
    } else if (value instanceof SpanVersion version) {
      statement.setBytes(index, version.toBytes());
    } else {
      throw new IllegalArgumentException("No parameter can be a " + value.getClass().getName());
    }
  }
}
