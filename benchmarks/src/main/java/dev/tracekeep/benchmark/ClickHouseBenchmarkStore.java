package dev.tracekeep.benchmark;

import com.clickhouse.client.api.Client;
import com.clickhouse.client.api.CompressionMethod;
import com.clickhouse.client.api.insert.InsertResponse;
import com.clickhouse.client.api.insert.InsertSettings;
import com.clickhouse.client.api.query.QueryResponse;
import com.clickhouse.data.ClickHouseFormat;
import dev.tracekeep.adapter.clickhouse.ClickHouseTestServer;
import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/**
 * A database on the server that TRACEKEEP_BENCHMARK_CLICKHOUSE_URL names, or on the one of the
 * tests, and RowBinary of rows that were encoded before the clock started: into the span table
 * itself, or into a plain MergeTree of the same columns, codecs, sort key and settings that has no
 * projection. The difference of the two is what the projection costs.
 *
 * <p>Merges are stopped in every table, so that no shot pays for another one's parts, nor for how
 * far the server has come with its own.
 */
final class ClickHouseBenchmarkStore implements BenchmarkStore {
  private static final String PREFIX = "jdbc:clickhouse:";
  private static final String SPAN_TABLE = "tracekeep_spans";
  private static final String PLAIN_TABLE = "plain_spans";
  private static final AtomicInteger DATABASES = new AtomicInteger();

  private final URI address;
  private final boolean isPlain;

  /**
   * @param isPlain whether the ceiling is a table without the projection
   */
  ClickHouseBenchmarkStore(boolean isPlain) throws IOException {
    this.isPlain = isPlain;
    String given = System.getenv("TRACEKEEP_BENCHMARK_CLICKHOUSE_URL");
    String url =
        given == null || given.isBlank()
            ? ClickHouseTestServer.get().newDatabase()
            : newDatabase(given);
    this.address = URI.create(url.substring(PREFIX.length()));
  }

  private static String newDatabase(String server) throws IOException {
    String name =
        "tracekeep_benchmark_" + ProcessHandle.current().pid() + "_" + DATABASES.incrementAndGet();
    ClickHouseTestServer.execute(server, "CREATE DATABASE " + name);
    // jdbc:clickhouse://host:port/database?parameters
    return server.replaceFirst("(//[^/?]+)[^?]*", "$1/" + name);
  }

  private String database() {
    return address.getPath().substring(1);
  }

  @Override
  public String url() {
    return PREFIX + address;
  }

  @Override
  public void beforeWrites() throws IOException {
    ClickHouseTestServer.execute(url(), "SYSTEM STOP MERGES " + SPAN_TABLE);
  }

