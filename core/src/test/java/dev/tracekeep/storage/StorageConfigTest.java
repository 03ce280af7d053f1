package dev.tracekeep.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StorageConfigTest {
  @Test
  void defaults_areThoseOfTheTable() {
    StorageConfig config = StorageConfig.of("jdbc:duckdb:");

    assertThat(config.uri()).isEqualTo(StorageUri.of("jdbc:duckdb:"));
    assertThat(config.username()).isNull();
    assertThat(config.password()).isNull();
    assertThat(config.schema()).isNull();
    assertThat(config.table()).isEqualTo("tracekeep_spans");
    assertThat(config.tenant()).isEqualTo("default");
    assertThat(config.strategy()).isEqualTo("auto");
    assertThat(config.migration()).isEqualTo(MigrationPolicy.AUTO);
    assertThat(config.maxSpanBytes()).isEqualTo(8_388_608);
    assertThat(config.poolSize()).isEqualTo(8);
    assertThat(config.connectTimeout()).isEqualTo(Duration.ofSeconds(10));
    assertThat(config.statementTimeout()).isEqualTo(Duration.ofSeconds(60));
    assertThat(config.lockTimeout()).isEqualTo(Duration.ofSeconds(30));
    assertThat(config.engineProperty("anything")).isEmpty();
  }

  @Test
  void properties_areAllRead() {
    Map<String, String> properties = new HashMap<>();
    properties.put("url", "jdbc:x:y");
    properties.put("username", "u");
    properties.put("password", " p ");
    properties.put("schema", "s");
    properties.put("table", "_T1");
    properties.put("tenant", "acme corp");
    properties.put("strategy", "insert-only");
    properties.put("migration", "check");
    properties.put("max-span-bytes", "1");
    properties.put("pool-size", "3");
    properties.put("connect-timeout", "500ms");
    properties.put("statement-timeout", "2m");
    properties.put("lock-timeout", "PT1H");
    properties.put("own", "value");

    StorageConfig config = StorageConfig.fromProperties(properties, Set.of("own", "other"));

    assertThat(config.uri().raw()).isEqualTo("jdbc:x:y");
    assertThat(config.username()).isEqualTo("u");
    assertThat(config.password()).isEqualTo(" p ");
    assertThat(config.schema()).isEqualTo("s");
    assertThat(config.table()).isEqualTo("_T1");
    assertThat(config.tenant()).isEqualTo("acme corp");
    assertThat(config.strategy()).isEqualTo("insert-only");
    assertThat(config.migration()).isEqualTo(MigrationPolicy.CHECK);
    assertThat(config.maxSpanBytes()).isEqualTo(1);
    assertThat(config.poolSize()).isEqualTo(3);
    assertThat(config.connectTimeout()).isEqualTo(Duration.ofMillis(500));
    assertThat(config.statementTimeout()).isEqualTo(Duration.ofMinutes(2));
    assertThat(config.lockTimeout()).isEqualTo(Duration.ofHours(1));
    assertThat(config.engineProperty("own")).contains("value");
    assertThat(config.engineProperty("other")).isEmpty();
  }

  @Test
  void faults_comeAllAtOnce() {
    Map<String, String> properties = new HashMap<>();
    properties.put("url", " ");
    properties.put("table", "a-b");
    properties.put("tenant", "\u00e9");
    properties.put("strategy", "sometimes");
    properties.put("migration", "maybe");
    properties.put("max-span-bytes", "0");
    properties.put("pool-size", "many");
    properties.put("lock-timeout", "soon");
    properties.put("tabel", "x");
    properties.put("zzzzzzzzzzzzzz", "x");

    ConfigurationException e =
        catchThrowableOfType(
            ConfigurationException.class, () -> StorageConfig.fromProperties(properties));

    assertThat(e.kind()).isEqualTo(FailureKind.CONFIGURATION);
    assertThat(e.problems())
        .containsExactly(
            "The property url is blank: give it a value.",
            "The property table is 'a-b': it must have letters, digits and underscores only, not"
                + " start with a digit, and be at most 48 long.",
            "The property tenant is '\u00e9': it must have 1 to 128 printable ASCII characters.",
            "The property strategy is 'sometimes': it must be auto, realtime, batch-with-updates,"
                + " insert-only, event-sourced.",
            "The property migration is 'maybe': it must be auto, check or off.",
            "The property max-span-bytes is '0': it must be a whole number above 0.",
            "The property pool-size is 'many': it must be a whole number above 0.",
            "The property lock-timeout is 'soon': it must be a duration from 1ms to 24 days, such"
                + " as 30s, 500ms or PT30S.",
            "The property tabel is unknown: did you mean table?",
            "The property zzzzzzzzzzzzzz is unknown: there are connect-timeout, lock-timeout,"
                + " max-span-bytes, migration, password, pool-size, schema, statement-timeout,"
                + " strategy, table, tenant, unsafe-options, url, username.");
    assertThat(e)
        .hasMessageStartingWith("The storage configuration has 10 problems:\n  - The property url");
  }

  @Test
  void url_thatIsMissingIsSaid() {
    assertThatThrownBy(() -> StorageConfig.fromProperties(Map.of()))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage("The property url is missing.");
  }

  @ParameterizedTest
  @CsvSource({
    "URL, url",
    "Table, table",
    "poolSize, pool-size",
    "max_span_bytes, max-span-bytes",
    "user, username",
    "pasword, password",
    "memory-limits, memory-limit"
  })
  void misspeltKey_getsASuggestion(String key, String suggested) {
    assertThatThrownBy(
            () ->
                StorageConfig.fromProperties(
                    Map.of("url", "jdbc:x:", key, "1"), Set.of("memory-limit")))
        .hasMessage("The property " + key + " is unknown: did you mean " + suggested + "?");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a b",
        "a;DROP TABLE x",
        "\"a\"",
        "a.b",
        "1a",
        "a\n",
        "a\u0000",
        "\u00e4",
        "a--",
        "`a`",
        "[a]",
        "'a'",
        "$a",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      })
  void hostileTableName_isRefused(String name) {
    assertThatThrownBy(() -> StorageConfig.fromProperties(Map.of("url", "jdbc:x:", "table", name)))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageStartingWith("The property table is '");
    assertThatThrownBy(
            () ->
                StorageConfig.fromProperties(
                    Map.of("url", "jdbc:x:", "schema", name + name.repeat(63 / name.length()))))
        .hasMessageStartingWith("The property schema is '");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0s",
        "0ms",
        "-1s",
        "PT-1S",
        "1",
        "1d",
        "s",
        "30 s",
        "PT0.0000001S",
        "P25D",
        "PT9999999999999999999H",
        "99999999999s",
        "soon"
      })
  void duration_outOfRangeIsRefused(String value) {
    assertThatThrownBy(
            () -> StorageConfig.fromProperties(Map.of("url", "jdbc:x:", "lock-timeout", value)))
        .hasMessage(
            "The property lock-timeout is '"
                + value
                + "': it must be a duration from 1ms to 24 days, such as 30s, 500ms or PT30S.");
  }

  @ParameterizedTest
  @CsvSource({"1ms, PT0.001S", "30S, PT30S", "2h, PT2H", "' 5m ', PT5M", "P24D, PT576H"})
  void duration_isRead(String value, Duration expected) {
    assertThat(
            StorageConfig.fromProperties(Map.of("url", "jdbc:x:", "lock-timeout", value))
                .lockTimeout())
        .isEqualTo(expected);
  }

  @Test
  void secrets_areNeverShown() {
    Map<String, String> properties = new HashMap<>();
    properties.put("url", "jdbc:sqlserver://h;password={s3;cret}");
    properties.put("username", "s3cret-user");
    properties.put("password", "s3cret");
    properties.put("token", "s3cret");
    StorageConfig config = StorageConfig.fromProperties(properties, Set.of("token"));

    assertThat(config)
        .hasToString("StorageConfig[jdbc:sqlserver://h;password=***, table tracekeep_spans]");
    properties.put("tabel", "x");
    assertThatThrownBy(() -> StorageConfig.fromProperties(properties))
        .hasMessageNotContaining("s3");
  }

  @Test
  void unsafeOptions_areRefusedUnlessAllowed() {
    Map<String, String> properties = Map.of("url", "jdbc:x:");
    StorageConfig careful = StorageConfig.fromProperties(properties);
    assertThat(careful.problemsOfOptions(List.of("Load", "other"), Set.of("load")))
        .singleElement()
        .asString()
        .contains("the option Load", "unsafe-options");
    StorageConfig trusting =
        StorageConfig.fromProperties(Map.of("url", "jdbc:x:", "unsafe-options", "true"));
    assertThat(trusting.problemsOfOptions(List.of("load"), Set.of("load"))).isEmpty();
    assertThatThrownBy(
            () -> StorageConfig.fromProperties(Map.of("url", "jdbc:x:", "unsafe-options", "yes")))
        .hasMessageContaining("must be true or false");
  }
}
