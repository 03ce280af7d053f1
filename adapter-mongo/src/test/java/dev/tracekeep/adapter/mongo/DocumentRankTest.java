package dev.tracekeep.adapter.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.bson.BsonBoolean;
import org.bson.BsonDateTime;
import org.bson.BsonDouble;
import org.bson.BsonInt32;
import org.bson.BsonInt64;
import org.bson.BsonNull;
import org.bson.BsonString;
import org.bson.BsonTimestamp;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DocumentRankTest {
  private static final Instant NOON = Instant.parse("2025-11-20T12:00:00Z");

  @ParameterizedTest
  @CsvSource({
    "2025-11-20T12:00:00Z, 2025-11-20T12:00:00Z",
    "2025-11-20T12:00:00.123456789Z, 2025-11-20T12:00:00.123456789Z",
    "2025-11-20T13:00:00+01:00, 2025-11-20T12:00:00Z",
    "2025-11-20T13:00:00+0100, 2025-11-20T12:00:00Z",
    "2025-11-20T13:00:00.5+01, 2025-11-20T12:00:00.5Z",
    "2025-11-20 12:00:00, 2025-11-20T12:00:00Z",
    "2025-11-20 13:00:00 +01:00, 2025-11-20T12:00:00Z",
    "2025-11-20T12:00, 2025-11-20T12:00:00Z",
    "2025-11-20, 2025-11-20T00:00:00Z",
    "' 2025-11-20T12:00:00z ', 2025-11-20T12:00:00Z"
  })
  void text_isAnInstant(String text, Instant instant) {
    assertThat(DocumentRank.instant(new BsonString(text), "updatedAt")).isEqualTo(instant);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "yesterday", "2025-13-01T00:00:00Z", "1763640000000"})
  void otherText_ranksBelowEveryTime(String text) {
    assertThat(DocumentRank.instant(new BsonString(text), "updatedAt")).isEqualTo(Instant.MIN);
  }

  @Test
  void everyForm_isTheSameInstant() {
    long seconds = NOON.getEpochSecond();
    assertThat(DocumentRank.instant(new BsonDateTime(seconds * 1000), "updatedAt")).isEqualTo(NOON);
    assertThat(DocumentRank.instant(new BsonTimestamp((int) seconds, 1), "updatedAt"))
        .isEqualTo(NOON);
    assertThat(DocumentRank.instant(new BsonInt32((int) seconds), "updatedAt")).isEqualTo(NOON);
    assertThat(DocumentRank.instant(new BsonDouble(seconds * 1000.0), "updatedAt")).isEqualTo(NOON);
    assertThat(DocumentRank.instant(new BsonInt64(seconds * 1000), "updatedAt")).isEqualTo(NOON);
    assertThat(DocumentRank.instant(new BsonInt64(seconds * 1_000_000_000), "updatedAt"))
        .isEqualTo(NOON);
  }

  @Test
  void numberOfOurOwnFields_countsNanosecondsHoweverSmall() {
    assertThat(DocumentRank.instant(new BsonInt64(1), "updated_at"))
        .isEqualTo(Instant.ofEpochSecond(0, 1));
  }

  @Test
  void absent_ranksBelowEveryTime() {
    assertThat(DocumentRank.instant(BsonNull.VALUE, "updatedAt")).isEqualTo(Instant.MIN);
    assertThat(DocumentRank.instant(BsonBoolean.TRUE, "updatedAt")).isEqualTo(Instant.MIN);
  }
}
