package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Processes that have everything on the module path and nothing on the class path. */
class ModulePathTest {
  private static final String PROGRAM =
      """
      package app;

      import dev.tracekeep.span.*;
      import dev.tracekeep.storage.*;

      public class Main {
        public static void main(String[] args) {
          Span span =
              Span.builder(SpanKey.of("t", "s"))
                  .name("work")
                  .startedAt(java.time.Instant.EPOCH)
                  .build();
          try (ObservabilityStorage storage = Storages.open(args[0])) {
            storage.init();
            storage.createSpan(span);
            System.out.println(storage.getSpan(span.key()).get().equals(span));
          }
        }
      }
      """;

  /** What the tests alone have: some of it shares packages, which modules must not. */
  private static final Pattern OF_TESTS =
      Pattern.compile(
          ".*[/\\\\](?:test-classes|junit|assertj|tngtech|apiguardian|opentest4j|bytebuddy)(?:[/\\\\].*)?");

  private static String modulePath() {
    String path =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return Arrays.stream(path.split(File.pathSeparator))
        .filter(entry -> !OF_TESTS.matcher(entry).matches())
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static String run(int exitStatus, String modulePath, String... rest)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-p", modulePath, "-m"));
    command.addAll(List.of(rest));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isEqualTo(exitStatus);
    return output;
  }

  @ParameterizedTest
  @ValueSource(strings = {"jdbc:sqlite:", "jdbc:duckdb:"})
  void program_thatRequiresCoreFindsItsAdapter(String url, @TempDir Path folder) throws Exception {
    Path main = Files.createDirectories(folder.resolve("app")).resolve("Main.java");
    Path module = folder.resolve("module-info.java");
    Files.writeString(main, PROGRAM);
    Files.writeString(module, "module app { requires dev.tracekeep.core; }");
    String path = modulePath();
    Path classes = folder.resolve("classes");
    assertThat(
            ToolProvider.getSystemJavaCompiler()
                .run(
                    null,
                    null,
                    null,
                    "-p",
                    path,
                    "-d",
                    classes.toString(),
                    module.toString(),
                    main.toString()))
        .isZero();

    assertThat(run(0, path + File.pathSeparator + classes, "app/app.Main", url))
        .endsWith("true" + System.lineSeparator());
  }

  @Test
  void command_findsEveryAdapter() throws Exception {
    String output =
        run(
            ExitCode.NOT_FOUND, // of a table
            modulePath(),
            "dev.tracekeep.cli/dev.tracekeep.cli.TracekeepCommand",
            "doctor",
            "--store",
            "jdbc:sqlite:");

    assertThat(output.lines().filter(line -> line.startsWith("  ok ")).toList())
        .extracting(line -> line.strip().split("\\s+")[1])
        .containsExactly("clickhouse", "duckdb", "libsql", "mongo", "mssql", "pg");
  }
}
