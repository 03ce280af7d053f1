package dev.tracekeep.adapter.mssql;

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
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A database for each test of a class. Where there is no server, the tests are reported as not run,
 * with the reason; {@code -Dtracekeep.require=mssql} makes that a failure.
 */
final class MsSqlDatabase implements ExecutionCondition, BeforeEachCallback, AfterEachCallback {
  private String url = "";

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    if (MsSqlTestServer.get().isPresent()) {
      return ConditionEvaluationResult.enabled("");
    }
    String required = context.getConfigurationParameter("tracekeep.require").orElse("");
    if (List.of(required.split(",")).contains("mssql")) {
      throw new IllegalStateException(
          "tracekeep.require asks for mssql, but " + MsSqlTestServer.NOT_THERE);
    }
    return ConditionEvaluationResult.disabled("NOT RUN: " + MsSqlTestServer.NOT_THERE);
  }

  @Override
  public void beforeEach(ExtensionContext context) throws SQLException {
    url = MsSqlTestServer.get().orElseThrow().newDatabase();
  }

  @Override
  public void afterEach(ExtensionContext context) throws SQLException {
    MsSqlTestServer.get().orElseThrow().drop(url);
  }

  String url() {
    return url;
  }

  Connection connect() throws SQLException {
    return DriverManager.getConnection(url);
  }

  void execute(String... statements) throws SQLException {
    MsSqlTestServer.execute(url, statements);
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
          row.add(String.valueOf(found.getString(i)));
        }
        rows.add(String.join("|", row));
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
