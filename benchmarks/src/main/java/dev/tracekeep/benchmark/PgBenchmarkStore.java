package dev.tracekeep.benchmark;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.util.ByteConverter;

/**
 * A database on the server that TRACEKEEP_BENCHMARK_PG_URL names, and binary COPY of rows that were
 * encoded before the clock started: nothing that the driver can do is faster.
 */
final class PgBenchmarkStore implements BenchmarkStore {
  private static final byte[] HEADER = {
    'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xFF, '\r', '\n', 0, 0, 0, 0, 0, 0, 0, 0, 0
  };
  private static final byte[] TRAILER = {-1, -1};
  private static final AtomicInteger DATABASES = new AtomicInteger();

  private final String server;
  private final String name;

  PgBenchmarkStore() throws SQLException {
    String given = System.getenv("TRACEKEEP_BENCHMARK_PG_URL");
    if (given == null || given.isBlank()) {
      throw new IllegalStateException(
          "Set TRACEKEEP_BENCHMARK_PG_URL to the JDBC address of a database whose user may create databases");
    }
    this.server = given;
    this.name =
        "tracekeep_benchmark_" + ProcessHandle.current().pid() + "_" + DATABASES.incrementAndGet();
    execute("CREATE DATABASE " + name);
  }

  private void execute(String statement) throws SQLException {
    try (Connection connection = DriverManager.getConnection(server);
        Statement jdbc = connection.createStatement()) {
      jdbc.execute(statement);
    }
  }

  @Override
  public String url() {
    // jdbc:postgresql://host:port/database?parameters
    return server.replaceFirst("(//[^/]+/)[^?]*", "$1" + name);
  }

  @Override
  public List<Object[]> rawRows(List<Span> spans) {
    List<Object[]> rows = new ArrayList<>(spans.size());
    for (Span span : spans) {
      rows.add(new Object[] {encoded(span)});
    }
    return rows;
  }

  private static byte[] encoded(Span span) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(2048);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeShort(SpanColumn.all().size() + 1);
      for (SpanColumn column : SpanColumn.all()) {
        Object value = column.read(span);
        if (value == null) {
          out.writeInt(-1);
        } else if (value instanceof Instant time) {
          out.writeInt(Long.BYTES);
          out.writeLong(EpochNanos.of(time));
        } else if (value instanceof BigDecimal number && column.scale() == 0) {
          out.writeInt(Long.BYTES);
          out.writeLong(number.longValueExact());
        } else if (value instanceof BigDecimal number) {
          write(out, ByteConverter.numeric(number));
        } else if (value instanceof Boolean flag) {
          out.writeInt(1);
          out.writeBoolean(flag);
        } else if (value instanceof List<?> tags) {
          write(out, array(tags));
        } else {
          String text = value instanceof Json json ? json.text() : (String) value;
          write(out, text.getBytes(StandardCharsets.UTF_8));
        }
      }
      write(out, span.version().toBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static byte[] array(List<?> tags) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(tags.isEmpty() ? 0 : 1);
      out.writeInt(0);
      out.writeInt(25);
      if (!tags.isEmpty()) {
        out.writeInt(tags.size());
        out.writeInt(1);
        for (Object tag : tags) {
          write(out, ((String) tag).getBytes(StandardCharsets.UTF_8));
        }
      }
    }
    return bytes.toByteArray();
  }

  private static void write(DataOutputStream out, byte[] field) throws IOException {
    out.writeInt(field.length);
    out.write(field);
  }

  @Override
  public void writeRaw(List<Object[]> rows, int batch) throws Exception {
    String columns =
        SpanColumn.all().stream().map(SpanColumn::columnName).collect(Collectors.joining(", "));
    try (Connection connection = DriverManager.getConnection(url())) {
      connection.setAutoCommit(false);
      for (int from = 0; from < rows.size(); from += batch) {
        CopyIn copy =
            connection
                .unwrap(PGConnection.class)
                .getCopyAPI()
                .copyIn(
                    "COPY tracekeep_spans (" + columns + ", version) FROM STDIN (FORMAT binary)");
        write(copy, rows.subList(from, Math.min(rows.size(), from + batch)));
        copy.endCopy();
        connection.commit();
      }
    }
  }

  private static void write(CopyIn copy, List<Object[]> rows) throws SQLException {
    ByteArrayOutputStream chunk = new ByteArrayOutputStream(1 << 17);
    chunk.writeBytes(HEADER);
    for (Object[] row : rows) {
      chunk.writeBytes((byte[]) row[0]);
      if (chunk.size() >= 1 << 16) {
        copy.writeToCopy(chunk.toByteArray(), 0, chunk.size());
        chunk.reset();
      }
    }
    chunk.writeBytes(TRAILER);
    copy.writeToCopy(chunk.toByteArray(), 0, chunk.size());
  }

  @Override
  public void settle() throws SQLException {
    try (Connection connection = DriverManager.getConnection(url());
        Statement statement = connection.createStatement()) {
      statement.execute("VACUUM ANALYZE tracekeep_spans");
    }
  }

  @Override
  public void close() throws IOException {
    try {
      execute("DROP DATABASE " + name + " WITH (FORCE)");
    } catch (SQLException e) {
      throw new IOException("The database " + name + " was not dropped", e);
    }
  }
}
