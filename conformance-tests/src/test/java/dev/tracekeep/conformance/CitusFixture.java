package dev.tracekeep.conformance;

import dev.tracekeep.adapter.pg.CitusTestServer;
import dev.tracekeep.adapter.pg.PgProvider;
import dev.tracekeep.storage.StorageProvider;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;

/**
 * PostgreSQL with a table that Citus spreads over workers, by trace. Tables of older schemas are
 * plain, as they must be to be migrated.
 */
final class CitusFixture implements StorageFixture {
  private final Optional<CitusTestServer> server = CitusTestServer.get();

  @Override
  public String name() {
    return "citus";
  }

  @Override
  public StorageProvider provider() {
    return new PgProvider();
  }

  @Override
  public EngineAccess access() {
    return server.isPresent()
        ? EngineAccess.url(CitusTestServer.URL)
        : EngineAccess.notRun(CitusTestServer.NOT_THERE);
  }

  @Override
  public Optional<Map<String, String>> at(int port) {
    return Optional.of(Map.of("url", "jdbc:postgresql://127.0.0.1:" + port + "/spans"));
  }

  @Override
  public Optional<Map<String, String>> unreachable() {
    return Optional.of(
        Map.of(
            "url", "jdbc:postgresql://localhost:1/spans",
            "username", "kit",
            "password", StorageConformanceKit.SECRET));
  }

  @Override
  public TestDatabase newDatabase() throws SQLException {
    CitusTestServer cluster = server.orElseThrow();
    String url = cluster.newDatabase();
    return new TestDatabase() {
      @Override
      public Map<String, String> properties() {
        return Map.of("url", url, "distribution", "trace");
      }

      @Override
      public Optional<RawAccess> raw() {
        return Optional.of(new PgFixture.Raw(url));
      }

      @Override
      public void close() throws SQLException {
        cluster.drop(url);
      }
    };
  }
}
