package dev.tracekeep.span;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.RoundingMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.BigRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Scale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FixedPointTest {
  private static final BigDecimal MILLION = new BigDecimal(1_000_000);

  @Property
  void cost_isTheNearestOneOfTwelveDigits(
      @ForAll @BigRange(min = "0", max = "999999.9999999999995") @Scale(16) BigDecimal number) {
    BigDecimal rounded = number.setScale(12, RoundingMode.HALF_EVEN);
    if (rounded.compareTo(MILLION) == 0) {
      return; // refused, as another test shows
    }
    BigDecimal cost = FixedPoint.checked(SpanColumn.COST, number);

    assertThat(cost).isEqualByComparingTo(rounded);
    assertThat(cost.scale()).isBetween(0, 12);
    assertThat(cost.toPlainString()).doesNotEndWith(".0").isEqualTo(plain(rounded));
    assertThat(FixedPoint.ofUnits(SpanColumn.COST, FixedPoint.units(SpanColumn.COST, cost)))
        .isEqualTo(cost);
    assertThat(FixedPoint.checked(SpanColumn.COST, cost)).isEqualTo(cost);
  }

  private static String plain(BigDecimal number) {
    String digits = number.toPlainString();
    return digits.contains(".") ? digits.replaceAll("\\.?0+$", "") : digits;
  }

  @Property
  void units_areInTheOrderOfTheNumbers(
      @ForAll @LongRange(min = 0, max = 999_999_999_999_999_999L) long a,
      @ForAll @LongRange(min = 0, max = 999_999_999_999_999_999L) long b) {
    BigDecimal first = FixedPoint.ofUnits(SpanColumn.COST, a);
    BigDecimal second = FixedPoint.ofUnits(SpanColumn.COST, b);

    assertThat(Integer.signum(first.compareTo(second))).isEqualTo(Long.compare(a, b));
    assertThat(FixedPoint.units(SpanColumn.COST, first)).isEqualTo(a);
    assertThat(FixedPoint.checked(SpanColumn.COST, first)).isEqualTo(first);
  }

  @ParameterizedTest
  @CsvSource({
    "0,0",
    "0.00,0",
    "0E+9,0",
    "1e0,1",
    "1.50,1.5",
    "1E+2,100",
    "5e-13,0",
    "15e-13,0.000000000002",
    "1e-999999999,0",
    "0.30000000000000004,0.3"
  })
  void cost_hasOneForm(String spelled, String cost) {
    assertThat(FixedPoint.checked(SpanColumn.COST, new BigDecimal(spelled)))
        .isEqualTo(new BigDecimal(cost));
  }

  @ParameterizedTest
  @ValueSource(strings = {"1000000", "1e999999999", "999999.9999999999995"})
  void cost_ofAMillionIsRefused(String spelled) {
    assertThatThrownBy(() -> Usage.builder().cost(new BigDecimal(spelled)).build())
        .isInstanceOf(InvalidSpanException.class)
        .hasMessage("cost is not below 1000000, where the cost of one span ends");
  }

  @Test
  void negativeNumbers_areRefused() {
    assertThatThrownBy(() -> Usage.builder().cost(new BigDecimal("-0.1")).build())
        .isInstanceOf(InvalidSpanException.class)
        .hasMessage("cost is below 0");
    assertThatThrownBy(() -> Usage.builder().outputTokens(-1L).build())
        .isInstanceOf(InvalidSpanException.class)
        .hasMessage("output_tokens is below 0");
  }

  @Test
  void counts_endWhereJsonEnds() {
    assertThat(Usage.builder().inputTokens(FixedPoint.MAX_COUNT).build().inputTokens())
        .isEqualTo(9_007_199_254_740_992L);
    assertThatThrownBy(() -> Usage.builder().inputTokens(FixedPoint.MAX_COUNT + 1).build())
        .isInstanceOf(InvalidSpanException.class)
        .hasMessage("input_tokens is above 9007199254740992, where counts end");
    assertThatThrownBy(
            () -> FixedPoint.checked(SpanColumn.TOTAL_TOKENS, new BigDecimal("1e999999999")))
        .isInstanceOf(InvalidSpanException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.5", "1e-999999999", "1.0000000000000001"})
  void counts_areWhole(String spelled) {
    assertThatThrownBy(() -> FixedPoint.checked(SpanColumn.INPUT_TOKENS, new BigDecimal(spelled)))
        .isInstanceOf(InvalidSpanException.class)
        .hasMessage("input_tokens is no whole number");
  }

  @Test
  void update_takesANumberInItsOneForm() {
    SpanKey key = SpanKey.of("t", "s");
    SpanUpdate.Builder update = SpanUpdate.builder(key, EpochNanos.MIN);

    assertThat(update.set(SpanColumn.COST, new BigDecimal("0.50")).build().value(SpanColumn.COST))
        .isEqualTo(new BigDecimal("0.5"));
    assertThatThrownBy(() -> update.set(SpanColumn.COST, 0.5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("cost takes a BigDecimal, not a java.lang.Double");
    assertThatThrownBy(() -> update.set(SpanColumn.TOTAL_TOKENS, new BigDecimal("0.5")))
        .isInstanceOf(InvalidSpanException.class)
        .hasMessage("total_tokens is no whole number");
  }
}
