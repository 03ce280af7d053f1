package dev.tracekeep.span;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class SpanUpdateFoldTest {
  @Provide
  Arbitrary<Span> spans() {
    return SpanArbitraries.spans();
  }

  @Provide
  Arbitrary<SpanUpdate> updates() {
    return SpanArbitraries.updates();
  }

  @Property
  void and_onAnOlderRow_doesWhatBothDoInOrder(
      @ForAll("spans") Span row,
      @ForAll("updates") SpanUpdate one,
      @ForAll("updates") SpanUpdate other) {
    Instant before = row.times().updatedAt();
    Assume.that(!one.updatedAt().equals(other.updatedAt()));
    SpanUpdate first = one.updatedAt().isBefore(other.updatedAt()) ? one : other;
    SpanUpdate last = first == one ? other : one;
    Assume.that(before == null || before.isBefore(first.updatedAt()));

    assertThat(applied(one.and(other), row)).isEqualTo(applied(last, applied(first, row)));
  }

  @Property
  void and_doesNotDependOnTheOrder(
      @ForAll("updates") SpanUpdate one, @ForAll("updates") SpanUpdate other) {
    SpanUpdate folded = one.and(other);
    SpanUpdate turned = other.and(one);

    assertThat(turned.updatedAt()).isEqualTo(folded.updatedAt());
    assertThat(turned.columns()).isEqualTo(folded.columns());
    folded
        .columns()
        .forEach(column -> assertThat(turned.value(column)).isEqualTo(folded.value(column)));
  }

  @Property
  void of_anEndedSpan_bringsItsStartToWhatItSays(@ForAll("spans") Span span) {
    Assume.that(span.times().updatedAt() != null);
    Span started =
        Span.builder(span.key())
            .name("")
            .startedAt(span.times().startedAt())
            .createdAt(span.times().createdAt())
            .build();

    Span after = applied(SpanUpdate.of(span), started);

    assertThat(after).isEqualTo(span);
  }

  @Test
  void updatesOfTwoSpans_areNotFolded() {
    SpanUpdate one = SpanUpdate.builder(SpanKey.of("t", "a"), Instant.EPOCH).name("x").build();
    SpanUpdate other = SpanUpdate.builder(SpanKey.of("t", "b"), Instant.EPOCH).name("x").build();

    assertThatThrownBy(() -> one.and(other)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () ->
                SpanUpdate.of(
                    Span.builder(SpanKey.of("t", "a"))
                        .name("")
                        .startedAt(Instant.EPOCH)
                        .build()
                        .toLight()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("getSpan");
  }

  private static Span applied(SpanUpdate update, Span row) {
    return update.applyTo(row).orElse(row);
  }
}
