package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tracekeep.text.Glyphs;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code delete} and {@code prune}: whole traces go, and only those that were meant. */
class DeletingTest {
  private static final String UNKNOWN = "000000000000000000000000000000ff";

  @TempDir private Path folder;
  private TestStore store;
  private TestScreen screen;

  @BeforeEach
  void fill() throws IOException {
    store = new TestStore(folder);
    store.fill();
    screen = store.screen();
  }

  /** A trace of two spans, of which the child alone says whose it is. */
  private void importTraceOfUser() throws IOException {
    String spans =
        """
        {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0000000000000000000000000000000d","spanId":"000000000000000e","name":"GET /chat","startTimeUnixNano":"1795170745000000000","endTimeUnixNano":"1795170746240000000"},{"traceId":"0000000000000000000000000000000d","spanId":"000000000000000f","parentSpanId":"000000000000000e","name":"chat","startTimeUnixNano":"1795170745000000000","endTimeUnixNano":"1795170745620000000","attributes":[{"key":"user.id","value":{"stringValue":"u-1"}},{"key":"session.id","value":{"stringValue":"s-1"}}]}]}]}]}
        """;
    assertThat(store.screen().run("import", store.write("user.jsonl", spans)))
        .isEqualTo(ExitCode.OK);
  }

  private void assertStored(int traces, int spans) {
    TestScreen fresh = store.screen();
    assertThat(fresh.run("stats", "--json")).isEqualTo(ExitCode.OK);
    assertThat(fresh.out()).startsWith("{\"spans\":" + spans + ",\"traces\":" + traces + ",");
  }

  @Test
  void trace_goesWithAllItsSpans() {
    assertThat(screen.run("delete", "--trace", TestStore.OK_TRACE, "--yes")).isEqualTo(ExitCode.OK);

    assertThat(screen.out())
        .isEqualTo(
            """
              traces deleted  1
              traces before   2
              spans before    3
              traces now      1
              spans now       1
            """);
    assertStored(1, 1);
  }

  @Test
  void unknownTrace_isToldAndTheOthersGo() {
    assertThat(screen.run("delete", "--trace", UNKNOWN, "--trace", TestStore.FAILED_TRACE, "--yes"))
        .isEqualTo(ExitCode.OK);

    assertThat(screen.err())
        .isEqualTo("tracekeep: There is no trace " + UNKNOWN + " of tenant default.\n");
    assertStored(1, 2);
    assertThat(screen.run("delete", "--trace", UNKNOWN, "--yes")).isEqualTo(ExitCode.NOT_FOUND);
    assertStored(1, 2);
  }

  @Test
  void userOfAChild_takesTheWholeTrace() throws IOException {
    importTraceOfUser();

    assertThat(screen.run("delete", "--user", "u-2", "--yes", "--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .isEqualTo("{\"tracesFound\":0,\"tracesBefore\":3,\"spansBefore\":5}\n");
    assertThat(screen.run("delete", "--user", "u-1", "--session", "s-1", "--dry-run", "--json"))
        .isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .isEqualTo("{\"tracesFound\":1,\"tracesBefore\":3,\"spansBefore\":5}\n");
    assertThat(screen.run("delete", "--user", "u-1", "--yes", "--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out())
        .isEqualTo(
            "{\"tracesDeleted\":1,\"tracesBefore\":3,\"spansBefore\":5,"
                + "\"tracesAfter\":2,\"spansAfter\":3}\n");
    assertStored(2, 3);
  }

  @Test
  void tenant_takesItsTracesAndNoOthers() throws IOException {
    TestScreen other = store.screen();
    assertThat(other.run("import", "--tenant", "other", store.write("again.jsonl", TestStore.OTLP)))
        .isEqualTo(ExitCode.OK);
    assertStored(4, 6);

    assertThat(screen.run("delete", "--tenant", "other", "--yes")).isEqualTo(ExitCode.OK);

    assertStored(2, 3);
    assertThat(store.screen().run("trace", TestStore.OK_TRACE)).isEqualTo(ExitCode.OK);
  }

  @Test
  void nothingSaid_deletesNothing() {
    assertThat(screen.run("delete", "--yes")).isEqualTo(ExitCode.USAGE);
    assertThat(screen.err())
        .startsWith("tracekeep: Say what to delete: --trace, --user, --session, or");
    assertThat(screen.run("delete", "--trace", TestStore.OK_TRACE, "--user", "u", "--yes"))
        .isEqualTo(ExitCode.USAGE);
    assertThat(screen.run("delete", "--trace", TestStore.OK_TRACE)).isEqualTo(ExitCode.USAGE);
    assertThat(screen.run("prune", "--yes")).isEqualTo(ExitCode.USAGE);
    assertThat(screen.run("prune", "--older-than", "soon", "--yes")).isEqualTo(ExitCode.USAGE);
    assertStored(2, 3);
  }

  @Test
  void answerNo_deletesNothing() {
    TestScreen asked =
        store
            .screen()
            .with(new Terminal(false, true, Glyphs.ASCII, 80))
            .with(new ByteArrayInputStream("no\n".getBytes(StandardCharsets.UTF_8)));

    assertThat(asked.run("delete", "--trace", TestStore.OK_TRACE)).isEqualTo(ExitCode.FAILURE);

    assertThat(asked.err())
        .contains("1 trace of tenant default will be deleted from " + store.url())
        .endsWith("Nothing was changed.\n");
    assertStored(2, 3);
  }

  /** The failed trace starts four seconds after the other one ended. */
  @Test
  void prune_takesWhatEndedBefore() throws IOException {
    // A trace that began long ago and has one late span stays as a whole.
    String late =
        """
        {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0000000000000000000000000000000d","spanId":"000000000000000e","name":"old","startTimeUnixNano":"1795170745000000000","endTimeUnixNano":"1795170746000000000"},{"traceId":"0000000000000000000000000000000d","spanId":"000000000000000f","parentSpanId":"000000000000000e","name":"late","startTimeUnixNano":"1795170748000000000"}]}]}]}
        """;
    assertThat(store.screen().run("import", store.write("late.jsonl", late)))
        .isEqualTo(ExitCode.OK);
    String cut = "2026-11-20T10:32:28Z";

    assertThat(screen.run("prune", "--before", cut, "--dry-run", "--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).isEqualTo("{\"tracesFound\":1}\n");
    assertStored(3, 5);
    assertThat(screen.run("prune", "--before", cut, "--yes")).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).isEqualTo("  traces deleted  1\n  spans deleted   2\n");
    assertStored(2, 3);
    assertThat(screen.run("prune", "--before", cut, "--yes", "--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).isEqualTo("{\"tracesDeleted\":0,\"spansDeleted\":0}\n");
  }

  @Test
  void prune_byAge() {
    assertThat(screen.run("prune", "--older-than", "36500d", "--dry-run", "--json"))
        .isEqualTo(ExitCode.OK);
    assertThat(screen.out()).isEqualTo("{\"tracesFound\":0}\n");
    assertThat(screen.run("prune", "--older-than", "0s", "--before", "2026-11-20", "--yes"))
        .isEqualTo(ExitCode.USAGE);
    assertThat(screen.run("prune", "--older-than", "0s", "--yes", "--json")).isEqualTo(ExitCode.OK);
    assertThat(screen.out()).isEqualTo("{\"tracesDeleted\":2,\"spansDeleted\":3}\n");
  }
}
