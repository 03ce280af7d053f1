package dev.tracekeep.conformance;

import dev.tracekeep.adapter.clickhouse.ClickHouseProvider;
import dev.tracekeep.adapter.clickhouse.ClickHouseTestServer;
import dev.tracekeep.storage.StorageProvider;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/**
 * ClickHouse: the one that is given, a container, or the engine as a library behind a gateway of
 * HTTP.
 */
final class ClickHouseFixture implements StorageFixture {
  private static final String NOT_RUN = "not run: ";
  private static final String DOCKER = "docker ";

  @Override
  public String name() {
    return "clickhouse";
  }

  @Override
  public StorageProvider provider() {
    return new ClickHouseProvider();
  }

  @Override
  public EngineAccess access() {
    String way = ClickHouseTestServer.get().way();
    if (way.startsWith(NOT_RUN)) {
      return EngineAccess.notRun(way.substring(NOT_RUN.length()));
    }
    if (way.startsWith(DOCKER)) {
      return EngineAccess.docker(way.substring(DOCKER.length()));
    }
    // The engine and its SQL are real there; only the layer of HTTP is not the server's own.
    return way.equals("url")
        ? EngineAccess.url(ClickHouseTestServer.GIVEN)
        : new EngineAccess(EngineAccess.Way.EMBEDDED, "libchdb");
  }

  @Override
  public Optional<Map<String, String>> at(int port) {
    return Optional.of(Map.of("url", "jdbc:clickhouse://127.0.0.1:" + port + "/spans"));
  }

  @Override
  public Optional<Map<String, String>> unreachable() {
    return Optional.of(
        Map.of(
            "url", "jdbc:clickhouse://127.0.0.1:1/spans",
            "username", "kit",
            "password", StorageConformanceKit.SECRET));
  }

  @Override
  public TestDatabase newDatabase() throws IOException {
    String url = ClickHouseTestServer.get().newDatabase();
    return new TestDatabase() {
      @Override
      public Map<String, String> properties() {
        return Map.of("url", url);
      }

      @Override
      public Optional<RawAccess> raw() {
        return Optional.of(new ClickHouseRawAccess(url));
      }

      @Override
      public void close() throws IOException {
        ClickHouseTestServer.get().drop(url);
      }
    };
  }
}
