package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TracekeepCommandTest {
  private final TestScreen screen = new TestScreen();

  @Test
  void help_namesCommandsAndExitStatuses() {
    assertThat(screen.run("--help")).isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .contains("  demo ", "  import ", "  migrate ", "\nExit status:\n  0     done\n")
        .contains("5     the store, table, trace or migration is not there");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "demo",
        "import",
        "serve",
        "traces",
        "trace",
        "spans",
        "values",
        "usage",
        "stats",
        "export",
        "copy",
        "delete",
        "prune",
        "migrate",
        "migrate plan",
        "migrate apply",
        "migrate verify",
        "migrate undo",
        "migrate archive",
        "migrate drop",
        "migrate list",
        "doctor"
      })
  void help_ofEachCommand_fitsIntoEightyColumns(String command) {
    assertThat(screen.run((command + " --help").strip().split(" "))).isEqualTo(ExitCode.OK);
    assertThat(screen.out().lines()).isNotEmpty().allMatch(line -> line.length() <= 80);
    assertThat(screen.err()).isEmpty();
  }

  @Test
  void run_unknownCommand_suggestsTheNearest() {
    assertThat(screen.run("stat")).isEqualTo(ExitCode.USAGE);
    assertThat(screen.err())
        .startsWith("tracekeep: Unmatched argument at index 0: 'stat'\nDid you mean: ")
        .contains("tracekeep stats")
        .endsWith("Try 'tracekeep --help'.\n");
    assertThat(screen.out()).isEmpty();
  }

  @Test
  void run_nothing_saysWhatThereIs() {
    assertThat(screen.run()).isEqualTo(ExitCode.USAGE);
    assertThat(screen.err())
        .isEqualTo(
            """
            tracekeep: Say what to do.
            Commands: demo, import, serve, traces, trace, spans, values, usage, stats, export, copy, delete, prune, migrate, dlq, doctor.
            Try 'tracekeep --help'.
            """);
  }

  @Test
  void run_passwordInTheAddress_isShownNowhere() {
    String url = "jdbc:nope://user:hush@localhost/x?password=hush";
    screen.run("stats", "--store", url);
    screen.run("doctor", "--store", url);
    screen.with("TRACEKEEP_PASSWORD", "hush").run("stats", "--store", url, "--verbose");
    assertThat(screen.out() + screen.err()).doesNotContain("hush").contains("***");
  }

  @Test
  void demo_tellsItsStory(@TempDir Path folder) throws IOException {
    assertThat(screen.run("demo", "--dir", folder.toString())).isEqualTo(ExitCode.OK);
    assertThat(screen.err()).isEmpty();
    assertThat(screen.out())
        .contains("  new        1,400\n", "  unchanged  1,400\n", "Nothing changed:")
        .contains("  spans    1,400\n", "  errors      27\n")
        .contains("  surplus rows            55\n", "  rows archived           55\n")
        .contains("running, and another copy is completed", ": sound\n")
        .contains("GET /ask", "weather service answered 503");
    assertThat(folder.resolve(DemoCommand.FILE_NAME)).isRegularFile();

    byte[] before = Files.readAllBytes(folder.resolve(DemoCommand.FILE_NAME));
    assertThat(screen.run("demo", "--dir", folder.toString())).isEqualTo(ExitCode.FAILURE);
    assertThat(screen.err()).contains("already, and the demo starts on an empty store.");
    assertThat(Files.readAllBytes(folder.resolve(DemoCommand.FILE_NAME))).isEqualTo(before);
  }
}
