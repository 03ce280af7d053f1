package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.FixedPoint;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanVersion;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Spans as rows of the span table. */
final class SpanRows {
  /** How many bytes a UInt256 has, which the version is kept as. */
  static final int VERSION_WIDTH = 32;

  private static final List<SpanColumn> COLUMNS = SpanColumn.all();

  /** All columns of a row, quoted, in the order of {@link #write}. */
  static final List<String> NAMES =
      Stream.concat(
              COLUMNS.stream().map(SpanColumn::columnName), Stream.of(SpanColumn.VERSION_NAME))
          .map(SqlText::name)
          .toList();

  private SpanRows() {}

  /** Columns as a list for SELECT. */
  static String select(List<SpanColumn> columns) {
    return columns.stream()
        .map(column -> SqlText.name(column.columnName()))
        .collect(Collectors.joining(", "));
  }

  /** Writes all columns of a span and its version. */
  static void write(Span span, RowBinaryWriter out) throws IOException {
    for (int i = 0; i < COLUMNS.size(); i++) {
      SpanColumn column = COLUMNS.get(i);
      Object value = column.read(span);
      if (!column.isRequired()) {
        if (value == null) {
          out.nothing();
          continue;
        }
        out.something();
      }
      write(column, value, out);
    }
    out.unsigned(span.version().toBytes(), VERSION_WIDTH);
    out.endRow();
  }

  private static void write(SpanColumn column, @Nullable Object value, RowBinaryWriter out) {
    if (value instanceof String text) {
      out.text(text);
    } else if (value instanceof Json json) {
      out.text(json.text());
    } else if (value instanceof Instant time) {
      out.number(EpochNanos.of(time));
    } else if (value instanceof BigDecimal number) {
      out.number(FixedPoint.units(column, number));
    } else if (value instanceof Boolean flag) {
      out.flag(flag);
    } else if (value instanceof List<?> tags) {
      out.count(tags.size());
      tags.forEach(tag -> out.text((String) tag));
    } else {
      throw new IllegalStateException("No column holds " + value);
    }
  }

  /** Reads a span of the given columns. */
  static Span read(RowBinaryReader row, List<SpanColumn> columns) throws IOException {
    return Span.fromColumns(columns, values(row, columns)::get);
  }

  /** Reads the values of the given columns, without those that are absent. */
  static Map<SpanColumn, Object> values(RowBinaryReader row, List<SpanColumn> columns)
      throws IOException {
    Map<SpanColumn, Object> values = new EnumMap<>(SpanColumn.class);
    for (SpanColumn column : columns) {
      if (column.isRequired() || !row.isNull()) {
        values.put(column, value(row, column));
      }
    }
    return values;
  }

  /** Reads a version. */
  static SpanVersion readVersion(RowBinaryReader row) throws IOException {
    byte[] wide = row.unsigned(VERSION_WIDTH);
    byte[] bytes = new byte[SpanVersion.LENGTH];
    System.arraycopy(wide, VERSION_WIDTH - bytes.length, bytes, 0, bytes.length);
    return SpanVersion.ofBytes(bytes);
  }

  /**
   * Whether a number can be a version of {@value SpanVersion#LENGTH} bytes, and is not one of the
   * 25 that the first builds had. A number has no length, but it shows where its parts lie: behind
   * them come twelve bytes of what is said, of which one is never 0, and a time is either absent or
   * has one of its two highest bits.
   */
  static boolean isVersionOfThisRelease(byte[] wide) {
    int bits = new BigInteger(1, wide).bitLength();
    return bits == 225 // completed
        || bits > 222 && bits <= 224 // updatedAt, in an unfinished span
        || bits > 158 && bits <= 160 // createdAt
        || bits > 88 && bits <= 96; // the columns
  }

  private static Object value(RowBinaryReader row, SpanColumn column) throws IOException {
    return switch (column.type()) {
      case TEXT -> row.text();
      case JSON -> Json.ofStored(row.text());
      case TIME -> EpochNanos.toInstant(row.number());
      case NUMBER -> FixedPoint.ofUnits(column, row.number());
      case FLAG -> row.flag();
      case TEXT_LIST -> {
        int count = row.count();
        List<String> tags = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          tags.add(row.text());
        }
        yield tags;
      }
    };
  }
}
