package dev.tracekeep.adapter.pg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.Storages;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PgAddressTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql:",
        "jdbc:postgresql:spans",
        "jdbc:postgresql:/",
        "jdbc:postgresql://h",
        "jdbc:postgresql://h/spans",
        "jdbc:postgresql://h:5432/spans?user=a@b&password=c:d@e",
        "jdbc:postgresql://h1:5432,h2,[::1]:5433/spans?targetServerType=primary",
        "jdbc:postgresql://h/spans?sslmode=verify-full&sslrootcert=/etc/ca.pem",
        "jdbc:postgresql://h/spans?sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory",
      })
  void address_ofTheDriver_isTaken(String url) {
    assertThat(PgAddress.problems(StorageConfig.of(url))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql://u:secret@host:1",
        "jdbc:postgresql://u:secret@host:1/spans",
        "jdbc:postgresql:u:secret@host",
        "jdbc:postgresql://host:54x2/spans?password=secret",
        "jdbc:postgresql://host:0/spans?password=secret",
        "jdbc:postgresql://host:70000/spans?password=secret",
        "jdbc:postgresql://h1,u:secret@h2/spans",
        "jdbc:postgresql://h/spans?password=secret%zz",
      })
  void address_thatTheDriverWouldLog_isRefusedBeforeItSeesIt(String url) {
    assertThatThrownBy(() -> Storages.open(url))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("The address jdbc:postgresql:")
        .hasMessageNotContaining("secret");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "socketFactory=com.example.Factory",
        "socket%46actory=com.example.Factory",
        "sslfactory=com.example.Factory",
        "sslfactoryarg=file:/etc/passwd",
        "authenticationPluginClassName=com.example.Plugin",
        "sslhostnameverifier=com.example.Verifier",
        "sslpasswordcallback=com.example.Callback",
        "xmlFactoryFactory=com.example.Xml",
        "loggerFile=/tmp/log",
        "service=production",
      })
  void option_thatLoadsCodeOrFiles_isRefusedUnlessAllowed(String option) {
    String url = "jdbc:postgresql://h/spans?" + option;
    assertThatThrownBy(() -> Storages.open(url))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("load code or files")
        .hasMessageContaining("unsafe-options");
    Storages.open(Map.of("url", url, "unsafe-options", "true")).close();
  }

  @Test
  void problems_comeAllAtOnce() {
    assertThatThrownBy(
            () ->
                Storages.open(
                    Map.of(
                        "url",
                        "jdbc:postgresql://u:p@h?socketFactory=x",
                        "transaction-pooling",
                        "maybe")))
        .isInstanceOfSatisfying(
            ConfigurationException.class, e -> assertThat(e.problems()).hasSize(3));
  }
}
