package dev.tracekeep.span;

import java.math.BigDecimal;
import java.math.RoundingMode;

/**
 * The numbers of {@linkplain SpanColumn.Type#NUMBER number} columns, as decimals and as whole units
 * in 64 bits: a count is its own unit, a cost counts in {@link SpanColumn#scale() millionths of
 * millionths}. Stateless and thread-safe.
 *
 * <p>A number is a decimal and no double, because costs are added up: a sum of doubles depends on
 * the order of its terms, and engines add in parallel. The scale is fixed, because SQLite has no
 * decimals and would keep a double of 15 digits: as whole units each engine holds each number
 * exactly, compares it as a number and adds it up exactly. Twelve digits behind the point are a
 * millionth of a token's price where a million tokens cost one unit of the currency.
 *
 * <p>A number has one form: what lies behind the last digit is rounded half-even, and zeros at the
 * end are dropped, so that equal numbers are equal decimals.
 */
public final class FixedPoint {
  /** 2^53: the greatest count that every reader of JSON holds exactly. */
  public static final long MAX_COUNT = 1L << 53;

  /** What every cost is below. */
  public static final long COST_LIMIT = 1_000_000;

  /** Digits in front of the point of a cost; with those behind it they fit 64 bits. */
  private static final int COST_INTEGER_DIGITS = 6;

  private FixedPoint() {}

  /**
   * The number as a column holds it: rounded to the column's scale, without zeros at its end, never
   * with an exponent.
   *
   * @throws InvalidSpanException if it is below 0, a count that is not whole or above {@link
   *     #MAX_COUNT}, or a cost of a million or more
   */
  public static BigDecimal checked(SpanColumn column, BigDecimal number) {
    if (number.signum() < 0) {
      throw new InvalidSpanException(column.columnName(), "is below 0");
    }
    if (number.signum() == 0) {
      return BigDecimal.ZERO;
    }
    // Where its first digit stands. An exponent could ask for more digits than there is memory for.
    long integerDigits = number.precision() - (long) number.scale();
    return column.scale() == 0
        ? count(column, number, integerDigits)
        : cost(column, number, integerDigits);
  }

  private static BigDecimal count(SpanColumn column, BigDecimal number, long integerDigits) {
    if (integerDigits > 16 || number.compareTo(BigDecimal.valueOf(MAX_COUNT)) > 0) {
      throw new InvalidSpanException(
          column.columnName(), "is above " + MAX_COUNT + ", where counts end");
    }
    if (integerDigits <= 0 || number.stripTrailingZeros().scale() > 0) {
      throw new InvalidSpanException(column.columnName(), "is no whole number");
    }
    return BigDecimal.valueOf(number.longValue());
  }

  private static BigDecimal cost(SpanColumn column, BigDecimal number, long integerDigits) {
    if (integerDigits > COST_INTEGER_DIGITS) {
      throw outOfRange(column);
    }
    if (integerDigits < -column.scale()) {
      return BigDecimal.ZERO;
    }
    BigDecimal rounded = number.setScale(column.scale(), RoundingMode.HALF_EVEN);
    if (rounded.precision() - rounded.scale() > COST_INTEGER_DIGITS) {
      throw outOfRange(column);
    }
    return canonical(rounded);
  }

  private static InvalidSpanException outOfRange(SpanColumn column) {
    return new InvalidSpanException(
        column.columnName(), "is not below 1000000, where the cost of one span ends");
  }

  /**
   * The one form of a number, without zeros at its end and without an exponent: equal numbers are
   * equal decimals. For sums, which no range binds.
   */
  public static BigDecimal canonical(BigDecimal number) {
    BigDecimal stripped = number.stripTrailingZeros();
    return stripped.scale() < 0 ? stripped.setScale(0) : stripped;
  }

  /** The whole units of a number that {@link #checked} gave. */
  public static long units(SpanColumn column, BigDecimal number) {
    return number.movePointRight(column.scale()).longValueExact();
  }

  /** The number of so many units. */
  public static BigDecimal ofUnits(SpanColumn column, long units) {
    return canonical(BigDecimal.valueOf(units, column.scale()));
  }
}
