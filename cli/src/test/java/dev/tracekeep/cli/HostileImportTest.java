package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Hostile files in a JVM that has 512 MB. */
class HostileImportTest {
  @TempDir private Path folder;

  @Test
  void import_hostileFiles_endAsDocumentedIn512Megabytes() throws Exception {
    assertThat(importInAnotherJvm(false)).isGreaterThan(60);
  }

  @Test
  @Tag("slow")
  void import_filesThatUnpackToMoreThanTheHeap_endAsDocumented() throws Exception {
    assertThat(importInAnotherJvm(true)).isEqualTo(HostileInputs.LARGE.size());
  }

  /** Checks the messages and the exit status of each input, and gives the number of them. */
  private int importInAnotherJvm(boolean large) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:+ExitOnOutOfMemoryError",
                "--enable-native-access=ALL-UNNAMED",
                "-Djava.io.tmpdir=" + folder,
                "-cp",
                System.getProperty("java.class.path"),
                HostileInputs.class.getName(),
                folder.toString(),
                String.valueOf(large))
            .redirectErrorStream(true)
            .start();
    Map<String, Integer> expected = HostileInputs.exitStatuses(large);
    Set<String> imported = new LinkedHashSet<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] parts = line.split("\t");
        assertThat(parts).as(line).hasSize(4);
        assertThat(imported.add(parts[0])).as(parts[0]).isTrue();
        String messages = parts[2].replace(parts[3], "FILE");
        assertThat(messages)
            .as(parts[0])
            .hasSizeLessThan(20_000)
            .doesNotContain(
                "Unexpected", "\\tat ", "Exception", "OutOfMemory", "java.", "max-message");
        int exitStatus = Integer.parseInt(parts[1]);
        assertThat(exitStatus).as(parts[0] + ": " + messages).isEqualTo(expected.get(parts[0]));
        if (exitStatus != ExitCode.OK) {
          assertThat(messages).as(parts[0]).isNotEqualTo("\"\"");
        }
      }
    } finally {
      process.destroy();
    }
    assertThat(process.waitFor()).isZero();
    assertThat(imported).isEqualTo(expected.keySet());
    return imported.size();
  }
}
