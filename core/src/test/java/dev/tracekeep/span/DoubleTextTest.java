package dev.tracekeep.span;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.core.io.NumberOutput;

class DoubleTextTest {
  /** Golden: the same on every JDK. JDK 17 itself writes 2E23, 1E23 and 8.41E21 with 16 digits. */
  @ParameterizedTest
  @CsvSource({
    "0, 0.0",
    "-0.0, -0.0",
    "1, 1.0",
    "0.1, 0.1",
    "-0.7, -0.7",
    "100, 100.0",
    "0.001, 0.001",
    "0.0009, 9.0E-4",
    "1234567, 1234567.0",
    "9999999.5, 9999999.5",
    "10000000, 1.0E7",
    "123456789012345680, 1.2345678901234568E17",
    "4.9E-324, 4.9E-324",
    "1.7976931348623157E308, 1.7976931348623157E308",
    "2.2250738585072014E-308, 2.2250738585072014E-308",
    "2E-323, 2.0E-323",
    "2E23, 2.0E23",
    "1E23, 1.0E23",
    "2.0E-3, 0.002",
    "8.41E21, 8.41E21",
    "9.0E22, 9.0E22",
    "1.1E23, 1.1E23",
    "2.2E-322, 2.2E-322",
    "5.0E-322, 5.0E-322",
    "9007199254740992, 9.007199254740992E15",
    "9223372036854775807, 9.223372036854776E18"
  })
  void text_isTheShortest(double value, String text) {
    assertThat(Json.of(value).text()).isEqualTo(text);
  }

  /** Another implementation of the same rule, which is not that of the JDK either. */
  @Property(tries = 20_000)
  void text_isThatOfAnotherImplementation(@ForAll("doubles") double value) {
    assertThat(Json.of(value).text()).isEqualTo(NumberOutput.toString(value, true));
    assertThat(Double.parseDouble(Json.of(value).text())).isEqualTo(value);
  }

  /**
   * All bit patterns, powers of two, whose neighbours are not as far on both sides, and decimals.
   */
  @Provide
  Arbitrary<Double> doubles() {
    return Arbitraries.oneOf(
        Arbitraries.longs().map(Double::longBitsToDouble).filter(Double::isFinite),
        Arbitraries.integers().between(-1074, 1023).map(power -> Math.scalb(1.0, power)),
        Arbitraries.integers()
            .between(-1074, 1023)
            .map(power -> Math.nextDown(Math.scalb(1.0, power))),
        Arbitraries.longs().between(-99_999_999, 99_999_999).map(number -> number / 1000.0),
        Arbitraries.longs().map(Long::doubleValue));
  }
}
