package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class DurationsTest {
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
