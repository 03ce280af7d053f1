package dev.tracekeep.storage.spi;

import dev.tracekeep.span.FixedPoint;
import dev.tracekeep.storage.SpanCondition;
import java.math.BigDecimal;
import java.math.RoundingMode;

/**
 * What {@link SpanCondition.NumberIs} asks for, as a range of whole {@linkplain FixedPoint units}
 * that a column can hold: any decimal can be asked for, also one between two units or far beyond
 * all, and an engine that is told of units cannot round it.
 *
 * @param from the least units, inclusive
 * @param to the most units, inclusive; less than {@code from} where no number passes
 */
public record NumberRange(long from, long to) {
  /** Above the units of every number: those of a cost have 18 digits. */
  private static final long ABOVE_ALL = 1_000_000_000_000_000_000L;

  /** Digits in front of the point of a number of units that is beyond all. */
  private static final int TOO_MANY_DIGITS = 19;

  /** The range that a condition asks for. */
  public static NumberRange of(SpanCondition.NumberIs condition) {
    int scale = condition.column().scale();
    long floor = units(condition.number(), scale, RoundingMode.FLOOR);
    long ceiling = units(condition.number(), scale, RoundingMode.CEILING);
    return switch (condition.comparison()) {
      case LESS_THAN -> new NumberRange(0, ceiling - 1);
      case AT_MOST -> new NumberRange(0, floor);
      case EQUAL_TO -> floor == ceiling ? new NumberRange(floor, floor) : new NumberRange(0, -1);
      case AT_LEAST -> new NumberRange(Math.max(0, ceiling), ABOVE_ALL);
      case MORE_THAN -> new NumberRange(Math.max(0, floor + 1), ABOVE_ALL);
    };
  }

  private static long units(BigDecimal number, int scale, RoundingMode rounding) {
    if (number.signum() < 0) {
      return -1;
    }
    if (number.signum() == 0) {
      return 0;
    }
    // An exponent could ask for more digits than there is memory for.
    long digits = number.precision() - (long) number.scale() + scale;
    if (digits > TOO_MANY_DIGITS) {
      return ABOVE_ALL;
    }
    if (digits < 0) {
      return rounding == RoundingMode.FLOOR ? 0 : 1;
    }
    BigDecimal units = number.movePointRight(scale).setScale(0, rounding);
    return units.min(BigDecimal.valueOf(ABOVE_ALL)).longValueExact();
  }

  /** Whether no number passes. */
  public boolean isEmpty() {
    return from > to;
  }

  /** Whether every number passes that is not below {@link #from()}. */
  public boolean isOpen() {
    return to == ABOVE_ALL;
  }
}
