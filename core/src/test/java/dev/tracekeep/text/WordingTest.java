package dev.tracekeep.text;

import static dev.tracekeep.text.TestSpans.span;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Usage;
import dev.tracekeep.span.UsageSum;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WordingTest {
  @ParameterizedTest
  @CsvSource({
    "PT0S, 0 ms",
    "PT0.000000001S, 1 ns",
    "PT0.000000999S, 999 ns",
    "PT0.000001S, 1.00 µs",
    "PT0.0123456S, 12.3 ms",
    "PT0.9996S, 1000 ms",
    "PT1.24S, 1.24 s",
    "PT9.996S, 10.0 s",
    "PT99.9S, 99.9 s",
    "PT100S, 1 min 40 s",
    "PT59M59.9S, 59 min 59 s",
    "PT1H, 1 h 00 min",
    "PT-0.005S, -5.00 ms",
    "PT2540000H, '2,540,000 h 00 min'"
  })
  void duration_threeDigitsAndAUnit(Duration duration, String text) {
    assertThat(Wording.duration(duration, Glyphs.UNICODE)).isEqualTo(text);
  }

  @Test
  void usage_isWords() {
    Usage usage = new Usage("m", null, 1_204L, 1L, 1_205L, new BigDecimal("0.0000000125"));

    assertThat(words(usage)).containsExactly("1,204 tokens in", "1 token out", "cost 0.0000000125");
    assertThat(words(Usage.builder().totalTokens(7L).build())).containsExactly("7 tokens");
    assertThat(words(Usage.NONE)).isEmpty();
  }

  private static List<String> words(Usage usage) {
    return Wording.usage(UsageSum.of(List.of(span("a", null, 0, 1L).usage(usage).build())));
  }
}
