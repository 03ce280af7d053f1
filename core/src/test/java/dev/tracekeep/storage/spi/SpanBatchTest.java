package dev.tracekeep.storage.spi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class SpanBatchTest {
  private static final Instant START = Instant.parse("2026-03-01T10:20:30.123456789Z");

  private static Span span(String id, Instant startedAt) {
    return Span.builder(SpanKey.of("t", id)).name("n").startedAt(startedAt).build();
  }

  @Test
  void batch_isTheBestOfEachKeyInKeyOrder() {
    Span running = span("b", START);
    Span ended = running.toBuilder().endedAt(START).build();
    Span other = span("a", START);

    SpanBatch batch = SpanBatch.of(List.of(running, other, ended, running));

    assertThat(batch).isEqualTo(new SpanBatch(List.of(other, ended), 2, List.of()));
  }

  @Test
  void starts_thatDifferUnderOneKeyAreNamedOnceWhicheverWins() {
    Span monday = span("b", START);
    Span tuesday = span("b", START.plusNanos(1)).toBuilder().endedAt(START).build();
    Span other = span("a", START);
    Span later = span("a", START.plusSeconds(1));

    assertThat(SpanBatch.of(List.of(monday, other, tuesday, monday, later)).conflictingStarts())
        .containsExactly(other.key(), monday.key());
    assertThat(SpanBatch.of(List.of(tuesday, monday)).conflictingStarts())
        .containsExactly(monday.key());
    assertThat(SpanBatch.of(List.of(monday, monday, other)).conflictingStarts()).isEmpty();
  }
}
