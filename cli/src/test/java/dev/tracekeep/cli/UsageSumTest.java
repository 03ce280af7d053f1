package dev.tracekeep.cli;

import static dev.tracekeep.cli.TestSpans.span;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.FixedPoint;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.Usage;
import java.math.BigDecimal;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class UsageSumTest {
  private static Span used(String id, @Nullable String parent, @Nullable Long in, String cost) {
    return span(id, parent, 0, 100L)
        .usage(Usage.builder().inputTokens(in).cost(new BigDecimal(cost)).build())
        .build();
  }

  private static String sum(Span... spans) {
    return UsageSum.of(List.of(spans)).json().text();
  }

  @Test
  void siblings_areAdded() {
    assertThat(sum(used("a", null, 1_204L, "0.1"), used("b", null, 2L, "0.2")))
        .isEqualTo("{\"inputTokens\":1206,\"cost\":0.3}");
  }

  @Test
  void parentThatRepeatsItsChildren_countsOnce() {
    assertThat(
            sum(
                used("root", null, 30L, "0.7"),
                span("step", "root", 0, 100L).build(),
                used("call", "step", 20L, "0.5"),
                used("other", "step", 10L, "0.25")))
        .as("each number where nobody below says it")
        .isEqualTo("{\"inputTokens\":30,\"cost\":0.75}");
  }

  @Test
  void eachNumber_countsForItself() {
    assertThat(
            sum(
                used("root", null, null, "0.7"),
                span("call", "root", 0, 100L)
                    .usage(Usage.builder().inputTokens(5L).build())
                    .build()))
        .isEqualTo("{\"inputTokens\":5,\"cost\":0.7}");
  }

  @Test
  void circle_countsOnce() {
    assertThat(sum(used("a", "b", 1L, "1"), used("b", "a", 2L, "2"), used("c", "c", 4L, "4")))
        .isEqualTo("{\"inputTokens\":5,\"cost\":5}");
  }

  @Test
  void sum_mayExceedWhatOneSpanCanHave() {
    assertThat(
            sum(
                used("a", null, FixedPoint.MAX_COUNT, "999999"),
                used("b", null, FixedPoint.MAX_COUNT, "999999")))
        .isEqualTo("{\"inputTokens\":18014398509481984,\"cost\":1999998}");
  }

  @Test
  void facts_areWords() {
    Usage usage = new Usage("m", null, 1_204L, 1L, 1_205L, new BigDecimal("0.0000000125"));

    assertThat(UsageSum.of(List.of(span("a", null, 0, 1L).usage(usage).build())).facts())
        .containsExactly("1,204 tokens in", "1 token out", "cost 0.0000000125");
    assertThat(
            UsageSum.of(
                    List.of(
                        span("a", null, 0, 1L)
                            .usage(Usage.builder().totalTokens(7L).build())
                            .build()))
                .facts())
        .containsExactly("7 tokens");
    assertThat(sum(span("a", null, 0, 1L).build())).isEqualTo("{}");
  }
}
