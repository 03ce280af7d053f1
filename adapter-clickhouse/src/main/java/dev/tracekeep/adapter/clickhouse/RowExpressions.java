package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.migration.SpanTable;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a migration works out of a row. ClickHouse has no row addresses, so a row is named by the
 * hash of its content: rows of the same content are as good as one another, and only how many there
 * are of them matters.
 */
final class RowExpressions {
  private final TableShape shape;
  private final SpanTable.Columns columns;
  private final List<String> carried;
  private final boolean versionsAreWorkedOut;

  /**
   * @param carried the columns that a row takes along
   * @param versionsAreWorkedOut whether the versions are worked out on this side and looked up,
   *     rather than an expression
   */
  RowExpressions(
      TableShape shape,
      SpanTable.Columns columns,
      List<String> carried,
      boolean versionsAreWorkedOut) {
    this.shape = shape;
    this.columns = columns;
    this.carried = carried;
    this.versionsAreWorkedOut = versionsAreWorkedOut;
  }

  SpanTable.Columns columns() {
    return columns;
  }

  boolean versionsAreWorkedOut() {
    return versionsAreWorkedOut;
  }

  /** The carried columns as a list. */
  String carried() {
    return TableShape.names(carried);
  }

  /** The same of a table with an alias. */
  String carried(String alias) {
    return carried.stream()
        .map(column -> alias + "." + SqlText.name(column))
        .collect(Collectors.joining(", "));
  }

  /** The key's columns as a list. */
  String key() {
    return TableShape.names(columns.key());
  }

  /** The key as one value. */
  String keyTuple() {
    return "(" + key() + ")";
  }

  /** The hash of a row's content. RowBinary tells NULL from nothing, and knows every type. */
  String hash() {
    return "sipHash128(" + content() + ")";
  }

  private String content() {
    return "formatRow('RowBinary', " + TableShape.names(carried) + ")";
  }

  /**
   * The one rule as a number: completed, then updatedAt, then createdAt, then a hash of the
   * content. Of another program's columns nobody knows which say more, so that step of {@link
   * dev.tracekeep.span.SpanVersion} is left out.
   */
  String version() {
    if (columns.version() != null) {
      return SqlText.name(columns.version());
    }
    return "bitShiftLeft(toUInt256(isNotNull("
        + SqlText.name(columns.endedAt())
        + ")), 192) + bitShiftLeft("
        + packed(columns.updatedAt())
        + ", 128) + bitShiftLeft("
        + packed(columns.createdAt())
        + ", 64) + toUInt256(sipHash64("
        + content()
        + "))";
  }

  /** A time as an unsigned number that is greater the later it is, and 0 if it is absent. */
  private String packed(@Nullable String column) {
    return column == null
        ? "toUInt256(0)"
        : "toUInt256(ifNull(toInt128(" + nanos(column) + ") + 9223372036854775808, 0))";
  }

  /** A time as a number, nanoseconds since the epoch where it is one of the engine's times. */
  String nanos(@Nullable String column) {
    if (column == null) {
      return "CAST(NULL, 'Nullable(Int64)')";
    }
    String name = SqlText.name(column);
    String type = shape.column(column).type().replaceAll("Nullable\\(|LowCardinality\\(", "");
    if (type.startsWith("Date")) {
      return "toUnixTimestamp64Nano(toDateTime64(" + name + ", 9, 'UTC'))";
    }
    if (type.startsWith("String")) {
      return "toUnixTimestamp64Nano(parseDateTime64BestEffortOrNull(" + name + ", 9, 'UTC'))";
    }
    return "toInt64(" + name + ")";
  }

  /** What was last changed after the given block: new parts, and older ones merged with them. */
  static String changedSince(long block) {
    return "toInt64OrZero(extract(_part, '^[^_]+_[0-9]+_([0-9]+)_')) > " + block;
  }

  /** Selects the keys of which rows came after the snapshot, or might have. */
  String keysChangedSince(String source, long block) {
    return "SELECT DISTINCT " + key() + " FROM " + source + " WHERE " + changedSince(block);
  }

  /** The condition that a row's key is one of those. */
  String ofKeysChangedSince(String source, long block) {
    return keyTuple() + " IN (" + keysChangedSince(source, block) + ")";
  }

  /** A value as text. */
  static String text(@Nullable String column) {
    return column == null
        ? "CAST(NULL, 'Nullable(String)')"
        : "CAST(toString(" + SqlText.name(column) + "), 'Nullable(String)')";
  }
}
