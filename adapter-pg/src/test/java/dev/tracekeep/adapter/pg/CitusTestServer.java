package dev.tracekeep.adapter.pg;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/**
 * A cluster of Citus for tests: the one whose coordinator {@value #URL} names, in a database that
 * knows its workers. Its user must be a superuser, also on the workers. Else there is none.
 */
public final class CitusTestServer {
  /** The environment variable that names a coordinator and a database, with its user. */
  public static final String URL = "TRACEKEEP_TEST_CITUS_URL";

  /** Why there is no cluster where there is none. */
  public static final String NOT_THERE = URL + " names no coordinator of Citus";

  private static final String OBJECT_IN_USE = "55006";

  /** The server waits some seconds in each for the sessions to end. */
  private static final int DROP_TRIES = 20;

  private static final AtomicInteger DATABASES = new AtomicInteger();

  private final String url;
  private final List<Node> nodes = new ArrayList<>();

  private record Node(String host, int port, boolean isCoordinator) {}

  private CitusTestServer(String url) throws SQLException {
    this.url = url;
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet found =
            statement.executeQuery(
                "SELECT nodename, nodeport, groupid = 0 FROM pg_dist_node ORDER BY groupid")) {
      while (found.next()) {
        nodes.add(new Node(found.getString(1), found.getInt(2), found.getBoolean(3)));
      }
    }
    if (nodes.size() < 2 || !nodes.get(0).isCoordinator()) {
      throw new IllegalStateException(
          URL + " must name a database in which citus_set_coordinator_host and citus_add_node ran");
    }
  }

  /** The cluster, if one is named. */
  public static Optional<CitusTestServer> get() {
    String given = System.getenv(URL);
    try {
      return given == null || given.isBlank()
          ? Optional.empty()
          : Optional.of(new CitusTestServer(given));
    } catch (SQLException e) {
      throw new IllegalStateException("Could not ask the coordinator that " + URL + " names", e);
    }
  }

  private String at(Node node, String database) {
    int query = url.indexOf('?');
    return "jdbc:postgresql://"
        + (node.host() + ":" + node.port() + "/" + database)
        + (query < 0 ? "" : url.substring(query));
  }

  private String ownDatabase() {
    Properties parts = Driver.parseURL(url, null);
    return PGProperty.PG_DBNAME.getOrDefault(parts);
  }

  /** Makes an empty database on all nodes, and returns its address on the coordinator. */
  public String newDatabase() throws SQLException {
    String name =
        "tracekeep_citus_" + ProcessHandle.current().pid() + "_" + DATABASES.incrementAndGet();
    for (Node node : nodes) {
      PgTestServer.execute(at(node, ownDatabase()), "CREATE DATABASE " + name);
      PgTestServer.execute(at(node, name), "CREATE EXTENSION IF NOT EXISTS citus");
    }
    String coordinator = at(nodes.get(0), name);
    for (Node node : nodes) {
      PgTestServer.execute(
          coordinator,
          "SELECT "
              + (node.isCoordinator() ? "citus_set_coordinator_host" : "citus_add_node")
              + ("('" + node.host() + "', " + node.port() + ")"));
    }
    return coordinator;
  }

  /** Drops a database that {@link #newDatabase()} made, whoever is still connected to it. */
  public void drop(String databaseUrl) throws SQLException {
    String name = PGProperty.PG_DBNAME.getOrDefault(Driver.parseURL(databaseUrl, null));
    for (Node node : nodes) {
      dropPatiently(at(node, ownDatabase()), name);
    }
  }

  /**
   * Citus starts its own session again after the server has ended it, and killed clients linger.
   */
  private static void dropPatiently(String url, String name) throws SQLException {
    for (int tries = 1; ; tries++) {
      try {
        PgTestServer.execute(url, "DROP DATABASE " + name + " WITH (FORCE)");
        return;
      } catch (SQLException e) {
        if (!OBJECT_IN_USE.equals(e.getSQLState()) || tries == DROP_TRIES) {
          throw e;
        }
      }
    }
  }
}
