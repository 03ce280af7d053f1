package dev.tracekeep.benchmark;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import java.io.IOException;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;

/** A DuckDB file, and the Appender with the same transactions and checkpoint threshold as ours. */
final class DuckDbBenchmarkStore implements BenchmarkStore {
  private final TemporaryFolder folder;

  DuckDbBenchmarkStore() throws IOException {
    this.folder = new TemporaryFolder();
  }

  @Override
  public String url() {
    return "jdbc:duckdb:" + folder.file("spans.duckdb");
  }

  @Override
  public List<Object[]> rawRows(List<Span> spans) {
    List<Object[]> rows = new ArrayList<>(spans.size());
    for (Span span : spans) {
      Object[] row = new Object[SpanColumn.all().size() + 1];
      for (SpanColumn column : SpanColumn.all()) {
        Object value = column.read(span);
        row[column.ordinal()] =
            value instanceof Json json
                ? json.text()
                : value instanceof Instant time
                    ? Long.valueOf(EpochNanos.of(time))
                    : value instanceof BigDecimal number
                        ? column.scale() == 0
                            ? (Object) number.longValueExact()
                            : number.setScale(column.scale())
                        : value;
      }
      row[row.length - 1] = span.version().toBytes();
      rows.add(row);
    }
    return rows;
  }

  @Override
  public void writeRaw(List<Object[]> rows, int batch) throws Exception {
    try (Connection connection = DriverManager.getConnection(url());
        Statement statement = connection.createStatement()) {
      statement.execute("SET checkpoint_threshold = '256MB'");
      for (int from = 0; from < rows.size(); from += batch) {
        statement.execute("BEGIN TRANSACTION");
        append(connection, rows.subList(from, Math.min(rows.size(), from + batch)));
        statement.execute("COMMIT");
      }
    }
  }

  private static void append(Connection connection, List<Object[]> rows) throws Exception {
    try (DuckDBAppender appender =
        connection.unwrap(DuckDBConnection.class).createAppender("main", "tracekeep_spans")) {
      for (Object[] row : rows) {
        appender.beginRow();
        for (int i = 0; i < row.length; i++) {
          Object value = row[i];
          if (value == null) {
            appender.appendNull();
          } else if (value instanceof String text) {
            appender.append(text);
          } else if (value instanceof Long nanos
              && SpanColumn.all().get(i).type() == SpanColumn.Type.TIME) {
            appender.appendEpochNanos(nanos);
          } else if (value instanceof Long count) {
            appender.append(count.longValue());
          } else if (value instanceof BigDecimal number) {
            appender.append(number);
          } else if (value instanceof Boolean flag) {
            appender.append(flag.booleanValue());
          } else if (value instanceof List<?> tags) {
            appender.append(tags);
          } else {
            appender.append((byte[]) value);
          }
        }
        appender.endRow();
      }
      appender.flush();
    }
  }

  @Override
  public void close() throws IOException {
    folder.close();
  }
}
