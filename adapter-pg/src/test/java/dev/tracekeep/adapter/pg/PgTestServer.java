package dev.tracekeep.adapter.pg;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import org.postgresql.Driver;
import org.postgresql.PGProperty;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.postgresql.PostgreSQLContainer;

/**
 * A real PostgreSQL for tests, one for each JVM: the one that TRACEKEEP_TEST_PG_URL names, whose
 * user must be allowed to make databases; else a container, where Docker is there; else the
 * server's own binaries, which Maven brings.
 */
public final class PgTestServer {
  /** After this long the autovacuum gives way to a migration, which may wait half a second. */
  static final String DEADLOCK_TIMEOUT = "100ms";

  private static final String IMAGE = "postgres:18-alpine";

  private static final AtomicInteger DATABASES = new AtomicInteger();

  private final String way;
  private final String url;

  private PgTestServer(String way, String url) {
    this.way = way;
    this.url = url;
  }

  private static final class Holder {
    static final PgTestServer SERVER = start();
  }

  /** The server of this JVM; started when first asked for, stopped when the JVM ends. */
  public static PgTestServer get() {
    return Holder.SERVER;
  }

  private static PgTestServer start() {
    String given = System.getenv("TRACEKEEP_TEST_PG_URL");
    if (given != null && !given.isBlank()) {
      return new PgTestServer("url", given);
    }
    if (DockerClientFactory.instance().isDockerAvailable()) {
      return startContainer();
    }
    try {
      return new PgTestServer("embedded", startEmbedded());
    } catch (IOException e) {
      throw new IllegalStateException("Could not start the embedded PostgreSQL", e);
    }
  }

  @SuppressWarnings("resource") // Testcontainers removes the container when the JVM ends
  private static PgTestServer startContainer() {
    PostgreSQLContainer container = new PostgreSQLContainer(IMAGE);
    container.start();
    String separator = container.getJdbcUrl().contains("?") ? "&" : "?";
    return new PgTestServer(
        "docker " + IMAGE,
        container.getJdbcUrl()
            + separator
            + "user="
            + container.getUsername()
            + "&password="
            + container.getPassword());
  }

  private static String startEmbedded() throws IOException {
    Path unpacked =
        Files.createDirectories(Path.of(System.getProperty("java.io.tmpdir"), "tracekeep-pg"));
    try {
      @SuppressWarnings("resource") // its own hook stops it when the JVM ends
      EmbeddedPostgres server =
          EmbeddedPostgres.builder()
              .setOverrideWorkingDirectory(unpacked.toFile())
              .setServerConfig("max_prepared_transactions", "0")
              .setServerConfig("deadlock_timeout", DEADLOCK_TIMEOUT)
              .start();
      return server.getJdbcUrl("postgres", "postgres");
    } catch (IllegalStateException e) {
      // Started by root in a container that allows no user namespaces, initdb refuses to run.
      if (!"root".equals(System.getProperty("user.name"))) {
        throw e;
      }
      return UnprivilegedPostgres.start(unpacked, e);
    }
  }

  /** How the server is reached: {@code url}, {@code docker …} or {@code embedded}. */
  public String way() {
    return way;
  }

  /** Makes an empty database and returns its address, with user and password. */
  public String newDatabase() throws SQLException {
    String name =
        "tracekeep_test_" + ProcessHandle.current().pid() + "_" + DATABASES.incrementAndGet();
    execute(url, "CREATE DATABASE " + name);
    Properties parts = Driver.parseURL(url, null);
    String path = "/" + PGProperty.PG_DBNAME.getOrDefault(parts);
    int query = url.indexOf('?');
    String base = query < 0 ? url : url.substring(0, query);
    if (!base.endsWith(path)) {
      throw new IllegalStateException("The address of the test server must name a database");
    }
    return base.substring(0, base.length() - path.length() + 1)
        + name
        + (query < 0 ? "" : url.substring(query));
  }

  /** Drops a database that {@link #newDatabase()} made, whoever is still connected to it. */
  public void drop(String databaseUrl) throws SQLException {
    String name = PGProperty.PG_DBNAME.getOrDefault(Driver.parseURL(databaseUrl, null));
    execute(url, "DROP DATABASE " + name + " WITH (FORCE)");
  }

  /** Runs statements, each in a transaction of its own. */
  static void execute(String databaseUrl, String... statements) throws SQLException {
    try (Connection connection = DriverManager.getConnection(databaseUrl);
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }
}
