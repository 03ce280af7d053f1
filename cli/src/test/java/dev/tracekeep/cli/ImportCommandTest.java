package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.otlp.OtlpHandler;
import dev.tracekeep.otlp.OtlpProblem;
import dev.tracekeep.otlp.OtlpReader;
import dev.tracekeep.span.Payload;
import dev.tracekeep.span.Span;
import dev.tracekeep.span.SpanType;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.Storages;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
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
        .isEqualTo(
            "{\"spans\":1400,\"traces\":100,\"running\":0,\"errors\":27,\"tenants\":1,"
                + "\"tracesWithoutRoot\":0}\n");
    assertThat(screen.err()).isEmpty();
  }

  /** 200 spans, and the same with the same times but without any attribute. */
  private static final Path SAME_TIMES =
      Path.of("src", "test", "resources", "dev", "tracekeep", "cli", "same-times");

  @Test
  void import_strippedCopiesOfTheSameTimes_eraseNothingInEitherOrder() throws IOException {
    String rich = SAME_TIMES.resolve("rich.jsonl").toString();
    String bare = SAME_TIMES.resolve("bare.jsonl").toString();

    assertThat(screen.run("import", rich)).isEqualTo(ExitCode.OK);
    assertThat(screen.run("import", bare)).isEqualTo(ExitCode.OK);
    assertThat(out()).contains("  unchanged  200\n");

    Path otherFolder = Files.createDirectory(folder.resolve("other"));
    TestScreen otherScreen = new TestStore(otherFolder).screen();
    assertThat(otherScreen.run("import", bare)).isEqualTo(ExitCode.OK);
    assertThat(otherScreen.run("import", rich)).isEqualTo(ExitCode.OK);
    assertThat(otherScreen.out()).contains("  replaced   200\n");
  }

  /** Two runs of a program whose ids come from one seed, a day apart. */
  private static final Path IDS_TWICE =
      Path.of("src", "test", "resources", "dev", "tracekeep", "cli", "ids-used-twice");

  @Test
  void import_otherSpansUnderTheSameIds_isWarnedOfInEitherOrder() throws IOException {
    List<String> days =
        List.of(
            IDS_TWICE.resolve("monday.jsonl").toString(),
            IDS_TWICE.resolve("tuesday.jsonl").toString());
    String warning =
        "warning: span default/abc00000000000000000000000000041/def0000000000001 has two starts:"
            + " two spans have this id, and only the better one is kept. Ids come twice from a"
            + " generator with a fixed seed, or from processes forked with its state (and 1 more"
            + " like it, the last at span"
            + " default/abc00000000000000000000000000041/def0000000000002)\n";

    assertThat(screen.run("import", days.get(0))).isEqualTo(ExitCode.OK);
    assertThat(screen.err()).isEmpty();
    assertThat(screen.run("import", days.get(1))).isEqualTo(ExitCode.OK);
    assertThat(screen.err()).isEqualTo(warning);
    assertThat(out()).contains("  replaced   2\n");
    assertThat(screen.run("trace", "abc00000000000000000000000000041", "--json")).isZero();
    String forth = screen.out();

    TestScreen other = new TestStore(Files.createDirectory(folder.resolve("other"))).screen();
    assertThat(other.run("import", days.get(1))).isEqualTo(ExitCode.OK);
    assertThat(other.run("import", "--json", days.get(0))).isEqualTo(ExitCode.OK);
    assertThat(other.err()).isEqualTo(warning);
    assertThat(other.out()).contains("\"unchanged\":2").contains("\"warnings\":2");
    assertThat(other.run("trace", "abc00000000000000000000000000041", "--json")).isZero();
    assertThat(other.out()).isEqualTo(forth);

    TestScreen atOnce = new TestStore(Files.createDirectory(folder.resolve("once"))).screen();
    assertThat(atOnce.run("import", days.get(1), days.get(0))).isEqualTo(ExitCode.OK);
    assertThat(atOnce.err()).isEqualTo(warning);
    assertThat(atOnce.out()).contains("  repeated   2\n");
    assertThat(atOnce.run("trace", "abc00000000000000000000000000041", "--json")).isZero();
    assertThat(atOnce.out()).isEqualTo(forth);
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
  void import_manyProblemsOfOneKind_areOneLine() throws IOException {
    String file =
        store.write("broken.jsonl", TestStore.OTLP + "{\"resourceSpans\": [ oops\n".repeat(25));
    assertThat(screen.run("import", file)).isEqualTo(ExitCode.PARTIAL);
    assertThat(screen.err())
        .isEqualTo(
            file
                + ":3: the line is no JSON at column 21 (and 24 more like it, the last at "
                + file
                + ":27)\n");
    assertThat(out()).contains("  refused    25\n");
  }

  @Test
  void import_otherSignals_hideNoRefusalAndCostNothing() throws IOException {
    String metrics = "{\"resourceMetrics\":[{}]}\n".repeat(30);
    String good = store.write("good.jsonl", metrics + TestStore.OTLP);
    assertThat(screen.run("import", good)).isEqualTo(ExitCode.OK);
    assertThat(screen.err())
        .isEqualTo(
            "note: " + good + ":1: holds metrics, not traces: passed over (30 of this kind)\n");

    String bad =
        store.write("bad.jsonl", metrics + TestStore.OTLP.replace("000000000000000c", "000c"));
    assertThat(screen.run("import", bad)).isEqualTo(ExitCode.PARTIAL);
    assertThat(screen.err()).startsWith(bad + ":32: span 000c of trace ").hasLineCount(2);
  }

  @Test
  void import_asUpdatedAt_letsAMappingThatSaysLessWin() throws IOException {
    store.fill();
    String poorer =
        store.write("poorer.jsonl", TestStore.OTLP.replaceAll(",\"status\":\\{[^}]*}", ""));
    assertThat(screen.run("import", poorer, "--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).contains("\"replaced\":0,\"unchanged\":3");
    assertThat(screen.run("import", poorer, "--json", "--as-updated-at", "2027-01-01"))
        .isEqualTo(ExitCode.OK);
    assertThat(screen.out()).contains("\"replaced\":3,\"unchanged\":0");
    screen.run("trace", TestStore.FAILED_TRACE, "--json");
    assertThat(screen.out())
        .contains("\"updatedAt\":\"2027-01-01T00:00:00Z\"")
        .doesNotContain("card refused");
  }

  @Test
  void import_closedStandardInput_isSaid() {
    screen.with(
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("standard input is closed");
          }
        });
    assertThat(screen.run("import", "-")).isEqualTo(ExitCode.FAILURE);
    assertThat(screen.err())
        .isEqualTo(
            "standard input: cannot be read on: standard input is closed (0 spans were read"
                + " before)\n");
  }

  @Test
  void import_followWithMoreThanOneInput_isRefused() throws IOException {
    String file = store.write("spans.jsonl", TestStore.OTLP);
    assertThat(screen.run("import", "--follow", file, file)).isEqualTo(ExitCode.USAGE);
    assertThat(screen.run("import", "--follow", "-")).isEqualTo(ExitCode.USAGE);
    assertThat(screen.run("import", "-", "-")).isEqualTo(ExitCode.USAGE);
    assertThat(store.file()).doesNotExist();
  }

  @Test
  void import_symbolicLinks_areFollowedOrNamed() throws IOException {
    Path loop = folder.resolve("loop");
    Files.createSymbolicLink(loop, loop);
    Path dangling = folder.resolve("dangling");
    Files.createSymbolicLink(dangling, folder.resolve("nothing"));
    Path link = folder.resolve("link");
    Files.createSymbolicLink(link, Path.of(store.write("spans.jsonl", TestStore.OTLP)));
    assertThat(screen.run("import", loop.toString(), dangling.toString(), link.toString()))
        .isEqualTo(ExitCode.PARTIAL);
    assertThat(screen.err())
        .isEqualTo(
            loop
                + ": is a symbolic link that leads back to itself.\n"
                + dangling
                + ": is a symbolic link to a file that is not there.\n");
  }

  @Test
  void import_richerCopyAtTheSameTimes_mendsTheRows() throws IOException {
    // What an older mapping made of the spans: the same, without what it did not understand.
    List<Span> richer = new ArrayList<>();
    OtlpReader.builder()
        .build()
        .read(
            new ByteArrayInputStream(TestStore.RICH_OTLP.getBytes(StandardCharsets.UTF_8)),
            "rich",
            new OtlpHandler() {
              @Override
              public void onSpan(Span span) {
                richer.add(span);
              }

              @Override
              public void onProblem(OtlpProblem problem) {
                throw new AssertionError(problem);
              }
            });
    List<Span> poorer =
        richer.stream()
            .map(
                span ->
                    span.toBuilder()
                        .type(SpanType.GENERIC)
                        .payload(Payload.builder().attributes(span.payload().attributes()).build())
                        .build())
            .toList();
    try (ObservabilityStorage storage = Storages.open(store.url())) {
      storage.init();
      storage.batchCreateSpans(poorer);
    }
    String file = store.write("rich.jsonl", TestStore.RICH_OTLP);
    assertThat(screen.run("import", file, "--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).contains("\"created\":0,\"replaced\":1,\"unchanged\":0");
    assertThat(screen.run("import", file, "--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).contains("\"created\":0,\"replaced\":0,\"unchanged\":1");
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
    assertThat(screen.err()).contains("000000000000000a").contains("60 bytes");
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
