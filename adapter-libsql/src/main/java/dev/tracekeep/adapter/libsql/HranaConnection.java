package dev.tracekeep.adapter.libsql;

import dev.tracekeep.adapter.libsql.HranaStream.Step;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * As much of JDBC over a {@link HranaStream} as the shared SQL part needs: prepared statements with
 * batches, and results that are read forwards. Every other method says that it is not there.
 */
final class HranaConnection {
  /** How much text one request takes along at most, so that no server finds it too large. */
  private static final long BATCH_CHARACTERS = 1 << 20;

  private final HranaStream stream;

  private HranaConnection(HranaStream stream) {
    this.stream = stream;
  }

  static Connection over(HranaStream stream) {
    return proxy(Connection.class, new HranaConnection(stream));
  }

  /** An object of a JDBC interface that can do what the target has a public method for. */
  private static <T> T proxy(Class<T> type, Object target) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) -> {
              Method implementation;
              try {
                implementation =
                    target.getClass().getMethod(method.getName(), method.getParameterTypes());
              } catch (NoSuchMethodException e) {
                throw new SQLFeatureNotSupportedException(
                    "a libSQL server has no " + type.getSimpleName() + "." + method.getName());
              }
              try {
                return implementation.invoke(target, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  /** {@link Connection#prepareStatement(String)}. */
  public PreparedStatement prepareStatement(String text) {
    return proxy(PreparedStatement.class, new Statement(stream, text));
  }

  /** The methods of {@link PreparedStatement}. */
  private static final class Statement {
    private final HranaStream stream;
    private final String text;
    private final List<Step> batch = new ArrayList<>();
    private @Nullable Object[] parameters = new Object[0];

    Statement(HranaStream stream, String text) {
      this.stream = stream;
      this.text = text;
    }

    private void set(int index, @Nullable Object value) {
      if (parameters.length < index) {
        parameters = Arrays.copyOf(parameters, index);
      }
      parameters[index - 1] = value;
    }

    public void setString(int index, @Nullable String value) {
      set(index, value);
    }

    public void setLong(int index, long value) {
      set(index, value);
    }

    public void setInt(int index, int value) {
      set(index, (long) value);
    }

    public void setDouble(int index, double value) {
      set(index, value);
    }

    public void setBoolean(int index, boolean value) {
      set(index, value ? 1L : 0L);
    }

    public void setBytes(int index, byte @Nullable [] value) {
      set(index, value);
    }

    public void setObject(int index, @Nullable Object value) {
      set(index, value);
    }

    private Step step() {
      return new Step(text, Arrays.asList(parameters.clone()));
    }

    public void addBatch() {
      batch.add(step());
    }

    public int[] executeBatch() throws SQLException {
      int[] touched = new int[batch.size()];
      int start = 0;
      while (start < batch.size()) {
        int end = endOfRequest(start);
        List<Long> counts = stream.execute(batch.subList(start, end));
        for (int i = start; i < end; i++) {
          touched[i] = counts.get(i - start).intValue();
        }
        start = end;
      }
      batch.clear();
      return touched;
    }

    private int endOfRequest(int start) {
      long size = 0;
      int end = start;
      while (end < batch.size() && (end == start || size < BATCH_CHARACTERS)) {
        for (Object value : batch.get(end).parameters()) {
          size += value instanceof String string ? string.length() + 32 : 48;
        }
        end++;
      }
      return end;
    }

    public int executeUpdate() throws SQLException {
      return (int) stream.execute(step());
    }

    public ResultSet executeQuery() throws SQLException {
      return proxy(ResultSet.class, new Result(stream.query(step())));
    }

    public void close() {}
  }

  /** The methods of {@link ResultSet}. */
  private static final class Result {
    private final HranaRows rows;
    private List<@Nullable Object> row = List.of();
    private boolean lastWasNull;

    Result(HranaRows rows) {
      this.rows = rows;
    }

    public boolean next() throws SQLException {
      List<@Nullable Object> next = rows.next();
      row = next == null ? List.of() : next;
      return next != null;
    }

    public @Nullable Object getObject(int index) {
      Object value = row.get(index - 1);
      lastWasNull = value == null;
      return value;
    }

    public @Nullable String getString(int index) {
      Object value = getObject(index);
      return value == null ? null : value.toString();
    }

    public long getLong(int index) {
      return getObject(index) instanceof Number number ? number.longValue() : 0;
    }

    public int getInt(int index) {
      return (int) getLong(index);
    }

    public boolean getBoolean(int index) {
      return getLong(index) != 0;
    }

    public byte @Nullable [] getBytes(int index) {
      return (byte[]) getObject(index);
    }

    public boolean wasNull() {
      return lastWasNull;
    }

    public void close() throws SQLException {
      rows.close();
    }
  }
}
