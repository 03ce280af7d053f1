package dev.tracekeep.adapter.duckdb;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.FixedPoint;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanKey;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/**
 * Puts spans into a table through DuckDB's appender. Prepared statements are no way in: DuckDB runs
 * them at a hundredth of the speed.
 */
final class SpanAppender {
  private SpanAppender() {}

  /**
   * Appends spans within the current transaction.
   *
   * @param columns the table's columns in their physical order; one that no span has gets its
   *     default
   */
  static void append(
      Connection connection,
      String catalog,
      String schema,
      String table,
      List<String> columns,
      List<Span> spans)
      throws SQLException {
    List<@Nullable SpanColumn> order = new ArrayList<>();
    columns.forEach(name -> order.add(SpanColumn.named(name).orElse(null)));
    int versionAt = columns.indexOf(SpanColumn.VERSION_NAME);
    DuckDBConnection duckDb = connection.unwrap(DuckDBConnection.class);
    try (DuckDBAppender appender = duckDb.createAppender(catalog, schema, table)) {
      for (Span stored : spans) {
        appender.beginRow();
        for (int i = 0; i < order.size(); i++) {
          SpanColumn column = order.get(i);
          if (column != null) {
            append(appender, column, column.read(stored));
          } else if (i == versionAt) {
            appender.append(stored.version().toBytes());
          } else {
            appender.appendDefault();
          }
        }
        appender.endRow();
      }
      // close() would flush too, but swallow what goes wrong, and the chunk with it.
      appender.flush();
    }
  }

  /** Appends the position in the batch, the key, the start and the version of each span. */
  static void appendKeys(
      Connection connection, String catalog, String schema, String table, List<Span> spans)
      throws SQLException {
    DuckDBConnection duckDb = connection.unwrap(DuckDBConnection.class);
    try (DuckDBAppender appender = duckDb.createAppender(catalog, schema, table)) {
      for (int i = 0; i < spans.size(); i++) {
        SpanKey key = spans.get(i).key();
        appender.beginRow();
        appender.append(i);
        appender.append(key.tenantId());
        appender.append(key.traceId());
        appender.append(key.spanId());
        appender.appendEpochNanos(EpochNanos.of(spans.get(i).times().startedAt()));
        appender.append(spans.get(i).version().toBytes());
        appender.endRow();
      }
      appender.flush();
    }
  }

  private static void append(DuckDBAppender appender, SpanColumn column, @Nullable Object value)
      throws SQLException {
    if (value == null) {
      appender.appendNull();
    } else if (value instanceof String text) {
      appender.append(text);
    } else if (value instanceof Json json) {
      appender.append(json.text());
    } else if (value instanceof Instant time) {
      appender.appendEpochNanos(EpochNanos.of(time));
    } else if (value instanceof BigDecimal number) {
      if (column.scale() == 0) {
        appender.append(FixedPoint.units(column, number));
      } else {
        appender.append(number.setScale(column.scale()));
      }
    } else if (value instanceof Boolean flag) {
      appender.append(flag.booleanValue());
    } else if (value instanceof List<?> tags) {
      appender.append(tags);
    } else {
      throw new IllegalStateException("No column holds a " + value.getClass().getName());
    }
  }
}
