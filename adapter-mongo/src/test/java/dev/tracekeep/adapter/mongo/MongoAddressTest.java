package dev.tracekeep.adapter.mongo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mongodb.MongoClientSettings;
import com.mongodb.ReadPreference;
import com.mongodb.WriteConcern;
import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.StorageConfig;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MongoAddressTest {
  private static StorageConfig config(String url, String... properties) {
    Map<String, String> all = new HashMap<>(Map.of("url", url));
    for (int i = 0; i < properties.length; i += 2) {
      all.put(properties[i], properties[i + 1]);
    }
    return StorageConfig.fromProperties(all);
  }

  private static MongoClientSettings settings(String url, String... properties) {
    return new MongoAddress(config(url, properties)).settings();
  }

  @ParameterizedTest
  @CsvSource({
    "mongodb://h, names no database",
    "mongodb://h/d?w=0, w=0",
    "mongodb://u:secret@h:port/d, port",
    "mongodb://u:secret@h/d?authMechanism=none, none",
    "mongodb:h/d, connection string",
    "mongodb+srv://u:secret@h.example, names no database"
  })
  void wrongAddress_isRefusedAndHidesThePassword(String url, String reason) {
    assertThatThrownBy(() -> new MongoProvider().open(config(url)))
        .isInstanceOfSatisfying(
            ConfigurationException.class, refused -> assertThat(refused.problems()).hasSize(1))
        .hasMessageContaining(reason)
        .hasMessageNotContaining("secret");
  }

  @Test
  void srvAddress_isOpenedWithoutAskingTheNetwork() {
    String url = "mongodb+srv://no-such-host.invalid/d?srvServiceName=x&retryWrites=true";
    assertThat(new MongoAddress(config(url)).problems()).isEmpty();
  }

  @Test
  void database_isThatOfTheSchemaBeforeThatOfTheUrl() {
    assertThat(new MongoAddress(config("mongodb://h/d")).database()).isEqualTo("d");
    assertThat(new MongoAddress(config("mongodb://h/d", "schema", "other")).database())
        .isEqualTo("other");
    assertThat(new MongoAddress(config("mongodb://h", "schema", "other")).problems()).isEmpty();
  }

  @Test
  void defaults_areMajorityAndTheConfiguredTimeouts() {
    MongoClientSettings settings =
        settings(
            "mongodb://h/d", "pool-size", "3", "connect-timeout", "2s", "statement-timeout", "7s");
    assertThat(settings.getWriteConcern()).isEqualTo(WriteConcern.MAJORITY);
    assertThat(settings.getRetryWrites()).isTrue();
    assertThat(settings.getConnectionPoolSettings().getMaxSize()).isEqualTo(3);
    assertThat(settings.getConnectionPoolSettings().getMaxWaitTime(TimeUnit.SECONDS)).isEqualTo(2);
    assertThat(settings.getSocketSettings().getConnectTimeout(TimeUnit.SECONDS)).isEqualTo(2);
    assertThat(settings.getClusterSettings().getServerSelectionTimeout(TimeUnit.SECONDS))
        .isEqualTo(2);
    assertThat(settings.getTimeout(TimeUnit.SECONDS)).isEqualTo(7);
    assertThat(settings.getReadPreference()).isEqualTo(ReadPreference.primary());
  }

  @Test
  void address_countsMoreThanTheConfiguration() {
    MongoClientSettings settings =
        settings(
            "mongodb://h/d?w=1&maxPoolSize=5&retryWrites=false&timeoutMS=9000"
                + "&readPreference=secondaryPreferred");
    assertThat(settings.getWriteConcern()).isEqualTo(WriteConcern.W1);
    assertThat(settings.getConnectionPoolSettings().getMaxSize()).isEqualTo(5);
    assertThat(settings.getRetryWrites()).isFalse();
    assertThat(settings.getTimeout(TimeUnit.SECONDS)).isEqualTo(9);
    assertThat(settings.getReadPreference()).isEqualTo(ReadPreference.secondaryPreferred());
  }

  @Test
  void userAndPassword_ofTheConfigurationAreEncoded() {
    var credential =
        settings("mongodb://h/d?authSource=a", "username", "me@here", "password", "p/w: +?%")
            .getCredential();
    assertThat(credential).isNotNull();
    assertThat(credential.getUserName()).isEqualTo("me@here");
    assertThat(Objects.requireNonNull(credential.getPassword()))
        .isEqualTo("p/w: +?%".toCharArray());
    assertThat(credential.getSource()).isEqualTo("a");
  }

  @Test
  void userOfTheAddress_countsMoreThanThatOfTheConfiguration() {
    var credential =
        settings("mongodb://url-user:x@h/d", "username", "other", "password", "y").getCredential();
    assertThat(credential).isNotNull();
    assertThat(credential.getUserName()).isEqualTo("url-user");
  }
}
