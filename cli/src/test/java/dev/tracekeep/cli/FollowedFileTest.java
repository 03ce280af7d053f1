package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class FollowedFileTest {
  @TempDir private Path folder;

  private BufferedReader open(Path file) throws IOException {
    return new BufferedReader(
        new InputStreamReader(
            new FollowedFile(file, Duration.ofMillis(1)), StandardCharsets.UTF_8));
  }

  private static void append(Path file, String text) throws IOException {
    Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  private static Thread later(ThrowingRunnable action) {
    Thread thread =
        new Thread(
            () -> {
              try {
                action.run();
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            });
    thread.start();
    return thread;
  }

  @FunctionalInterface
  private interface ThrowingRunnable {
    void run() throws IOException;
  }

  @Test
  void read_atTheEnd_waitsForMore() throws IOException, InterruptedException {
    Path file = folder.resolve("spans.jsonl");
    append(file, "one\ntw");
    try (BufferedReader lines = open(file)) {
      assertThat(lines.readLine()).isEqualTo("one");
      Thread writer = later(() -> append(file, "o\n"));
      assertThat(lines.readLine()).isEqualTo("two");
      writer.join();
    }
  }

  @Test
  void read_replacedFile_endsBehindItsLastLine() throws IOException, InterruptedException {
    Path file = folder.resolve("spans.jsonl");
    append(file, "one\n");
    try (BufferedReader lines = open(file)) {
      assertThat(lines.readLine()).isEqualTo("one");
      Path rotated = folder.resolve("spans-1.jsonl");
      Thread writer =
          later(
              () -> {
                Files.move(file, rotated);
                append(rotated, "two\n");
                append(file, "three\n");
              });
      assertThat(lines.readLine()).isEqualTo("two");
      assertThat(lines.readLine()).isNull();
      writer.join();
    }
  }

  @Test
  void read_fileThatIsCut_ends() throws IOException, InterruptedException {
    Path file = folder.resolve("spans.jsonl");
    append(file, "one\n");
    try (BufferedReader lines = open(file)) {
      assertThat(lines.readLine()).isEqualTo("one");
      Thread writer = later(() -> Files.writeString(file, ""));
      assertThat(lines.readLine()).isNull();
      writer.join();
    }
  }
}
