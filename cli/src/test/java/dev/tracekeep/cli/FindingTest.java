package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What was imported is found: by any span, with or without a root. */
class FindingTest {
  private static final String TRACE_OF_SESSION = "abc0000000000000000000000000001d";

  @TempDir private Path folder;
  private TestStore store;
  private TestScreen screen;

  @BeforeEach
  void openStore() {
    store = new TestStore(folder);
    screen = store.screen();
  }

  private void imported(String file) throws IOException {
    try (InputStream in = FindingTest.class.getResourceAsStream("finding/" + file)) {
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      assertThat(store.screen().run("import", store.write(file, text))).isEqualTo(ExitCode.OK);
    }
  }

  private String shown(String... arguments) {
    assertThat(screen.run(arguments)).as("%s: %s", List.of(arguments), screen.err()).isEqualTo(0);
    return screen.out();
  }

  @Test
  void remoteParent_isListedByItsFirstSpanAndMarked() throws IOException {
    imported("remote-parent.jsonl");

    assertThat(shown("traces"))
        .contains("abc00000000000000000000000000002")
        .contains("(no root) POST");
    assertThat(shown("traces", "--child-error")).contains("abc00000000000000000000000000002");
    assertThat(shown("traces", "--json")).contains("\"hasRoot\":false");
    assertThat(shown("stats")).contains("1 of the traces of tenant default have no stored root");
    assertThat(shown("stats", "--json")).endsWith("\"tracesWithoutRoot\":1}\n");
  }

  @Test
  void childsSession_findsTheTrace() throws IOException {
    imported("child-carries-session.jsonl");

    for (List<String> filter :
        List.of(
            List.of("--session", "s-42"),
            List.of("--user", "u-7"),
            List.of("--type", "agent_run"),
            List.of("--where", "thread_id=th-1"),
            List.of("--attribute", "gen_ai.agent.name=planner"),
            List.of("--session", "s-42", "--user", "u-7"))) {
      List<String> command = new ArrayList<>(List.of("traces"));
      command.addAll(filter);
      assertThat(shown(command.toArray(String[]::new))).contains(TRACE_OF_SESSION);
    }
    screen.run("traces", "--session", "s-42", "--on-root");
    assertThat(screen.out())
        .isEqualTo("1 trace is left out by --on-root: another span has what is asked.\n");
    // One span has all that is asked.
    screen.run("traces", "--session", "s-42", "--name", "POST /chat");
    assertThat(screen.out()).isEmpty();
  }

  @Test
  void tenOfElevenTracesWithoutRoot_areAllListed() throws IOException {
    imported("ten-of-eleven.jsonl");

    assertThat(shown("traces").lines().skip(1)).hasSize(11);
    assertThat(shown("traces", "--no-root").lines().skip(1))
        .hasSize(10)
        .allMatch(line -> line.contains("(no root) agent"));
    assertThat(shown("traces", "--child-error").lines().skip(1))
        .hasSize(1)
        .allMatch(line -> line.startsWith("abc00000000000000000000000001c87"));
    assertThat(shown("stats"))
        .contains(
            "10 of the traces of tenant default have no stored root: 'tracekeep traces"
                + " --no-root' lists them.");
  }

  @Test
  void spansValuesAndUsage_areListed() throws IOException {
    imported("child-carries-session.jsonl");
    imported("ten-of-eleven.jsonl");

    assertThat(shown("spans", "--session", "s-42"))
        .isEqualTo(
            """
            TRACE                             SPAN              STARTED (UTC)         DURATION  STATUS   NAME
            abc0000000000000000000000000001d  def0000000000002  2025-11-24 16:00:00    40.0 ms  ok       invoke_agent
            """);
    assertThat(shown("spans", "--sort", "duration", "--limit", "1", "--json"))
        .startsWith("{\"spans\":[{")
        .contains("\"durationNanos\":50000000");
    assertThat(shown("values", "name"))
        .isEqualTo("POST /chat\nagent.run\ninvoke_agent\nworker job\n");
    assertThat(shown("values", "service-name", "--counts")).isEqualTo("        13  svc\n");
    assertThat(shown("values", "attributes", "--prefix", "gen_ai.a")).contains("gen_ai.agent.name");
    assertThat(shown("values", "attributes.gen_ai.agent.name", "--json"))
        .isEqualTo("{\"values\":[{\"value\":\"planner\"}],\"cursor\":null}\n");
    assertThat(screen.run("usage", "--by", "model,day")).isEqualTo(ExitCode.OK);
    assertThat(screen.err()).contains("No span of tenant default that matches names a model");
  }

  @Test
  void usage_isSummedUpByModelAndDay() throws IOException {
    assertThat(store.screen().run("import", store.write("rich.jsonl", TestStore.RICH_OTLP)))
        .isEqualTo(ExitCode.OK);

    assertThat(shown("usage", "--by", "model,day"))
        .isEqualTo(
            """
            FROM (UTC)           MODEL  CALLS  ERRORS     P95  INPUT  OUTPUT  TOTAL  COST
            2026-11-20 00:00:00  m-1        1       0  1.24 s      -       -      -     -
            """);
    assertThat(shown("usage", "--json"))
        .isEqualTo(
            "{\"groups\":[{\"model\":\"m-1\",\"calls\":1,\"errors\":0,\"p95Nanos\":1240000000}]}\n");
  }

  @Test
  void trace_isFoundByOtherSpellingsAndItsBeginning() throws IOException {
    imported("child-carries-session.jsonl");
    imported("ten-of-eleven.jsonl");

    for (String id :
        List.of(
            TRACE_OF_SESSION.toUpperCase(Locale.ROOT),
            "0x" + TRACE_OF_SESSION,
            "abc00000-0000-0000-0000-00000000001d",
            "abc0000000000000000000000000001d")) {
      assertThat(shown("trace", id)).contains("invoke_agent");
    }
    assertThat(shown("trace", "abc00000000000000000000000001cd")).contains("worker job");
    assertThat(shown("trace", TRACE_OF_SESSION, "--span", "def0000000000002"))
        .contains("invoke_agent", "s-42")
        .doesNotContain("POST /chat");
    assertThat(screen.run("trace", "abc00000")).isEqualTo(ExitCode.USAGE);
    assertThat(screen.err()).contains("More than one trace begins with abc00000");
    assertThat(screen.run("trace", "abc")).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(screen.run("trace", TRACE_OF_SESSION, "--span", "x")).isEqualTo(ExitCode.NOT_FOUND);
  }
}
