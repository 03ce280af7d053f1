package dev.tracekeep.adapter.mssql;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.mssqlserver.MSSQLServerContainer;

/**
 * A server for tests, one for each JVM: the one that {@value #URL} names, whose login must be
 * allowed to make databases; else a container, where Docker is there. Else there is none: SQL
 * Server comes in no other form.
 */
public final class MsSqlTestServer {
  /** The environment variable that names a server, with user and password in the address. */
  public static final String URL = "TRACEKEEP_TEST_MSSQL_URL";

  /** Why there is no server where there is none. */
  public static final String NOT_THERE =
      URL + " names no server, and there is no Docker to start one";

  private static final String IMAGE = "mcr.microsoft.com/mssql/server:2022-latest";

  private static final AtomicInteger DATABASES = new AtomicInteger();

  private final String way;
  private final String url;

  private MsSqlTestServer(String way, String url) {
    this.way = way;
    this.url = url;
  }

  private static final class Holder {
    static final Optional<MsSqlTestServer> SERVER = start();
  }

  /** The server of this JVM; started when first asked for, stopped when the JVM ends. */
  public static Optional<MsSqlTestServer> get() {
    return Holder.SERVER;
  }

  private static Optional<MsSqlTestServer> start() {
    String given = System.getenv(URL);
    if (given != null && !given.isBlank()) {
      return Optional.of(new MsSqlTestServer("url", given));
    }
    return DockerClientFactory.instance().isDockerAvailable()
        ? Optional.of(startContainer())
        : Optional.empty();
  }

  @SuppressWarnings("resource") // Testcontainers removes the container when the JVM ends
  private static MsSqlTestServer startContainer() {
    MSSQLServerContainer container = new MSSQLServerContainer(IMAGE).acceptLicense();
    container.start();
    return new MsSqlTestServer(
        "docker " + IMAGE,
        container.getJdbcUrl()
            + ";user="
            + container.getUsername()
            + ";password="
            + container.getPassword());
  }

  /** How the server is reached: {@code url} or {@code docker …}. */
  public String way() {
    return way;
  }

  /** What the server says that it is, in one line. */
  public String version() throws SQLException {
    try (Connection connection = DriverManager.getConnection(url)) {
      return MsSqlServer.of(connection).product();
    }
  }

  /** Whether it is SQL Server, and not another server that speaks its language. */
  public boolean isSqlServer() throws SQLException {
    try (Connection connection = DriverManager.getConnection(url)) {
      return MsSqlServer.of(connection).locksByHints();
    }
  }

  /** Makes an empty database and returns its address, with user and password. */
  public String newDatabase() throws SQLException {
    String name =
        "tracekeep_test_" + ProcessHandle.current().pid() + "_" + DATABASES.incrementAndGet();
    execute(url, "CREATE DATABASE " + name);
    return url.replaceAll("(?i);\\s*(databaseName|database)\\s*=[^;]*", "")
        + ";databaseName="
        + name;
  }

  /** Drops a database that {@link #newDatabase()} made, whoever is still connected to it. */
  public void drop(String databaseUrl) throws SQLException {
    String name = databaseUrl.substring(databaseUrl.lastIndexOf('=') + 1);
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement()) {
      if (isSqlServer()) {
        statement.execute("ALTER DATABASE " + name + " SET SINGLE_USER WITH ROLLBACK IMMEDIATE");
      }
      statement.execute("DROP DATABASE " + name);
    }
  }

  /** Runs statements, each in a transaction of its own. */
  public static void execute(String databaseUrl, String... statements) throws SQLException {
    try (Connection connection = DriverManager.getConnection(databaseUrl);
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }
}
