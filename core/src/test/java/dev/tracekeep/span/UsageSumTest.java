package dev.tracekeep.span;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class UsageSumTest {
  private static Span.Builder span(String id, @Nullable String parent) {
    return Span.builder(SpanKey.of("t1", id))
        .parentSpanId(parent)
        .name("")
        .startedAt(Instant.EPOCH);
  }

  private static Span used(String id, @Nullable String parent, @Nullable Long in, String cost) {
    return span(id, parent)
        .usage(Usage.builder().inputTokens(in).cost(new BigDecimal(cost)).build())
        .build();
  }

  private static String sum(Span... spans) {
    return UsageSum.of(List.of(spans)).numbers().toString();
  }

  @Test
  void siblings_areAdded() {
    assertThat(sum(used("a", null, 1_204L, "0.1"), used("b", null, 2L, "0.2")))
        .isEqualTo("{INPUT_TOKENS=1206, COST=0.3}");
  }

  @Test
  void parentThatRepeatsItsChildren_countsOnce() {
    assertThat(
            sum(
                used("root", null, 30L, "0.7"),
                span("step", "root").build(),
                used("call", "step", 20L, "0.5"),
                used("other", "step", 10L, "0.25")))
        .as("each number where nobody below says it")
        .isEqualTo("{INPUT_TOKENS=30, COST=0.75}");
  }

  @Test
  void eachNumber_countsForItself() {
    assertThat(
            sum(
                used("root", null, null, "0.7"),
                span("call", "root").usage(Usage.builder().inputTokens(5L).build()).build()))
        .isEqualTo("{INPUT_TOKENS=5, COST=0.7}");
  }

  @Test
  void circle_countsOnce() {
    assertThat(sum(used("a", "b", 1L, "1"), used("b", "a", 2L, "2"), used("c", "c", 4L, "4")))
        .isEqualTo("{INPUT_TOKENS=5, COST=5}");
  }

  @Test
  void sum_mayExceedWhatOneSpanCanHave() {
    assertThat(
            sum(
                used("a", null, FixedPoint.MAX_COUNT, "999999"),
                used("b", null, FixedPoint.MAX_COUNT, "999999")))
        .isEqualTo("{INPUT_TOKENS=18014398509481984, COST=1999998}");
  }

  @Test
  void tokens_areTheTotalElseBothCounts_andOfAParentThatRepeatsThemNone() {
    Span root = span("root", null).usage(Usage.builder().totalTokens(99L).build()).build();
    Span call =
        span("call", "root")
            .usage(Usage.builder().inputTokens(20L).outputTokens(5L).build())
            .build();
    Span other = span("other", "root").usage(Usage.builder().totalTokens(7L).build()).build();
    Span input = span("input", "root").usage(Usage.builder().inputTokens(3L).build()).build();

    assertThat(UsageSum.of(List.of(root, call, other, input)).tokens())
        .contains(BigDecimal.valueOf(35));
    assertThat(UsageSum.of(List.of(root)).tokens()).contains(BigDecimal.valueOf(99));
  }

  @Test
  void nothingSaid_isNoZero() {
    UsageSum sum = UsageSum.of(List.of(span("a", null).build()));

    assertThat(sum.numbers()).isEmpty();
    assertThat(sum.tokens()).isEmpty();
  }
}
