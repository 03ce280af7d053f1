package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReadCommandsTest {
  @TempDir private Path folder;
  private TestStore store;
  private TestScreen screen;

  @BeforeEach
  void openStore() {
    store = new TestStore(folder);
    screen = store.screen();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "traces",
        "trace x",
        "spans",
        "values name",
        "usage",
        "stats",
        "migrate plan",
        "migrate apply",
        "migrate verify",
        "migrate undo x",
        "migrate archive x",
        "migrate drop x",
        "migrate list",
        "doctor"
      })
  void readOnlyCommand_missingFile_doesNotMakeIt(String command) {
    assertThat(screen.run(command.split(" "))).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(screen.out() + screen.err())
        .contains("There is no file " + store.file())
        .contains("tracekeep import FILE");
    assertThat(store.file()).doesNotExist();
  }

  @Test
  void traces_text() throws IOException {
    store.fill();
    assertThat(screen.run("traces")).isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .isEqualTo(
            """
            TRACE                             STARTED (UTC)         DURATION  STATUS   NAME
            0000000000000000000000000000000b  2026-11-20 10:32:30    5.00 ms  error    POST /pay
            0000000000000000000000000000000a  2026-11-20 10:32:25     1.24 s  ok       GET /ask
            """);
    assertThat(screen.err()).isEmpty();
  }

  @Test
  void traces_json() throws IOException {
    store.fill();
    assertThat(screen.run("traces", "--json", "--status", "error")).isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .startsWith(
            "{\"traces\":[{\"tenantId\":\"default\",\"traceId\":\""
                + TestStore.FAILED_TRACE
                + "\",\"spanId\":\"000000000000000c\",\"name\":\"POST /pay\"")
        .contains(
            "\"startedAt\":\"2026-11-20T10:32:30Z\"", "\"durationNanos\":5000000", "card refused")
        .endsWith(",\"hasRoot\":true}],\"cursor\":null}\n");
  }

  @Test
  void traces_cursor_walksThroughAllPages() throws IOException {
    store.fill();
    Pattern cursor = Pattern.compile("--cursor (\\S+)");
    List<String> seen = new ArrayList<>();
    List<String> arguments = new ArrayList<>(List.of("traces", "--limit", "1", "--ascending"));
    while (true) {
      assertThat(screen.run(arguments.toArray(String[]::new))).isEqualTo(ExitCode.OK);
      String page = screen.out();
      seen.add(page.lines().skip(1).findFirst().orElseThrow().substring(0, 32));
      Matcher next = cursor.matcher(page);
      if (!next.find()) {
        break;
      }
      arguments = List.of("traces", "--limit", "1", "--ascending", "--cursor", next.group(1));
    }
    assertThat(seen).containsExactly(TestStore.OK_TRACE, TestStore.FAILED_TRACE);
  }

  @ParameterizedTest
  @CsvSource({
    "--status error, b",
    "--status ok, a",
    "--status running, ''",
    "--child-error, b",
    "--child-error=false, a",
    "--name 'GET /ask', a",
    "--service shop, a",
    "--type generic, ba",
    "--where trace_id=0000000000000000000000000000000a, a",
    "--where service-name=shop, a",
    "--user nobody, ''",
    "--session s, ''",
    "--environment prod, ''",
    "--tag x, ''",
    "--metadata a=1, ''",
    "--scope name=x, ''",
    "--started-from 2026-11-20T10:32:30, b",
    "--started-after 2026-11-20T10:32:30, ''",
    "--started-before 2026-11-20T10:32:30Z, a",
    "--started-to 2026-11-20T11:32:30+01:00, ba",
    "--started-from 2026-11-21, ''",
    "--ended-before 2026-11-20T10:32:30, a",
    "--ended-to 2026-11-20T10:32:26.24, a",
    "--ended-from 2026-11-20T10:32:26.24, ba",
    "--ended-after 2026-11-20T10:32:26.24, b",
    "--sort ended --ascending, ab",
    "--sort started, ba",
    "--name lookup, a",
    "--name lookup --on-root, ''",
    "--no-root, ''",
    "--min-duration 1s, a",
    "--max-duration 5ms, b",
    "--attribute a=1, ''",
    "--where parent_span_id=000000000000000a, a"
  })
  void traces_filters(String options, String expected) throws IOException {
    store.fill();
    List<String> arguments = new ArrayList<>(List.of("traces"));
    // Blanks within quotes belong to the value.
    Matcher words = Pattern.compile("'([^']*)'|(\\S+)").matcher(options);
    while (words.find()) {
      arguments.add(words.group(1) != null ? words.group(1) : words.group(2));
    }
    assertThat(screen.run(arguments.toArray(String[]::new))).isEqualTo(ExitCode.OK);
    StringBuilder found = new StringBuilder();
    screen
        .out()
        .lines()
        .skip(1)
        .filter(line -> line.startsWith("0"))
        .forEach(line -> found.append(line.charAt(31)));
    assertThat(found.toString()).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--cursor nonsense | The cursor is not one that this release gave out.",
        "--status bad | --status is 'bad': it must be ok, running or error.",
        "--since soon | --since is 'soon': write 500ms, 2s, 1.5m, 1h or 7d.",
        "--where nope=1 | --where nope: there is no such text column.",
        "--limit 0 | limit is 0: a page has 1 to 1000 traces",
        "--limit x | Invalid value for option '--limit'",
        "--started-from soon | 'soon' is no time.",
        "--nope | Unknown option: '--nope'",
        "--store jdbc:dukdb:x | No adapter accepts jdbc:dukdb:x.",
        "-P tabel=x | The property tabel is unknown: did you mean table?",
        "-P url=x | Give the address with --store"
      })
  void traces_wrongCommandLine_isToldInOneMessage(String options, String message)
      throws IOException {
    store.fill();
    List<String> arguments = new ArrayList<>(List.of("traces"));
    arguments.addAll(List.of(options.strip().split(" ")));
    assertThat(screen.run(arguments.toArray(String[]::new))).isEqualTo(ExitCode.USAGE);
    assertThat(screen.err()).startsWith("tracekeep: ").contains(message).doesNotContain("\tat ");
    assertThat(screen.out()).isEmpty();
  }

  @Test
  void trace_text() throws IOException {
    store.fill();
    assertThat(screen.run("trace", TestStore.OK_TRACE)).isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .isEqualTo(
            """
            Trace 0000000000000000000000000000000a
            2026-11-20 10:32:25 UTC · 1.24 s · 2 spans · no errors
            service shop

            SPAN          0 ───────────────────────────────────── 1.24 s   DURATION  STATUS
            GET /ask      ██████████████████████████████████████████████     1.24 s  ok
            └ lookup      ███████████████████████                            620 ms  ok
            """);
  }

  @Test
  void trace_json_hasEverySpan() throws IOException {
    store.fill();
    assertThat(screen.run("trace", TestStore.OK_TRACE, "--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .startsWith(
            "{\"tenantId\":\"default\",\"traceId\":\"" + TestStore.OK_TRACE + "\",\"spans\":[")
        .contains("\"parentSpanId\":\"000000000000000a\"", "\"status\":\"ok\"")
        .hasLineCount(1);
  }

  @Test
  void trace_full_showsHeavyFields() throws IOException {
    store.fill();
    assertThat(screen.run("trace", TestStore.OK_TRACE, "--full")).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).contains("\n  resource ").contains("service.name");
  }

  @Test
  void trace_unknown_isNotFound() throws IOException {
    store.fill();
    assertThat(screen.run("trace", "nope")).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(screen.err())
        .isEqualTo(
            "tracekeep: There is no trace nope of tenant default in "
                + store.url()
                + ". 'tracekeep traces' lists those that are there.\n");
  }

  @Test
  void stats_text() throws IOException {
    store.fill();
    assertThat(screen.run("stats")).isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .isEqualTo(
            """
              spans    3
              traces   2
              running  0
              errors   1
              tenants  1
            """);
  }

  @Test
  void stats_tableToBeMigrated_isReadAsItIs() throws IOException, SQLException {
    store.fill();
    store.duplicateInto("old_spans");
    assertThat(screen.run("stats", "-P", "table=old_spans")).isEqualTo(ExitCode.OK);
    assertThat(screen.run("doctor", "-P", "table=old_spans"))
        .isEqualTo(ExitCode.MIGRATION_REQUIRED);
  }

  @Test
  void stats_storeInMemory_isToldApart() {
    assertThat(screen.run("stats", "--store", "jdbc:duckdb:")).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(screen.err())
        .isEqualTo(
            "tracekeep: There is no span table yet in jdbc:duckdb:, which is in memory and begins"
                + " empty with each command. Name a file.\n");
  }

  @Test
  void doctor_text() throws IOException {
    store.fill();
    assertThat(screen.run("doctor")).isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .startsWith(
            "Adapters\n"
                + "  ok      clickhouse  jdbc:clickhouse:\n"
                + "  ok      duckdb      jdbc:duckdb:\n"
                + "  ok      libsql      jdbc:sqlite: libsql: https:// http://\n"
                + "  ok      mongo       mongodb: mongodb+srv:\n"
                + "  ok      mssql       jdbc:sqlserver:\n"
                + "  ok      pg          jdbc:postgresql:\n"
                + "\nStore "
                + store.url()
                + "\n")
        .contains("engine    DuckDB v", "table     current");
  }

  @Test
  void deadServer_isNamedWithItsCauseAndWithoutItsPassword() {
    String url = "jdbc:postgresql://127.0.0.1:1/spans?password=geheim";
    assertThat(screen.run("stats", "--store", url)).isEqualTo(ExitCode.FAILURE);
    assertThat(screen.err())
        .contains("jdbc:postgresql://127.0.0.1:1/spans?password=***", "refused")
        .doesNotContain("geheim");
  }

  @Test
  void doctor_wrongAddress_stillListsTheAdapters() {
    assertThat(screen.run("doctor", "--store", "jdbc:nope:x", "--json"))
        .isEqualTo(ExitCode.FAILURE);
    assertThat(screen.out())
        .startsWith(
            "{\"adapters\":[{\"name\":\"clickhouse\",\"prefixes\":[\"jdbc:clickhouse:\"]},"
                + "{\"name\":\"duckdb\",\"prefixes\":[\"jdbc:duckdb:\"]},"
                + "{\"name\":\"libsql\",\"prefixes\":[\"jdbc:sqlite:\",\"libsql:\",\"https://\",\"http://\"]},"
                + "{\"name\":\"mongo\",\"prefixes\":[\"mongodb:\",\"mongodb+srv:\"]},"
                + "{\"name\":\"mssql\",\"prefixes\":[\"jdbc:sqlserver:\"]},"
                + "{\"name\":\"pg\",\"prefixes\":[\"jdbc:postgresql:\"]}]")
        .contains("\"up\":false");
  }
}
