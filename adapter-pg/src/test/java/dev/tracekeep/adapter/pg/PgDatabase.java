package dev.tracekeep.adapter.pg;

import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Storages;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A database for the tests of one class, emptied before each. */
final class PgDatabase implements BeforeAllCallback, BeforeEachCallback, AfterAllCallback {
  private String url = "";

  @Override
  public void beforeAll(ExtensionContext context) throws SQLException {
    url = PgTestServer.get().newDatabase();
  }

  @Override
  public void beforeEach(ExtensionContext context) throws SQLException {
    execute("DROP SCHEMA public CASCADE", "CREATE SCHEMA public");
  }

  @Override
  public void afterAll(ExtensionContext context) throws SQLException {
    PgTestServer.get().drop(url);
  }

  String url() {
    return url;
  }

  Connection connect() throws SQLException {
    return DriverManager.getConnection(url);
  }

  void execute(String... statements) throws SQLException {
    PgTestServer.execute(url, statements);
  }

  /** The rows of a query, each as its values with bars between them. */
  List<String> rows(String query) throws SQLException {
    List<String> rows = new ArrayList<>();
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery(query)) {
      while (found.next()) {
        List<String> row = new ArrayList<>();
        for (int i = 1; i <= found.getMetaData().getColumnCount(); i++) {
          row.add(found.getString(i));
        }
        rows.add(String.join("|", row.stream().map(String::valueOf).toList()));
      }
    }
    return rows;
  }

  /** A store with the given properties, names and values in turn. */
  ObservabilityStorage open(String... properties) {
    Map<String, String> all = new HashMap<>(Map.of("url", url));
    for (int i = 0; i < properties.length; i += 2) {
      all.put(properties[i], properties[i + 1]);
    }
    return Storages.open(all);
  }
}
