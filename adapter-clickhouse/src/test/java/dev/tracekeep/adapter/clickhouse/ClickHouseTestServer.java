package dev.tracekeep.adapter.clickhouse;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.clickhouse.ClickHouseContainer;

/**
 * A real ClickHouse for tests, one for each JVM: the one that {@value #GIVEN} names, whose user
 * must be allowed to make databases; else a container, where Docker is there; else the engine as a
 * library, behind a gateway of ours.
 */
public final class ClickHouseTestServer {
  /** The address of a server, {@code jdbc:clickhouse://HOST:PORT?user=…&password=…}. */
  public static final String GIVEN = "TRACEKEEP_TEST_CLICKHOUSE_URL";

  private static final String PREFIX = "jdbc:clickhouse:";
  private static final String IMAGE = "clickhouse/clickhouse-server:25.8-alpine";
  private static final AtomicInteger DATABASES = new AtomicInteger();

  private final String way;
  private final @Nullable URI address;

  private ClickHouseTestServer(String way, @Nullable URI address) {
    this.way = way;
    this.address = address;
  }

  private static final class Holder {
    static final ClickHouseTestServer SERVER = start();
  }

  /** The server of this JVM; started when first asked for, stopped when the JVM ends. */
  public static ClickHouseTestServer get() {
    return Holder.SERVER;
  }

  private static ClickHouseTestServer start() {
    String given = System.getenv(GIVEN);
    if (given != null && !given.isBlank()) {
      return new ClickHouseTestServer("url", URI.create(given.substring(PREFIX.length())));
    }
    if (DockerClientFactory.instance().isDockerAvailable()) {
      return startContainer();
    }
    try {
      ChdbProcess gateway = ChdbProcess.start(ChdbInstallation.library());
      Runtime.getRuntime().addShutdownHook(new Thread(gateway::close, "clickhouse-close"));
      return new ClickHouseTestServer(
          "embedded", URI.create("//127.0.0.1:" + gateway.address().getPort()));
    } catch (ChdbInstallation.Missing e) {
      return new ClickHouseTestServer("not run: " + e.getMessage(), null);
    } catch (IOException e) {
      throw new IllegalStateException("Could not start the embedded ClickHouse", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while starting the embedded ClickHouse", e);
    }
  }

  @SuppressWarnings("resource") // Testcontainers removes the container when the JVM ends
  private static ClickHouseTestServer startContainer() {
    ClickHouseContainer container = new ClickHouseContainer(IMAGE);
    container.start();
    return new ClickHouseTestServer(
        "docker " + IMAGE,
        URI.create(
            "//"
                + container.getHost()
                + ":"
                + container.getMappedPort(8123)
                + "?user="
                + container.getUsername()
                + "&password="
                + container.getPassword()));
  }

  /**
   * How the server is reached: {@code url}, {@code docker …}, {@code embedded}, or {@code not run:
   * …} with the reason why there is none.
   */
  public String way() {
    return way;
  }

  /** Whether there is a server; without one only {@link #way()} may be asked. */
  public boolean isThere() {
    return address != null;
  }

  /** Makes an empty database and returns its address, with user and password if there are any. */
  public String newDatabase() throws IOException {
    String name =
        "tracekeep_test_" + ProcessHandle.current().pid() + "_" + DATABASES.incrementAndGet();
    execute(address(null), "CREATE DATABASE " + name + " ENGINE = Atomic");
    return address(name);
  }

  /** Drops a database that {@link #newDatabase()} made. */
  public void drop(String databaseUrl) throws IOException {
    String name = URI.create(databaseUrl.substring(PREFIX.length())).getPath().substring(1);
    execute(address(null), "DROP DATABASE " + name + " SYNC");
  }

  private String address(@Nullable String database) {
    if (address == null) {
      throw new IllegalStateException("There is no ClickHouse: " + way);
    }
    String query = address.getRawQuery();
    return PREFIX
        + "//"
        + address.getRawAuthority()
        + (database == null ? "" : "/" + database)
        + (query == null ? "" : "?" + query);
  }

  /** Runs statements, none of which has an answer that matters. */
  public static void execute(String databaseUrl, String... statements) throws IOException {
    for (String statement : statements) {
      query(databaseUrl, statement, Map.of());
    }
  }

  /**
   * Runs a statement by plain HTTP, without the driver.
   *
   * @param parameters the values for the placeholders <code>{name:Type}</code> as {@code
   *     param_name}, and settings
   * @return the answer as it comes, tab-separated unless the statement names a format
   * @throws IOException if the server refuses it, with the server's words
   */
  public static String query(String databaseUrl, String statement, Map<String, String> parameters)
      throws IOException {
    return post(databaseUrl, parameters, statement.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Inserts rows by plain HTTP.
   *
   * @param statement for example {@code INSERT INTO t FORMAT JSONEachRow}
   */
  public static void insert(String databaseUrl, String statement, byte[] rows) throws IOException {
    post(databaseUrl, Map.of("query", statement), rows);
  }

  private static String post(String databaseUrl, Map<String, String> parameters, byte[] body)
      throws IOException {
    URI url = URI.create(databaseUrl.substring(PREFIX.length()));
    Map<String, String> all = new LinkedHashMap<>(parameters);
    if (url.getPath().length() > 1) {
      all.put("database", url.getPath().substring(1));
    }
    StringBuilder target = new StringBuilder("http://" + url.getRawAuthority() + "/?");
    if (url.getRawQuery() != null) {
      target.append(url.getRawQuery()).append('&');
    }
    all.forEach(
        (name, value) ->
            target
                .append(URLEncoder.encode(name, StandardCharsets.UTF_8))
                .append('=')
                .append(URLEncoder.encode(value, StandardCharsets.UTF_8))
                .append('&'));
    HttpURLConnection connection =
        (HttpURLConnection) URI.create(target.toString()).toURL().openConnection();
    connection.setRequestMethod("POST");
    connection.setDoOutput(true);
    connection.getOutputStream().write(body);
    if (connection.getResponseCode() != HttpURLConnection.HTTP_OK) {
      try (InputStream error = connection.getErrorStream()) {
        throw new IOException(
            error == null
                ? "HTTP status " + connection.getResponseCode()
                : new String(error.readAllBytes(), StandardCharsets.UTF_8).strip());
      }
    }
    try (InputStream answer = connection.getInputStream()) {
      return new String(answer.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