  @Override
  public List<Object[]> rawRows(List<Span> spans) {
    if (isPlain) {
      try {
        ClickHouseTestServer.execute(
            url(),
            "CREATE TABLE "
                + PLAIN_TABLE
                + " ("
                + SpanColumn.all().stream()
                    .map(ClickHouseBenchmarkStore::definition)
                    .collect(Collectors.joining(", "))
                + ", version UInt256) ENGINE = MergeTree ORDER BY (tenant_id, trace_id, span_id)"
                + " SETTINGS min_bytes_for_wide_part = 134217728",
            "SYSTEM STOP MERGES " + PLAIN_TABLE);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    List<Object[]> rows = new ArrayList<>(spans.size());
    for (Span span : spans) {
      rows.add(new Object[] {encoded(span)});
    }
    return rows;
  }

  private static String definition(SpanColumn column) {
    String type =
        switch (column.type()) {
          case TEXT, JSON -> "String";
          case TIME -> "DateTime64(9, 'UTC')";
          case NUMBER -> column.scale() == 0 ? "Int64" : "Decimal(18, " + column.scale() + ")";
          case FLAG -> "Bool";
          case TEXT_LIST -> "Array(String)";
        };
    return column.columnName()
        + " "
        + (column.isRequired() ? type : "Nullable(" + type + ")")
        + (column.type() == SpanColumn.Type.JSON ? " CODEC(ZSTD(1))" : "");
  }

  private static byte[] encoded(Span span) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(2048);
    for (SpanColumn column : SpanColumn.all()) {
      Object value = column.read(span);
      if (!column.isRequired()) {
        out.write(value == null ? 1 : 0);
      }
      if (value instanceof Instant time) {
        byte[] nanos = BigInteger.valueOf(EpochNanos.of(time)).toByteArray();
        writeLittleEndian(out, nanos, Long.BYTES);
      } else if (value instanceof BigDecimal number) {
        byte[] units = number.movePointRight(column.scale()).toBigInteger().toByteArray();
        writeLittleEndian(out, units, Long.BYTES);
      } else if (value instanceof Boolean flag) {
        out.write(flag ? 1 : 0);
      } else if (value instanceof List<?> tags) {
        writeCount(out, tags.size());
        tags.forEach(tag -> writeText(out, (String) tag));
      } else if (value != null) {
        writeText(out, value instanceof Json json ? json.text() : (String) value);
      }
    }
    writeLittleEndian(out, span.version().toBytes(), 32);
    return out.toByteArray();
  }

  private static void writeText(ByteArrayOutputStream out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    writeCount(out, bytes.length);
    out.writeBytes(bytes);
  }

  private static void writeCount(ByteArrayOutputStream out, int count) {
    int rest = count;
    for (; rest > 0x7F; rest >>>= 7) {
      out.write(rest | 0x80);
    }
    out.write(rest);
  }

  /** Writes a number of the given width; those written here are not negative. */
  private static void writeLittleEndian(ByteArrayOutputStream out, byte[] bigEndian, int width) {
    for (int i = 0; i < width; i++) {
      out.write(i < bigEndian.length ? bigEndian[bigEndian.length - 1 - i] : 0);
    }
  }

  private Client client() {
    Client.Builder builder =
        new Client.Builder()
            .addEndpoint("http://" + address.getRawAuthority())
            .setUsername("default")
            .setPassword("")
            .setDefaultDatabase(database())
            .compressionMethod(CompressionMethod.LZ4)
            .compressClientRequest(true)
            .serverSetting("async_insert", "0");
    if (address.getRawQuery() != null) {
      for (String parameter : address.getRawQuery().split("&")) {
        String[] pair = parameter.split("=", 2);
        switch (pair[0]) {
          case "user" -> builder.setUsername(pair[1]);
          case "password" -> builder.setPassword(pair[1]);
          default -> throw new IllegalStateException("No parameter " + pair[0] + " is known here");
        }
      }
    }
    return builder.build();
  }

  @Override
  @SuppressWarnings("try") // the answer's close() declares Exception, and is never interrupted
  public void writeRaw(List<Object[]> rows, int batch) throws Exception {
    try (Client client = client()) {
      for (int from = 0; from < rows.size(); from += batch) {
        List<Object[]> part = rows.subList(from, Math.min(rows.size(), from + batch));
        try (InsertResponse response =
            client
                .insert(
                    isPlain ? PLAIN_TABLE : SPAN_TABLE,
                    out -> {
                      for (Object[] row : part) {
                        out.write((byte[]) row[0]);
                      }
                    },
                    ClickHouseFormat.RowBinary,
                    new InsertSettings())
                .get()) {
          response.getWrittenRows();
        }
      }
    }
  }

  @Override
  @SuppressWarnings("try") // the answer's close() declares Exception, and is never interrupted
  public void settle() throws Exception {
    ClickHouseTestServer.execute(url(), "SYSTEM START MERGES " + SPAN_TABLE);
    try (Client client = client();
        QueryResponse response = client.query("OPTIMIZE TABLE " + SPAN_TABLE + " FINAL").get()) {
      response.getReadRows();
    }
  }

  @Override
  public void close() throws IOException {
    ClickHouseTestServer.execute(url(), "DROP DATABASE " + database() + " SYNC");
  }
}
