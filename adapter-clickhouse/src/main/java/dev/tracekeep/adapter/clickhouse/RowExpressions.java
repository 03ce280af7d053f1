package dev.tracekeep.adapter.clickhouse;

import dev.tracekeep.migration.SpanTable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a migration works out of a row. ClickHouse has no row addresses, so a row is named by the
 * hash of its content: rows of the same content are as good as one another, and only how many there
 * are of them matters.
 */
final class RowExpressions {
  /** Half of the room that {@link #version()} has for a time, whose sign it takes away. */
  private static final String HALF = "toInt256('39614081257132168796771975168')";

  /** Types whose text says something: what of a row is longer says more. */
  private static final String TEXTUAL =
      "(String|FixedString|JSON|Map|Array|Tuple|Variant|Dynamic).*";

  private final TableShape shape;
  private final SpanTable.Columns columns;
  private final List<String> carried;
  private final boolean own;
  private final boolean versionsAreWorkedOut;

  /**
   * @param carried the columns that a row takes along
   * @param own whether the table is a store's own, whose columns hold what they say
   * @param versionsAreWorkedOut whether the versions are worked out on this side and looked up,
   *     rather than an expression
   */
  RowExpressions(
      TableShape shape,
      SpanTable.Columns columns,
      List<String> carried,
      boolean own,
      boolean versionsAreWorkedOut) {
    this.shape = shape;
    this.columns = columns;
    this.carried = carried;
    this.own = own;
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

  /** The hash of a row's content. */
  String hash() {
    return hash(carried);
  }

  /**
   * The hash of some of a row's columns. RowBinary tells NULL from nothing, and knows every type.
   */
  static String hash(List<String> columns) {
    return "sipHash128(formatRow('RowBinary', " + TableShape.names(columns) + "))";
  }

  // ---- the rule --------------------------------------------------------------------------------

  /**
   * What decides of the rule as a number: completed, then updatedAt, then createdAt. It rests on
   * these columns alone, so that all others can be changed and dropped; and it never fails,
   * whatever they hold, because the server works it out in the inserts of others.
   */
  String version() {
    return columns.version() != null
        ? SqlText.name(columns.version())
        : SqlText.fill(
            "bitShiftLeft(toUInt256(<ended>), 192) + bitShiftLeft(<updated>, 96) + <created>",
            Map.of(
                "ended", ended(),
                "updated", packed(columns.updatedAt()),
                "created", packed(columns.createdAt())));
  }

  /** How many of a row's columns hold something. */
  String columnsPresent() {
    return carried.stream()
        .map(column -> "isNotNull(" + SqlText.name(column) + ")")
        .collect(Collectors.joining(" + "));
  }

  /** How many bytes a row's text has, in UTF-8. */
  String textBytes() {
    return carried.stream()
        .filter(column -> baseType(column).matches(TEXTUAL))
        .map(column -> "ifNull(length(toString(" + SqlText.name(column) + ")), 0)")
        .reduce("toUInt64(0)", (a, b) -> a + " + " + b);
  }

  /**
   * Whether a row says that its span has ended. Another system's column may hold what stands for
   * nothing: an empty text, zero, false, or no number.
   */
  String ended() {
    String column = SqlText.name(columns.endedAt());
    if (own) {
      return "isNotNull(" + column + ")";
    }
    String type = baseType(columns.endedAt());
    if (type.startsWith("String")) {
      String text = "trimBoth(ifNull(toString(" + column + "), ''))";
      return SqlText.fill(
          """
          (lower(<text>) NOT IN ('', 'false', 'null')
            AND ifNull(isFinite(toFloat64OrNull(<text>)) AND toFloat64OrNull(<text>) != 0, 1))""",
          Map.of("text", text));
    }
    return type.startsWith("Float")
        ? "ifNull(isFinite(" + column + ") AND " + column + " != 0, 0)"
        : "ifNull(" + time(columns.endedAt()) + " != 0, 0)";
  }

  /** A time as an unsigned number that is greater the later it is, and 0 if there is none. */
  private String packed(@Nullable String column) {
    return column == null
        ? "toUInt256(0)"
        : "toUInt256(ifNull(" + time(column) + " + " + HALF + ", toInt256(0)))";
  }

  /**
   * A time as a number: nanoseconds since the epoch where it is one of the engine's times or a text
   * that is one, else the number that it is; NULL if there is none. No value makes it fail.
   */
  String time(@Nullable String column) {
    if (column == null) {
      return "CAST(NULL, 'Nullable(Int256)')";
    }
    Optional<String> template = timeTemplate(baseType(column));
    return SqlText.fill(
        template.orElseThrow(
            () -> new IllegalArgumentException("The column " + column + " is refused")),
        Map.of("c", SqlText.name(column), "half", HALF));
  }

  /** Whether values of a type can be put into an order of time. */
  static boolean isTime(String type) {
    return timeTemplate(TableShape.baseType(type)).isPresent();
  }

  private static Optional<String> timeTemplate(String type) {
    if (type.startsWith("DateTime64")) {
      // As a decimal number: nanoseconds in 64 bits end in 2262, and the type does not.
      return Optional.of("toInt256(reinterpretAsInt128(toDecimal128(<c>, 9)))");
    }
    if (type.startsWith("DateTime")) {
      return Optional.of("toInt256(toUnixTimestamp(<c>)) * 1000000000");
    }
    if (type.startsWith("Date")) {
      return Optional.of("toInt256(toInt32(<c>)) * 86400000000000");
    }
    if (type.equals("String")) {
      // What is shorter than a date is taken for a part of today's.
      return Optional.of(
          """
          toInt256(reinterpretAsInt128(coalesce(
            toDecimal128(parseDateTime64BestEffortOrNull(<text>, 9, 'UTC'), 9),
            toDecimal128(parseDateTime64BestEffortOrNull(<text>, 6, 'UTC'), 9))))"""
              .replace("<text>", "if(length(<c>) < 10, NULL, toString(<c>))"));
    }
    if (type.matches("Float(32|64)")) {
      // The bits of floating numbers are in the order of the numbers.
      return Optional.of(
          """
          if(isFinite(<c>), toInt256(bitXor(reinterpretAsInt64(toFloat64(<c>)),
            if(<c> < 0, toInt64(9223372036854775807), toInt64(0)))), NULL)""");
    }
    if (type.startsWith("Decimal")) {
      String scale = type.replaceAll(".*\\D(\\d+)\\)$", "$1");
      return Optional.of(clamped("reinterpretAsInt256(toDecimal256(<c>, " + scale + "))"));
    }
    if (type.matches("Bool|U?Int(8|16|32|64)")) {
      return Optional.of("toInt256(<c>)");
    }
    return type.matches("U?Int\\d+") ? Optional.of(clamped("toInt256(<c>)")) : Optional.empty();
  }

  private static String clamped(String number) {
    // Of a number and NULL the greater is, in newer releases, the number.
    return "if(isNull(<c>), NULL, greatest(least(" + number + ", <half> - 1), 1 - <half>))";
  }

  private String baseType(String column) {
    return TableShape.baseType(shape.column(column).type());
  }

  // ---- what came late --------------------------------------------------------------------------

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
