package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExportCommandTest {
  @TempDir private Path folder;
  private TestStore store;
  private TestScreen screen;
  private Path file;

  @BeforeEach
  void fill() throws IOException {
    store = new TestStore(folder);
    store.fill();
    assertThat(store.screen().run("import", store.write("rich.jsonl", TestStore.RICH_OTLP)))
        .isEqualTo(ExitCode.OK);
    screen = store.screen();
    file = folder.resolve("out.jsonl");
  }

  @Test
  void importOfTheFile_changesNothing_andFillsAnotherStoreWithTheSame() throws IOException {
    assertThat(screen.run("export", file.toString())).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).isEqualTo("  spans written  4\n");
    List<String> lines = Files.readAllLines(file);
    assertThat(lines).hasSize(4);
    if (FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-------");
    }

    assertThat(screen.run("import", file.toString())).isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .containsPattern("unchanged +4\n")
        .containsPattern("new +0\n")
        .containsPattern("replaced +0\n");
    String other = "jdbc:sqlite:" + folder.resolve("other.db");
    assertThat(screen.run("import", "--store", other, file.toString())).isEqualTo(ExitCode.OK);
    screen.out();
    assertThat(screen.run("export", "--store", other, "-")).isEqualTo(ExitCode.OK);
    assertThat(screen.out().lines()).isEqualTo(lines);
  }

  @Test
  void filters_leaveOthersOut() {
    assertThat(screen.run("export", "--status", "error", "-")).isEqualTo(ExitCode.OK);
    assertThat(screen.out().lines())
        .singleElement()
        .asString()
        .contains("\"name\":\"POST /pay\"", "card refused");
    assertThat(screen.run("export", "--tenant", "other", "-")).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).isEmpty();
  }

  @Test
  void fileThatIsThere_staysAsItIs() throws IOException {
    Files.writeString(file, "mine");
    assertThat(screen.run("export", file.toString())).isEqualTo(ExitCode.USAGE);
    assertThat(file).hasContent("mine");
    assertThat(screen.err())
        .isEqualTo("tracekeep: There is a file " + file + ". Name a new one.\n");
  }

  @Test
  void folderThatIsNotThere_isNamed() {
    Path nowhere = folder.resolve("no/such/out.jsonl");
    assertThat(screen.run("export", nowhere.toString())).isEqualTo(ExitCode.FAILURE);
    assertThat(screen.err()).startsWith("tracekeep: " + nowhere + " cannot be written: ");
    assertThat(nowhere).doesNotExist();
  }

  @Test
  void unfinishedExport_isNotWrittenOver() throws IOException {
    Files.writeString(folder.resolve("out.jsonl.unfinished"), "half");
    assertThat(screen.run("export", file.toString())).isEqualTo(ExitCode.FAILURE);
    assertThat(screen.err()).contains("of an export that is under way or was cut off");
    assertThat(file).doesNotExist();
    assertThat(folder.resolve("out.jsonl.unfinished")).hasContent("half");
  }
}
