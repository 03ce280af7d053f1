package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImportCommandTest {
  private static final String SAMPLE = "../samples/travel-agent.otlp.jsonl";

  @TempDir private Path folder;
  private TestStore store;
  private TestScreen screen;

  @BeforeEach
  void openStore() {
    store = new TestStore(folder);
    screen = store.screen();
  }

  /** Standard output with the times and rates, which differ from run to run, made equal. */
  private String out() {
    return screen
        .out()
        .replaceAll(" in [0-9.]+ m?s \\([0-9,]+ spans/s\\)", " in T")
        .replaceAll("\"elapsedMillis\":[0-9]+", "\"elapsedMillis\":0");
  }

  @Test
  void import_sampleTwice_changesNothing() {
    assertThat(screen.run("import", SAMPLE)).isEqualTo(ExitCode.OK);
    assertThat(out())
        .isEqualTo(
            """
            1,400 spans read from 1 file in T
              new        1,400
              replaced       0
              unchanged      0
              refused        0
            Stored in %s.
            """
                .formatted(store.url()));
    assertThat(screen.run("import", SAMPLE)).isEqualTo(ExitCode.OK);
    assertThat(out())
        .isEqualTo(
            """
            1,400 spans read from 1 file in T
              new            0
              replaced       0
              unchanged  1,400
              refused        0
            Nothing changed: every span was there already, in %s.
            """
                .formatted(store.url()));
    assertThat(screen.run("stats", "--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .isEqualTo("{\"spans\":1400,\"traces\":100,\"running\":0,\"errors\":27,\"tenants\":1}\n");
    assertThat(screen.err()).isEmpty();
  }

  @Test
  void import_brokenLine_isReportedAndTheRestGoesIn() throws IOException {
    String file = store.write("broken.jsonl", "{\"resourceSpans\": [ oops\n" + TestStore.OTLP);
    assertThat(screen.run("import", file)).isEqualTo(ExitCode.PARTIAL);
    assertThat(screen.err()).startsWith(file + ":1: ").hasLineCount(1);
    assertThat(out())
        .isEqualTo(
            """
            3 spans read from 1 file in T
              new        3
              replaced   0
              unchanged  0
              refused    1
            Stored in %s.
            """
                .formatted(store.url()));
  }

  @Test
  void import_manyBrokenLines_areReportedInPartAndCounted() throws IOException {
    String file =
        store.write("broken.jsonl", TestStore.OTLP + "{\"resourceSpans\": [ oops\n".repeat(25));
    assertThat(screen.run("import", file)).isEqualTo(ExitCode.PARTIAL);
    assertThat(screen.err()).hasLineCount(21).endsWith("\n... and 5 more problems\n");
  }

  @Test
  void import_unreadableInputs_doNotKeepTheOthersOut() throws IOException {
    String missing = folder.resolve("missing.jsonl").toString();
    String good = store.write("good.jsonl", TestStore.OTLP);
    String empty = store.write("empty.json", "");
    assertThat(screen.run("import", missing, folder.toString(), empty, good))
        .isEqualTo(ExitCode.PARTIAL);
    assertThat(screen.err())
        .isEqualTo(
            missing
                + ": there is no such file.\n"
                + folder
                + ": is a directory. Name the files in it, for example "
                + folder
                + "/*.jsonl.\n"
                + "warning: "
                + empty
                + ": the input is empty: there is nothing to import\n");
    assertThat(out())
        .isEqualTo(
            """
            3 spans read from 2 files in T
              new             3
              replaced        0
              unchanged       0
              refused         0
              files not read  2
            Stored in %s.
            """
                .formatted(store.url()));
  }

  @Test
  void import_nothingReadable_makesNoStore() {
    String missing = folder.resolve("missing.jsonl").toString();
    assertThat(screen.run("import", missing)).isEqualTo(ExitCode.FAILURE);
    assertThat(screen.err())
        .isEqualTo(
            "tracekeep: "
                + missing
                + ": there is no such file.\ntracekeep: Nothing was imported.\n");
    assertThat(store.file()).doesNotExist();
  }

  @Test
  void import_onlyRefusedInput_fails() throws IOException {
    assertThat(screen.run("import", store.write("other.json", "{\"name\":\"no spans\"}")))
        .isEqualTo(ExitCode.FAILURE);
    assertThat(out()).endsWith("Nothing was stored in " + store.url() + ".\n");
  }

  @Test
  void import_standardInput_underAnotherTenant() {
    screen.with(new ByteArrayInputStream(TestStore.OTLP.getBytes(StandardCharsets.UTF_8)));
    assertThat(screen.run("import", "-", "--tenant", "acme", "--json")).isEqualTo(ExitCode.OK);
    assertThat(out())
        .isEqualTo(
            "{\"files\":1,\"failedFiles\":0,\"read\":3,\"accepted\":3,\"repeated\":0,"
                + "\"created\":3,\"replaced\":0,\"unchanged\":0,\"refused\":0,\"warnings\":0,"
                + "\"elapsedMillis\":0}\n");
    screen.run("traces", "--json");
    assertThat(screen.out()).isEqualTo("{\"traces\":[],\"cursor\":null}\n");
    screen.run("traces", "--tenant", "acme", "--limit", "1", "--json");
    assertThat(screen.out()).contains("\"tenantId\":\"acme\"");
  }

  @Test
  void import_spanOverTheLimit_isRefusedByName() throws IOException {
    String file = store.write("spans.jsonl", TestStore.OTLP);
    assertThat(screen.run("import", file, "-P", "max-span-bytes=60")).isNotEqualTo(ExitCode.OK);
    assertThat(screen.err()).contains("000000000000000c").contains("60");
  }

  @Test
  void import_tableWithDuplicates_saysHowToMigrate() throws IOException, SQLException {
    store.fill();
    store.duplicateInto("old_spans");
    String file = store.write("spans.jsonl", TestStore.OTLP);
    assertThat(screen.run("import", file, "-P", "table=old_spans"))
        .isEqualTo(ExitCode.MIGRATION_REQUIRED);
    assertThat(screen.err()).contains("old_spans").contains("tracekeep migrate");
    assertThat(screen.out()).isEmpty();
  }

  @Test
  void import_folderThatIsNotThere_isNamed() throws IOException {
    String file = store.write("spans.jsonl", TestStore.OTLP);
    Path nowhere = folder.resolve("nowhere").resolve("x.duckdb");
    assertThat(screen.run("import", file, "--store", "jdbc:duckdb:" + nowhere))
        .isEqualTo(ExitCode.FAILURE);
    assertThat(screen.err()).startsWith("tracekeep: ").contains(nowhere.toString());
    assertThat(screen.err()).doesNotContain("\tat ");
  }
}
