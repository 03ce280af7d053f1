package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CopyCommandTest {
  @TempDir private Path folder;
  private TestStore store;
  private TestScreen screen;
  private String other;

  @BeforeEach
  void fill() throws IOException {
    store = new TestStore(folder);
    store.fill();
    screen = store.screen();
    other = "jdbc:sqlite:" + folder.resolve("other.db");
  }

  private int copy(String... more) {
    String[] all = new String[more.length + 5];
    System.arraycopy(new String[] {"copy", "--from", store.url(), "--to", other}, 0, all, 0, 5);
    System.arraycopy(more, 0, all, 5, more.length);
    return screen.run(all);
  }

  @Test
  void copy_bringsAll_andAgainNothing() {
    assertThat(copy()).isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .isEqualTo(
            """
              read       3
              new        3
              replaced   0
              unchanged  0
              refused    0
            """);
    assertThat(copy("--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .isEqualTo(
            "{\"read\":3,\"new\":0,\"replaced\":0,\"unchanged\":3,\"refused\":0,"
                + "\"resumed\":false}\n");
    assertThat(copy("--verify", "--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .isEqualTo("{\"equal\":3,\"better\":0,\"missing\":0,\"worse\":0,\"firstKeys\":[]}\n");
  }

  @Test
  void verify_namesWhatIsMissing_andChangesNothing() {
    assertThat(copy("--status", "ok")).isEqualTo(ExitCode.OK);
    screen.out();
    assertThat(copy("--verify")).isEqualTo(ExitCode.FAILURE);
    assertThat(screen.out())
        .startsWith(
            """
              equal                 2
              better in the target  0
              missing there         1
              worse there           0
            """)
        .contains(TestStore.FAILED_TRACE);
    assertThat(copy("--verify")).isEqualTo(ExitCode.FAILURE);
  }

  @Test
  void verifyOfATargetThatIsNotThere_makesNone() {
    assertThat(copy("--verify")).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(folder.resolve("other.db")).doesNotExist();
  }

  @Test
  void checkpointOfAnotherCopy_isRefused_andForgottenByRestart() throws IOException {
    Path file = folder.resolve("far.checkpoint");
    Files.writeString(
        file, "parameter.from=x\nafter.tenant=default\nafter.trace=f\nafter.span=f\n");
    assertThat(copy("--checkpoint", file.toString())).isEqualTo(ExitCode.USAGE);
    assertThat(screen.err())
        .contains("is of another copy: ")
        .endsWith(". Name another file, or forget it by --restart.\n");
    assertThat(copy("--checkpoint", file.toString(), "--restart")).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).contains("new        3");
    assertThat(file).doesNotExist();
  }

  @Test
  void senselessCommands_areRefused() {
    assertThat(screen.run("copy", "--from", other)).isEqualTo(ExitCode.USAGE);
    assertThat(screen.run("copy", "--from", other, "--to", other)).isEqualTo(ExitCode.USAGE);
    assertThat(copy("--restart")).isEqualTo(ExitCode.USAGE);
    assertThat(copy("--verify", "--checkpoint", "x")).isEqualTo(ExitCode.USAGE);
    assertThat(
            screen.run(
                "copy", "--from", "jdbc:duckdb:" + folder.resolve("no.duckdb"), "--to", other))
        .isEqualTo(ExitCode.NOT_FOUND);
    assertThat(folder.resolve("other.db")).doesNotExist();
  }
}
