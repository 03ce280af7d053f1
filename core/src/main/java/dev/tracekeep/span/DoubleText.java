package dev.tracekeep.span;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/**
 * The shortest decimal digits that give a double again, as {@code Double.toString} has spelled them
 * since JDK 19 (Raffaello Giulietti, "The Schubfach way to render doubles"). Older JDKs write some
 * doubles with digits to spare, so that the text of a span, and with it its version, would depend
 * on the JDK of its writer.
 */
final class DoubleText {
  /** With one digit 4.9E-324 would be 5E-324, which is farther from the value. */
  private static final int FEWEST_DIGITS = 2;

  /** Values from 10^-3 up to 10^7 are written without an exponent. */
  private static final int FIRST_PLAIN_EXPONENT = -3;

  private static final int LAST_PLAIN_EXPONENT = 6;

  private DoubleText() {}

  /** The text of a finite value; always with a point and a digit on either side of it. */
  static String of(double value) {
    if (value == 0) {
      return 1 / value < 0 ? "-0.0" : "0.0";
    }
    return (value < 0 ? "-" : "") + spelled(shortest(Math.abs(value)));
  }

  private static BigDecimal shortest(double value) {
    // Gives the value again on every JDK, if not always by the fewest digits or the closest ones.
    BigDecimal found = new BigDecimal(Double.toString(value));
    BigDecimal exact = new BigDecimal(value);
    for (int digits = Math.max(found.precision(), FEWEST_DIGITS);
        digits >= FEWEST_DIGITS;
        digits--) {
      BigDecimal shorter = closest(value, exact, digits);
      if (shorter == null) {
        break; // What so many digits cannot tell apart, fewer cannot.
      }
      found = shorter;
    }
    return found.stripTrailingZeros();
  }

  /** Of the two numbers of so many digits around a value the closer one that gives it again. */
  private static @Nullable BigDecimal closest(double value, BigDecimal exact, int digits) {
    BigDecimal below = exact.round(new MathContext(digits, RoundingMode.FLOOR));
    BigDecimal above = exact.round(new MathContext(digits, RoundingMode.CEILING));
    boolean isBelow = below.doubleValue() == value;
    boolean isAbove = above.doubleValue() == value;
    if (isBelow && isAbove) {
      BigDecimal half = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
      return half.compareTo(below) == 0 ? below : above;
    }
    return isBelow ? below : isAbove ? above : null;
  }

  private static String spelled(BigDecimal value) {
    int exponent = value.precision() - value.scale() - 1;
    if (exponent >= FIRST_PLAIN_EXPONENT && exponent <= LAST_PLAIN_EXPONENT) {
      return value.setScale(Math.max(value.scale(), 1)).toPlainString();
    }
    String digits = value.unscaledValue().toString();
    return digits.charAt(0)
        + "."
        + (digits.length() == 1 ? "0" : digits.substring(1))
        + "E"
        + exponent;
  }
}
