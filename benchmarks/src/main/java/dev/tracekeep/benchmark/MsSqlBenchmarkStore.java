package dev.tracekeep.benchmark;

import com.microsoft.sqlserver.jdbc.ISQLServerBulkData;
import com.microsoft.sqlserver.jdbc.SQLServerBulkCopy;
import com.microsoft.sqlserver.jdbc.SQLServerBulkCopyOptions;
import com.microsoft.sqlserver.jdbc.SQLServerConnection;
import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanVersion;
import java.io.IOException;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A database on the server that TRACEKEEP_BENCHMARK_MSSQL_URL names, and the driver's bulk copy of
 * rows that were made before the clock started.
 */
final class MsSqlBenchmarkStore implements BenchmarkStore {
  private static final AtomicInteger DATABASES = new AtomicInteger();

  private final String server;
  private final String name;

  MsSqlBenchmarkStore() throws SQLException {
    String given = System.getenv("TRACEKEEP_BENCHMARK_MSSQL_URL");
    if (given == null || given.isBlank()) {
      throw new IllegalStateException(
          "Set TRACEKEEP_BENCHMARK_MSSQL_URL to the JDBC address of a server whose login may create databases");
    }
    this.server = given;
    this.name =
        "tracekeep_benchmark_" + ProcessHandle.current().pid() + "_" + DATABASES.incrementAndGet();
    execute(server, "CREATE DATABASE " + name);
  }

  private static void execute(String address, String statement) throws SQLException {
    try (Connection connection = DriverManager.getConnection(address);
        Statement jdbc = connection.createStatement()) {
      jdbc.execute(statement);
    }
  }

  @Override
  public String url() {
    return server.replaceAll("(?i);\\s*(databaseName|database)\\s*=[^;]*", "")
        + ";databaseName="
        + name;
  }

  @Override
  public List<Object[]> rawRows(List<Span> spans) {
    List<Object[]> rows = new ArrayList<>(spans.size());
    for (Span span : spans) {
      Object[] row = new Object[SpanColumn.all().size() + 1];
      for (SpanColumn column : SpanColumn.all()) {
        row[column.ordinal()] = crossing(column, column.read(span));
      }
      row[row.length - 1] = span.version().toBytes();
      rows.add(row);
    }
    return rows;
  }

  private static Object crossing(SpanColumn column, Object value) {
    if (value instanceof Json json) {
      return json.text();
    }
    if (value instanceof Instant time) {
      return EpochNanos.of(time);
    }
    if (value instanceof BigDecimal number) {
      return column.scale() == 0
          ? (Object) number.longValueExact()
          : number.setScale(column.scale());
    }
    return value instanceof List<?> tags
        ? Json.array(tags.stream().map(tag -> Json.of((String) tag)).toList()).text()
        : value;
  }

  @Override
  public void writeRaw(List<Object[]> rows, int batch) throws Exception {
    try (Connection connection = DriverManager.getConnection(url());
        SQLServerBulkCopy copy =
            new SQLServerBulkCopy(connection.unwrap(SQLServerConnection.class))) {
      connection.setAutoCommit(false);
      SQLServerBulkCopyOptions options = new SQLServerBulkCopyOptions();
      options.setBulkCopyTimeout(600);
      copy.setBulkCopyOptions(options);
      copy.setDestinationTableName("tracekeep_spans");
      for (SpanColumn column : SpanColumn.all()) {
        copy.addColumnMapping(column.ordinal() + 1, column.columnName());
      }
      copy.addColumnMapping(SpanColumn.all().size() + 1, SpanColumn.VERSION_NAME);
      for (int from = 0; from < rows.size(); from += batch) {
        copy.writeToServer(new Rows(rows.subList(from, Math.min(rows.size(), from + batch))));
        connection.commit();
      }
    }
  }

  /** Rows as the driver reads them; it counts columns from 1. */
  private static final class Rows implements ISQLServerBulkData {
    private static final long serialVersionUID = 1L;

    private final transient List<Object[]> rows;
    private int position = -1;

    Rows(List<Object[]> rows) {
      this.rows = rows;
    }

    private static SpanColumn column(int ordinal) {
      return ordinal <= SpanColumn.all().size() ? SpanColumn.all().get(ordinal - 1) : null;
    }

    @Override
    public Set<Integer> getColumnOrdinals() {
      Set<Integer> ordinals = new TreeSet<>();
      for (int i = 1; i <= SpanColumn.all().size() + 1; i++) {
        ordinals.add(i);
      }
      return ordinals;
    }

    @Override
    public String getColumnName(int ordinal) {
      SpanColumn column = column(ordinal);
      return column == null ? SpanColumn.VERSION_NAME : column.columnName();
    }

    @Override
    public int getColumnType(int ordinal) {
      SpanColumn column = column(ordinal);
      if (column == null) {
        return Types.BINARY;
      }
      boolean isId = column.isKey() || column == SpanColumn.PARENT_SPAN_ID;
      return switch (column.type()) {
        case TEXT -> isId ? Types.VARCHAR : Types.LONGNVARCHAR;
        case JSON, TEXT_LIST -> Types.LONGNVARCHAR;
        case NUMBER -> column.scale() == 0 ? Types.BIGINT : Types.DECIMAL;
        case TIME -> Types.BIGINT;
        case FLAG -> Types.BIT;
      };
    }

    @Override
    public int getPrecision(int ordinal) {
      return switch (getColumnType(ordinal)) {
        case Types.VARCHAR -> 131;
        case Types.DECIMAL -> 18;
        default -> SpanVersion.LENGTH;
      };
    }

    @Override
    public int getScale(int ordinal) {
      SpanColumn column = column(ordinal);
      return column == null ? 0 : column.scale();
    }

    @Override
    public boolean next() {
      return ++position < rows.size();
    }

    @Override
    public Object[] getRowData() {
      return rows.get(position);
    }
  }

  @Override
  public void settle() throws SQLException {
    try {
      execute(url(), "UPDATE STATISTICS tracekeep_spans");
    } catch (SQLException e) {
      if (!String.valueOf(e.getMessage()).contains("Babelfish")) {
        throw e;
      }
      // Babelfish lacks the statement; PostgreSQL's autovacuum does the same by itself.
    }
  }

  @Override
  public void close() throws IOException {
    try {
      execute(server, "DROP DATABASE " + name);
    } catch (SQLException e) {
      throw new IOException("The database " + name + " was not dropped", e);
    }
  }
}
