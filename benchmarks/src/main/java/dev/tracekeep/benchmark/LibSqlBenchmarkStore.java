package dev.tracekeep.benchmark;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import java.io.IOException;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A SQLite file, and plain prepared inserts into the same table with the same transactions, log and
 * cache as ours.
 */
final class LibSqlBenchmarkStore implements BenchmarkStore {
  private final TemporaryFolder folder;

  LibSqlBenchmarkStore() throws IOException {
    this.folder = new TemporaryFolder();
  }

  @Override
  public String url() {
    return "jdbc:sqlite:" + folder.file("spans.db");
  }

  @Override
  public List<Object[]> rawRows(List<Span> spans) {
    List<Object[]> rows = new ArrayList<>(spans.size());
    for (Span span : spans) {
      Object[] row = new Object[SpanColumn.all().size() + 1];
      for (SpanColumn column : SpanColumn.all()) {
        row[column.ordinal()] = raw(column, column.read(span));
      }
      row[row.length - 1] = span.version().toBytes();
      rows.add(row);
    }
    return rows;
  }

  private static @Nullable Object raw(SpanColumn column, @Nullable Object value) {
    if (value instanceof Json json) {
      return json.text();
    }
    if (value instanceof Instant time) {
      return EpochNanos.of(time);
    }
    if (value instanceof BigDecimal number) {
      return number.movePointRight(column.scale()).longValueExact();
    }
    if (value instanceof List<?> tags) {
      return Json.array(tags.stream().map(tag -> Json.of((String) tag)).toList()).text();
    }
    return value;
  }

  @Override
  public void writeRaw(List<Object[]> rows, int batch) throws Exception {
    List<String> names = new ArrayList<>();
    SpanColumn.all().forEach(column -> names.add(column.columnName()));
    names.add(SpanColumn.VERSION_NAME);
    String insert =
        "INSERT INTO tracekeep_spans ("
            + String.join(", ", names)
            + ") VALUES ("
            + String.join(", ", Collections.nCopies(names.size(), "?"))
            + ")";
    try (Connection connection = DriverManager.getConnection(url());
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA journal_mode = WAL");
      statement.execute("PRAGMA wal_autocheckpoint = 8000");
      statement.execute("PRAGMA cache_size = -65536");
      for (int from = 0; from < rows.size(); from += batch) {
        statement.execute("BEGIN IMMEDIATE");
        try (PreparedStatement prepared = connection.prepareStatement(insert)) {
          for (Object[] row : rows.subList(from, Math.min(rows.size(), from + batch))) {
            for (int i = 0; i < row.length; i++) {
              prepared.setObject(i + 1, row[i]);
            }
            prepared.addBatch();
          }
          prepared.executeBatch();
        }
        statement.execute("COMMIT");
      }
    }
  }

  @Override
  public void close() throws IOException {
    folder.close();
  }
}
