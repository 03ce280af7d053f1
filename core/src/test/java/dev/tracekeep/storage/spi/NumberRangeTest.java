package dev.tracekeep.storage.spi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.FixedPoint;
import dev.tracekeep.span.SpanColumn;
import dev.tracekeep.storage.Comparison;
import dev.tracekeep.storage.SpanCondition;
import java.math.BigDecimal;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class NumberRangeTest {
  @Provide
  Arbitrary<BigDecimal> numbers() {
    return Arbitraries.of(
            "-1",
            "-1e-999999999",
            "0",
            "1e-999999999",
            "5e-13",
            "1e-12",
            "1.5e-12",
            "0.5",
            "1",
            "1.0000000000005",
            "2.5",
            "999999.999999999999",
            "1000000",
            "9007199254740992",
            "9007199254740992.5",
            "1e18",
            "1e999999999")
        .map(BigDecimal::new);
  }

  @Provide
  Arbitrary<SpanColumn> columns() {
    return Arbitraries.of(SpanColumn.INPUT_TOKENS, SpanColumn.COST);
  }

  @Property
  void range_holdsThoseNumbersThatPass(
      @ForAll("columns") SpanColumn column,
      @ForAll Comparison comparison,
      @ForAll("numbers") BigDecimal number) {
    SpanCondition.NumberIs condition = new SpanCondition.NumberIs(column, comparison, number);
    NumberRange range = NumberRange.of(condition);
    long most = column.scale() == 0 ? FixedPoint.MAX_COUNT : 999_999_999_999_999_999L;

    for (long units : List.of(0L, 1L, 2L, 3L, 500_000_000_000L, 1_000_000_000_000L, most)) {
      BigDecimal value = FixedPoint.ofUnits(column, units);
      assertThat(range.from() <= units && units <= range.to())
          .as("%s %s %s", value, comparison, number)
          .isEqualTo(condition.holdsFor(any -> value));
    }
  }
}
