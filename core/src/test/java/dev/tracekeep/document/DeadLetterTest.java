package dev.tracekeep.document;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.document.DeadLetter.Operation;
import dev.tracekeep.span.InvalidSpanException;
import dev.tracekeep.span.Json;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.span.SpanUpdate;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class DeadLetterTest {
  private static final Instant NOW = Instant.parse("2026-01-31T12:00:00Z");
  private static final Span SPAN =
      Span.builder(SpanKey.of("t", "s"))
          .name("é\n")
          .startedAt(NOW)
          .payload(Payload.builder().input(Json.parse("{\n}")).build())
          .build();
  private static final SpanUpdate UPDATE =
      SpanUpdate.builder(SPAN.key(), NOW).output(Json.parse("[ 1 ]")).build();

  @Test
  void letters_comeBack() {
    for (Operation operation : new Operation[] {Operation.CREATE, Operation.END}) {
      DeadLetter letter = new DeadLetter(operation, SPAN, null, NOW, "is \"bad\"\nreally");

      assertThat(DeadLetter.isOne(letter.toLine())).isTrue();
      assertThat(letter.toLine()).doesNotContain("\n");
      assertThat(DeadLetter.parse(letter.toLine())).isEqualTo(letter);
    }
    DeadLetter update = new DeadLetter(Operation.UPDATE, null, UPDATE, NOW, "");

    DeadLetter read = DeadLetter.parse(update.toLine());

    assertThat(read.toLine()).isEqualTo(update.toLine());
    assertThat(read.key()).isEqualTo(SPAN.key());
  }

  @Test
  void line_ofALetter_isThis() {
    assertThat(new DeadLetter(Operation.UPDATE, null, UPDATE, NOW, "the store is down").toLine())
        .isEqualTo(
            "{\"crc32c\":\"adc10c60\",\"operation\":\"update\","
                + "\"recordedAt\":\"2026-01-31T12:00:00Z\",\"reason\":\"the store is down\","
                + "\"span\":{\"tenantId\":\"default\",\"traceId\":\"t\",\"spanId\":\"s\","
                + "\"updatedAt\":\"2026-01-31T12:00:00Z\",\"output\":[ 1 ]}}");
  }

  @Test
  void anyChangedCharacter_isNoticed() {
    String line = new DeadLetter(Operation.CREATE, SPAN, null, NOW, "down").toLine();

    for (int at = 0; at < line.length(); at++) {
      String damaged =
          line.substring(0, at) + (char) (line.charAt(at) ^ 1) + line.substring(at + 1);
      String torn = line.substring(0, at);
      assertThatThrownBy(() -> DeadLetter.parse(damaged)).isInstanceOf(InvalidSpanException.class);
      assertThatThrownBy(() -> DeadLetter.parse(torn)).isInstanceOf(InvalidSpanException.class);
    }
  }

  @Test
  void letter_withoutWhatItsOperationNeeds_isRefused() {
    assertThatThrownBy(() -> new DeadLetter(Operation.UPDATE, SPAN, null, NOW, ""))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new DeadLetter(Operation.END, null, UPDATE, NOW, ""))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
