package dev.tracekeep.adapter.mssql;

import com.microsoft.sqlserver.jdbc.ISQLServerBulkData;
import dev.tracekeep.span.EpochNanos;
import dev.tracekeep.span.FixedPoint;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.span.SpanVersion;
import java.math.BigDecimal;
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Spans as the driver's bulk copy reads them, straight from memory. Times go as nanoseconds: what
 * the driver makes of a temporal column is text. Read once, by one thread.
 */
final class BulkRows implements ISQLServerBulkData {
  private static final long serialVersionUID = 1L;

  /** A column of the table that is filled: its name, its JDBC type, and where its value is. */
  private record Column(
      String name,
      int type,
      int precision,
      int scale,
      BiFunction<Span, Integer, @Nullable Object> value) {}

  /** What the table of staged keys calls a row's place in the batch. */
  static final String POSITION = "position";

  private static final List<Column> WHOLE = whole();
  private static final List<Column> KEYS = keys();

  private final transient List<Column> columns;
  private final transient List<Span> spans;
  private int position = -1;

  private BulkRows(List<Column> columns, List<Span> spans) {
    this.columns = columns;
    this.spans = spans;
  }

  /** All columns of the span table. */
  static BulkRows whole(List<Span> spans) {
    return new BulkRows(WHOLE, spans);
  }

  /** {@value #POSITION}, the key, the start and the version alone. */
  static BulkRows keys(List<Span> spans) {
    return new BulkRows(KEYS, spans);
  }

  private static List<Column> whole() {
    List<Column> columns = new ArrayList<>();
    SpanColumn.all().forEach(column -> columns.add(column(column)));
    columns.add(version());
    return List.copyOf(columns);
  }

  private static List<Column> keys() {
    List<Column> columns = new ArrayList<>();
    columns.add(new Column(POSITION, Types.INTEGER, 0, 0, (span, place) -> place));
    SpanColumn.all().stream().filter(SpanColumn::isKey).forEach(key -> columns.add(column(key)));
    columns.add(column(SpanColumn.STARTED_AT));
    columns.add(version());
    return List.copyOf(columns);
  }

  private static Column column(SpanColumn column) {
    int type = jdbcType(column);
    int precision =
        switch (type) {
          case Types.VARCHAR -> MsSqlDialect.LONGEST_STORED_ID;
          case Types.DECIMAL -> 18;
          default -> 0;
        };
    return new Column(
        column.columnName(),
        type,
        precision,
        column.scale(),
        (span, place) -> crossing(column, column.read(span)));
  }

  private static Column version() {
    return new Column(
        SpanColumn.VERSION_NAME,
        Types.BINARY,
        SpanVersion.LENGTH,
        0,
        (span, place) -> span.version().toBytes());
  }

  private static int jdbcType(SpanColumn column) {
    return MsSqlDialect.isId(column)
        ? Types.VARCHAR
        : switch (column.type()) {
          case TEXT, JSON, TEXT_LIST -> Types.LONGNVARCHAR;
          case TIME -> Types.BIGINT;
          case NUMBER -> column.scale() == 0 ? Types.BIGINT : Types.DECIMAL;
          case FLAG -> Types.BIT;
        };
  }

  /** A value in the form that crosses the driver. */
  private static @Nullable Object crossing(SpanColumn column, @Nullable Object value) {
    if (value instanceof String text) {
      return MsSqlDialect.isId(column) ? MsSqlDialect.stored(text) : text;
    }
    if (value instanceof Json json) {
      return json.text();
    }
    if (value instanceof Instant time) {
      return EpochNanos.of(time);
    }
    if (value instanceof BigDecimal number) {
      return column.scale() == 0
          ? (Object) FixedPoint.units(column, number)
          : number.setScale(column.scale());
    }
    if (value instanceof List<?> tags) {
      return MsSqlDialect.tagsText(tags.stream().map(String.class::cast).toList());
    }
    return value;
  }

  // ---- what the driver asks --------------------------------------------------------------------

  /** The names of the columns that are filled, in order; the driver counts from 1. */
  List<String> columnNames() {
    return columns.stream().map(Column::name).toList();
  }

  @Override
  public Set<Integer> getColumnOrdinals() {
    Set<Integer> ordinals = new TreeSet<>();
    for (int i = 1; i <= columns.size(); i++) {
      ordinals.add(i);
    }
    return ordinals;
  }

  @Override
  public String getColumnName(int column) {
    return columns.get(column - 1).name();
  }

  @Override
  public int getColumnType(int column) {
    return columns.get(column - 1).type();
  }

  @Override
  public int getPrecision(int column) {
    return columns.get(column - 1).precision();
  }

  @Override
  public int getScale(int column) {
    return columns.get(column - 1).scale();
  }

  @Override
  public boolean next() {
    return ++position < spans.size();
  }

  @Override
  public @Nullable Object[] getRowData() {
    @Nullable Object[] row = new @Nullable Object[columns.size()];
    for (int i = 0; i < row.length; i++) {
      row[i] = columns.get(i).value().apply(spans.get(position), position);
    }
    return row;
  }
}
