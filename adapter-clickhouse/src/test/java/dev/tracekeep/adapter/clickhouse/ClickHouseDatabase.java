package dev.tracekeep.adapter.clickhouse;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A database for the tests of one class, emptied before each. Where there is no ClickHouse the
 * class says NOT RUN and why; with {@code tracekeep.require=clickhouse} that is a failure.
 */
final class ClickHouseDatabase
    implements ExecutionCondition, BeforeAllCallback, BeforeEachCallback, AfterAllCallback {
  private final boolean ofTheGateway;
  private String url = "";

  /** On whatever ClickHouse there is. */
  ClickHouseDatabase() {
    this(false);
  }

  private ClickHouseDatabase(boolean ofTheGateway) {
    this.ofTheGateway = ofTheGateway;
  }

  /** On the engine as a library alone, for the tests of the gateway in front of it. */
  static ClickHouseDatabase ofTheGateway() {
    return new ClickHouseDatabase(true);
  }

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    ClickHouseTestServer server = ClickHouseTestServer.get();
    if (server.isThere() && ofTheGateway && !server.way().equals("embedded")) {
      String reason = "NOT RUN, the tests run on another ClickHouse: " + server.way();
      System.out.println(context.getDisplayName() + ": " + reason);
      return ConditionEvaluationResult.disabled(reason);
    }
    if (server.isThere()) {
      return ConditionEvaluationResult.enabled(server.way());
    }
    String required = context.getConfigurationParameter("tracekeep.require").orElse("");
    if (Arrays.asList(required.split("[, ]+")).contains("clickhouse")) {
      throw new IllegalStateException("tracekeep.require asks for clickhouse, but " + server.way());
    }
    String reason = "NOT RUN, " + server.way().substring("not run: ".length());
    System.out.println(context.getDisplayName() + ": " + reason);
    return ConditionEvaluationResult.disabled(reason);
  }

  @Override
  public void beforeAll(ExtensionContext context) throws IOException {
    url = ClickHouseTestServer.get().newDatabase();
  }

  @Override
  public void beforeEach(ExtensionContext context) throws IOException {
    for (String table : rows("SHOW TABLES")) {
      execute("DROP TABLE `" + table + "` SYNC");
    }
  }

  @Override
  public void afterAll(ExtensionContext context) throws IOException {
    ClickHouseTestServer.get().drop(url);
  }

  /** {@code jdbc:clickhouse://HOST:PORT/DATABASE}. */
  String url() {
    return url;
  }

  /** The database's name alone. */
  String name() {
    return url.substring(url.lastIndexOf('/') + 1).replaceFirst("\\?.*", "");
  }

  void execute(String... statements) throws IOException {
    ClickHouseTestServer.execute(url, statements);
  }

  /** The rows of a query, each with tabs between its values. */
  List<String> rows(String query) throws IOException {
    return ClickHouseTestServer.query(url, query, Map.of()).lines().toList();
  }
}
