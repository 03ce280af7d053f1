package dev.tracekeep.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StoragePropertyTest {
  /** The rows of the first table of the page, without what marks code and links. */
  private static List<List<String>> documented() throws IOException {
    return Files.readAllLines(Path.of("../docs/configuration.md")).stream()
        .dropWhile(line -> !line.startsWith("|---"))
        .skip(1)
        .takeWhile(line -> line.startsWith("|"))
        .map(line -> line.replace("`", "").replaceAll("\\[([^]]*)]\\([^)]*\\)", "$1"))
        .map(line -> Arrays.stream(line.substring(1).split("\\|")).map(String::strip).toList())
        .toList();
  }

  @Test
  void documents_showTheTableAsItIs() throws IOException {
    assertThat(documented())
        .containsExactlyElementsOf(
            Arrays.stream(StorageProperty.values())
                .map(each -> List.of(each.propertyName(), each.defaultValue(), each.meaning()))
                .toList());
  }

  @Test
  void defaults_areThoseOfTheConfiguration() {
    StorageConfig defaults = StorageConfig.of("jdbc:duckdb:");
    Map<String, String> spelled = new HashMap<>();
    for (StorageProperty property : StorageProperty.values()) {
      if (!List.of("required", "none", "the engine's").contains(property.defaultValue())) {
        spelled.put(property.propertyName(), property.defaultValue());
      }
    }
    spelled.put("url", "jdbc:duckdb:");
    StorageConfig given = StorageConfig.fromProperties(spelled);

    assertThat(spelled).hasSize(11);
    assertThat(given).usingRecursiveComparison().isEqualTo(defaults);
    assertThat(defaults.lockTimeout()).isEqualTo(Duration.ofSeconds(30));
  }
}
