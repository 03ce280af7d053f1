package dev.tracekeep.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;

/** A DuckDB file in a test's folder, and what is put into it. */
final class TestStore {
  /** Two traces: an ok one with two spans, and a failed one with one span. */
  static final String OTLP =
      """
      {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":[{"spans":[{"traceId":"0000000000000000000000000000000a","spanId":"000000000000000a","name":"GET /ask","startTimeUnixNano":"1795170745000000000","endTimeUnixNano":"1795170746240000000"},{"traceId":"0000000000000000000000000000000a","spanId":"000000000000000b","parentSpanId":"000000000000000a","name":"lookup","startTimeUnixNano":"1795170745000000000","endTimeUnixNano":"1795170745620000000"}]}]}]}
      {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0000000000000000000000000000000b","spanId":"000000000000000c","name":"POST /pay","startTimeUnixNano":"1795170750000000000","endTimeUnixNano":"1795170750005000000","status":{"code":2,"message":"card refused"}}]}]}]}
      """;

  /** A span of which a mapping can make much or little. */
  static final String RICH_OTLP =
      """
      {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0000000000000000000000000000000c","spanId":"000000000000000d","name":"chat","startTimeUnixNano":"1795170745000000000","endTimeUnixNano":"1795170746240000000","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.request.model","value":{"stringValue":"m-1"}},{"key":"gen_ai.input.messages","value":{"stringValue":"[{\\"role\\":\\"user\\"}]"}}]}]}]}]}
      """;

  static final String OK_TRACE = "0000000000000000000000000000000a";
  static final String FAILED_TRACE = "0000000000000000000000000000000b";

  private final Path folder;

  TestStore(Path folder) {
    this.folder = folder;
  }

  Path file() {
    return folder.resolve("spans.duckdb");
  }

  String url() {
    return "jdbc:duckdb:" + file();
  }

  /** Writes a file into the folder and returns its name. */
  String write(String name, String content) throws IOException {
    return Files.writeString(folder.resolve(name), content).toString();
  }

  /** A screen whose commands work on this store. */
  TestScreen screen() {
    return new TestScreen().with("TRACEKEEP_URL", url());
  }

  /** Stores {@link #OTLP}. */
  void fill() throws IOException {
    if (screen().run("import", write("spans.jsonl", OTLP)) != ExitCode.OK) {
      throw new IllegalStateException("The import of the fixture failed");
    }
  }

  /** Runs a statement in the file; no store may be open. */
  void execute(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url());
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /**
   * Copies the filled table under another name, without its constraint and with every row twice.
   */
  void duplicateInto(String table) throws SQLException {
    execute(
        "CREATE TABLE "
            + table
            + " AS SELECT * FROM tracekeep_spans UNION ALL SELECT * FROM tracekeep_spans");
  }
}
