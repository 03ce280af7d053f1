package dev.tracekeep.adapter.libsql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.Storages;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The parameters of a SQLite address. */
class LibSqlParametersTest {
  @TempDir private Path folder;

  private String url(String parameters) {
    return "jdbc:sqlite:" + folder.resolve("spans.db") + "?" + parameters;
  }

  @ParameterizedTest
  @ValueSource(strings = {"cache_sise=5", "x=1", "journal_mode=WAL&mode=ro", "=1"})
  void parameter_thatIsUnknown_isRefused(String parameters) {
    assertThatThrownBy(() -> Storages.open(url(parameters)))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("unknown parameters")
        .hasMessageContaining("cache_size");
    assertThat(folder).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(strings = {"cache_size=5", "JOURNAL_MODE=WAL&foreign_keys=true"})
  void parameter_thatIsKnown_isTaken(String parameters) {
    Storages.open(url(parameters)).close();
    Storages.open("jdbc:sqlite:file:" + folder.resolve("spans.db") + "?mode=ro&cache=private")
        .close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"enable_load_extension=true", "temp_store_directory=/tmp"})
  void parameter_thatLoadsCodeOrFiles_isRefusedUnlessAllowed(String parameters) {
    assertThatThrownBy(() -> Storages.open(url(parameters)))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("unsafe-options");
    Storages.open(Map.of("url", url(parameters), "unsafe-options", "true")).close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"jdbc:sqlite::resource:http://127.0.0.1:1/x.db"})
  void resource_isRefused(String url) {
    assertThatThrownBy(() -> Storages.open(url))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("fetch a file");
  }
}
