package dev.tracekeep.adapter.mssql;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.Storages;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MsSqlProviderTest {
  private static final String HOST = "jdbc:sqlserver://127.0.0.1:1";

  @ParameterizedTest
  @ValueSource(
      strings = {
        ";socketFactoryClass=com.example.Factory",
        "; TRUSTMANAGERCLASS = com.example.Manager",
        ";password={a;b}}c};accessTokenCallbackClass=com.example.Callback",
        ";encrypt=false;jaasConfigurationName=mine",
      })
  void option_thatLoadsCode_isRefusedUnlessAllowed(String options) {
    assertThatThrownBy(() -> Storages.open(HOST + options))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("load code or files")
        .hasMessageContaining("unsafe-options")
        .hasMessageNotContaining("b}}c");
    Storages.open(Map.of("url", HOST + options, "unsafe-options", "true")).close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ";databaseName=spans;encrypt=true", ";trustStore=/etc/trust.jks"})
  void otherOptions_areTaken(String options) {
    Storages.open(HOST + options).close();
  }
}
