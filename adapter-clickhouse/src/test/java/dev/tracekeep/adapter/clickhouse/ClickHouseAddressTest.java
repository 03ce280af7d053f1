package dev.tracekeep.adapter.clickhouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageUri;
import dev.tracekeep.storage.Storages;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClickHouseAddressTest {
  private static ClickHouseAddress of(String url) {
    return ClickHouseAddress.of(StorageConfig.of(url));
  }

  @ParameterizedTest
  @CsvSource({
    "jdbc:clickhouse://db, http://db:8123, default",
    "jdbc:clickhouse://db/, http://db:8123, default",
    "jdbc:clickhouse://db:9000/spans, http://db:9000, spans",
    "jdbc:clickhouse://db/spans?ssl=true, https://db:8443, spans",
    "jdbc:clickhouse://db:443/spans?ssl=true, https://db:443, spans",
    "jdbc:clickhouse:https://db/spans, https://db:8443, spans",
    "jdbc:clickhouse:https://db/spans?user=a, https://db:8443, spans",
    "jdbc:clickhouse:http://db/spans, http://db:8123, spans",
    "JDBC:ClickHouse://db/Spans, http://db:8123, Spans",
    "jdbc:clickhouse://[::1]:8123/spans, http://[::1]:8123, spans",
    "jdbc:clickhouse://db/a%20b, http://db:8123, a b"
  })
  void address_saysEndpointAndDatabase(String url, String endpoint, String database) {
    ClickHouseAddress address = of(url);
    assertThat(address.endpoint()).isEqualTo(endpoint);
    assertThat(address.database()).isEqualTo(database);
  }

  @Test
  void userAndPassword_comeFromTheAddressOrTheProperties() {
    ClickHouseAddress given = of("jdbc:clickhouse://db/spans?user=app&password=p%26q+%3D");
    assertThat(given.username()).isEqualTo("app");
    assertThat(given.password()).isEqualTo("p&q+=");
    assertThat(given).asString().isEqualTo("http://db:8123/spans");
    ClickHouseAddress properties =
        ClickHouseAddress.of(
            StorageConfig.fromProperties(
                Map.of(
                    "url", "jdbc:clickhouse://db/spans?user=app&password=p",
                    "username", "other",
                    "password", "q",
                    "schema", "elsewhere")));
    assertThat(properties.username()).isEqualTo("other");
    assertThat(properties.password()).isEqualTo("q");
    assertThat(properties.database()).isEqualTo("elsewhere");
    ClickHouseAddress nobody = of("jdbc:clickhouse://db/spans");
    assertThat(nobody.username()).isEqualTo("default");
    assertThat(nobody.password()).isEmpty();
  }

  @Test
  void serverSettings_areTakenAlong() {
    assertThat(of("jdbc:clickhouse://db?clickhouse_setting_insert_quorum=2").serverSettings())
        .containsExactly(Map.entry("insert_quorum", "2"));
  }

  @Test
  void faults_areNamedTogetherAndWithoutThePassword() {
    ConfigurationException refused =
        catchThrowableOfType(
            ConfigurationException.class,
            () -> of("jdbc:clickhouse://db/spans?sl=true&ssl=yes&password=kept-secret&alone"));
    assertThat(refused.problems()).hasSize(3);
    assertThat(refused)
        .hasMessageContaining("the parameter sl, which is unknown")
        .hasMessageContaining("The parameter ssl of the address is 'yes'")
        .hasMessageContaining("without a name or a value")
        .hasMessageNotContaining("kept-secret");
  }

  @ParameterizedTest
  @CsvSource({
    "jdbc:clickhouse:",
    "jdbc:clickhouse:db",
    "jdbc:clickhouse:///spans",
    "jdbc:clickhouse://a b/spans",
    "jdbc:clickhouse://user:kept-secret@db/spans",
    "'jdbc:clickhouse://one:8123,two:8123/spans'"
  })
  void addressThatIsNone_isRefusedWithTheRightForm(String url) {
    ConfigurationException refused =
        catchThrowableOfType(ConfigurationException.class, () -> of(url));
    assertThat(refused)
        .hasMessageContaining("write jdbc:clickhouse://host:8123/database")
        .hasMessageNotContaining("kept-secret");
  }

  @Test
  void provider_isFoundByItsAddress() {
    ClickHouseProvider provider = new ClickHouseProvider();
    assertThat(provider.name()).isEqualTo("clickhouse");
    assertThat(provider.accepts(StorageUri.of("jdbc:clickhouse://db"))).isTrue();
    Storages.open("jdbc:clickhouse://db").close();
  }
}
