package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DurationsTest {
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
  void format_threeDigitsAndAUnit(Duration duration, String text) {
    assertThat(Durations.format(duration, Glyphs.UNICODE)).isEqualTo(text);
  }

  @Test
  void parse_takesANumberAndAUnit() {
    assertThat(Durations.parse("500ms")).contains(Duration.ofMillis(500));
    assertThat(Durations.parse(" 2 S")).contains(Duration.ofSeconds(2));
    assertThat(Durations.parse("1.5m")).contains(Duration.ofSeconds(90));
    assertThat(Durations.parse("1h")).contains(Duration.ofHours(1));
    assertThat(Durations.parse("PT3S")).contains(Duration.ofSeconds(3));
    for (String wrong : new String[] {"", "5", "s", "-1s", "2 days", "PT-3S", "1e3s"}) {
      assertThat(Durations.parse(wrong)).as(wrong).isEmpty();
    }
  }
}
