package dev.tracekeep.adapter.duckdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.Storages;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DuckDbProviderTest {
  @TempDir private Path folder;

  @Test
  void questionMark_isNoPartOfAFilesName() {
    String url = "jdbc:duckdb:" + folder.resolve("spans.duckdb") + "?threads=1";
    assertThatThrownBy(() -> Storages.open(url))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("behind semicolons");
    assertThat(folder).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "session_init_sql_file=/tmp/x.sql",
        "ALLOW_UNSIGNED_EXTENSIONS=true",
        " extension_directory = /tmp",
        "custom_extension_repository=http://example.org",
      })
  void option_thatLoadsCodeOrFiles_isRefusedUnlessAllowed(String option) {
    String url = "jdbc:duckdb:;" + option;
    assertThatThrownBy(() -> Storages.open(url))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("unsafe-options");
    Storages.open(Map.of("url", url, "unsafe-options", "true")).close();
    Storages.open("jdbc:duckdb:;threads=1").close();
  }

  @ParameterizedTest
  @CsvSource({
    "memory-limit, 64MiB, jdbc:duckdb:, 64.0 MiB",
    "tenant, default, jdbc:duckdb:;memory_limit=96MiB, 96.0 MiB",
    "memory-limit, 128MiB, jdbc:duckdb:;memory_limit=96MiB, 128.0 MiB",
  })
  void memoryLimit_isThePropertyOrTheAddress(String key, String value, String url, String limit)
      throws Exception {
    assertThat(limitOf(Map.of("url", url, key, value))).isEqualTo(limit);
  }

  @Test
  void memoryLimit_byDefault_fitsBesideTheHeap() throws Exception {
    long mib = 1 << 20;
    assertThat(DuckDbConnections.beside(8192 * mib, 2048 * mib)).isEqualTo("4915MiB");
    assertThat(DuckDbConnections.beside(2048 * mib, 2048 * mib)).isEqualTo("256MiB");
    assertThat(DuckDbConnections.beside(1024 * mib, 4096 * mib)).isEqualTo("256MiB");
    assertThat(limitOf(Map.of("url", "jdbc:duckdb:"))).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"much", "80%", "1'; DROP TABLE x; --", "-1GB", "2"})
  void memoryLimit_thatIsNoSize_isRefused(String value) {
    assertThatThrownBy(() -> Storages.open(Map.of("url", "jdbc:duckdb:", "memory-limit", value)))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("a size such as 512MB");
  }

  private static String limitOf(Map<String, String> properties) throws Exception {
    StorageConfig config =
        StorageConfig.fromProperties(properties, new DuckDbProvider().engineProperties());
    try (DuckDbConnections connections = new DuckDbConnections(config)) {
      return connections.read(DuckDbProviderTest::limit);
    }
  }

  private static String limit(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT current_setting('memory_limit')")) {
      row.next();
      return row.getString(1);
    }
  }
}
