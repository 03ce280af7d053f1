package dev.tracekeep.adapter.clickhouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.storage.ConfigurationException;
import dev.tracekeep.storage.StorageConfig;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The statements for a cluster, letter by letter. There is no cluster in these tests: that they are
 * well-formed is said by the engine's own parser, that they do what they should by nobody.
 */
final class ClusterTablesTest {
  @RegisterExtension static final ClickHouseDatabase DATABASE = new ClickHouseDatabase();

  private static StorageConfig config(String cluster) {
    return StorageConfig.fromProperties(
        Map.of(
            "url", "jdbc:clickhouse://localhost:8123/traces",
            "table", "spans",
            "cluster", cluster),
        new ClickHouseProvider().engineProperties());
  }

  private static ClusterTables tables() {
    return ClusterTables.of(config("main"), "traces").orElseThrow();
  }

  private static List<String> statements() {
    List<String> create = tables().createStatements();
    return List.of(
        create.get(0),
        create.get(1),
        tables().deleteStatement("trace_id = 't'"),
        tables().truncateStatement());
  }

  @Test
  void statements_areTheGoldenOnes() throws IOException {
    try (InputStream golden = ClusterTablesTest.class.getResourceAsStream("cluster.sql")) {
      assertThat(String.join("\n", statements()) + "\n")
          .isEqualTo(new String(golden.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  @Test
  void statements_areUnderstoodByTheEnginesParser() throws IOException {
    for (String statement : statements()) {
      assertThat(DATABASE.rows("EXPLAIN AST " + statement)).as(statement).isNotEmpty();
    }
  }

  @Test
  void noCluster_noTablesOfOne() {
    StorageConfig alone =
        StorageConfig.fromProperties(
            Map.of("url", "jdbc:clickhouse://localhost"),
            new ClickHouseProvider().engineProperties());

    assertThat(ClusterTables.of(alone, "default")).isEmpty();
  }

  @Test
  void nameThatIsNone_isRefused() {
    assertThatThrownBy(() -> new ClickHouseProvider().open(config("a`b")))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("cluster");
  }
}
