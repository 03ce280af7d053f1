package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tracekeep.otlp.OtlpReader;
import dev.tracekeep.span.SpanKey;
import dev.tracekeep.storage.FailureKind;
import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageException;
import dev.tracekeep.storage.WriteResult;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(1200)
class SpanImportTest {
  private final TestScreen screen = new TestScreen();

  /** A storage that answers each batch with the next of these, or throws it. */
  private static ObservabilityStorage storage(Object... answers) {
    Deque<Object> left = new ArrayDeque<>(Arrays.asList(answers));
    return (ObservabilityStorage)
        Proxy.newProxyInstance(
            SpanImportTest.class.getClassLoader(),
            new Class<?>[] {ObservabilityStorage.class},
            (proxy, method, arguments) -> {
              assertThat(method.getName()).isEqualTo("batchCreateSpans");
              Object answer = left.remove();
              if (answer instanceof RuntimeException failure) {
                throw failure;
              }
              return answer;
            });
  }

  private ImportSummary run(ObservabilityStorage storage, ImportSource... sources) {
    try (Progress progress = Progress.on(screen.console())) {
      return new SpanImport(storage, OtlpReader.builder().build(), progress).run(List.of(sources));
    }
  }

  private static ImportSource source(String name, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return new ImportSource(name, bytes.length, () -> new ByteArrayInputStream(bytes));
  }

  @Test
  void run_spanThatTheStoreRejects_isReportedAndCounted() {
    WriteResult partly =
        new WriteResult(
            2,
            0,
            new WriteResult.Counts(2, 0, 0),
            List.of(),
            List.of(new WriteResult.Rejection(SpanKey.of("t", "s"), "has 9 bytes too many")));
    ImportSummary summary = run(storage(partly), source("a.jsonl", TestStore.OTLP));
    assertThat(summary.read()).isEqualTo(3);
    assertThat(summary.accepted()).isEqualTo(2);
    assertThat(summary.refused()).isEqualTo(1);
    assertThat(summary.exitCode()).isEqualTo(ExitCode.PARTIAL);
    assertThat(screen.err()).isEqualTo("span default/t/s has 9 bytes too many\n");
  }

  @Test
  void run_conflictingStartsThatNobodyNamed_areCounted() {
    WriteResult conflicting =
        new WriteResult(
            3,
            0,
            new WriteResult.Counts(0, 3, 0),
            List.of(),
            List.of(),
            new WriteResult.ConflictingStarts(30, List.of(SpanKey.of("t", "s"))));
    ImportSummary summary = run(storage(conflicting), source("a.jsonl", TestStore.OTLP));
    assertThat(summary.warnings()).isEqualTo(30);
    assertThat(summary.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(screen.err())
        .startsWith("warning: span default/t/s has two starts: ")
        .endsWith(" (and 29 more like it, the last at span default/t/s)\n");
  }

  @Test
  void run_storeThatCannotCount_saysOnlyWhatWasStored() {
    ImportSummary summary =
        run(
            storage(new WriteResult(3, 0, null, List.of(), List.of())),
            source("a.jsonl", TestStore.OTLP));
    Console console = screen.console();
    summary.print(console, "x");
    console.out().flush();
    assertThat(screen.out()).endsWith("\n  stored   3\n  refused  0\nStored in x.\n");
    assertThat(summary.document().text())
        .contains("\"created\":null,\"replaced\":null,\"unchanged\":null");
  }

  @Test
  void run_storeThatFailsOnTheWay_saysWhatStays() {
    StringBuilder many = new StringBuilder("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[");
    for (int i = 1; i <= BatchWriter.MAX_SPANS + 1; i++) {
      many.append(i == 1 ? "" : ",")
          .append(
              String.format(
                  "{\"traceId\":\"%032x\",\"spanId\":\"%016x\",\"name\":\"n\","
                      + "\"startTimeUnixNano\":\"1795170745000000000\"}",
                  i, i));
    }
    many.append("]}]}]}");
    StorageException full = new StorageException(FailureKind.PERMANENT, "the disk is full", null);
    WriteResult written =
        new WriteResult(BatchWriter.MAX_SPANS, 0, WriteResult.Counts.NONE, List.of(), List.of());
    assertThatThrownBy(() -> run(storage(written, full), source("a.json", many.toString())))
        .isSameAs(full);
    assertThat(screen.err())
        .isEqualTo("10,000 spans were stored before the failure; importing again is safe.\n");
  }

  @Test
  void run_inputThatBreaksOff_isReportedAndTheNextGoesIn() {
    ImportSource broken =
        new ImportSource(
            "b.jsonl",
            -1,
            () ->
                new InputStream() {
                  @Override
                  public int read() throws IOException {
                    throw new IOException("the device is gone");
                  }
                });
    ImportSummary summary =
        run(
            storage(new WriteResult(3, 0, null, List.of(), List.of())),
            broken,
            source("a.jsonl", TestStore.OTLP));
    assertThat(summary.failedFiles()).isEqualTo(1);
    assertThat(summary.read()).isEqualTo(3);
    assertThat(screen.err())
        .isEqualTo("b.jsonl: cannot be read on: the device is gone (0 spans were read before)\n");
  }
}
